/* Another master key takes the place of the one before. */
#include "fixture.h"

#include "crypto/digest.h"
#include "domain/audit_mac.h"
#include "domain/master_key.h"
#include "domain/migrate.h"
#include "domain/session.h"
#include "store/account.h"
#include "store/audit.h"

#include <stdio.h>

#define DAY ((int64_t)86400000)

/* The fixture's domain is opened anew with keys, which become its own. */
static void reopen(struct fixture *f, struct lk_keys *keys) {
    lk_domain_close(f->domain);
    if (lk_domain_open(f->db, keys, &f->domain, &f->problem) != 0)
        fail_msg("%s", f->problem.text);
    lk_keys_free(f->keys);
    f->keys = keys;
    fixture_act_as_system(f, &f->account.id);
}

/* From the master key of one byte repeated to that of another; what rotating gave. When it is 0 the fixture belongs to the new one, whose keys are read from the
 * database as a start does. */
static int rotate(struct fixture *f, unsigned char from, unsigned char to, struct lk_master_rotation *ret) {
    struct lk_master *old = fixture_master(from);
    *ret = (struct lk_master_rotation){.old_master = old, .new_keys = fixture_keys(to)};
    fixture_act_as_system(f, &f->account.id);
    assert_int_equal(lk_db_savepoint(f->db), 0);
    int code = lk_master_key_rotate(&f->call, ret);
    lk_keys_free(ret->new_keys);
    lk_master_free(old);
    assert_int_equal(code == 0 ? lk_db_release(f->db) : lk_db_rollback_to(f->db), 0);
    if (code != 0)
        return code;
    struct lk_keys *keys = fixture_keys(to);
    if (lk_master_key_read(f->db, keys, f->call.now_ms, &f->problem) != 0)
        fail_msg("%s", f->problem.text);
    reopen(f, keys);
    return 0;
}

static void expect_rotated(struct fixture *f, unsigned char from, unsigned char to) {
    struct lk_master_rotation rotation;
    if (rotate(f, from, to, &rotation) != 0)
        fail_msg("%s", f->problem.text);
    assert_int_equal(rotation.keys_left, 0);
}

static void expect_good(struct fixture *f, struct lk_slice token) {
    if (fixture_act(f, token) != 0)
        fail_msg("%.*s: %s", (int)token.len, token.ptr, f->problem.text);
}

static void expect_revealed(struct fixture *f, const struct lk_id *key, struct lk_slice token) {
    struct lk_slice revealed;
    expect_good(f, f->admin_token);
    assert_int_equal(fixture_reveal(f, key, &revealed), 0);
    assert_true(lk_slice_equal(revealed, token));
}

/* A new secret for a key, the one before being good for a day. */
static struct lk_slice rotate_key(struct fixture *f, const struct lk_id *key) {
    struct lk_api_key ignored;
    struct lk_slice token;
    expect_good(f, f->admin_token);
    fixture_begin(f);
    if (fixture_end(f, lk_api_key_rotate(&f->call, fixture_id(f, &f->account.id), fixture_id(f, key), 86400, &ignored, &token)) != 0)
        fail_msg("%s", f->problem.text);
    return token;
}

static struct lk_audit_finding check_audit(struct fixture *f) {
    struct lk_audit_finding finding;
    assert_int_equal(lk_audit_verify(&f->call, &finding), 0);
    return finding;
}

static void expect_intact(struct fixture *f) {
    struct lk_audit_finding finding = check_audit(f);
    if (!finding.intact)
        fail_msg("%s", lk_audit_words(&finding).text);
    assert_int_equal(finding.entries, fixture_query(f, "SELECT count(*) FROM audit_entry"));
}

