/*
 * latchkey recover: the way back into an account that nobody can manage any more, for who has the machine: the last administrator's key was lost, or was
 * disabled because it leaked. Whoever can run it has the directory and the master key, and so could read and write everything anyhow.
 */
#include "api/store_open.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/session.h"
#include "domain/recovery.h"
#include "store/account.h"

#include <inttypes.h>

#define ARENA_MAX (size_t)(4 << 20)

struct recovery {
    const char *account_id; /* as given; NULL: the only one */
    bool json;
    struct lk_arena arena;
    struct lk_call call;
    struct lk_account_row account;
    struct lk_recovery made;
};

static int cannot_read(struct lk_call *call, int code) {
    return lk_problem_set(call->problem, code, "The database cannot be read: %s", lk_db_message(call->db));
}

static int find_account(struct recovery *recovery) {
    struct lk_call *call = &recovery->call;
    struct lk_id id;
    int64_t count = 0;
    int code;
    if (recovery->account_id != NULL) {
        code = lk_id_parse(lk_slice_cstr(recovery->account_id), &id);
        if (code == 0)
            code = lk_store_account_find(call->db, &id, call->arena, &recovery->account);
        if (code == LK_EINVAL || code == LK_ENOTFOUND)
            return lk_problem_set(call->problem, code, "There is no account %.40s", recovery->account_id);
        return code == 0 ? 0 : cannot_read(call, code);
    }
    code = lk_store_account_count(call->db, &count);
    if (code == 0 && count != 1)
        return lk_problem_set(call->problem, LK_EINVAL, "There are %" PRId64 " accounts: name one with --account-id", count);
    if (code == 0)
        code = lk_store_account_next(call->db, NULL, call->arena, &recovery->account);
    return code == 0 ? 0 : cannot_read(call, code);
}

static int make_key(struct recovery *recovery) {
    struct lk_call *call = &recovery->call;
    const char *name = lk_arena_printf(call->arena, "recovered %" PRId64, call->now_ms);
    if (name == NULL)
        return lk_problem_set(call->problem, LK_ENOMEM, "Out of memory");
    int code = lk_act_as_system(call, &recovery->account.id);
    return code != 0 ? code : lk_account_recover(call, lk_slice_cstr(name), &recovery->made);
}

static void tell_json(const struct recovery *recovery, struct lk_buf *out) {
    const struct lk_recovery *made = &recovery->made;
    lk_buf_addf(out, "{\"accountId\":\"%s\",\"apiKeyId\":\"%s\",\"apiKey\":\"%.*s\"", lk_id_format(&recovery->account.id).text,
                lk_id_format(&made->key.id).text, (int)made->token.len, made->token.ptr);
    if (made->group_made)
        lk_buf_addf(out, ",\"newUserGroupId\":\"%s\"", lk_id_format(&made->group_id).text);
    lk_buf_add_cstr(out, "}\n");
}

static void tell_people(const struct recovery *recovery, struct lk_buf *out) {
    const struct lk_recovery *made = &recovery->made;
    lk_buf_addf(out, "A new key of account %s, in the user group ", lk_id_format(&recovery->account.id).text);
    cli_add_printable(out, made->group_name);
    if (made->group_made)
        lk_buf_add_cstr(out, ", which is new: no other holds all that an administrator needs");
    lk_buf_addf(out, ". It is shown this once:\n\n  %.*s\n", (int)made->token.len, made->token.ptr);
}

static int tell(const struct recovery *recovery) {
    struct lk_buf out;
    lk_buf_init(&out, 0);
    int code = lk_buf_reserve(&out, 1024); /* at once, so that growing leaves no copy of the key behind */
    if (code != 0)
        return lk_problem_set(recovery->call.problem, code, "Out of memory");
    if (recovery->json)
        tell_json(recovery, &out);
    else
        tell_people(recovery, &out);
    code = cli_print(&out, recovery->call.problem);
    explicit_bzero(out.ptr, out.cap);
    lk_buf_free(&out);
    return code;
}

