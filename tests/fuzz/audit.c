/*
 * The audit chain: rows in a database that somebody has tampered with. The input is a list of changes, each of a column, a row and bytes; whatever they
 * amount to, the check ends, and it finds the chain intact exactly when nothing is different.
 */
#include "fuzz.h"

#include "crypto/crypto.h"
#include "crypto/master.h"
#include "domain/account.h"
#include "domain/audit.h"
#include "domain/rules.h"
#include "store/migrate.h"
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
    holds(lk_migrate(db, NULL, &problem) == 0 && lk_domain_open(db, keys, &domain, &problem) == 0 && lk_db_begin(db) == 0, problem.text);
    struct lk_arena arena;
    lk_arena_init(&arena, (size_t)16 << 20);
    struct lk_call call = make_call(&arena, &problem);
    struct lk_account account;
    struct lk_id group;
    holds(lk_account_create(&call, NULL, lk_slice_cstr("Acme"), false, &account, &group) == 0, problem.text);
    holds(lk_act_as_system(&call, &account.id) == 0, problem.text);
    for (int i = 0; i < ENTRIES; i++) {
        const struct lk_audit_change change = {.operation = LK_AUDIT_UPDATE,
                                               .resource_type = "API_KEY",
                                               .resource_id = i % 2 == 0 ? &group : NULL,
                                               .resource_name = LK_SLICE("name"),
                                               .before = {i % 3 == 0 ? "{}" : NULL, i % 3 == 0 ? 2 : 0},
                                               .after = LK_SLICE("{\"enabled\":true}")};
        holds(lk_audit_append(&call, &change) == 0, problem.text);
    }
    lk_arena_free(&arena);
    run("CREATE TEMP TABLE entries AS SELECT * FROM audit_entry");
    run("CREATE TEMP TABLE accounts AS SELECT * FROM account");
    return 0;
}

/* Takes len bytes, fewer at the end. */
static struct lk_slice take(const uint8_t **at, const uint8_t *end, size_t len) {
    struct lk_slice bytes = lk_slice_make((const char *)*at, (size_t)(end - *at) < len ? (size_t)(end - *at) : len);
    *at += bytes.len;
    return bytes;
}

static void change(unsigned what, unsigned row, struct lk_slice bytes) {
    static const struct {
        const char *name;
        char kind; /* of the column: text, blob, integer */
    } columns[] = {{"set_id", 'b'},
                   {"set_position", 'i'},
                   {"created_at", 'i'},
                   {"actor_kind", 't'},
                   {"actor_id", 'b'},
                   {"actor_name", 't'},
                   {"operation", 't'},
                   {"resource_type", 't'},
                   {"resource_id", 'b'},
                   {"resource_name", 't'},
                   {"failure", 't'},
                   {"before_doc", 't'},
                   {"after_doc", 't'},
                   {"request_url", 't'},
                   {"request_path", 't'},
                   {"request_method", 't'},
                   {"request_remote", 't'},
                   {"response_status", 'i'},
                   {"key_version", 'i'},
                   {"mac", 'b'},
                   {"seq", 'i'}};
    char sql[160];
    const size_t len = sizeof(columns) / sizeof(columns[0]);
    if (what == len) {
        snprintf(sql, sizeof(sql), "DELETE FROM audit_entry WHERE seq = %u", row);
    } else if (what == len + 1) {
        snprintf(sql, sizeof(sql), "UPDATE account SET audit_seq = audit_seq - 1");
    } else {
        snprintf(sql, sizeof(sql), "UPDATE OR IGNORE audit_entry SET %s = $1 WHERE seq = %u", columns[what % len].name, row);
    }
    sqlite3_stmt *stmt;
    holds(sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL) == SQLITE_OK, sql);
    int64_t number = 0;
    memcpy(&number, bytes.ptr, bytes.len < sizeof(number) ? bytes.len : sizeof(number));
    if (sqlite3_bind_parameter_count(stmt) == 1) {
        switch (columns[what % len].kind) {
        case 'i': sqlite3_bind_int64(stmt, 1, number); break;
        case 'b': sqlite3_bind_blob(stmt, 1, bytes.ptr, (int)bytes.len, SQLITE_TRANSIENT); break;
        default: sqlite3_bind_text(stmt, 1, bytes.ptr, (int)bytes.len, SQLITE_TRANSIENT); break;
        }
    }
    sqlite3_step(stmt); /* a constraint may refuse it: then nothing was changed */
    sqlite3_finalize(stmt);
}

static bool is_different(void) {
    sqlite3_stmt *stmt;
    static const char sql[] =
        "SELECT EXISTS (SELECT * FROM audit_entry EXCEPT SELECT * FROM entries) OR EXISTS (SELECT * FROM entries EXCEPT "
        "SELECT * FROM audit_entry) OR EXISTS (SELECT * FROM account EXCEPT SELECT * FROM accounts)";
    holds(sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW, sql);
    bool different = sqlite3_column_int(stmt, 0) != 0;
    sqlite3_finalize(stmt);
    return different;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    run("SAVEPOINT fuzz");
    const uint8_t *at = data;
    while (at + 3 <= data + size && at < data + 512) {
        unsigned what = at[0] % 23, row = 1 + at[1] % (ENTRIES + 1), len = at[2];
        at += 3;
        change(what, row, take(&at, data + size, len));
    }
    struct lk_arena arena;
    struct lk_problem problem = {0};
    struct lk_audit_finding finding = {0};
    lk_arena_init(&arena, (size_t)16 << 20);
    struct lk_call call = make_call(&arena, &problem);
    int code = lk_audit_verify(&call, NULL, &finding);
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