static void test_keys_stay(void **state) {
    struct fixture *f = *state;
    struct lk_slice first;
    struct lk_api_key key = fixture_key(f, "rotated", &f->admin_group, &first);
    struct lk_slice second = rotate_key(f, &key.id);
    fixture_sql(f, "CREATE TEMP TABLE before AS SELECT id, digest, sealed FROM api_key");
    struct lk_master_rotation rotation;
    assert_int_equal(rotate(f, 7, 8, &rotation), 0);
    assert_int_equal(rotation.version, 2);
    assert_int_equal(rotation.keys, 2);
    assert_int_equal(rotation.keys_left, 0);
    assert_int_equal(rotation.old_secrets, 1);

    assert_int_equal(
        fixture_query(f, "SELECT count(*) FROM api_key k JOIN before b USING (id) WHERE k.digest = b.digest OR k.sealed = b.sealed"), 0);
    assert_int_equal(fixture_query(f, "SELECT min(digest_version) FROM api_key"), 2);
    expect_good(f, f->admin_token);
    expect_good(f, second);
    expect_good(f, first);
    expect_revealed(f, &key.id, second);
    expect_revealed(f, &f->admin_key.id, f->admin_token);
    expect_intact(f);

    /* The key before opens it no more. */
    struct lk_keys *old = fixture_keys(7);
    assert_int_equal(lk_migrate_check_keys(f->db, old, &f->problem), LK_ECORRUPT);
    lk_keys_free(old);
}

static void test_logs_say_so(void **state) {
    struct fixture *f = *state;
    struct lk_account other;
    fixture_other_account(f, &other);
    expect_rotated(f, 7, 8);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE operation = 'ROTATE' AND resource_type = 'SERVER' AND "
                                      "actor_kind = 'SYSTEM' AND key_version = 2 AND after_doc = '{\"masterKeyVersion\":2}'"),
                     2);
}

/* An old secret is one for everything that asks for secrets. */
static void test_old_secret(void **state) {
    struct fixture *f = *state;
    struct lk_slice first;
    struct lk_api_key key = fixture_key(f, "rotated", &f->admin_group, &first);
    struct lk_slice second = rotate_key(f, &key.id);
    expect_rotated(f, 7, 8);

    expect_good(f, f->admin_token);
    const struct lk_import_input input = {.token = first, .key = {.name = LK_SLICE("again")}};
    struct lk_import_result *results;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_api_key_import(&f->call, fixture_id(f, &f->account.id), &input, 1, &results)), 0);
    assert_true(lk_slice_is(results[0].error, "This key is there already, with the name rotated"));

    struct lk_login_result login;
    expect_good(f, first);
    assert_int_equal(lk_login_key(&f->call, first, &login), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM key_session JOIN key_old_secret ON secret_digest = key_old_secret.digest"), 1);

    expect_good(f, f->admin_token);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_api_key_revoke(&f->call, first)), 0);
    assert_int_equal(fixture_act(f, first), LK_EUNAUTH);
    expect_good(f, second);
}

/* One that ended may be another key's, and is that one's alone, whatever the clock says afterwards. */
static void test_ended_secret_is_imported(void **state) {
    struct fixture *f = *state;
    struct lk_slice first;
    struct lk_api_key key = fixture_key(f, "rotated", &f->admin_group, &first);
    rotate_key(f, &key.id);
    expect_rotated(f, 7, 8);
    expect_good(f, f->admin_token);
    const struct lk_import_input input = {.token = first, .key = {.name = LK_SLICE("again")}};
    struct lk_import_result *results;
    const int64_t now_ms = f->call.now_ms;
    f->call.now_ms = now_ms + 2 * DAY;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_api_key_import(&f->call, fixture_id(f, &f->account.id), &input, 1, &results)), 0);
    assert_int_equal(results[0].error.len, 0);
    const struct lk_id imported = results[0].id;
    f->call.now_ms = now_ms;
    assert_int_equal(fixture_act(f, first), 0);
    assert_memory_equal(&f->call.actor->id, &imported, sizeof(imported));
}

