#include "fixture.h"

#include "base/clock.h"
#include "domain/usage.h"
#include "domain/usage_hours.h"

#include <stdio.h>
#include <stdlib.h>

/* The first moment of a day (2026-11-25). */
#define DAY INT64_C(20782)
#define NOON (DAY * LK_DAY_MS + 12 * LK_HOUR_MS)

/* --- packing --- */

static void test_days_survive_packing(void **state) {
    (void)state;
    struct lk_usage_day day = {0};
    struct lk_usage_day back;
    char packed[LK_STORED_HOURS_MAX];
    assert_int_equal(lk_usage_day_pack(&day, packed), 0);
    static const uint64_t values[] = {1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        memset(&day, 0, sizeof(day));
        day.hours[i].by_outcome[i] = values[i];
        day.hours[23].by_outcome[LK_USE_USAGE_EXCEEDED] = values[i];
        size_t len = lk_usage_day_pack(&day, packed);
        assert_int_equal(lk_usage_day_unpack(lk_slice_make(packed, len), &back), 0);
        assert_memory_equal(&back, &day, sizeof(day));
        for (size_t cut = 1; cut < len; cut++) { /* a part is damaged, or the hours before the cut */
            int code = lk_usage_day_unpack(lk_slice_make(packed, cut), &back);
            assert_true(code == LK_ECORRUPT || back.hours[23].by_outcome[LK_USE_USAGE_EXCEEDED] == 0);
        }
    }
    for (size_t hour = 0; hour < LK_HOURS_PER_DAY; hour++)
        for (size_t i = 0; i < LK_USE_OUTCOMES; i++)
            day.hours[hour].by_outcome[i] = UINT64_MAX; /* the largest there can be fits */
    size_t len = lk_usage_day_pack(&day, packed);
    assert_true(len <= LK_STORED_HOURS_MAX);
    assert_int_equal(lk_usage_day_unpack(lk_slice_make(packed, len), &back), 0);
    assert_memory_equal(&back, &day, sizeof(day));
}

