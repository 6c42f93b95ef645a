#include "fixture.h"

#include "store/audit.h"

#include <stdio.h>

static void verify(struct fixture *f, struct lk_audit_finding *finding) {
    assert_int_equal(lk_audit_verify(&f->call, finding), 0);
}

static void expect_intact(struct fixture *f, int64_t entries) {
    struct lk_audit_finding finding;
    verify(f, &finding);
    if (!finding.intact)
        fail_msg("entry %lld: %s", (long long)finding.sequence, finding.reason);
    assert_int_equal(finding.entries, entries);
}

/* What SQL does to the log is found at that entry; then it is taken back. */
static void expect_found(struct fixture *f, const char *sql, int64_t sequence, const char *reason) {
    struct lk_audit_finding finding;
    assert_int_equal(lk_db_savepoint(f->db), 0);
    fixture_sql(f, sql);
    verify(f, &finding);
    if (finding.intact || finding.sequence != sequence || strcmp(finding.reason, reason) != 0)
        fail_msg("%s: got %d, entry %lld, %s", sql, finding.intact, (long long)finding.sequence, finding.reason);
    assert_true(lk_id_equal(&finding.account_id, &f->account.id));
    assert_int_equal(lk_db_rollback_to(f->db), 0);
}

static void test_entries(void **state) {
    struct fixture *f = *state;
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    struct lk_api_key key = fixture_key(f, "x", &f->admin_group, NULL);
    struct lk_slice text;
    assert_int_equal(fixture_reveal(f, &key.id, &text), 0);
    assert_int_equal(fixture_delete(f, &key.id), 0);
    struct lk_audit_row rows[5];
    for (int64_t i = 0; i < 5; i++)
        assert_int_equal(lk_store_audit_next(f->db, &f->account.id, i, &f->arena, &rows[i]), 0);
    assert_true(lk_slice_is(rows[0].operation, "CREATE"));
    assert_true(lk_slice_is(rows[0].resource_type, "ACCOUNT"));
    assert_true(lk_slice_is(rows[0].actor_kind, "SYSTEM"));
    assert_false(rows[0].has_actor_id);
    assert_true(lk_slice_is(rows[2].operation, "CREATE"));
    assert_true(lk_slice_is(rows[2].resource_type, "API_KEY"));
    assert_true(lk_slice_is(rows[2].resource_name, "x"));
    assert_true(lk_id_equal(&rows[2].resource_id, &key.id));
    assert_true(lk_slice_is(rows[2].actor_kind, "API_KEY"));
    assert_true(lk_slice_is(rows[2].actor_name, "first"));
    assert_true(lk_id_equal(&rows[2].actor_id, &f->admin_key.id));
    assert_true(lk_slice_is(rows[2].request_path, "/graphql"));
    assert_true(lk_slice_is(rows[2].request_method, "POST"));
    assert_true(lk_slice_is(rows[2].request_remote, "192.0.2.1"));
    assert_int_equal(rows[2].response_status, 200);
    assert_null(rows[2].before_doc.ptr);
    char expected[400];
    snprintf(
        expected, sizeof(expected),
        "{\"name\":\"x\",\"enabled\":true,\"expiresAt\":null,\"metadata\":{},\"preview\":\"%.*s\",\"allowedIps\":[],\"rateLimit\":null,"
        "\"credits\":null,\"userGroups\":[{\"id\":\"%s\",\"name\":\"Account Administrator\"}]}",
        (int)key.preview.len, key.preview.ptr, lk_id_format(&f->admin_group).text);
    assert_string_equal(rows[2].after_doc.ptr, expected);
    assert_true(lk_slice_is(rows[3].operation, "REVEAL"));
    assert_true(lk_slice_is(rows[4].operation, "DELETE"));
    assert_string_equal(rows[4].before_doc.ptr, expected);
    assert_null(rows[4].after_doc.ptr);
    /* One request is one set. */
    assert_true(lk_id_equal(&rows[2].set_id, &rows[3].set_id));
    assert_int_equal(rows[2].set_position, 0);
    assert_int_equal(rows[3].set_position, 1);
    assert_int_equal(rows[4].set_position, 2);
    expect_intact(f, 5);
}

static void test_a_failure_leaves_no_entry(void **state) {
    struct fixture *f = *state;
    struct lk_api_key_input input = {.name = LK_SLICE("first")};
    struct lk_api_key key;
    struct lk_slice token;
    fixture_expect(f, fixture_create(f, &input, &key, &token), LK_ECONFLICT, "An API key already exists");
    expect_intact(f, 2);
    fixture_key(f, "x", NULL, NULL);
    assert_int_equal(fixture_query(f, "SELECT set_position FROM audit_entry WHERE seq = 3"), 0);
    expect_intact(f, 3);
}

