/* The C library through its header: what each argument does, what is refused, and how changes come into force. */
#include "../unit.h"

#include "latchkey.h"

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct latchkey *keys;
static struct latchkey_reader *reader;

static const char token[] = "a-token-of-our-own-1234567890";
static const struct latchkey_id key_id = {{1}};
static const struct latchkey_id group_id = {{2}};
static const char *const scopes[] = {"invoices.*"};
static const uint8_t secret[LATCHKEY_SECRET_BYTES] = {7};

static int set_up(void **state) {
    (void)state;
    assert_int_equal(latchkey_open(secret, &keys), 0);
    assert_int_equal(latchkey_reader_open(keys, &reader), 0);
    return latchkey_put_group(keys, &group_id, scopes, 1);
}

static int tear_down(void **state) {
    (void)state;
    latchkey_reader_close(reader);
    latchkey_close(keys);
    return 0;
}

static struct latchkey_key plain_key(void) {
    return (struct latchkey_key){.id = key_id, .account = {{9}}, .name = "reporting", .token = token, .groups = &group_id, .groups_len = 1};
}

static struct latchkey_request request_of(const char *text) {
    return (struct latchkey_request){.token = text, .token_len = strlen(text), .cost = 1};
}

static struct latchkey_answer ask(const struct latchkey_request *request) {
    struct latchkey_answer answer;
    bool valid = latchkey_verify(reader, request, &answer);
    assert_int_equal(valid, answer.outcome == LATCHKEY_VALID);
    return answer;
}

static enum latchkey_outcome outcome(void) {
    struct latchkey_request request = request_of(token);
    return ask(&request).outcome;
}

static void test_answer(void **state) {
    (void)state;
    assert_int_equal(outcome(), LATCHKEY_NOT_FOUND);
    struct latchkey_key key = plain_key();
    key.expires_at_ms = INT64_C(4102444800000);
    assert_int_equal(latchkey_put_key(keys, &key), 0);
    struct latchkey_request request = request_of(token);
    request.require = "invoices.read AND NOT users.write";
    struct latchkey_answer answer = ask(&request);
    assert_int_equal(answer.outcome, LATCHKEY_VALID);
    assert_true(answer.known);
    assert_memory_equal(&answer.id, &key_id, sizeof key_id);
    assert_int_equal(answer.account.bytes[0], 9);
    assert_string_equal(answer.name, "reporting");
    assert_int_equal(answer.expires_at_ms, key.expires_at_ms);
    assert_false(answer.has_rate);
    request.token_len--; /* the token is as long as it is said to be */
    assert_int_equal(ask(&request).outcome, LATCHKEY_NOT_FOUND);
    request.token_len = 3;
    assert_int_equal(ask(&request).outcome, LATCHKEY_MALFORMED);
}

static void test_changes(void **state) {
    (void)state;
    struct latchkey_key key = plain_key();
    assert_int_equal(latchkey_put_key(keys, &key), 0);
    struct latchkey_request request = request_of(token);
    request.require = "invoices.read";
    assert_int_equal(ask(&request).outcome, LATCHKEY_VALID);
    assert_int_equal(latchkey_put_group(keys, &group_id, NULL, 0), 0);
    assert_int_equal(ask(&request).outcome, LATCHKEY_INSUFFICIENT_PERMISSIONS);
    assert_int_equal(latchkey_put_group(keys, &group_id, scopes, 1), 0);
    assert_int_equal(ask(&request).outcome, LATCHKEY_VALID);
    assert_int_equal(latchkey_remove_group(keys, &group_id), 0);
    assert_int_equal(ask(&request).outcome, LATCHKEY_INSUFFICIENT_PERMISSIONS);
    key.disabled = true;
    assert_int_equal(latchkey_put_key(keys, &key), 0);
    assert_int_equal(outcome(), LATCHKEY_DISABLED);
    key.disabled = false;
    key.expires_at_ms = 1;
    assert_int_equal(latchkey_put_key(keys, &key), 0);
    assert_int_equal(outcome(), LATCHKEY_EXPIRED);
    assert_int_equal(latchkey_remove_key(keys, &key_id), 0);
    assert_int_equal(outcome(), LATCHKEY_NOT_FOUND);
    assert_int_equal(latchkey_remove_key(keys, &key_id), 0);
}