static void test_damaged_days_are_refused(void **state) {
    (void)state;
    static const struct lk_slice bad[] = {
        LK_SLICE("\x05"),                                             /* an hour without anything */
        LK_SLICE("\x05\x01"),                                         /* no count */
        LK_SLICE("\x05\x01\x80"),                                     /* half a count */
        LK_SLICE("\x05\x01\x80\x00"),                                 /* a zero at the end of a count */
        LK_SLICE("\x05\x01\x00"),                                     /* a count of zero */
        LK_SLICE("\x05\x00\x01"),                                     /* no outcome */
        LK_SLICE("\x05\x80\x01"),                                     /* an outcome that is none */
        LK_SLICE("\x18\x01\x01"),                                     /* hour 24 */
        LK_SLICE("\x05\x01\x01\x05\x01\x01"),                         /* an hour twice */
        LK_SLICE("\x05\x01\x01\x04\x01\x01"),                         /* back in time */
        LK_SLICE("\x05\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"), /* more than 64 bits */
        LK_SLICE("\x05\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lk_usage_day day;
        if (lk_usage_day_unpack(bad[i], &day) != LK_ECORRUPT)
            fail_msg("damaged day %zu was taken", i);
    }
}

/* --- recording and reading --- */

static void record(struct fixture *f, const struct lk_id *key, int64_t at, enum lk_use_outcome outcome, uint64_t count) {
    struct lk_usage_counts counts = {{0}};
    counts.by_outcome[outcome] = count;
    assert_int_equal(lk_usage_touch_key(f->db, &f->account.id, key, at, LK_CLOCK_LAST_MS), 0);
    assert_int_equal(lk_usage_record_key(f->db, &f->account.id, key, at, &counts), 0);
    assert_int_equal(lk_usage_record_account(f->db, &f->account.id, at, &counts), 0);
}

static struct lk_usage_bucket *read_usage(struct fixture *f, const struct lk_id *key, struct lk_usage_range range, size_t expected) {
    struct lk_usage_bucket *buckets = NULL;
    size_t len = 0;
    int code = key != NULL ? lk_api_key_usage(&f->call, key, &range, &buckets, &len)
                           : lk_account_usage(&f->call, &f->account.id, &range, &buckets, &len);
    if (code != 0)
        fail_msg("%s", f->problem.text);
    assert_int_equal(len, expected);
    return buckets;
}

static void test_hours_and_days(void **state) {
    struct fixture *f = *state;
    struct lk_id key = f->admin_key.id;
    f->call.now_ms = NOON + 1000;
    record(f, &key, NOON - 1, LK_USE_VALID, 3); /* the hour before */
    record(f, &key, NOON, LK_USE_VALID, 5);
    record(f, &key, NOON + 999, LK_USE_DISABLED, 7);
    record(f, &key, NOON + 5, LK_USE_VALID, 1);
    record(f, &key, NOON - LK_DAY_MS, LK_USE_EXPIRED, 9);
    struct lk_usage_bucket *hours = read_usage(f, &key, (struct lk_usage_range){0}, 25); /* a day back from 12:00:01 touches 25 hours */
    assert_int_equal(hours[0].start, NOON - LK_DAY_MS);
    assert_int_equal(hours[0].counts.by_outcome[LK_USE_EXPIRED], 9);
    for (size_t i = 1; i < 25; i++)
        assert_int_equal(hours[i].start - hours[i - 1].start, LK_HOUR_MS);
    assert_int_equal(hours[23].counts.by_outcome[LK_USE_VALID], 3);
    assert_int_equal(hours[24].start, NOON);
    assert_int_equal(hours[24].counts.by_outcome[LK_USE_VALID], 6);
    assert_int_equal(hours[24].counts.by_outcome[LK_USE_DISABLED], 7);
    struct lk_usage_range range = {.interval = LK_USAGE_BY_DAY};
    struct lk_usage_bucket *days = read_usage(f, &key, range, 31);
    assert_int_equal(days[30].start, DAY * LK_DAY_MS);
    assert_int_equal(days[30].counts.by_outcome[LK_USE_VALID], 9);
    assert_int_equal(days[29].counts.by_outcome[LK_USE_EXPIRED], 9);
    assert_int_equal(days[28].counts.by_outcome[LK_USE_EXPIRED], 0);
    /* to is not included: a bucket that begins with it is not there. */
    range = (struct lk_usage_range){true, true, NOON - LK_HOUR_MS, NOON, LK_USAGE_BY_HOUR};
    hours = read_usage(f, &key, range, 1);
    assert_int_equal(hours[0].counts.by_outcome[LK_USE_VALID], 3);
    range.to = NOON + 1;
    assert_int_equal(read_usage(f, &key, range, 2)[1].counts.by_outcome[LK_USE_VALID], 6);
    assert_int_equal(read_usage(f, NULL, range, 2)[1].counts.by_outcome[LK_USE_DISABLED], 7);
    /* Ninety days by the hour, from the middle of one. */
    range = (struct lk_usage_range){true, true, NOON + 1 - 90 * LK_DAY_MS, NOON + 1, LK_USAGE_BY_HOUR};
    assert_int_equal(read_usage(f, &key, range, 90 * 24 + 1)[90 * 24].counts.by_outcome[LK_USE_VALID], 6);
}

static void test_ranges_that_are_none(void **state) {
    struct fixture *f = *state;
    static const struct {
        struct lk_usage_range range;
        const char *says;
    } bad[] = {
        {{true, true, 1000, 1000, LK_USAGE_BY_HOUR}, "from must be before to"},
        {{true, true, 1001, 1000, LK_USAGE_BY_HOUR}, "from must be before to"},
        {{true, false, NOON + 1, 0, LK_USAGE_BY_HOUR}, "from must be before to"},
        {{true, true, NOON, NOON + 90 * LK_DAY_MS + 1, LK_USAGE_BY_DAY}, "at most 90 days apart"},
        {{true, true, 0, INT64_MAX, LK_USAGE_BY_DAY}, "milliseconds since 1970"},
        {{true, true, INT64_MIN, 5, LK_USAGE_BY_HOUR}, "milliseconds since 1970"},
        {{false, true, 0, -1, LK_USAGE_BY_HOUR}, "milliseconds since 1970"},
        {{false, true, 0, 0, LK_USAGE_BY_HOUR}, "from must be before to"},
    };
    f->call.now_ms = NOON;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lk_usage_bucket *buckets;
        size_t len;
        assert_int_equal(lk_api_key_usage(&f->call, &f->admin_key.id, &bad[i].range, &buckets, &len), LK_EINVAL);
        if (strstr(f->problem.text, bad[i].says) == NULL)
            fail_msg("range %zu: %s", i, f->problem.text);
    }
}