static void test_a_refusal_outlives_the_rollback(void **state) {
    struct fixture *f = *state;
    struct lk_slice token;
    struct lk_slice revealed;
    struct lk_api_key weak = fixture_key(f, "weak", NULL, &token);
    assert_int_equal(fixture_act(f, token), 0);
    fixture_expect(f, fixture_reveal(f, &f->admin_key.id, &revealed), LK_EFORBIDDEN, "User not authorized");
    struct lk_audit_row row;
    assert_int_equal(lk_store_audit_next(f->db, &f->account.id, 3, &f->arena, &row), 0);
    assert_true(lk_slice_is(row.operation, "REVEAL"));
    assert_true(lk_slice_is(row.failure, "User not authorized: MANAGE_API_KEYS is required"));
    assert_true(lk_id_equal(&row.actor_id, &weak.id));
    fixture_expect(f, fixture_delete(f, &f->admin_key.id), LK_EFORBIDDEN, "User not authorized");
    assert_int_equal(fixture_query(f, "SELECT set_position FROM audit_entry WHERE seq = 5"), 1);
    expect_intact(f, 5);
}

/* What metrics tell is what is in the log: nothing that was undone, be it an operation, a request or the batch. */
static void test_what_is_kept_is_counted(void **state) {
    struct fixture *f = *state;
    lk_audit_committed(f->domain, true);
    const uint64_t before = lk_audit_appended(f->domain);
    struct lk_slice token;
    const struct lk_api_key kept = fixture_key(f, "kept", NULL, &token);
    fixture_begin(f);
    assert_int_equal(lk_api_key_delete(&f->call, (struct lk_slice){0}, fixture_id(f, &kept.id)), 0);
    fixture_end(f, LK_EINVAL);
    assert_int_equal(lk_request_begin(&f->call), 0);
    fixture_key(f, "undone", NULL, NULL);
    assert_int_equal(lk_request_end(&f->call, true), 0);
    assert_int_equal(lk_audit_appended(f->domain), before); /* not yet */
    lk_audit_committed(f->domain, true);
    assert_int_equal(lk_audit_appended(f->domain), before + 1);
    fixture_key(f, "lost", NULL, NULL);
    lk_audit_committed(f->domain, false);
    assert_int_equal(fixture_act(f, token), 0);
    fixture_expect(f, fixture_delete(f, &f->admin_key.id), LK_EFORBIDDEN, "User not authorized");
    lk_audit_committed(f->domain, true);
    assert_int_equal(lk_audit_appended(f->domain), before + 2);
}

static void test_tampering_is_found(void **state) {
    struct fixture *f = *state;
    fixture_key(f, "x", NULL, NULL);
    fixture_key(f, "y", NULL, NULL);
    fixture_key(f, "z", NULL, NULL);
    expect_intact(f, 5);
    const char *columns[] = {
        "set_id = zeroblob(16)",
        "set_position = set_position + 1",
        "created_at = created_at + 1",
        "actor_kind = 'USER'",
        "actor_id = zeroblob(16)",
        "actor_id = NULL",
        "actor_name = 'nobody'",
        "operation = 'DELETE'",
        "resource_type = 'USER'",
        "resource_id = NULL",
        "resource_name = 'w'",
        "failure = ''",
        "before_doc = '{}'",
        "after_doc = '{}'",
        "request_url = ''",
        "request_path = '/'",
        "request_method = 'GET'",
        "request_remote = '192.0.2.2'",
        "response_status = 201",
        "key_version = 2",
        "mac = zeroblob(32)",
        "after_doc = NULL",
    };
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        char sql[128];
        snprintf(sql, sizeof(sql), "UPDATE audit_entry SET %s WHERE seq = 4", columns[i]);
        expect_found(f, sql, 4, "changed");
    }
    /* Text moved over the border of two columns. */
    expect_found(f, "UPDATE audit_entry SET request_path = '/graphqlPOST', request_method = '' WHERE seq = 3", 3, "changed");
    expect_found(f, "DELETE FROM audit_entry WHERE seq = 1", 1, "missing");
    expect_found(f, "DELETE FROM audit_entry WHERE seq = 3", 3, "missing");
    expect_found(f, "DELETE FROM audit_entry WHERE seq = 5", 5, "the end was cut off");
    expect_found(f, "DELETE FROM audit_entry", 1, "the end was cut off");
    expect_found(f, "UPDATE audit_entry SET seq = 0 WHERE seq = 5", 1, "missing");
    expect_found(f, "DELETE FROM audit_entry WHERE seq = 2; UPDATE audit_entry SET seq = seq - 1 WHERE seq > 2", 2, "changed");
    expect_found(f,
                 "UPDATE audit_entry SET seq = 100 WHERE seq = 3; UPDATE audit_entry SET seq = 3 WHERE seq = 4;"
                 "UPDATE audit_entry SET seq = 4 WHERE seq = 100",
                 3, "changed");
    expect_found(
        f,
        "DELETE FROM audit_entry WHERE seq = 5; UPDATE account SET audit_seq = 4, audit_mac = (SELECT mac FROM audit_entry WHERE seq = 4)",
        4, "the end was changed");
    expect_found(f, "UPDATE account SET audit_mac = zeroblob(32)", 5, "the end was changed");
    expect_intact(f, 5);
}

