/*
 * Timeouts. All timers of one class have the same duration, so a class is a list in the order of arming and every operation takes constant
 * time: the next to run out is at the head. Used by one thread.
 */
#ifndef HTTP_TIMER_H
#define HTTP_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A member of what it times. Zeroed is unarmed. */
struct http_timer {
    struct http_timer *prev, *next; /* NULL when unarmed */
    int64_t deadline;               /* monotonic ns */
};

struct http_timer_class {
    struct http_timer list; /* sentinel */
    int64_t duration;       /* ns */
};

void http_timer_class_init(struct http_timer_class *timers, unsigned ms);

/* (Re)starts it: it runs out the class's duration after now, which never goes back from call to call. */
void http_timer_arm(struct http_timer_class *timers, struct http_timer *timer, int64_t now);
void http_timer_disarm(struct http_timer *timer);

static inline bool http_timer_armed(const struct http_timer *timer) {
    return timer->next != NULL;
}

/* The first timer that has run out by now, disarmed; NULL when there is none. */
struct http_timer *http_timer_pop(struct http_timer_class *timers, int64_t now);

/* When the first runs out; INT64_MAX when none is armed. */
int64_t http_timer_next(const struct http_timer_class *timers);

#endif
