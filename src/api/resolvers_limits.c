#include "api/resolvers_limits.h"

#include "api/errors.h"
#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "domain/api_key.h"

#include <math.h>

bool lk_rate_limit_value(const struct gql_value *value, struct lk_rate_limit *ret) {
    if (gql_value_is_null(value))
        return false;
    *ret = (struct lk_rate_limit){
        .limit = gql_value_int(gql_value_get(value, "limit"), 0),
        .window_seconds = gql_value_int(gql_value_get(value, "windowSeconds"), 0),
    };
    return true;
}

static int read_amount(struct gql_call *call, const struct gql_value *object, const char *name, int64_t *ret) {
    const struct gql_value *value = gql_value_get(object, name);
    if (value->kind == GQL_INT) {
        *ret = value->integer;
        return 0;
    }
    if (value->kind == GQL_FLOAT && value->real == floor(value->real) && fabs(value->real) <= (double)LK_CREDITS_MAX) {
        *ret = (int64_t)value->real;
        return 0;
    }
    return gql_fail(call, LK_CODE_BAD_USER_INPUT, "Invalid credits: %s must be a whole number from 0 to %lld", name,
                    (long long)LK_CREDITS_MAX);
}

int lk_credits_value(struct gql_call *call, const struct gql_value *value, bool *ret_has, struct lk_credits_input *ret) {
    *ret_has = !gql_value_is_null(value);
    if (!*ret_has)
        return 0;
    const struct gql_value *refill = gql_value_get(value, "refill");
    const struct gql_value *day = gql_value_get(refill, "day");
    int code = read_amount(call, value, "remaining", &ret->remaining);
    if (code != 0 || gql_value_is_null(refill))
        return code;
    ret->has_refill = true;
    ret->interval = gql_value_text(gql_value_get(refill, "interval"));
    ret->day_given = !gql_value_is_null(day);
    ret->day = gql_value_int(day, 0);
    return read_amount(call, refill, "amount", &ret->amount);
}

static int rate_limit(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, ((const struct lk_rate_limit *)source)->limit);
}

static int rate_window(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, ((const struct lk_rate_limit *)source)->window_seconds);
}

static const struct lk_credits *credits_of(const void *source) {
    return source;
}

static int credits_remaining(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, credits_of(source)->remaining);
}

static int credits_refill(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_object(ret, credits_of(source)->has_refill ? source : NULL);
}

static int refill_amount(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, credits_of(source)->amount);
}

static int refill_interval(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, credits_of(source)->interval);
}

static int refill_day(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return credits_of(source)->has_day ? lk_out_int(ret, credits_of(source)->day) : 0;
}

static int refill_next_at(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, credits_of(source)->next_at);
}

static int old_secret_preview(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, ((const struct lk_old_secret *)source)->preview);
}

static int old_secret_ends_at(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, ((const struct lk_old_secret *)source)->ends_at);
}

static const struct gql_binding rows[] = {
    {"RateLimit", "limit", rate_limit},
    {"RateLimit", "windowSeconds", rate_window},
    {"Credits", "remaining", credits_remaining},
    {"Credits", "refill", credits_refill},
    {"CreditsRefill", "amount", refill_amount},
    {"CreditsRefill", "interval", refill_interval},
    {"CreditsRefill", "day", refill_day},
    {"CreditsRefill", "nextAt", refill_next_at},
    {"PreviousSecret", "preview", old_secret_preview},
    {"PreviousSecret", "endsAt", old_secret_ends_at},
};

struct lk_bindings lk_limits_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
