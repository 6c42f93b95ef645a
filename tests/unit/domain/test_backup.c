#include "fixture.h"

#include "domain/backup.h"
#include "domain/backup_file.h"
#include "domain/session.h"

static void test_header(void **state) {
    (void)state;
    struct lk_backup_header header = {.schema_version = 7, .created_at = 1795622729752, .database_len = UINT64_C(0x0102030405060708)};
    struct lk_backup_header back = {0};
    struct lk_problem problem = {0};
    uint8_t bytes[LK_BACKUP_HEADER_BYTES];
    memset(header.keys_check, 0xAB, sizeof(header.keys_check));
    lk_backup_header_write(&header, bytes);
    assert_memory_equal(bytes, "latchkey backup\n\0\0\0\1\0\0\0\7", 24);
    assert_memory_equal(bytes + 32, "\1\2\3\4\5\6\7\10\xAB", 9);
    assert_int_equal(lk_backup_header_read(bytes, "file", &back, &problem), 0);
    assert_int_equal(back.schema_version, 7);
    assert_int_equal(back.created_at, 1795622729752);
    assert_int_equal(back.database_len, UINT64_C(0x0102030405060708));
    assert_memory_equal(back.keys_check, header.keys_check, sizeof(header.keys_check));

    memset(bytes + 32, 0xFF, 8);
    assert_int_equal(lk_backup_header_read(bytes, "file", &back, &problem), LK_ECORRUPT);
    assert_string_equal(problem.text, "file is damaged (it is said to hold more than any file can)");
    assert_int_equal(back.database_len, UINT64_C(0x0102030405060708));

    bytes[19] = 2;
    assert_int_equal(lk_backup_header_read(bytes, "file", &back, &problem), LK_EINVAL);
    assert_string_equal(problem.text, "file is a backup of format 2, this latchkey knows format 1: use the latchkey that made it");
    bytes[3] = 'k';
    assert_int_equal(lk_backup_header_read(bytes, "file", &back, &problem), LK_EINVAL);
    assert_string_equal(problem.text, "file is not a backup that latchkey made");
}

static void test_seal(void **state) {
    (void)state;
    struct lk_keys *ours = fixture_keys(1);
    struct lk_keys *others = fixture_keys(2);
    uint8_t sum[LK_CHECKSUM_BYTES] = {1, 2, 3};
    uint8_t seals[4][LK_MAC_BYTES];
    lk_backup_seal(ours, sum, seals[0]);
    lk_backup_seal(ours, sum, seals[1]);
    lk_backup_seal(others, sum, seals[2]);
    sum[31] ^= 1;
    lk_backup_seal(ours, sum, seals[3]);
    assert_memory_equal(seals[0], seals[1], LK_MAC_BYTES);
    assert_memory_not_equal(seals[0], seals[2], LK_MAC_BYTES);
    assert_memory_not_equal(seals[0], seals[3], LK_MAC_BYTES);
    lk_keys_free(ours);
    lk_keys_free(others);
}

/* --- the reader --- */

#define DATABASE "a database"
#define FILE_BYTES (LK_BACKUP_HEADER_BYTES + sizeof(DATABASE) + LK_BACKUP_TRAILER_BYTES)

static void make_file(const struct lk_keys *keys, char file[FILE_BYTES]) {
    const struct lk_backup_header header = {.schema_version = 3, .created_at = 5, .database_len = sizeof(DATABASE)};
    uint8_t *trailer = (uint8_t *)file + LK_BACKUP_HEADER_BYTES + sizeof(DATABASE);
    struct lk_checksum checksum;
    lk_backup_header_write(&header, (uint8_t *)file);
    memcpy(file + LK_BACKUP_HEADER_BYTES, DATABASE, sizeof(DATABASE));
    lk_checksum_begin(&checksum);
    lk_checksum_add(&checksum, lk_slice_make(file, LK_BACKUP_HEADER_BYTES + sizeof(DATABASE)));
    lk_checksum_end(&checksum, trailer);
    lk_backup_seal(keys, trailer, trailer + LK_CHECKSUM_BYTES);
}

/* Reads len bytes in pieces; the database goes to out, of at least that size. */
static int read_file(struct lk_backup_reader *reader, const char *file, size_t len, size_t piece, char *out, struct lk_problem *problem) {
    lk_backup_reader_init(reader, "file");
    for (size_t at = 0; at < len; at += piece) {
        struct lk_slice database;
        int code = lk_backup_reader_take(reader, lk_slice_make(file + at, len - at < piece ? len - at : piece), &database, problem);
        if (code != 0)
            return code;
        memcpy(out, database.ptr, database.len);
        out += database.len;
    }
    return lk_backup_reader_end(reader, problem);
}