/* Of a secret that ended, nothing is tried any more. */
static void test_lookups_end(void **state) {
    struct fixture *f = *state;
    struct lk_slice first;
    struct lk_api_key key = fixture_key(f, "rotated", &f->admin_group, &first);
    rotate_key(f, &key.id);
    expect_rotated(f, 7, 8);
    assert_int_equal(lk_keys_older_lookups(f->keys), 1);
    struct lk_keys *later = fixture_keys(8);
    assert_int_equal(lk_master_key_read(f->db, later, f->call.now_ms + DAY, &f->problem), 0);
    assert_int_equal(lk_keys_version(later), 2);
    assert_int_equal(lk_keys_older_lookups(later), 0);
    lk_keys_free(later);

    fixture_sql(f, "UPDATE key_old_secret SET ends_at = 1");
    expect_rotated(f, 8, 9);
    assert_int_equal(lk_keys_older_lookups(f->keys), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM older_key WHERE sealed_lookup IS NULL"), 2);
    expect_intact(f);
}

static void test_sessions_end(void **state) {
    struct fixture *f = *state;
    struct lk_login_result login;
    expect_good(f, f->admin_token);
    assert_int_equal(lk_login_key(&f->call, f->admin_token, &login), 0);
    expect_rotated(f, 7, 8);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM key_session"), 0);
}

/* Whatever was done to what is sealed, the secret that a key has is the one that it keeps. */
static void test_damaged_seals(void **state) {
    struct fixture *f = *state;
    struct lk_slice tokens[3];
    struct lk_slice replaced;
    for (size_t i = 0; i < 3; i++) {
        const char *names[] = {"changed", "gone", "exchanged"};
        fixture_key(f, names[i], &f->admin_group, &tokens[i]);
    }
    struct lk_api_key exchanged;
    assert_int_equal(lk_api_key_get_by_name(&f->call, lk_slice_cstr("exchanged"), &exchanged), 0);
    fixture_sql(f, "CREATE TEMP TABLE before AS SELECT sealed FROM api_key WHERE name = 'exchanged'");
    replaced = tokens[2];
    expect_good(f, f->admin_token);
    fixture_begin(f);
    assert_int_equal(
        fixture_end(f, lk_api_key_rotate(&f->call, fixture_id(f, &f->account.id), fixture_id(f, &exchanged.id), 0, &exchanged, &tokens[2])),
        0);
    fixture_sql(f, "UPDATE api_key SET sealed = zeroblob(length(sealed)) WHERE name = 'changed'; "
                   "UPDATE api_key SET sealed = NULL WHERE name = 'gone'; "
                   "UPDATE api_key SET sealed = (SELECT sealed FROM before) WHERE name = 'exchanged'");

    struct lk_master_rotation rotation;
    for (unsigned char from = 7; from <= 8; from++) { /* and the next time */
        assert_int_equal(rotate(f, from, from + 1, &rotation), 0);
        assert_int_equal(rotation.keys, 1);
        assert_int_equal(rotation.keys_left, 3);
        for (size_t i = 0; i < 3; i++)
            expect_good(f, tokens[i]);
        expect_good(f, f->admin_token);
        assert_int_equal(fixture_act(f, replaced), LK_EUNAUTH);
        assert_int_equal(fixture_query(f, "SELECT count(*) FROM older_key WHERE sealed_lookup NOT NULL AND lookup_ends_at IS NULL"), 1);
    }
    expect_good(f, f->admin_token);
    struct lk_slice unseen;
    assert_int_equal(fixture_reveal(f, &exchanged.id, &unseen), LK_ECORRUPT);
}

/* Who has the key before, and writes the database, makes no secret that is good, although that key finds some. */
static void test_old_key_makes_no_secret(void **state) {
    struct fixture *f = *state;
    const struct lk_slice mine = LK_SLICE("a-text-of-my-own-choice");
    struct lk_slice first;
    struct lk_api_key key = fixture_key(f, "rotated", &f->admin_group, &first);
    struct lk_keys *old = fixture_keys(7);
    rotate_key(f, &key.id);
    expect_rotated(f, 7, 8);
    struct lk_digest digest;
    lk_digest_token(old, mine, &digest);
    char hex[65];
    char sql[256];
    for (size_t i = 0; i < sizeof(digest.bytes); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest.bytes[i]);
    snprintf(sql, sizeof(sql), "INSERT INTO key_old_secret SELECT id, x'%s', 1, '', 9e15 FROM api_key WHERE name = 'rotated'", hex);
    fixture_sql(f, sql);
    assert_int_equal(fixture_act(f, mine), LK_EUNAUTH);
    expect_good(f, first);
    lk_keys_free(old);
}

/* The lookup key of a version between is needed although no secret is of its time. */
static void test_lookups_between(void **state) {
    struct fixture *f = *state;
    struct lk_slice first;
    struct lk_api_key key = fixture_key(f, "rotated", &f->admin_group, &first);
    rotate_key(f, &key.id);
    for (unsigned char from = 7; from < 10; from++)
        expect_rotated(f, from, from + 1);
    assert_int_equal(lk_keys_older_lookups(f->keys), 3);
    expect_good(f, first);

    fixture_sql(f, "UPDATE older_key SET sealed_lookup = NULL WHERE version = 2");
    struct lk_keys *keys = fixture_keys(10);
    assert_int_equal(lk_master_key_read(f->db, keys, f->call.now_ms, &f->problem), LK_ECORRUPT);
    assert_int_equal(lk_master_key_read(f->db, keys, f->call.now_ms + DAY, &f->problem), 0);
    assert_int_equal(lk_keys_older_lookups(keys), 0);
    lk_keys_free(keys);
    struct lk_master_rotation rotation;
    fixture_expect(f, rotate(f, 10, 11, &rotation), LK_ECORRUPT,
                   "What the database keeps of master key 2 was changed; nothing was rotated");
    fixture_sql(f, "UPDATE key_old_secret SET ends_at = 1");
    expect_rotated(f, 10, 11);
    assert_int_equal(lk_keys_older_lookups(f->keys), 0);
}

/* --- the audit log --- */

/* Writes the log of the fixture's account anew from its first entry on as somebody would who has the first master key: the entries of its time say what he
 * wants, and the MACs are right. */
static void forge(struct fixture *f, const struct lk_keys *old) {
    const struct lk_mac_key *key = lk_keys_mac(old, LK_KEY_AUDIT);
    uint8_t mac[LK_MAC_BYTES];
    struct lk_audit_row row = {0};
    lk_audit_mac_start(key, &f->account.id, mac);
    fixture_sql(f, "UPDATE audit_entry SET actor_name = 'nobody' WHERE key_version = 1");
    while (lk_store_audit_next(f->db, &f->account.id, row.seq, &f->arena, &row) == 0 && row.key_version == 1) {
        char sql[200];
        char hex[65];
        lk_audit_mac_entry(key, mac, &row, mac);
        for (size_t i = 0; i < sizeof(mac); i++)
            snprintf(hex + 2 * i, 3, "%02x", mac[i]);
        snprintf(sql, sizeof(sql), "UPDATE audit_entry SET mac = x'%s' WHERE seq = %d AND key_version = 1", hex, (int)row.seq);
        fixture_sql(f, sql);
    }
}

static void expect_found(struct fixture *f, const char *reason) {
    struct lk_audit_finding finding = check_audit(f);
    assert_false(finding.intact);
    assert_string_equal(finding.reason, reason);
    assert_int_equal(lk_db_rollback_to(f->db), 0);
    assert_int_equal(lk_db_savepoint(f->db), 0);
}

static void test_old_key_forges_nothing(void **state) {
    struct fixture *f = *state;
    struct lk_keys *old = fixture_keys(7);
    assert_int_equal(lk_db_savepoint(f->db), 0);
    fixture_sql(f, "UPDATE audit_entry SET key_version = 0, mac = (SELECT mac FROM audit_entry WHERE seq = 1) WHERE seq = 2");
    assert_int_equal(check_audit(f).sequence, 2);
    assert_int_equal(lk_db_rollback_to(f->db), 0);
    expect_rotated(f, 7, 8);
    expect_intact(f);
    assert_int_equal(lk_db_savepoint(f->db), 0);
    forge(f, old);
    expect_found(f, "changed"); /* the first entry under the new key is the one that does not follow */
    forge(f, old);
    fixture_sql(f, "DELETE FROM audit_entry WHERE key_version = 2; UPDATE account SET audit_seq = (SELECT max(seq) FROM audit_entry), "
                   "audit_mac = (SELECT mac FROM audit_entry ORDER BY seq DESC LIMIT 1)");
    expect_found(f, "the end was changed");
    fixture_sql(f, "UPDATE audit_entry SET key_version = 2 WHERE seq = 1");
    expect_found(f, "changed");
    fixture_sql(f, "UPDATE audit_entry SET key_version = 77 WHERE seq = 1");
    expect_found(f, "changed");
    fixture_sql(f, "UPDATE audit_entry SET key_version = -9223372036854775808 WHERE seq = 1");
    expect_found(f, "changed");
    fixture_sql(f, "DELETE FROM older_key");
    expect_found(f, "changed");
    fixture_sql(f, "UPDATE older_key SET sealed_audit = zeroblob(length(sealed_audit))");
    expect_found(f, "changed");
    fixture_sql(f, "UPDATE account_register_end SET position = 0");
    expect_found(f, "the end was changed");
    assert_int_equal(lk_db_rollback_to(f->db), 0);
    expect_intact(f);
    lk_keys_free(old);
}

/* What was done to the log under one key is not made good by the next. */
static void test_rotating_heals_nothing(void **state) {
    struct fixture *f = *state;
    fixture_sql(
        f, "DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry); UPDATE account SET audit_seq = (SELECT max(seq) FROM "
           "audit_entry), audit_mac = (SELECT mac FROM audit_entry ORDER BY seq DESC LIMIT 1)");
    expect_rotated(f, 7, 8);
    struct lk_audit_finding finding = check_audit(f);
    assert_false(finding.intact);
    assert_string_equal(finding.reason, "the end was changed");
}

static void test_register(void **state) {
    struct fixture *f = *state;
    struct lk_account other;
    struct lk_slice operator_token = fixture_other_account(f, &other);
    expect_rotated(f, 7, 8);
    struct lk_account third;
    struct lk_id group;
    struct lk_slice token;
    fixture_account(f, "Third", &third, &group, &token);
    expect_good(f, operator_token);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_account_delete(&f->call, fixture_id(f, &other.id))), 0);
    expect_intact(f);
    expect_rotated(f, 8, 9);
    expect_rotated(f, 9, 10);
    fixture_act_as_system(f, &f->account.id);
    expect_intact(f);
    assert_int_equal(fixture_query(f, "SELECT max(version) FROM older_key"), 3);
    assert_int_equal(lk_db_savepoint(f->db), 0);
    fixture_sql(f, "UPDATE account_register SET account_id = zeroblob(16) WHERE position = 1");
    expect_found(f, "changed");
    fixture_sql(f, "UPDATE account_register SET account_id = zeroblob(16) WHERE position = (SELECT max(position) FROM account_register)");
    expect_found(f, "changed");
    fixture_sql(f, "UPDATE older_key SET register_end = 0");
    expect_found(f, "changed");
    assert_int_equal(lk_db_release(f->db), 0);
}

