#include "fixture.h"

#include "crypto/crypto.h"
#include "crypto/random.h"
#include "domain/migrate.h"
#include "domain/rules.h"
#include "store/user_group.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW ((int64_t)1700000000000)

struct lk_master *fixture_master(unsigned char byte) {
    char text[65];
    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * (size_t)i, 3, "%02x", byte);
    struct lk_master *master = NULL;
    assert_int_equal(lk_master_parse(lk_slice_cstr(text), &master, NULL), 0);
    return master;
}

struct lk_keys *fixture_keys(unsigned char byte) {
    struct lk_master *master = fixture_master(byte);
    struct lk_keys *keys = NULL;
    assert_int_equal(lk_keys_derive(master, &keys), 0);
    lk_master_free(master);
    return keys;
}

static void begin_call(struct fixture *f) {
    f->call = (struct lk_call){
        .db = f->db,
        .arena = &f->arena,
        .domain = f->domain,
        .origin = {.url = LK_SLICE("/graphql?accountId=x"),
                   .path = LK_SLICE("/graphql"),
                   .method = LK_SLICE("POST"),
                   .remote = LK_SLICE("192.0.2.1"),
                   .status = 200},
        .now_ms = NOW,
        .problem = &f->problem,
    };
    f->problem = (struct lk_problem){0};
}

int fixture_act(struct fixture *f, struct lk_slice token) {
    begin_call(f);
    return lk_authenticate_key(&f->call, token);
}

void fixture_act_as_system(struct fixture *f, const struct lk_id *account) {
    begin_call(f);
    assert_int_equal(lk_act_as_system(&f->call, account), 0);
}

struct lk_slice fixture_id(struct fixture *f, const struct lk_id *id) {
    struct lk_slice text;
    assert_int_equal(lk_arena_copy(&f->arena, lk_slice_cstr(lk_id_format(id).text), &text), 0);
    return text;
}

void fixture_account(struct fixture *f, const char *name, struct lk_account *ret, struct lk_id *ret_group, struct lk_slice *ret_token) {
    begin_call(f);
    assert_int_equal(lk_account_create(&f->call, NULL, lk_slice_cstr(name), false, ret, ret_group), 0);
    fixture_key(f, "first", ret_group, ret_token);
}

int fixture_setup(void **state) {
    assert_int_equal(lk_crypto_init(), 0);
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    strcpy(f->dir, "/tmp/latchkey-domain-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/latchkey.db", f->dir);
    lk_arena_init(&f->arena, (size_t)256 << 20);
    f->keys = fixture_keys(7);
    if (lk_db_open_sqlite(f->path, true, &f->db, &f->problem) != 0 || lk_domain_migrate(f->db, f->keys, &f->problem) != 0)
        fail_msg("%s", f->problem.text);
    assert_int_equal(lk_domain_open(f->db, f->keys, &f->domain, &f->problem), 0);
    assert_int_equal(lk_db_begin(f->db), 0);
    fixture_account(f, "Acme", &f->account, &f->admin_group, &f->admin_token);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    assert_int_equal(lk_api_key_get_by_name(&f->call, lk_slice_cstr("first"), &f->admin_key), 0);
    *state = f;
    return 0;
}

int fixture_teardown(void **state) {
    struct fixture *f = *state;
    lk_db_rollback(f->db);
    lk_domain_close(f->domain);
    lk_db_close(f->db);
    lk_keys_free(f->keys);
    lk_arena_free(&f->arena);
    DIR *dir = opendir(f->dir);
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char path[400];
        snprintf(path, sizeof(path), "%s/%s", f->dir, entry->d_name);
        unlink(path);
    }
    closedir(dir);
    rmdir(f->dir);
    free(f);
    return 0;
}

struct lk_id fixture_group(struct fixture *f, const char *name, uint32_t account_bits, const char *scope) {
    struct lk_slice scopes[1] = {lk_slice_cstr(scope)};
    struct lk_permissions permissions = {.account = account_bits, .scopes = {scopes, scope == NULL ? 0 : 1}};
    struct lk_group_row row = {
        .id = lk_id_new(),
        .account_id = f->call.actor->account_id,
        .name = lk_slice_cstr(name),
        .manages = lk_permissions_hold(&permissions, LK_MANAGE_USERS_AND_GROUPS),
        .settings = LK_SLICE("{}"),
        .created_at = NOW,
        .updated_at = NOW,
    };
    assert_int_equal(lk_permissions_text(&f->call, &permissions, &row.permissions), 0);
    assert_int_equal(lk_store_group_insert(f->db, &row), 0);
    return row.id;
}

/* Ends an operation that gave code. */
static int end(struct fixture *f, int code) {
    int ended = lk_operation_end(&f->call, code != 0);
    assert_int_equal(ended, 0);
    return code;
}

