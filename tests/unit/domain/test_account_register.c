/* What is done to the list of accounts, or to a whole log, is found. */
#include "fixture.h"

#include "domain/account_register.h"
#include "domain/migrate.h"

#include <stdio.h>

/* A fixture with an account that lives, "Other", and one that was deleted, and their logs: the register's places 1 (the fixture's own), 2 (created),
 * 3 (Other), 4 (deleted). */
struct accounts {
    struct fixture *f;
    struct lk_account other, deleted;
    struct lk_slice operator_token;
};

static void delete_account(struct accounts *a, const struct lk_id *id) {
    assert_int_equal(fixture_act(a->f, a->operator_token), 0);
    fixture_begin(a->f);
    if (fixture_end(a->f, lk_account_delete(&a->f->call, fixture_id(a->f, id))) != 0)
        fail_msg("%s", a->f->problem.text);
}

static struct accounts prepare(struct fixture *f) {
    struct accounts a = {.f = f};
    struct lk_id group;
    struct lk_slice token;
    a.operator_token = fixture_other_account(f, &a.deleted);
    /* As an old copy of the database would have them. */
    fixture_sql(
        f, "CREATE TEMP TABLE old AS SELECT * FROM account WHERE name = 'Other'; UPDATE account SET name = 'Gone' WHERE name = 'Other'");
    fixture_account(f, "Other", &a.other, &group, &token);
    delete_account(&a, &a.deleted.id);
    fixture_sql(f, "CREATE TEMP TABLE ids AS SELECT max(CASE WHEN name = 'Acme' THEN id END) AS own, "
                   "max(CASE WHEN name = 'Other' THEN id END) AS other, (SELECT id FROM old) AS gone FROM account");
    return a;
}

static struct lk_audit_finding check(struct fixture *f) {
    struct lk_audit_finding finding;
    assert_int_equal(lk_audit_verify(&f->call, &finding), 0);
    return finding;
}

static void expect_intact(struct fixture *f) {
    struct lk_audit_finding finding = check(f);
    if (!finding.intact)
        fail_msg("%s", lk_audit_words(&finding).text);
    assert_int_equal(finding.entries, fixture_query(f, "SELECT count(*) FROM audit_entry"));
}

/* What SQL does is found and said so; then it is taken back. account may be NULL. */
static void expect_found(struct fixture *f, const char *sql, const struct lk_id *account, const char *format) {
    char id[LK_ID_TEXT + 1] = "";
    char sentence[300];
    if (account != NULL)
        snprintf(id, sizeof(id), "%s", lk_id_format(account).text);
    const char *gap = strchr(format, '$');
    snprintf(sentence, sizeof(sentence), "%.*s%s%s", gap == NULL ? (int)strlen(format) : (int)(gap - format), format, id,
             gap == NULL ? "" : gap + 1);
    assert_int_equal(lk_db_savepoint(f->db), 0);
    fixture_sql(f, sql);
    struct lk_audit_finding finding = check(f);
    if (finding.intact || strcmp(lk_audit_words(&finding).text, sentence) != 0)
        fail_msg("%s:\n%s\ninstead of\n%s", sql, finding.intact ? "intact" : lk_audit_words(&finding).text, sentence);
    assert_int_equal(lk_db_rollback_to(f->db), 0);
}

#define LOG "The audit log of account $ is not as it was written: "
#define LIST "The list of accounts is not as it was written: "

#define OF_GONE " WHERE account_id = (SELECT gone FROM ids)"
#define OF_OTHER " WHERE account_id = (SELECT other FROM ids)"

static void test_the_log_of_a_deleted_account(void **state) {
    struct accounts a = prepare(*state);
    const struct lk_id *gone = &a.deleted.id;
    expect_intact(a.f);
    assert_int_equal(fixture_query(a.f, "SELECT count(*) FROM audit_entry" OF_GONE), 2);
    expect_found(a.f, "UPDATE audit_entry SET resource_name = 'x'" OF_GONE " AND seq = 1", gone, LOG "entry 1: changed");
    expect_found(a.f, "UPDATE audit_entry SET resource_name = 'x'" OF_GONE " AND seq = 2", gone, LOG "entry 2: changed");
    expect_found(a.f, "DELETE FROM audit_entry" OF_GONE " AND seq = 1", gone, LOG "entry 1: missing");
    expect_found(a.f, "DELETE FROM audit_entry" OF_GONE " AND seq = 2", gone, LOG "entry 2: the end was cut off");
    expect_found(a.f, "DELETE FROM audit_entry" OF_GONE, gone, LOG "entry 1: the end was cut off");
    expect_found(a.f, "INSERT INTO account SELECT * FROM old", gone, LOG "the account was deleted, but its row is there");
    expect_intact(a.f);
}