/* --- limits --- */

/* What it takes for one account is given back before the next. */
static void test_many_accounts(void **state) {
    struct fixture *f = *state;
    struct lk_arena arena;
    fixture_sql(f, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO account (id, name, "
                   "created_at, audit_seq, "
                   "audit_mac, audit_seal) SELECT randomblob(16), 'account ' || i, 1, 0, zeroblob(32), zeroblob(32) FROM n");
    lk_arena_init(&arena, (size_t)64 << 10);
    f->call.arena = &arena;
    struct lk_master *old = fixture_master(7);
    struct lk_master_rotation rotation = {.old_master = old, .new_keys = fixture_keys(8)};
    assert_int_equal(lk_db_savepoint(f->db), 0);
    int code = lk_master_key_rotate(&f->call, &rotation);
    if (code != 0)
        fail_msg("%s", f->problem.text);
    assert_ptr_equal(f->call.arena, &arena);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE resource_type = 'SERVER'"), 501);
    assert_int_equal(lk_db_rollback_to(f->db), 0);
    f->call.arena = &f->arena;
    lk_keys_free(rotation.new_keys);
    lk_master_free(old);
    lk_arena_free(&arena);
}

static void test_too_many_lookups(void **state) {
    struct fixture *f = *state;
    struct lk_slice first[LK_OLDER_LOOKUPS_MAX + 1];
    struct lk_master_rotation rotation;
    for (unsigned char i = 0; i <= LK_OLDER_LOOKUPS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof(name), "key %d", i);
        expect_good(f, f->admin_token);
        struct lk_api_key key = fixture_key(f, name, &f->admin_group, &first[i]);
        rotate_key(f, &key.id);
        if (i < LK_OLDER_LOOKUPS_MAX)
            expect_rotated(f, 7 + i, 8 + i);
    }
    for (size_t i = 0; i <= LK_OLDER_LOOKUPS_MAX; i++)
        expect_good(f, first[i]);
    fixture_expect(f, rotate(f, 14, 15, &rotation), LK_ELIMIT,
                   "Old secrets of rotated API keys are found by 7 older master keys already: the first of these is no longer needed at ");
    for (size_t i = 0; i <= LK_OLDER_LOOKUPS_MAX; i++)
        expect_good(f, first[i]);
    expect_good(f, f->admin_token);
    expect_intact(f);
}

