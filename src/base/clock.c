#include "base/clock.h"

#include <stdio.h>
#include <time.h>

int64_t lk_clock_wall_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t lk_clock_mono_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void lk_clock_format(int64_t wall_ms, char out[25]) {
    const int64_t first = -62167219200000; /* 0000-01-01T00:00:00.000Z */
    if (wall_ms < first)
        wall_ms = first;
    if (wall_ms > LK_CLOCK_LAST_MS)
        wall_ms = LK_CLOCK_LAST_MS;
    int64_t seconds = wall_ms / 1000;
    int64_t millis = wall_ms % 1000;
    if (millis < 0) {
        millis += 1000;
        seconds--;
    }
    time_t when = (time_t)seconds;
    struct tm utc;
    gmtime_r(&when, &utc);
    snprintf(out, 25, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", ((unsigned)utc.tm_year + 1900U) % 10000U, ((unsigned)utc.tm_mon + 1U) % 100U,
             (unsigned)utc.tm_mday % 100U, (unsigned)utc.tm_hour % 100U, (unsigned)utc.tm_min % 100U, (unsigned)utc.tm_sec % 100U,
             (unsigned)millis % 1000U);
}