static void test_a_live_account_that_is_removed(void **state) {
    struct accounts a = prepare(*state);
    const char *reason = LOG "the account's row is gone, but no deletion was recorded";
    expect_found(a.f, "DELETE FROM account WHERE id = (SELECT other FROM ids)", &a.other.id, reason);
    expect_found(a.f, "DELETE FROM account WHERE id = (SELECT other FROM ids); DELETE FROM audit_entry" OF_OTHER, &a.other.id, reason);
    /* Who knows the account's last entry still cannot record that it was deleted. */
    expect_found(a.f,
                 "INSERT INTO account_register SELECT 5, id, audit_seq, audit_mac, audit_seal FROM account WHERE name = 'Other';"
                 "DELETE FROM account WHERE name = 'Other'",
                 &a.other.id, LIST "place 5 (account $): changed");
    expect_intact(a.f);
}

static void test_the_list_itself(void **state) {
    struct accounts a = prepare(*state);
    expect_found(a.f, "DELETE FROM account_register WHERE position = 1", NULL, LIST "place 1: missing");
    expect_found(a.f, "DELETE FROM account_register WHERE position = 3", NULL, LIST "place 3: missing");
    expect_found(a.f, "DELETE FROM account_register WHERE position = 4", NULL, LIST "place 4: the end was cut off");
    expect_found(a.f, "DELETE FROM account_register WHERE position = 4; INSERT INTO account SELECT * FROM old", NULL,
                 LIST "place 4: the end was cut off");
    expect_found(a.f, "DELETE FROM account_register", NULL, LIST "place 1: the end was cut off");
    expect_found(a.f, "DELETE FROM account_register_end", NULL, LIST "the end was removed");
    expect_found(a.f, "DELETE FROM account_register; DELETE FROM account_register_end", NULL, LIST "the end was removed");
    expect_found(a.f,
                 "DELETE FROM account_register WHERE position = 4; UPDATE account_register_end SET position = 3, mac = "
                 "(SELECT mac FROM account_register WHERE position = 3)",
                 NULL, LIST "place 3: the end was changed");
    expect_found(a.f, "UPDATE account_register_end SET seal = zeroblob(32)", NULL, LIST "place 4: the end was changed");
    expect_found(a.f,
                 "UPDATE account_register SET position = 9 WHERE position = 2; UPDATE account_register SET position = 2 WHERE position = 3;"
                 "UPDATE account_register SET position = 3 WHERE position = 9",
                 &a.other.id, LIST "place 2 (account $): changed");
    expect_found(a.f, "UPDATE account_register SET position = 0 WHERE position = 1", NULL, LIST "place 1: missing");
    static const char *const columns[] = {"account_id = (SELECT other FROM ids)", "end_seq = 1", "end_mac = zeroblob(32)",
                                          "mac = zeroblob(32)", "end_seq = NULL, end_mac = NULL"};
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        char sql[200];
        snprintf(sql, sizeof(sql), "UPDATE account_register SET %s WHERE position = 4", columns[i]);
        expect_found(a.f, sql, i == 0 ? &a.other.id : &a.deleted.id, LIST "place 4 (account $): changed");
    }
    expect_intact(a.f);
}

static void test_strangers(void **state) {
    struct accounts a = prepare(*state);
    struct lk_id stranger;
    memset(&stranger, 7, sizeof(stranger));
    expect_found(a.f,
                 "INSERT INTO account SELECT x'07070707070707070707070707070707', name, created_at, audit_seq, audit_mac, audit_seal, "
                 "NULL, NULL FROM old",
                 &stranger, LOG "the account is not in the list of accounts");
    expect_found(a.f, "UPDATE audit_entry SET account_id = x'07070707070707070707070707070707', seq = seq" OF_GONE, &a.deleted.id,
                 LOG "entry 1: the end was cut off");
    expect_found(a.f,
                 "CREATE TEMP TABLE copied AS SELECT * FROM audit_entry" OF_GONE
                 "; UPDATE copied SET account_id = x'07070707070707070707070707070707'; INSERT INTO audit_entry SELECT * FROM copied",
                 &stranger, LOG "the account is not in the list of accounts");
    expect_intact(a.f);
}

/* What was done to the list's end is not made good by the next account: there is none until somebody has looked. */
static void test_nothing_is_appended_to_a_list_that_was_changed(void **state) {
    struct accounts a = prepare(*state);
    static const char *const ways[] = {
        "DELETE FROM account_register_end",
        "DELETE FROM account_register WHERE position = 4; UPDATE account_register_end SET position = 3, mac = "
        "(SELECT mac FROM account_register WHERE position = 3)"};
    for (size_t i = 0; i < 2; i++) {
        struct lk_account made;
        struct lk_slice token;
        assert_int_equal(lk_db_savepoint(a.f->db), 0);
        fixture_sql(a.f, ways[i]);
        assert_int_equal(fixture_act(a.f, a.operator_token), 0);
        fixture_begin(a.f);
        int code = fixture_end(a.f, lk_account_provision(&a.f->call, lk_slice_cstr("New"), lk_slice_cstr("k"), &made, &token));
        fixture_expect(a.f, code, LK_ECORRUPT, "The list of accounts is not as it was written");
        fixture_begin(a.f);
        code = fixture_end(a.f, lk_account_delete(&a.f->call, fixture_id(a.f, &a.other.id)));
        fixture_expect(a.f, code, LK_ECORRUPT, "The list of accounts is not as it was written");
        assert_false(check(a.f).intact);
        assert_int_equal(lk_db_rollback_to(a.f->db), 0);
    }
}