/* One transaction. The key is printed before it is there: one that nobody has seen would stand for somebody who can manage the account. */
static int change(struct recovery *recovery) {
    struct lk_call *call = &recovery->call;
    int code = lk_db_begin(call->db);
    if (code != 0)
        return lk_problem_set(call->problem, code, "Cannot write the database: %s", lk_db_message(call->db));
    code = find_account(recovery);
    if (code == 0)
        code = lk_operation_begin(call);
    if (code == 0) {
        code = make_key(recovery);
        int end = lk_operation_end(call, code != 0);
        code = code == 0 ? end : code;
    }
    if (code == 0)
        code = tell(recovery);
    if (code != 0) {
        lk_db_rollback(call->db);
        return code;
    }
    code = lk_db_commit(call->db);
    return code == 0 ? 0
                     : lk_problem_set(call->problem, code, "Cannot write the database: %s; the key that was printed is void",
                                      lk_db_message(call->db));
}

static int recover(struct recovery *recovery, const char *dir, const char *master_key_file, struct lk_problem *problem) {
    struct lk_store store;
    int code = lk_store_open(dir, master_key_file, &store, problem);
    if (code != 0)
        return code;
    recovery->call = (struct lk_call){
        .db = store.db,
        .arena = &recovery->arena,
        .domain = store.domain,
        .origin = {.url = LK_SLICE("latchkey recover"), .path = LK_SLICE(""), .method = LK_SLICE(""), .remote = LK_SLICE("")},
        .now_ms = lk_clock_wall_ms(),
        .problem = problem,
    };
    code = change(recovery);
    if (recovery->made.token.len > 0)
        explicit_bzero((char *)recovery->made.token.ptr, recovery->made.token.len); /* the arena's, which is ours */
    lk_store_close(&store);
    return code;
}

static int run(const struct cli_command *command, const struct cli_args *args) {
    struct recovery recovery = {.account_id = cli_args_get(args, "account-id"), .json = cli_args_flag(args, "json")};
    struct lk_problem problem = {0};
    const char *dir = cli_args_or_environment(args, "data", "LATCHKEY_DATA");
    if (dir == NULL)
        return cli_usage_error(command, "--data DIR is missing");
    lk_log_setup(LK_LOG_WARN, false);
    int code = cli_begin_crypto(&problem);
    lk_arena_init(&recovery.arena, ARENA_MAX);
    if (code == 0)
        code = recover(&recovery, dir, cli_args_or_environment(args, "master-key-file", "LATCHKEY_MASTER_KEY_FILE"), &problem);
    lk_arena_free(&recovery.arena);
    return code == 0 ? CLI_DONE : cli_failed(&problem);
}

static const struct cli_option options[] = {
    {"data", "DIR", "The data directory. Or LATCHKEY_DATA.", false},
    {"master-key-file", "FILE", "The master key, when it is not DIR/master.key. Or LATCHKEY_MASTER_KEY_FILE.", false},
    {"account-id", "ID", "The account, when there are several.", false},
    {"json", NULL, "Prints one line of JSON.", false},
};

const struct cli_command cli_recover_command = {
    .name = "recover",
    .usage = "--data DIR [--account-id ID]",
    .summary = "Make a new administrator's key when none is left.",
    .help = "For an account whose last administrator's key was lost, or was disabled because it leaked. The server must be stopped. The "
            "new key,\n"
            "without expiry and addresses, is in a user group that holds all that Account Administrator is made with, whatever it is "
            "called by\n"
            "now; where there is none, one is made. Both are in the audit log. What is there stays as it is.\n",
    .examples = "  latchkey recover --data /var/lib/latchkey\n",
    .options = options,
    .options_len = sizeof(options) / sizeof(options[0]),
    .run = run,
};