static void test_scopes_that_are_none(void **state) {
    (void)state;
    static char long_scope[257];
    memset(long_scope, 'a', 256);
    static const char *const none[] = {"", "a b", "*.a", "a*", ".a", "\xc3\xbc", long_scope, "AND", "NOT", "app:x"};
    struct latchkey_key key = plain_key();
    assert_int_equal(latchkey_put_key(keys, &key), 0);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        const char *const given[] = {"other", none[i]};
        assert_int_equal(latchkey_put_group(keys, &group_id, given, 2), LATCHKEY_INVALID);
    }
    struct latchkey_request request = request_of(token);
    request.require = "invoices.read";
    assert_int_equal(ask(&request).outcome, LATCHKEY_VALID); /* nothing was changed */
    static const char *const some[] = {"*", "a.*", "A-b_c:d/e.9"};
    assert_int_equal(latchkey_put_group(keys, &group_id, some, 3), 0);
}

static void test_addresses(void **state) {
    (void)state;
    static const char *const ips[] = {"10.0.0.0/8", "2001:db8::/32"};
    struct latchkey_key key = plain_key();
    key.allowed_ips = ips;
    key.allowed_ips_len = 2;
    assert_int_equal(latchkey_put_key(keys, &key), 0);
    assert_int_equal(outcome(), LATCHKEY_IP_NOT_ALLOWED);
    struct latchkey_request request = request_of(token);
    request.ip = "10.1.2.3";
    assert_int_equal(ask(&request).outcome, LATCHKEY_VALID);
    request.ip = "2001:db9::1";
    assert_int_equal(ask(&request).outcome, LATCHKEY_IP_NOT_ALLOWED);
}

/* A secret that was never filled in is none, and not a lack of memory. */
static void test_empty_secret(void **state) {
    (void)state;
    static const uint8_t empty[LATCHKEY_SECRET_BYTES];
    struct latchkey *other = NULL;
    assert_int_equal(latchkey_open(empty, &other), LATCHKEY_INVALID);
    assert_null(other);
}

static void test_rate(void **state) {
    (void)state;
    struct latchkey_key key = plain_key();
    key.rate_limit = 2;
    key.rate_window_ms = 3600000;
    assert_int_equal(latchkey_put_key(keys, &key), 0);
    struct latchkey_request request = request_of(token);
    request.cost = 0;
    assert_int_equal(ask(&request).rate_remaining, 2);
    assert_int_equal(outcome(), LATCHKEY_VALID);
    assert_int_equal(latchkey_put_key(keys, &key), 0); /* which resets nothing */
    assert_int_equal(outcome(), LATCHKEY_VALID);
    request.cost = 1;
    struct latchkey_answer answer = ask(&request);
    assert_int_equal(answer.outcome, LATCHKEY_RATE_LIMITED);
    assert_true(answer.has_rate);
    assert_int_equal(answer.rate_remaining, 0);
    assert_in_range(answer.rate_reset_ms, 3500000, 3600000);
}

/* What is kept of a token opens it under the same secret, and under no other. */
static void test_digest(void **state) {
    (void)state;
    uint8_t digest[LATCHKEY_DIGEST_BYTES];
    latchkey_digest(keys, token, strlen(token), digest);
    struct latchkey_key key = plain_key();
    key.token = NULL;
    key.digest = digest;
    assert_int_equal(latchkey_put_key(keys, &key), 0);
    assert_int_equal(outcome(), LATCHKEY_VALID);
    struct latchkey *other;
    struct latchkey_reader *stranger;
    assert_int_equal(latchkey_open(NULL, &other), 0);
    assert_int_equal(latchkey_reader_open(other, &stranger), 0); /* a second one on this thread */
    assert_int_equal(latchkey_put_key(other, &key), 0);
    struct latchkey_request request = request_of(token);
    struct latchkey_answer answer;
    assert_false(latchkey_verify(stranger, &request, &answer));
    assert_int_equal(answer.outcome, LATCHKEY_NOT_FOUND);
    latchkey_reader_close(stranger);
    latchkey_close(other);
    assert_int_equal(outcome(), LATCHKEY_VALID);
}

