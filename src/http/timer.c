#include "http/timer.h"

void http_timer_class_init(struct http_timer_class *timers, unsigned ms) {
    timers->list.prev = &timers->list;
    timers->list.next = &timers->list;
    timers->duration = (int64_t)ms * 1000000;
}

void http_timer_disarm(struct http_timer *timer) {
    if (timer->next == NULL)
        return;
    timer->prev->next = timer->next;
    timer->next->prev = timer->prev;
    timer->prev = NULL;
    timer->next = NULL;
}

void http_timer_arm(struct http_timer_class *timers, struct http_timer *timer, int64_t now) {
    http_timer_disarm(timer);
    timer->deadline = now + timers->duration;
    timer->prev = timers->list.prev;
    timer->next = &timers->list;
    timer->prev->next = timer;
    timers->list.prev = timer;
}

struct http_timer *http_timer_pop(struct http_timer_class *timers, int64_t now) {
    struct http_timer *first = timers->list.next;
    if (first == &timers->list || first->deadline > now)
        return NULL;
    http_timer_disarm(first);
    return first;
}

int64_t http_timer_next(const struct http_timer_class *timers) {
    const struct http_timer *first = timers->list.next;
    return first == &timers->list ? INT64_MAX : first->deadline;
}