static void test_reader_takes_pieces_of_any_size(void **state) {
    (void)state;
    struct lk_keys *ours = fixture_keys(1);
    struct lk_keys *others = fixture_keys(2);
    char file[FILE_BYTES];
    make_file(ours, file);
    for (size_t piece = 1; piece <= sizeof(file); piece++) {
        struct lk_backup_reader reader;
        struct lk_problem problem = {0};
        char database[FILE_BYTES] = {0};
        assert_int_equal(read_file(&reader, file, sizeof(file), piece, database, &problem), 0);
        assert_string_equal(database, DATABASE);
        assert_int_equal(reader.header.schema_version, 3);
        assert_int_equal(reader.received, sizeof(file));
        assert_int_equal(lk_backup_reader_check_seal(&reader, ours, &problem), 0);
        assert_int_equal(lk_backup_reader_check_seal(&reader, others, &problem), LK_ECORRUPT);
        assert_string_equal(problem.text, "file was altered after the server made it (its seal is another)");
    }
    lk_keys_free(ours);
    lk_keys_free(others);
}

static void test_reader_refuses_what_is_not_whole(void **state) {
    (void)state;
    struct lk_keys *keys = fixture_keys(1);
    char file[FILE_BYTES + 1] = {0};
    char database[FILE_BYTES + 1];
    struct lk_backup_reader reader;
    struct lk_problem problem = {0};
    make_file(keys, file);
    for (size_t len = 0; len < FILE_BYTES; len++) {
        assert_int_equal(read_file(&reader, file, len, 7, database, &problem), LK_ECORRUPT);
        assert_string_equal(problem.text, "file is cut short");
    }
    assert_int_equal(read_file(&reader, file, FILE_BYTES + 1, 7, database, &problem), LK_ECORRUPT);
    assert_string_equal(problem.text, "file is longer than the backup in it");
    for (size_t at = 20; at < FILE_BYTES - LK_MAC_BYTES; at++) {
        file[at] ^= 1;
        int code = read_file(&reader, file, FILE_BYTES, FILE_BYTES, database, &problem);
        file[at] ^= 1;
        if (code != LK_ECORRUPT)
            fail_msg("byte %zu was changed and nothing said so", at);
    }
    lk_keys_free(keys);
}

static int permit(struct fixture *f) {
    fixture_begin(f);
    return fixture_end(f, lk_backup_permit(&f->call));
}

/* The fixture's first account has no operator scope: all its administrators have is "*". */
static void test_needs_the_operator(void **state) {
    struct fixture *f = *state;
    bool first = fixture_query(f, "SELECT count(*) FROM user_group WHERE permissions LIKE '%latchkey.operator%'") > 0;
    if (first)
        fixture_sql(f, "UPDATE user_group SET permissions = replace(permissions, '\"latchkey.operator\"', '\"latchkey.other\"')");
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    fixture_expect(f, permit(f), LK_EFORBIDDEN, "User not authorized: the scope latchkey.operator is required");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE operation = 'BACKUP' AND failure IS NOT NULL"), 1);

    struct lk_id group = fixture_group(f, "operators", 0, LK_SCOPE_OPERATOR);
    fixture_act_as_system(f, &f->account.id);
    struct lk_slice token;
    fixture_key(f, "operator", &group, &token);
    assert_int_equal(fixture_act(f, token), 0);
    assert_int_equal(permit(f), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE operation = 'BACKUP' AND failure IS NULL"), 1);
}

static void test_restored(void **state) {
    struct fixture *f = *state;
    struct lk_account other;
    struct lk_id group;
    struct lk_slice token;
    fixture_account(f, "Other", &other, &group, &token);
    struct lk_user user = fixture_user(f, "Ann", "ann@example.com", NULL);
    (void)user;
    fixture_sql(f, "INSERT INTO session (digest, position, user_id, created_at, used_at, expires_at, ends_at) "
                   "SELECT zeroblob(32), 0, id, 1, 1, 9223372036854775807, 9223372036854775807 FROM user_account");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM session"), 1);
    fixture_sql(f, "INSERT INTO key_session (digest, api_key_id, secret_digest, created_at, used_at, expires_at, ends_at) "
                   "SELECT digest, id, digest, 1, 1, 9223372036854775807, 9223372036854775807 FROM api_key");
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_backup_restored(&f->call, 1795622729752)), 0);
    assert_int_equal(fixture_query(f, "SELECT (SELECT count(*) FROM session) + (SELECT count(*) FROM key_session)"), 0);
    assert_int_equal(
        fixture_query(f, "SELECT count(DISTINCT account_id) FROM audit_entry WHERE operation = 'RESTORE' AND actor_kind = 'SYSTEM' "
                         "AND after_doc = '{\"backupAt\":\"2026-11-25T16:05:29.752Z\"}'"),
        2);
    struct lk_audit_finding finding;
    assert_int_equal(lk_audit_verify(&f->call, &finding), 0);
    assert_true(finding.intact);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test_setup_teardown(test_seal, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_reader_takes_pieces_of_any_size, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_reader_refuses_what_is_not_whole, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_needs_the_operator, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_restored, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