static void test_an_entry_of_another_history_is_found(void **state) {
    struct fixture *f = *state;
    struct lk_audit_row forked;
    assert_int_equal(lk_db_savepoint(f->db), 0);
    fixture_key(f, "what might have been", NULL, NULL);
    assert_int_equal(lk_store_audit_next(f->db, &f->account.id, 2, &f->arena, &forked), 0);
    assert_int_equal(lk_db_rollback_to(f->db), 0);
    fixture_key(f, "x", NULL, NULL);
    fixture_key(f, "y", NULL, NULL);
    /* Its MAC is right for its place: only what came after it tells. */
    fixture_sql(f, "DELETE FROM audit_entry WHERE seq = 3");
    assert_int_equal(lk_store_audit_insert(f->db, &forked), 0);
    struct lk_audit_finding finding;
    verify(f, &finding);
    assert_false(finding.intact);
    assert_int_equal(finding.sequence, 4);
    assert_string_equal(finding.reason, "changed");
}

static void test_entries_do_not_move_between_accounts(void **state) {
    struct fixture *f = *state;
    struct lk_account other;
    struct lk_id group;
    struct lk_slice token;
    fixture_account(f, "Other", &other, &group, &token);
    expect_intact(f, 4);
    char sql[600];
    char hex[2 * LK_ID_BYTES + 1] = {0};
    lk_hex_encode(f->account.id.bytes, LK_ID_BYTES, hex);
    snprintf(sql, sizeof(sql),
             "UPDATE audit_entry SET seq = seq + 100 WHERE account_id = x'%s'; UPDATE audit_entry SET account_id = x'%s' WHERE seq < 100;"
             "UPDATE audit_entry SET account_id = (SELECT id FROM account WHERE id <> x'%s'), seq = seq - 100 WHERE seq > 100",
             hex, hex, hex);
    fixture_sql(f, sql);
    struct lk_audit_finding finding;
    verify(f, &finding);
    assert_false(finding.intact);
    assert_string_equal(finding.reason, "changed");
}

/* Who puts back an older row of the account has its true seal: what was written since gives it away. */
static void test_an_older_end_is_found(void **state) {
    struct fixture *f = *state;
    fixture_key(f, "x", NULL, NULL);
    fixture_sql(f, "CREATE TEMP TABLE older AS SELECT audit_seq AS seq, audit_mac AS mac, audit_seal AS seal FROM account");
    fixture_key(f, "y", NULL, NULL);
    expect_intact(f, 4);
    expect_found(f, "UPDATE account SET (audit_seq, audit_mac, audit_seal) = (SELECT seq, mac, seal FROM older)", 4, "beyond the end");
}

/* What was done to the end stays to be found, whatever is written after it. */
static void test_the_next_entry_makes_no_end_good(void **state) {
    struct fixture *f = *state;
    fixture_key(f, "x", NULL, NULL);
    fixture_key(f, "y", NULL, NULL);
    fixture_sql(f, "DELETE FROM audit_entry WHERE seq = 4;"
                   "UPDATE account SET audit_seq = 3, audit_mac = (SELECT mac FROM audit_entry WHERE seq = 3)");
    for (int64_t seq = 4; seq < 6; seq++) {
        fixture_key(f, seq == 4 ? "z" : "zz", NULL, NULL);
        struct lk_audit_finding finding;
        verify(f, &finding);
        assert_false(finding.intact);
        assert_int_equal(finding.sequence, seq);
        assert_string_equal(finding.reason, "the end was changed");
    }
}

/* What a client sends for the log is cut where a character ends. */
static void test_long_origins_are_cut(void **state) {
    struct fixture *f = *state;
    char url[2 * LK_ORIGIN_MAX];
    memset(url, 'a', sizeof(url));
    memcpy(url + LK_ORIGIN_MAX - 1, "\xe2\x82\xac", 3); /* its second byte would be the first one too many */
    f->call.origin.url = lk_slice_make(url, sizeof(url));
    f->call.origin.remote = (struct lk_slice){NULL, 0};
    fixture_key(f, "x", NULL, NULL);
    struct lk_audit_row row;
    assert_int_equal(lk_store_audit_next(f->db, &f->account.id, 2, &f->arena, &row), 0);
    assert_int_equal(row.request_url.len, LK_ORIGIN_MAX - 1);
    assert_memory_equal(row.request_url.ptr, url, LK_ORIGIN_MAX - 1);
    assert_int_equal(row.request_remote.len, 0);
    expect_intact(f, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_entries),
        TEST(test_a_failure_leaves_no_entry),
        TEST(test_a_refusal_outlives_the_rollback),
        TEST(test_what_is_kept_is_counted),
        TEST(test_tampering_is_found),
        TEST(test_an_entry_of_another_history_is_found),
        TEST(test_entries_do_not_move_between_accounts),
        TEST(test_an_older_end_is_found),
        TEST(test_the_next_entry_makes_no_end_good),
        TEST(test_long_origins_are_cut),
    };
    return cmocka_run_group_tests_name("domain/audit", tests, NULL, NULL);
}