static void test_too_many_versions(void **state) {
    struct fixture *f = *state;
    struct lk_master_rotation rotation;
    lk_keys_set_version(f->keys, 255);
    fixture_expect(f, rotate(f, 7, 8, &rotation), LK_ELIMIT, "This database has had 255 master keys, and can have no more");
}

static void test_damaged_older_key(void **state) {
    struct fixture *f = *state;
    struct lk_master_rotation rotation;
    struct lk_slice first;
    struct lk_api_key key = fixture_key(f, "rotated", &f->admin_group, &first);
    rotate_key(f, &key.id);
    expect_rotated(f, 7, 8);
    fixture_sql(f, "UPDATE older_key SET sealed_lookup = zeroblob(length(sealed_lookup))");
    struct lk_keys *keys = fixture_keys(8);
    assert_int_equal(lk_master_key_read(f->db, keys, f->call.now_ms, &f->problem), LK_ECORRUPT);
    assert_string_equal(f->problem.text, "What the database keeps of an older master key was changed: restore a backup");
    lk_keys_free(keys);
    fixture_expect(f, rotate(f, 8, 9, &rotation), LK_ECORRUPT, "What the database keeps of master key 1 was changed; nothing was rotated");
    expect_good(f, f->admin_token);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_keys_stay),
        TEST(test_logs_say_so),
        TEST(test_old_secret),
        TEST(test_ended_secret_is_imported),
        TEST(test_lookups_end),
        TEST(test_sessions_end),
        TEST(test_damaged_seals),
        TEST(test_old_key_makes_no_secret),
        TEST(test_lookups_between),
        TEST(test_old_key_forges_nothing),
        TEST(test_rotating_heals_nothing),
        TEST(test_register),
        TEST(test_many_accounts),
        TEST(test_too_many_lookups),
        TEST(test_too_many_versions),
        TEST(test_damaged_older_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
