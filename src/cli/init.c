/*
 * latchkey init
 *
 * The database is made under another name and renamed when it is whole and its key has been printed: a directory without DIR/latchkey.db is not
 * initialised, whatever else a failed attempt left in it, and init may be tried again.
 */
#include "api/store_open.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/fresh.h"
#include "cli/session.h"
#include "domain/account.h"
#include "domain/api_key.h"
#include "domain/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define INIT_ARENA_MAX (size_t)(4 << 20)

static const struct cli_option option_table[] = {
    {"data", "DIR", "The directory to make. Or LATCHKEY_DATA.", false},
    {"account-id", "ID", "The account's id: 22 characters of base64url. Random unless given.", false},
    {"account-name", "NAME", "The account's name; \"Main\" unless given.", false},
    {"json", NULL, "Prints one line of JSON.", false},
};

/* What is wanted, and what came of it. */
struct init {
    const char *dir;
    const char *account_name;
    bool has_account_id;
    struct lk_id account_id;
    bool json;

    struct lk_arena arena;
    struct lk_store store;
    bool key_made; /* master.key is this attempt's */
    char *database_path;
    char *new_path;
    char *key_path;

    struct lk_account account;
    struct lk_id group_id;
    struct lk_api_key key;
    struct lk_slice token;
};

/* --- the directory --- */

static int open_directory(struct init *init, struct lk_problem *problem) {
    int code = cli_fresh_check(init->dir, problem);
    if (code == 0)
        code = lk_datadir_open(init->dir, true, &init->store.datadir, problem);
    if (code == 0) /* again, now that nobody else can be at it */
        code = cli_fresh_check(init->dir, problem);
    if (code != 0)
        return code;
    init->database_path = lk_datadir_path(init->store.datadir, LK_DATABASE_FILE);
    init->new_path = lk_datadir_path(init->store.datadir, CLI_FRESH_DATABASE_FILE);
    init->key_path = lk_datadir_path(init->store.datadir, LK_MASTER_KEY_FILE);
    if (init->database_path == NULL || init->new_path == NULL || init->key_path == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    return 0;
}

/* A key that is there already, put there by a person or left by an attempt that failed, is used. */
static int open_keys(struct init *init, struct lk_problem *problem) {
    struct lk_master *master;
    int code = lk_master_create(init->key_path, &master, problem);
    init->key_made = code == 0;
    if (code == LK_ECONFLICT)
        code = lk_master_load(init->key_path, &master, problem);
    if (code != 0)
        return code;
    code = lk_keys_derive(master, &init->store.keys);
    if (code != 0)
        lk_problem_set(problem, code, "Cannot derive the server's keys: %s", lk_error_text(code));
    lk_master_free(master);
    return code;
}

/* --- what is in it --- */

static int make_contents(struct init *init, struct lk_call *call) {
    const struct lk_id *id = init->has_account_id ? &init->account_id : NULL;
    int code = lk_account_create(call, id, lk_slice_cstr(init->account_name), true, &init->account, &init->group_id);
    if (code != 0)
        return code;
    struct lk_id_text account = lk_id_format(&init->account.id);
    struct lk_id_text group = lk_id_format(&init->group_id);
    struct lk_slice groups[] = {lk_slice_cstr(group.text)};
    const struct lk_api_key_input input = {
        .name = LK_SLICE("admin"),
        .groups_given = true,
        .group_ids = groups,
        .group_ids_len = 1,
    };
    return lk_api_key_create(call, lk_slice_cstr(account.text), &input, &init->key, &init->token);
}

static int fill_database(struct init *init, struct lk_problem *problem) {
    struct lk_db *db = init->store.db;
    struct lk_call call = {
        .db = db,
        .arena = &init->arena,
        .domain = init->store.domain,
        .origin = {.url = LK_SLICE("latchkey init"), .path = LK_SLICE(""), .method = LK_SLICE(""), .remote = LK_SLICE("")},
        .now_ms = lk_clock_wall_ms(),
        .problem = problem,
    };
    int code = lk_db_begin(db);
    if (code != 0)
        return lk_problem_set(problem, code, "Cannot write the database: %s", lk_db_message(db));
    code = lk_operation_begin(&call);
    if (code == 0) {
        code = make_contents(init, &call);
        int end = lk_operation_end(&call, code != 0);
        code = code == 0 ? end : code;
    }
    if (code != 0) {
        lk_db_rollback(db);
        return code;
    }
    code = lk_db_commit(db);
    return code == 0 ? 0 : lk_problem_set(problem, code, "Cannot write the database: %s", lk_db_message(db));
}

/* --- telling --- */

static void write_json(const struct init *init, struct lk_buf *out) {
    const struct lk_id_text account = lk_id_format(&init->account.id);
    const struct lk_id_text group = lk_id_format(&init->group_id);
    const struct lk_id_text key = lk_id_format(&init->key.id);
    const struct {
        const char *name;
        struct lk_slice value;
    } members[] = {
        {"accountId", lk_slice_cstr(account.text)},
        {"accountName", init->account.name},
        {"userGroupId", lk_slice_cstr(group.text)},
        {"apiKeyId", lk_slice_cstr(key.text)},
        {"apiKey", init->token},
        {"url", LK_SLICE(CLI_DEFAULT_URL)},
    };
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    lk_json_begin_object(&w);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        lk_json_key(&w, members[i].name);
        lk_json_string(&w, members[i].value);
    }
    lk_json_end_object(&w);
    lk_buf_add_char(out, '\n');
}

