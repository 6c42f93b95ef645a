#include "keyring/grace.h"

#include "keyring/keyring.h"

#include <urcu-qsbr.h>

#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *address);
void __tsan_release(void *address);
static char gate;
static void tell_left(void) {
    __tsan_release(&gate);
}
static void tell_waited(void) {
    __tsan_acquire(&gate);
}
#else
static void tell_left(void) {
}
static void tell_waited(void) {
}
#endif

void lk_grace_wait(void) {
    urcu_qsbr_synchronize_rcu();
    tell_waited();
}

void lk_keyring_reader_register(void) {
    urcu_qsbr_register_thread();
}

void lk_keyring_reader_unregister(void) {
    tell_left();
    urcu_qsbr_unregister_thread();
}

void lk_keyring_reader_quiescent(void) {
    tell_left();
    urcu_qsbr_quiescent_state();
}

void lk_keyring_reader_offline(void) {
    tell_left();
    urcu_qsbr_thread_offline();
}

void lk_keyring_reader_online(void) {
    urcu_qsbr_thread_online();
}
