#include "cli/when.h"

#include "base/error.h"

#include <ctype.h>
#include <stdbool.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

/* Reads exactly digits digits at *at and moves on. -1 when there are not as many. */
static int read_digits(const char **at, int digits) {
    int value = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (!isdigit((unsigned char)**at))
            return -1;
        value = value * 10 + (**at - '0');
    }
    return value;
}

static bool skip(const char **at, char c) {
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days from 1970-01-01, counted in years that begin in March so that the leap day is their last. */
static int64_t days_from_epoch(int year, int month, int day) {
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t in_year = (153 * (int64_t)(month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + in_year - 719468;
}

static int read_date(const char **at, int64_t *ret_ms) {
    int year = read_digits(at, 4);
    if (year < 1 || !skip(at, '-'))
        return LK_EINVAL;
    int month = read_digits(at, 2);
    if (month < 1 || month > 12 || !skip(at, '-'))
        return LK_EINVAL;
    int day = read_digits(at, 2);
    if (day < 1 || day > days_of_month(year, month))
        return LK_EINVAL;
    *ret_ms = days_from_epoch(year, month, day) * DAY_MS;
    return 0;
}

static int read_clock(const char **at, int64_t *ret_ms) {
    int hour = read_digits(at, 2);
    if (hour < 0 || hour > 23 || !skip(at, ':'))
        return LK_EINVAL;
    int minute = read_digits(at, 2);
    if (minute < 0 || minute > 59)
        return LK_EINVAL;
    int second = skip(at, ':') ? read_digits(at, 2) : 0;
    if (second < 0 || second > 59)
        return LK_EINVAL;
    int64_t ms = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS;
    if (skip(at, '.')) {
        if (!isdigit((unsigned char)**at))
            return LK_EINVAL;
        for (int64_t unit = 100; isdigit((unsigned char)**at); unit /= 10, (*at)++)
            ms += unit * (int64_t)(**at - '0');
    }
    *ret_ms = ms;
    return 0;
}

/* What must be subtracted for UTC. */
static int read_offset(const char **at, int64_t *ret_ms) {
    *ret_ms = 0;
    if (skip(at, 'Z') || skip(at, 'z'))
        return 0;
    int sign = **at == '-' ? -1 : 1;
    if (!skip(at, '-') && !skip(at, '+'))
        return LK_EINVAL;
    int hours = read_digits(at, 2);
    skip(at, ':');
    int minutes = hours < 0 ? -1 : read_digits(at, 2);
    if (minutes < 0 || minutes > 59 || hours > 23)
        return LK_EINVAL;
    *ret_ms = sign * (hours * HOUR_MS + minutes * MINUTE_MS);
    return 0;
}

static int parse_date(const char *text, int64_t *ret) {
    int64_t date;
    int64_t clock = 0;
    int64_t offset = 0;
    int code = read_date(&text, &date);
    if (code == 0 && (skip(&text, 'T') || skip(&text, 't') || skip(&text, ' '))) {
        code = read_clock(&text, &clock);
        if (code == 0)
            code = read_offset(&text, &offset);
    }
    if (code != 0 || *text != '\0')
        return LK_EINVAL;
    *ret = date + clock - offset;
    return 0;
}

static int64_t unit_ms(char unit) {
    switch (unit) {
    case 's': return SECOND_MS;
    case 'm': return MINUTE_MS;
    case 'h': return HOUR_MS;
    case 'd': return DAY_MS;
    case 'w': return 7 * DAY_MS;
    default: return 0;
    }
}

static int parse_span(const char *text, int64_t *ret) {
    int64_t span = 0;
    do {
        int64_t number = 0;
        if (!isdigit((unsigned char)*text))
            return LK_EINVAL;
        for (; isdigit((unsigned char)*text); text++) {
            number = number * 10 + (*text - '0');
            if (number > 1000000000)
                return LK_EINVAL;
        }
        int64_t unit = unit_ms(*text);
        if (unit == 0 || __builtin_add_overflow(span, number * unit, &span))
            return LK_EINVAL;
        text++;
    } while (*text != '\0');
    *ret = span;
    return 0;
}

int cli_when_parse(const char *text, int64_t now_ms, int direction, int64_t *ret) {
    int64_t span;
    if (parse_span(text, &span) != 0)
        return parse_date(text, ret);
    int64_t moment;
    if (__builtin_add_overflow(now_ms, direction * span, &moment))
        return LK_EINVAL;
    *ret = moment;
    return 0;
}
