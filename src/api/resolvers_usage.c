/* What keys were used for, of a key and of an account. */
#include "api/errors.h"
#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "api/usage.h"
#include "domain/account.h"
#include "domain/api_key.h"
#include "domain/usage.h"

/* Most buckets in one answer: all keys of a page by day for 90 days, or nine by hour. */
#define BUCKETS_MAX 20000

static int key_last_used_at(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_api_key *key = source;
    struct lk_graphql_context *context = lk_context(call);
    bool used = false;
    int64_t at = 0;
    int64_t kept = 0;
    int code = lk_api_key_last_used(&context->call, &key->account_id, &key->id, &used, &at);
    if (code != 0)
        return lk_fail(call, code);
    int64_t now = context->call.now_ms;
    bool unwritten = lk_usage_last_unwritten(context->usage, &key->id, now, &kept);
    if (unwritten && (!used || kept > at || at > now)) /* what is after now was noted by a clock that was ahead */
        return lk_out_int(ret, kept < now ? kept : now);
    return used ? lk_out_int(ret, at) : 0;
}

static int read_range(struct gql_call *call, struct lk_usage_range *ret) {
    const struct gql_value *interval = gql_argument(call, "interval");
    bool by_day = !gql_value_is_null(interval) && lk_slice_is(gql_value_text(interval), "DAY");
    *ret = (struct lk_usage_range){.interval = by_day ? LK_USAGE_BY_DAY : LK_USAGE_BY_HOUR};
    int code = lk_time_value(call, gql_argument(call, "from"), "from", &ret->from_given, &ret->from);
    return code != 0 ? code : lk_time_value(call, gql_argument(call, "to"), "to", &ret->to_given, &ret->to);
}

static int refuse_more(struct gql_call *call) {
    return gql_fail(call, LK_CODE_BAD_USER_INPUT,
                    "A request may ask for at most 20000 buckets of usage in all: ask for fewer keys, a shorter range, or days");
}

/* What the buckets of an answer have in common is that the store thread makes each of them: together they are bounded, however they are asked for, and once there were
 * too many no more are made. */
static int out_usage(struct gql_call *call, enum lk_usage_of of, const struct lk_id *id, struct gql_out *ret) {
    struct lk_graphql_context *context = lk_context(call);
    struct lk_usage_range range;
    struct lk_usage_bucket *buckets;
    size_t len;
    if (context->usage_buckets > BUCKETS_MAX)
        return refuse_more(call);
    int code = read_range(call, &range);
    if (code != 0)
        return code;
    code = of == LK_USAGE_OF_KEY ? lk_api_key_usage(&context->call, id, &range, &buckets, &len)
                                 : lk_account_usage(&context->call, id, &range, &buckets, &len);
    if (code != 0)
        return lk_fail(call, code);
    lk_usage_add_unwritten(context->usage, of, id, range.interval, buckets, len);
    context->usage_buckets += len;
    if (context->usage_buckets > BUCKETS_MAX)
        return refuse_more(call);
    return lk_out_objects(call, ret, buckets, len, sizeof(*buckets));
}

static int key_usage(struct gql_call *call, const void *source, struct gql_out *ret) {
    return out_usage(call, LK_USAGE_OF_KEY, &((const struct lk_api_key *)source)->id, ret);
}

static int account_usage(struct gql_call *call, const void *source, struct gql_out *ret) {
    return out_usage(call, LK_USAGE_OF_ACCOUNT, &((const struct lk_account *)source)->id, ret);
}

/* --- a bucket --- */

static const struct lk_usage_bucket *bucket_of(const void *source) {
    return source;
}

static int out_count(struct gql_out *ret, const void *source, enum lk_use_outcome outcome) {
    return lk_out_int(ret, (int64_t)bucket_of(source)->counts.by_outcome[outcome]);
}

static int bucket_start(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, bucket_of(source)->start);
}

static int bucket_total(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    uint64_t total = 0;
    for (size_t i = 0; i < LK_USE_OUTCOMES; i++)
        total += bucket_of(source)->counts.by_outcome[i];
    return lk_out_int(ret, (int64_t)total);
}

static int bucket_valid(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_count(ret, source, LK_USE_VALID);
}

static int bucket_disabled(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_count(ret, source, LK_USE_DISABLED);
}

static int bucket_expired(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_count(ret, source, LK_USE_EXPIRED);
}

static int bucket_ip_not_allowed(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_count(ret, source, LK_USE_IP_NOT_ALLOWED);
}

static int bucket_insufficient_permissions(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_count(ret, source, LK_USE_INSUFFICIENT_PERMISSIONS);
}

static int bucket_rate_limited(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_count(ret, source, LK_USE_RATE_LIMITED);
}

static int bucket_usage_exceeded(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return out_count(ret, source, LK_USE_USAGE_EXCEEDED);
}

static const struct gql_binding rows[] = {
    {"APIKey", "lastUsedAt", key_last_used_at},
    {"APIKey", "usage", key_usage},
    {"Account", "usage", account_usage},
    {"UsageBucket", "start", bucket_start},
    {"UsageBucket", "total", bucket_total},
    {"UsageBucket", "valid", bucket_valid},
    {"UsageBucket", "disabled", bucket_disabled},
    {"UsageBucket", "expired", bucket_expired},
    {"UsageBucket", "ipNotAllowed", bucket_ip_not_allowed},
    {"UsageBucket", "insufficientPermissions", bucket_insufficient_permissions},
    {"UsageBucket", "rateLimited", bucket_rate_limited},
    {"UsageBucket", "usageExceeded", bucket_usage_exceeded},
};

struct lk_bindings lk_usage_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