static void expect_last_used(struct fixture *f, const struct lk_id *key, bool used, int64_t at) {
    bool is_used = !used;
    int64_t is_at = 0;
    assert_int_equal(lk_api_key_last_used(&f->call, &f->account.id, key, &is_used, &is_at), 0);
    assert_int_equal(is_used, used);
    if (used)
        assert_int_equal(is_at, at);
}

static void test_last_use_never_goes_back(void **state) {
    struct fixture *f = *state;
    struct lk_id key = fixture_key(f, "used", NULL, NULL).id;
    expect_last_used(f, &key, false, 0);
    record(f, &key, NOON, LK_USE_VALID, 0); /* a touch */
    expect_last_used(f, &key, true, NOON);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage"), 0);
    record(f, &key, NOON - 5, LK_USE_VALID, 1);
    expect_last_used(f, &key, true, NOON);
    record(f, &key, NOON + 5, LK_USE_VALID, 1);
    expect_last_used(f, &key, true, NOON + 5);
    expect_last_used(f, &f->admin_key.id, false, 0);
}

/* A clock that was a month ahead, and was set right. */
static void test_last_use_by_a_clock_that_was_ahead(void **state) {
    struct fixture *f = *state;
    const int64_t month = 30 * LK_DAY_MS;
    struct lk_id key = fixture_key(f, "used", NULL, NULL).id;
    assert_int_equal(lk_usage_touch_key(f->db, &f->account.id, &key, NOON + month, NOON + month), 0);
    expect_last_used(f, &key, true, NOON + month);
    assert_int_equal(lk_usage_touch_key(f->db, &f->account.id, &key, NOON, NOON + 1), 0);
    expect_last_used(f, &key, true, NOON);
    assert_int_equal(lk_usage_touch_key(f->db, &f->account.id, &key, NOON + month, NOON + 2), 0); /* set right before it was written */
    expect_last_used(f, &key, true, NOON + 2);
    assert_int_equal(lk_usage_touch_key(f->db, &f->account.id, &key, NOON + 1, NOON + 2), 0);
    expect_last_used(f, &key, true, NOON + 2);
}

static void test_a_deleted_key_takes_its_usage_along(void **state) {
    struct fixture *f = *state;
    struct lk_id key = fixture_key(f, "gone", NULL, NULL).id;
    for (int64_t day = 0; day < 90; day += 3)
        record(f, &key, NOON - day * LK_DAY_MS, LK_USE_VALID, 1);
    record(f, &f->admin_key.id, NOON - 9 * LK_DAY_MS, LK_USE_VALID, 1);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage"), 31);
    assert_int_equal(lk_operation_begin(&f->call), 0);
    assert_int_equal(lk_api_key_delete(&f->call, (struct lk_slice){0}, fixture_id(f, &key)), 0);
    assert_int_equal(lk_operation_end(&f->call, false), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage"), 1);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_use"), fixture_query(f, "SELECT count(*) FROM api_key"));
    expect_last_used(f, &key, false, 0);
    /* What was counted before and comes to be written only now is dropped; the account keeps what it had. */
    struct lk_usage_counts counts = {{1}};
    assert_int_equal(lk_usage_touch_key(f->db, &f->account.id, &key, NOON, NOON), LK_ENOTFOUND);
    assert_int_equal(lk_usage_record_key(f->db, &f->account.id, &key, NOON, &counts), LK_ENOTFOUND);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage"), 1);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM account_usage"), 30);
}

