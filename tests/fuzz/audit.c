/*
 * The audit log and the register of accounts: rows in a database that somebody has tampered with, of an account that lives and one that was deleted. The input
 * is a list of changes, each of a column, a row and bytes; whatever they amount to, the check ends, and it finds all intact exactly when nothing is
 * different.
 */
#include "fuzz.h"

#include "crypto/crypto.h"
#include "crypto/master.h"
#include "domain/account.h"
#include "domain/account_register.h"
#include "domain/audit.h"
#include "domain/migrate.h"
#include "domain/rules.h"
#include "store/sqlite.h"

#include <unistd.h>

#define ENTRIES 6

static char directory[] = "/tmp/latchkey-fuzz-XXXXXX";
static struct lk_keys *keys;
static struct lk_db *db;
static struct lk_domain *domain;

static void run(const char *sql) {
    holds(sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static void remove_files(void) {
    static const char *const names[] = {"db", "db-wal", "db-shm"};
    char path[64];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

static struct lk_call make_call(struct lk_arena *arena, struct lk_problem *problem) {
    return (struct lk_call){.db = db, .arena = arena, .domain = domain, .now_ms = 1700000000000, .problem = problem};
}

static void make_account(struct lk_call *call, int entries) {
    struct lk_account account;
    struct lk_id group;
    holds(lk_account_create(call, NULL, lk_slice_cstr("Acme"), false, &account, &group) == 0, call->problem->text);
    holds(lk_act_as_system(call, &account.id) == 0, call->problem->text);
    for (int i = 0; i < entries; i++) {
        const struct lk_audit_change change = {.operation = LK_AUDIT_UPDATE,
                                               .resource_type = "API_KEY",
                                               .resource_id = i % 2 == 0 ? &group : NULL,
                                               .resource_name = LK_SLICE("name"),
                                               .before = {i % 3 == 0 ? "{}" : NULL, i % 3 == 0 ? 2 : 0},
                                               .after = LK_SLICE("{\"enabled\":true}")};
        holds(lk_audit_append(call, &change) == 0, call->problem->text);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    struct lk_problem problem = {0};
    struct lk_master *master;
    char path[64];
    holds(lk_crypto_init() == 0 && mkdtemp(directory) != NULL, "the libraries start");
    snprintf(path, sizeof(path), "%s/db", directory);
    atexit(remove_files);
    holds(lk_master_parse(lk_slice_cstr("0707070707070707070707070707070707070707070707070707070707070707"), &master, NULL) == 0, "a key");
    holds(lk_keys_derive(master, &keys) == 0 && lk_db_open_sqlite(path, true, &db, &problem) == 0, problem.text);
    lk_master_free(master);
    holds(lk_domain_migrate(db, keys, &problem) == 0 && lk_domain_open(db, keys, &domain, &problem) == 0 && lk_db_begin(db) == 0,
          problem.text);
    struct lk_arena arena;
    lk_arena_init(&arena, (size_t)16 << 20);
    struct lk_call call = make_call(&arena, &problem);
    make_account(&call, ENTRIES);
    make_account(&call, 1);
    struct lk_account_row ended;
    holds(lk_store_account_find(db, &call.actor->account_id, &arena, &ended) == 0, "the account is there");
    holds(lk_store_account_delete(db, &ended.id) == 0 && lk_register_deleted(&call, &ended) == 0, "it is deleted");
    lk_arena_free(&arena);
    run("CREATE TEMP TABLE entries AS SELECT * FROM audit_entry");
    run("CREATE TEMP TABLE accounts AS SELECT * FROM account");
    run("CREATE TEMP TABLE register AS SELECT * FROM account_register");
    run("CREATE TEMP TABLE register_end AS SELECT * FROM account_register_end");
    return 0;
}

/* Takes len bytes, fewer at the end. */
static struct lk_slice take(const uint8_t **at, const uint8_t *end, size_t len) {
    struct lk_slice bytes = lk_slice_make((const char *)*at, (size_t)(end - *at) < len ? (size_t)(end - *at) : len);
    *at += bytes.len;
    return bytes;
}

/* What can be changed: $1 is bytes of the input, as text, blob or integer, and $2 a row. Those of audit_entry first, in the order that the corpus knows. */
#define ENTRY(column) "UPDATE OR IGNORE audit_entry SET " column " = $1 WHERE seq = $2"
#define PLACE(column) "UPDATE OR IGNORE account_register SET " column " = $1 WHERE position = $2"
static const struct {
    const char *sql;
    char kind;
} changes[] = {
    {ENTRY("set_id"), 'b'},
    {ENTRY("set_position"), 'i'},
    {ENTRY("created_at"), 'i'},
    {ENTRY("actor_kind"), 't'},
    {ENTRY("actor_id"), 'b'},
    {ENTRY("actor_name"), 't'},
    {ENTRY("operation"), 't'},
    {ENTRY("resource_type"), 't'},
    {ENTRY("resource_id"), 'b'},
    {ENTRY("resource_name"), 't'},
    {ENTRY("failure"), 't'},
    {ENTRY("before_doc"), 't'},
    {ENTRY("after_doc"), 't'},
    {ENTRY("request_url"), 't'},
    {ENTRY("request_path"), 't'},
    {ENTRY("request_method"), 't'},
    {ENTRY("request_remote"), 't'},
    {ENTRY("response_status"), 'i'},
    {ENTRY("key_version"), 'i'},
    {ENTRY("mac"), 'b'},
    {ENTRY("seq"), 'i'},
    {"DELETE FROM audit_entry WHERE seq = $2", ' '},
    {"UPDATE account SET audit_seq = audit_seq - 1", ' '},
    {ENTRY("account_id"), 'b'},
    {"DELETE FROM account", ' '},
    {PLACE("position"), 'i'},
    {PLACE("account_id"), 'b'},
    {PLACE("end_seq"), 'i'},
    {PLACE("end_mac"), 'b'},
    {PLACE("mac"), 'b'},
    {"UPDATE account_register SET end_seq = NULL, end_mac = NULL WHERE position = $2", ' '},
    {"DELETE FROM account_register WHERE position = $2", ' '},
    {"UPDATE account_register_end SET position = $1", 'i'},
    {"UPDATE account_register_end SET mac = $1", 'b'},
    {"UPDATE account_register_end SET seal = $1", 'b'},
    {"DELETE FROM account_register_end", ' '},
};
#define CHANGES (sizeof(changes) / sizeof(changes[0]))

static void change(unsigned what, unsigned row, struct lk_slice bytes) {
    const char *sql = changes[what % CHANGES].sql;
    sqlite3_stmt *stmt;
    holds(sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL) == SQLITE_OK, sql);
    sqlite3_bind_int64(stmt, sqlite3_bind_parameter_index(stmt, "$2"), row);
    int64_t number = 0;
    memcpy(&number, bytes.ptr, bytes.len < sizeof(number) ? bytes.len : sizeof(number));
    switch (changes[what % CHANGES].kind) {
    case 'i': sqlite3_bind_int64(stmt, 1, number); break;
    case 'b': sqlite3_bind_blob(stmt, 1, bytes.ptr, (int)bytes.len, SQLITE_TRANSIENT); break;
    case 't': sqlite3_bind_text(stmt, 1, bytes.ptr, (int)bytes.len, SQLITE_TRANSIENT); break;
    default: break;
    }
    sqlite3_step(stmt); /* a constraint may refuse it: then nothing was changed */
    sqlite3_finalize(stmt);
}

static bool is_different(void) {
    sqlite3_stmt *stmt;
    static const char sql[] =
        "SELECT EXISTS (SELECT * FROM audit_entry EXCEPT SELECT * FROM entries) OR EXISTS (SELECT * FROM entries EXCEPT "
        "SELECT * FROM audit_entry) OR EXISTS (SELECT * FROM account EXCEPT SELECT * FROM accounts) OR EXISTS (SELECT * FROM accounts "
        "EXCEPT SELECT * FROM "
        "account) OR EXISTS (SELECT * FROM account_register EXCEPT SELECT * FROM register) OR EXISTS (SELECT * FROM register EXCEPT "
        "SELECT * FROM account_register) OR EXISTS (SELECT * FROM register_end EXCEPT SELECT * FROM account_register_end)";
    holds(sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW, sql);
    bool different = sqlite3_column_int(stmt, 0) != 0;
    sqlite3_finalize(stmt);
    return different;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    run("SAVEPOINT fuzz");
    const uint8_t *at = data;
    while (at + 3 <= data + size && at < data + 512) {
        unsigned what = at[0], row = 1 + at[1] % (ENTRIES + 1), len = at[2];
        at += 3;
        change(what, row, take(&at, data + size, len));
    }
    struct lk_arena arena;
    struct lk_problem problem = {0};
    struct lk_audit_finding finding = {0};
    lk_arena_init(&arena, (size_t)16 << 20);
    struct lk_call call = make_call(&arena, &problem);
    int code = lk_audit_verify(&call, &finding);
    holds(code == 0 || code == LK_ECORRUPT, "the check ends with a finding");
    if (code == 0)
        holds(finding.intact == !is_different(), "the chain is intact exactly when nothing is different");
    else
        holds(is_different(), "what is as it was can be read");
    lk_arena_free(&arena);
    run("ROLLBACK TO fuzz");
    run("RELEASE fuzz");
    return 0;
}