static void test_refusals(void **state) {
    (void)state;
    static const char *const bad_ips[] = {"10.0.0.1/8"};
    char long_name[LATCHKEY_NAME_MAX + 2];
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    struct latchkey_key bad[7];
    for (size_t i = 0; i < 7; i++)
        bad[i] = plain_key();
    uint8_t digest[LATCHKEY_DIGEST_BYTES] = {0};
    bad[0].token = NULL;
    bad[1].digest = digest;
    bad[2].token = "short";
    bad[3].name = long_name;
    bad[4].groups_len = 101;
    bad[5].allowed_ips = bad_ips;
    bad[5].allowed_ips_len = 1;
    bad[6].rate_limit = 1;
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(latchkey_put_key(keys, &bad[i]), LATCHKEY_INVALID);
    assert_int_equal(outcome(), LATCHKEY_NOT_FOUND);
    struct latchkey_request request = request_of(token);
    request.require = "invoices.read AND";
    assert_int_equal(ask(&request).outcome, LATCHKEY_BAD_REQUEST);
    request = request_of(token);
    request.ip = "10.0.0";
    assert_int_equal(ask(&request).outcome, LATCHKEY_BAD_REQUEST);
    assert_string_equal(latchkey_outcome_name(LATCHKEY_BAD_REQUEST), "BAD_REQUEST");
    assert_string_equal(latchkey_outcome_name(LATCHKEY_RATE_LIMITED), "RATE_LIMITED");
}

/* A thread with a reader that does nothing holds nobody up. */
static void *sleep_on_barrier(void *context) {
    struct latchkey_reader *idle;
    assert_int_equal(latchkey_reader_open(keys, &idle), 0);
    pthread_barrier_wait(context);
    pthread_barrier_wait(context);
    latchkey_reader_close(idle);
    return NULL;
}

static void test_idle_reader(void **state) {
    (void)state;
    pthread_barrier_t barrier;
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, sleep_on_barrier, &barrier), 0);
    pthread_barrier_wait(&barrier);
    struct latchkey_key key = plain_key();
    key.token = NULL;
    for (uint16_t i = 0; i < 20000; i++) { /* through grace periods: the index grows, entries are freed */
        uint8_t digest[LATCHKEY_DIGEST_BYTES] = {0};
        memcpy(digest, &i, sizeof i);
        memcpy(key.id.bytes, &i, sizeof i);
        key.digest = digest;
        assert_int_equal(latchkey_put_key(keys, &key), 0);
        assert_int_equal(i % 2 == 0 ? latchkey_remove_key(keys, &key.id) : 0, 0);
    }
    pthread_barrier_wait(&barrier);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_barrier_destroy(&barrier);
}

/* ---- a process that forks ---- */

static void put_many(uint32_t from, uint32_t to) {
    struct latchkey_key key = {.groups = &group_id, .groups_len = 1};
    for (uint32_t i = from; i < to; i++) {
        uint8_t digest[LATCHKEY_DIGEST_BYTES] = {0};
        memcpy(digest, &i, sizeof i);
        memcpy(key.id.bytes, &i, sizeof i);
        key.digest = digest;
        if (latchkey_put_key(keys, &key) != 0)
            abort();
    }
}

static size_t threads(void) {
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *task; (task = readdir(tasks)) != NULL;)
        count += task->d_name[0] != '.';
    closedir(tasks);
    return count;
}

/* What a server does that loads its keys and then makes its workers. A thread of the library's would not be in them, and might have held a lock. */
static void test_fork(void **state) {
    (void)state;
    const size_t before = threads();
    put_many(0, 50000); /* several chunks of the keyring's memory */
    assert_int_equal(threads(), before);
    struct latchkey_key key = plain_key();
    assert_int_equal(latchkey_put_key(keys, &key), 0);
    pid_t child = fork();
    if (child == 0) {
        alarm(120);
        put_many(50000, 150000);
        bool valid = outcome() == LATCHKEY_VALID;
        latchkey_remove_key(keys, &key_id);
        bool removed = outcome() == LATCHKEY_NOT_FOUND;
        latchkey_reader_close(reader);
        latchkey_close(keys);
        _exit(valid && removed ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(outcome(), LATCHKEY_VALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_secret),
        cmocka_unit_test_setup_teardown(test_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_scopes_that_are_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_addresses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_digest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_idle_reader, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fork, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