static void test_a_deleted_account_takes_its_usage_along(void **state) {
    struct fixture *f = *state;
    struct lk_account other;
    struct lk_slice operator_token = fixture_other_account(f, &other);
    struct lk_api_key other_key;
    assert_int_equal(lk_api_key_get_by_name(&f->call, lk_slice_cstr("first"), &other_key), 0);
    fixture_sql(f, "CREATE TEMP TABLE other AS SELECT k.id FROM api_key k JOIN account a ON a.id = k.account_id WHERE a.name = 'Other'");
    fixture_sql(f, "WITH RECURSIVE days (day) AS (SELECT 20600 UNION ALL SELECT day + 1 FROM days WHERE day < 20660) "
                   "INSERT INTO api_key_usage SELECT day, id, x'00' FROM days, other");
    fixture_sql(f, "INSERT INTO account_usage SELECT 20600, id, x'00' FROM account WHERE name = 'Other'");
    record(f, &f->admin_key.id, NOON, LK_USE_VALID, 1);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage"), 62);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM account_usage"), 2);
    assert_int_equal(fixture_act(f, operator_token), 0);
    assert_int_equal(lk_operation_begin(&f->call), 0);
    assert_int_equal(lk_account_delete(&f->call, fixture_id(f, &other.id)), 0);
    assert_int_equal(lk_operation_end(&f->call, false), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM account_usage"), 1);
    assert_int_equal(lk_usage_forget_next(f->db), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage"), 1);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM usage_to_forget"), 0);
    assert_int_equal(lk_usage_forget_next(f->db), LK_ENOTFOUND);
    /* What was counted before and comes to be written only now is dropped. */
    struct lk_usage_counts counts = {{1}};
    assert_int_equal(lk_usage_record_account(f->db, &other.id, NOON, &counts), 0);
    assert_int_equal(lk_usage_record_key(f->db, &other.id, &other_key.id, NOON, &counts), LK_ENOTFOUND);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM account_usage"), 1);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM api_key_usage"), 1);
}

static void test_sweep_keeps_ninety_days(void **state) {
    struct fixture *f = *state;
    for (int64_t day = 80; day < 100; day++)
        record(f, &f->admin_key.id, NOON - day * LK_DAY_MS, LK_USE_VALID, 1);
    fixture_sql(f, "INSERT INTO api_key_usage SELECT day, randomblob(16), hours FROM api_key_usage WHERE day < 20700");
    int64_t rows = fixture_query(f, "SELECT count(*) FROM api_key_usage WHERE day < 20692") +
                   fixture_query(f, "SELECT count(*) FROM account_usage WHERE day < 20692");
    assert_int_equal(rows, 27);
    for (int64_t deleted = -1; deleted != 0; rows -= deleted) {
        assert_int_equal(lk_usage_sweep(f->db, NOON, 1, &deleted), 0);
        assert_true(deleted <= 2);
    }
    assert_int_equal(rows, 0);
    assert_int_equal(fixture_query(f, "SELECT min(day) FROM api_key_usage"), DAY - 90);
    assert_int_equal(fixture_query(f, "SELECT min(day) FROM account_usage"), DAY - 90);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM account_usage"), 11);
}