static void write_text(const struct init *init, struct lk_buf *out) {
    lk_buf_add_cstr(out, "Initialised ");
    cli_add_printable(out, lk_slice_cstr(init->dir));
    lk_buf_add_cstr(out, ".\n\n");
    lk_buf_addf(out, "  account       %s  %.*s\n", lk_id_format(&init->account.id).text, (int)init->account.name.len,
                init->account.name.ptr);
    lk_buf_addf(out, "  user group    %s  Account Administrator\n", lk_id_format(&init->group_id).text);
    lk_buf_addf(out, "  API key       %.*s\n\n", (int)init->token.len, init->token.ptr);
    lk_buf_add_cstr(out, "Keep the API key: it is shown this once. Keep a copy of ");
    cli_add_printable(out, lk_slice_cstr(init->key_path));
    lk_buf_add_cstr(out, " apart from the data: without it\nthe data is worth nothing.\n\nNext: latchkey serve --data ");
    cli_add_word(out, init->dir);
    lk_buf_add_char(out, '\n');
}

static int tell(const struct init *init, struct lk_problem *problem) {
    struct lk_buf out;
    lk_buf_init(&out, 0);
    int code = lk_buf_reserve(&out, 4096); /* at once, so that growing leaves no copy of the key behind */
    if (code != 0)
        return lk_problem_set(problem, code, "Out of memory");
    if (init->json)
        write_json(init, &out);
    else
        write_text(init, &out);
    code = cli_print(&out, problem);
    explicit_bzero(out.ptr, out.cap);
    lk_buf_free(&out);
    return code;
}

/* --- the steps --- */

static void close_database(struct init *init) {
    lk_domain_close(init->store.domain);
    lk_db_close(init->store.db);
    init->store.domain = NULL;
    init->store.db = NULL;
}

/* The key was printed before: whoever read it must learn that it opens nothing. */
static int publish(const struct init *init, struct lk_problem *problem) {
    struct lk_problem why = {0};
    int code = cli_fresh_publish(init->new_path, init->database_path, &why);
    return code == 0 ? 0 : lk_problem_set(problem, code, "%.400s; the key that was printed is void", why.text);
}

static int initialise(struct init *init, struct lk_problem *problem) {
    int code = open_directory(init, problem);
    if (code != 0)
        return code;
    cli_fresh_remove(init->new_path);
    code = open_keys(init, problem);
    if (code == 0)
        code = lk_store_open_database(&init->store, init->new_path, true, problem);
    if (code == 0)
        code = fill_database(init, problem);
    close_database(init);
    if (code == 0)
        code = tell(init, problem);
    if (code == 0)
        code = publish(init, problem);
    if (code != 0) {
        cli_fresh_remove(init->new_path);
        if (init->key_made)
            unlink(init->key_path);
    }
    return code;
}

static void clean_up(struct init *init) {
    if (init->token.len > 0)
        explicit_bzero((char *)init->token.ptr, init->token.len); /* the arena's, which is ours */
    lk_store_close(&init->store);
    lk_arena_free(&init->arena);
    free(init->database_path);
    free(init->new_path);
    free(init->key_path);
}

/* The last of an id's 22 characters has two bits that mean something; with others set, it would be a second spelling of an id. */
static int refuse_id(const struct cli_command *command, const char *id) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (strlen(id) != LK_ID_TEXT || strspn(id, digits) != LK_ID_TEXT)
        return cli_usage_error(command, "--account-id: \"%.60s\" is not 22 characters of base64url", id);
    return cli_usage_error(command, "--account-id: the last character of \"%s\" is not one that an id ends in: A, Q, g or w", id);
}

static int run(const struct cli_command *command, const struct cli_args *args) {
    struct init init = {
        .dir = cli_args_or_environment(args, "data", "LATCHKEY_DATA"),
        .account_name = cli_args_get(args, "account-name"),
        .json = cli_args_flag(args, "json"),
    };
    if (init.dir == NULL)
        return cli_usage_error(command, "--data DIR is missing: the directory to make");
    if (init.account_name == NULL)
        init.account_name = "Main";
    const char *id = cli_args_get(args, "account-id");
    init.has_account_id = id != NULL;
    if (id != NULL && lk_id_parse(lk_slice_cstr(id), &init.account_id) != 0)
        return refuse_id(command, id);
    struct lk_problem problem = {0};
    struct lk_call naming = {.problem = &problem};
    if (lk_check_name(&naming, "account name", lk_slice_cstr(init.account_name)) != 0)
        return cli_usage_error(command, "--account-name: %s", problem.text);

    lk_log_setup(LK_LOG_WARN, false);
    if (cli_begin_crypto(&problem) != 0)
        return cli_failed(&problem);
    lk_arena_init(&init.arena, INIT_ARENA_MAX);
    int code = initialise(&init, &problem);
    clean_up(&init);
    return code == 0 ? CLI_DONE : cli_failed(&problem);
}

const struct cli_command cli_init_command = {
    .name = "init",
    .usage = "--data DIR [--account-id ID] [--account-name NAME] [--json]",
    .summary = "Make a data directory with an account and its first API key.",
    .help =
        "The directory gets the database, the master key, one account with its three default user groups, and one API key in the group\n"
        "Account Administrator, which is printed once. A directory that is initialised already is left as it is.\n",
    .examples = "  latchkey init --data ./data\n  latchkey init --data /var/lib/latchkey --account-name Acme --json\n",
    .options = option_table,
    .options_len = sizeof(option_table) / sizeof(option_table[0]),
    .run = run,
};
