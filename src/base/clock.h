/* The two clocks. Any thread. */
#ifndef LK_BASE_CLOCK_H
#define LK_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970-01-01 00:00 UTC: for what people and databases see. May jump. */
int64_t lk_clock_wall_ms(void);

/* Nanoseconds since some point that never moves: for durations and timeouts. Never goes back. */
int64_t lk_clock_mono_ns(void);

/* 9999-12-31T23:59:59.999Z, the last moment that is written with four digits of a year: a later time is a mistake, such as microseconds. */
#define LK_CLOCK_LAST_MS INT64_C(253402300799999)

/* "2026-11-23T12:05:32.123Z" (RFC 3339), 24 characters and a NUL, into out. Any ms from year 0 to 9999; outside, the nearest bound. */
void lk_clock_format(int64_t wall_ms, char out[25]);

#endif