static void test_damage_does_not_stop_counting(void **state) {
    struct fixture *f = *state;
    record(f, &f->admin_key.id, NOON, LK_USE_VALID, 4);
    fixture_sql(f, "UPDATE api_key_usage SET hours = x'05'");
    f->call.now_ms = NOON + 1;
    assert_int_equal(read_usage(f, &f->admin_key.id, (struct lk_usage_range){0}, 25)[24].counts.by_outcome[LK_USE_VALID], 0);
    record(f, &f->admin_key.id, NOON, LK_USE_VALID, 4);
    assert_int_equal(read_usage(f, &f->admin_key.id, (struct lk_usage_range){0}, 25)[24].counts.by_outcome[LK_USE_VALID], 4);
}

static void test_who_may_read_usage_of_the_account(void **state) {
    struct fixture *f = *state;
    struct lk_usage_bucket *buckets;
    size_t len;
    struct lk_usage_range range = {0};
    struct lk_slice token;
    struct lk_account other;
    struct lk_id other_group;
    struct lk_slice other_token;
    fixture_account(f, "Other", &other, &other_group, &other_token);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    struct lk_id auditors = fixture_group(f, "auditors", LK_ACCOUNT_PERMISSION_BIT(LK_VIEW_AUDITS), NULL);
    struct lk_id viewers = fixture_group(f, "viewers", LK_ACCOUNT_PERMISSION_BIT(LK_VIEW_USER_AND_USER_GROUPS_AND_API_KEYS), NULL);
    fixture_key(f, "auditor", &auditors, &token);
    struct lk_slice viewer;
    fixture_key(f, "viewer", &viewers, &viewer);
    assert_int_equal(fixture_act(f, token), 0);
    assert_int_equal(lk_account_usage(&f->call, &f->account.id, &range, &buckets, &len), LK_EFORBIDDEN);
    assert_int_equal(fixture_act(f, viewer), 0);
    f->call.now_ms = NOON;
    assert_int_equal(lk_account_usage(&f->call, &f->account.id, &range, &buckets, &len), 0);
    assert_int_equal(lk_account_usage(&f->call, &other.id, &range, &buckets, &len), LK_EFORBIDDEN);
}

/* --- lists: every order and filter against a model --- */

#define KEYS 60

struct model_key {
    struct lk_id id;
    char name[24];
    int64_t created_at;
    int64_t expires_at; /* INT64_MAX: none */
    int64_t used_at;    /* -1: never */
};

static struct model_key model[KEYS];
static struct lk_api_key_sort sort;

static int order_of(int64_t a, int64_t b) {
    return a < b ? -1 : a > b;
}

static int compare(const void *left, const void *right) {
    const struct model_key *a = left, *b = right;
    int order = 0;
    switch (sort.field) {
    case LK_API_KEY_NAME: order = strcmp(a->name, b->name); break;
    case LK_API_KEY_CREATED_AT: order = order_of(a->created_at, b->created_at); break;
    case LK_API_KEY_EXPIRES_AT: order = order_of(a->expires_at, b->expires_at); break;
    case LK_API_KEY_LAST_USED_AT: order = order_of(a->used_at, b->used_at); break;
    }
    if (order == 0)
        order = memcmp(a->id.bytes, b->id.bytes, LK_ID_BYTES);
    return sort.descending ? -order : order;
}

static bool fits(const struct model_key *key, const struct lk_api_key_filter *filter) {
    if (filter->expires_before_given && key->expires_at >= filter->expires_before)
        return false;
    if (filter->expires_after_given && (key->expires_at == INT64_MAX || key->expires_at <= filter->expires_after))
        return false;
    return !filter->unused_since_given || (key->created_at < filter->unused_since && key->used_at < filter->unused_since);
}