int fixture_create(struct fixture *f, const struct lk_api_key_input *input, struct lk_api_key *ret, struct lk_slice *ret_token) {
    assert_int_equal(lk_operation_begin(&f->call), 0);
    return end(f, lk_api_key_create(&f->call, fixture_id(f, &f->call.actor->account_id), input, ret, ret_token));
}

int fixture_update(struct fixture *f, const struct lk_id *id, const struct lk_api_key_input *input, struct lk_api_key *ret) {
    assert_int_equal(lk_operation_begin(&f->call), 0);
    return end(f, lk_api_key_update(&f->call, fixture_id(f, &f->call.actor->account_id), fixture_id(f, id), input, ret));
}

int fixture_delete(struct fixture *f, const struct lk_id *id) {
    assert_int_equal(lk_operation_begin(&f->call), 0);
    return end(f, lk_api_key_delete(&f->call, fixture_id(f, &f->call.actor->account_id), fixture_id(f, id)));
}

int fixture_reveal(struct fixture *f, const struct lk_id *id, struct lk_slice *ret_token) {
    assert_int_equal(lk_operation_begin(&f->call), 0);
    return end(f, lk_api_key_reveal(&f->call, fixture_id(f, &f->call.actor->account_id), fixture_id(f, id), ret_token));
}

struct lk_api_key fixture_key(struct fixture *f, const char *name, const struct lk_id *group, struct lk_slice *ret_token) {
    struct lk_api_key key;
    struct lk_slice token;
    struct lk_slice ids[1];
    struct lk_api_key_input input = {.name = lk_slice_cstr(name)};
    if (group != NULL) {
        ids[0] = fixture_id(f, group);
        input.groups_given = true;
        input.group_ids = ids;
        input.group_ids_len = 1;
    }
    int code = fixture_create(f, &input, &key, &token);
    if (code != 0)
        fail_msg("%s", f->problem.text);
    if (ret_token != NULL)
        *ret_token = token;
    return key;
}

struct lk_slice fixture_other_account(struct fixture *f, struct lk_account *ret) {
    struct lk_id group;
    struct lk_slice token;
    struct lk_slice operator_token;
    struct lk_id operators = fixture_group(f, "operators", 0, LK_SCOPE_OPERATOR);
    fixture_act_as_system(f, &f->account.id);
    fixture_key(f, "operator", &operators, &operator_token);
    fixture_account(f, "Other", ret, &group, &token);
    return operator_token;
}

void fixture_sql(struct fixture *f, const char *sql) {
    if (lk_db_exec(f->db, sql) != 0)
        fail_msg("%s: %s", sql, lk_db_message(f->db));
}

int64_t fixture_query(struct fixture *f, const char *sql) {
    struct lk_stmt *stmt = lk_db_stmt(f->db, sql);
    int code = lk_step(stmt);
    if (code != 1)
        fail_msg("%s: %d %s", sql, code, lk_db_message(f->db));
    int64_t value = lk_column_int(stmt, 0);
    lk_stmt_reset(stmt);
    return value;
}

void fixture_expect(struct fixture *f, int code, int expected, const char *begins) {
    if (code != expected || f->problem.code != expected || strncmp(f->problem.text, begins, strlen(begins)) != 0)
        fail_msg("got %d \"%s\", expected %d \"%s\"", code, f->problem.text, expected, begins);
}

void fixture_begin(struct fixture *f) {
    f->problem = (struct lk_problem){0};
    assert_int_equal(lk_operation_begin(&f->call), 0);
}

int fixture_end(struct fixture *f, int code) {
    return end(f, code);
}

struct lk_user fixture_user(struct fixture *f, const char *name, const char *email, const struct lk_id *group) {
    struct lk_slice ids[1];
    struct lk_user_input input = {.name_given = true, .name = lk_slice_cstr(name), .email = lk_slice_cstr(email)};
    if (group != NULL) {
        ids[0] = fixture_id(f, group);
        input.groups_given = true;
        input.group_ids = ids;
        input.group_ids_len = 1;
    }
    struct lk_user user;
    fixture_begin(f);
    if (fixture_end(f, lk_user_create(&f->call, &input, &user)) != 0)
        fail_msg("%s", f->problem.text);
    return user;
}

void fixture_act_with(struct fixture *f, uint32_t account_bits) {
    char name[32];
    snprintf(name, sizeof(name), "with %08x", account_bits);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    struct lk_slice kept;
    assert_int_equal(lk_arena_copy(&f->arena, lk_slice_cstr(name), &kept), 0);
    struct lk_id group = fixture_group(f, kept.ptr, account_bits, NULL);
    struct lk_slice token;
    fixture_key(f, kept.ptr, &group, &token);
    assert_int_equal(fixture_act(f, token), 0);
}