/* Nor is a log that was cut by deleting its account. */
static void test_deleting_makes_no_end_good(void **state) {
    struct accounts a = prepare(*state);
    fixture_sql(a.f, "DELETE FROM audit_entry" OF_OTHER " AND seq = 2; UPDATE account SET audit_seq = 1, audit_mac = (SELECT mac FROM "
                     "audit_entry" OF_OTHER ") WHERE name = 'Other'");
    delete_account(&a, &a.other.id);
    struct lk_audit_finding finding = check(a.f);
    assert_false(finding.intact);
    assert_true(lk_id_equal(&finding.account_id, &a.other.id));
    assert_string_equal(finding.reason, "the end was changed before the account was deleted");
}

/* Taking the list out of the database, with the record that it was ever there, is no way to have it made anew of what is left. */
static void test_it_is_made_once(void **state) {
    struct accounts a = prepare(*state);
    struct lk_problem problem = {0};
    fixture_sql(a.f, "DELETE FROM audit_entry" OF_GONE "; DELETE FROM account_register; DELETE FROM account_register_end");
    assert_int_equal(lk_db_commit(a.f->db), 0);
    assert_int_equal(lk_domain_migrate(a.f->db, a.f->keys, &problem), 0);
    assert_int_equal(fixture_query(a.f, "SELECT count(*) FROM account_register"), 0);
    assert_string_equal(check(a.f).reason, "the end was removed");
    fixture_sql(a.f, "DROP TABLE account_register; DROP TABLE account_register_end;"
                     "DELETE FROM schema_migration WHERE version >= "
                     "(SELECT version FROM schema_migration WHERE name LIKE '%_account_register.sql')");
    assert_int_equal(lk_domain_migrate(a.f->db, a.f->keys, &problem), LK_ECORRUPT);
    assert_string_equal(problem.text, "The list of accounts was taken out of the database: restore a backup");
    assert_int_equal(fixture_query(a.f, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'account_register%'"), 0);
    assert_int_equal(lk_db_begin(a.f->db), 0);
}

/* Under another master key nothing is written: not even what earlier migrations bring, after which an older latchkey could not go on. */
static void test_it_is_made_under_the_right_key(void **state) {
    struct fixture *f = *state;
    struct lk_problem problem = {0};
    struct lk_keys *others = fixture_keys(8);
    fixture_sql(f, "DROP TABLE account_register; DROP TABLE account_register_end; DROP TABLE account_credits;"
                   "DELETE FROM schema_migration WHERE version >= 9");
    assert_int_equal(lk_db_commit(f->db), 0);
    assert_int_equal(lk_domain_migrate(f->db, others, &problem), LK_ECORRUPT);
    assert_non_null(strstr(problem.text, "The master key is not the one"));
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'account_register%'"), 0);
    assert_int_equal(fixture_query(f, "SELECT max(version) FROM schema_migration"), 8);
    lk_keys_free(others);
    assert_int_equal(lk_db_begin(f->db), 0);
}

#define MANY 500

static void test_many_accounts(void **state) {
    struct accounts a = prepare(*state);
    struct lk_id ids[MANY];
    for (size_t i = 0; i < MANY; i++) {
        struct lk_account account;
        struct lk_id group;
        fixture_act_as_system(a.f, &a.f->account.id);
        assert_int_equal(lk_account_create(&a.f->call, NULL, lk_slice_cstr("many"), false, &account, &group), 0);
        ids[i] = account.id;
    }
    for (size_t i = 0; i < MANY; i += 2)
        delete_account(&a, &ids[i]);
    expect_intact(a.f);
    assert_int_equal(fixture_query(a.f, "SELECT count(*) FROM account_register"), 4 + MANY + MANY / 2);
    expect_found(a.f, "DELETE FROM audit_entry WHERE account_id = (SELECT account_id FROM account_register WHERE position = 253)",
                 &ids[248], LOG "entry 1: the end was cut off");
    expect_found(a.f, "DELETE FROM account WHERE id = (SELECT account_id FROM account_register WHERE position = 504)", &ids[499],
                 LOG "the account's row is gone, but no deletion was recorded");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_log_of_a_deleted_account),
        TEST(test_a_live_account_that_is_removed),
        TEST(test_the_list_itself),
        TEST(test_strangers),
        TEST(test_nothing_is_appended_to_a_list_that_was_changed),
        TEST(test_deleting_makes_no_end_good),
        TEST(test_it_is_made_once),
        TEST(test_it_is_made_under_the_right_key),
        TEST(test_many_accounts),
    };
    return cmocka_run_group_tests_name("domain/account_register", tests, NULL, NULL);
}