static void make_model(struct fixture *f) {
    fixture_sql(f, "DELETE FROM api_key WHERE name != 'first'; UPDATE api_key SET created_at = 1000500");
    model[0] = (struct model_key){.id = f->admin_key.id, .name = "first", .created_at = 1000500, .expires_at = INT64_MAX, .used_at = -1};
    for (int i = 1; i < KEYS; i++) {
        struct model_key *key = &model[i];
        snprintf(key->name, sizeof(key->name), "key %02d", i * 37 % KEYS);
        key->id = fixture_key(f, key->name, NULL, NULL).id;
        key->created_at = 1000000 + i * 7 % 20 * 100; /* some are equal */
        key->expires_at = i % 3 == 0 ? INT64_MAX : 2000000 + i * 11 % 13 * 100;
        key->used_at = i % 4 == 0 ? -1 : 1000000 + i * 5 % 30 * 100;
        char sql[256];
        snprintf(sql, sizeof(sql), "UPDATE api_key SET created_at = %lld, expires_at = nullif(%lld, %lld) WHERE name = '%s'",
                 (long long)key->created_at, (long long)key->expires_at, (long long)INT64_MAX, key->name);
        fixture_sql(f, sql);
        if (key->used_at >= 0)
            record(f, &key->id, key->used_at, LK_USE_VALID, 1);
    }
}

static void expect_list(struct fixture *f, const struct lk_api_key_filter *filter) {
    qsort(model, KEYS, sizeof(model[0]), compare);
    const struct model_key *expected[KEYS];
    size_t expected_len = 0;
    for (int i = 0; i < KEYS; i++) {
        if (fits(&model[i], filter))
            expected[expected_len++] = &model[i];
    }
    for (size_t offset = 0; offset <= expected_len; offset += 7) {
        struct lk_api_key *keys;
        size_t len;
        struct lk_page_info info;
        struct lk_page page = {7, (int64_t)offset};
        if (lk_api_key_list(&f->call, filter, sort, page, &keys, &len, &info) != 0)
            fail_msg("%s", f->problem.text);
        assert_int_equal(info.total, expected_len);
        assert_int_equal(len, expected_len - offset < 7 ? expected_len - offset : 7);
        for (size_t i = 0; i < len; i++)
            if (!lk_id_equal(&keys[i].id, &expected[offset + i]->id))
                fail_msg("order %d%s, offset %zu: %.*s instead of %s", (int)sort.field, sort.descending ? " descending" : "", offset + i,
                         (int)keys[i].name.len, keys[i].name.ptr, expected[offset + i]->name);
    }
}

static void test_lists_in_every_order(void **state) {
    struct fixture *f = *state;
    make_model(f);
    const struct lk_api_key_filter filters[] = {
        {.enabled_given = false},
        {.expires_before_given = true, .expires_before = 2000600},
        {.unused_since_given = true, .unused_since = 1001500},
        {.unused_since_given = true, .unused_since = 1000700, .expires_before_given = true, .expires_before = 2001000},
        {.expires_before_given = true, .expires_before = INT64_MAX},
        {.expires_after_given = true, .expires_after = 2000600},
        {.expires_after_given = true, .expires_after = 2000200, .expires_before_given = true, .expires_before = 2000800},
    };
    for (int field = LK_API_KEY_NAME; field <= LK_API_KEY_LAST_USED_AT; field++) {
        for (int descending = 0; descending < 2; descending++) {
            sort = (struct lk_api_key_sort){(enum lk_api_key_field)field, descending != 0};
            for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
                expect_list(f, &filters[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days_survive_packing),
        cmocka_unit_test(test_damaged_days_are_refused),
        cmocka_unit_test_setup_teardown(test_hours_and_days, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_ranges_that_are_none, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_last_use_never_goes_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_last_use_by_a_clock_that_was_ahead, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_deleted_key_takes_its_usage_along, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_deleted_account_takes_its_usage_along, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_sweep_keeps_ninety_days, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_damage_does_not_stop_counting, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_who_may_read_usage_of_the_account, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_lists_in_every_order, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
