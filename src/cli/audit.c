/* latchkey audit verify: the audit chain and the database's own integrity, of a directory that no server has open. */
#include "domain/audit.h"
#include "api/store_open.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/cli.h"
#include "crypto/crypto.h"

#include <inttypes.h>
#include <stdlib.h>

#define VERIFY_ARENA_MAX (size_t)(64 << 20)

static const struct cli_option option_table[] = {
    {"data", "DIR", "The data directory; no server may have it open.", false},
    {"master-key-file", "FILE", "The master key, when it is not DIR/master.key.", false},
};

static const struct cli_option *options(struct lk_arena *arena, size_t *ret_len) {
    (void)arena;
    *ret_len = sizeof(option_table) / sizeof(option_table[0]);
    return option_table;
}

static int report(const struct lk_audit_finding *finding, struct lk_problem *problem) {
    if (!finding->intact)
        return lk_problem_set(problem, LK_ECORRUPT, "The audit log of account %s is not as it was written: entry %" PRId64 ": %s",
                              lk_id_format(&finding->account_id).text, finding->sequence, finding->reason);
    struct lk_buf out;
    lk_buf_init(&out, 0);
    lk_buf_addf(&out, "audit log intact: %" PRId64 " entries; database: ok\n", finding->entries);
    int code = cli_print(&out, problem);
    lk_buf_free(&out);
    return code;
}

static int verify(const char *dir, const char *master_key_file, struct lk_arena *arena, struct lk_problem *problem) {
    struct lk_store store;
    int code = lk_store_open(dir, master_key_file, &store, problem);
    if (code != 0)
        return code;
    struct lk_audit_finding finding;
    struct lk_call call = {.db = store.db, .arena = arena, .domain = store.domain, .now_ms = lk_clock_wall_ms(), .problem = problem};
    code = lk_db_check(store.db, problem);
    if (code == 0)
        code = lk_audit_verify(&call, NULL, &finding);
    if (code == 0)
        code = report(&finding, problem);
    lk_store_close(&store);
    return code;
}

static int run_with(const struct cli_command *command, const struct cli_args *args, struct lk_arena *arena) {
    if (args->words_len != 1 || strcmp(args->words[0], "verify") != 0)
        return cli_usage_error(command, "Say what to do with the audit log: verify");
    const char *dir = cli_args_get(args, "data");
    if (dir == NULL)
        dir = getenv("LATCHKEY_DATA");
    if (dir == NULL)
        return cli_usage_error(command, "--data DIR is missing");
    struct lk_problem problem = {0};
    lk_log_setup(LK_LOG_WARN, false);
    int code = lk_crypto_init();
    if (code != 0)
        lk_problem_set(&problem, code, "The cryptographic libraries cannot run on this machine");
    lk_crypto_protect_process();
    if (code == 0)
        code = verify(dir, cli_args_get(args, "master-key-file"), arena, &problem);
    return code == 0 ? CLI_DONE : cli_failed(&problem);
}

static int run(const struct cli_command *command, int argc, char **argv) {
    struct lk_arena arena;
    lk_arena_init(&arena, VERIFY_ARENA_MAX);
    struct cli_args args;
    int done = cli_parse(command, argc, argv, 1, &arena, &args);
    int exit_code = done != 0 ? done - 1 : run_with(command, &args, &arena);
    lk_arena_free(&arena);
    return exit_code;
}

const struct cli_command cli_audit_command = {
    "audit",
    "verify --data DIR",
    "Check that the audit log is whole.",
    "verify checks every entry's place in its account's chain and the integrity of the database. It exits 1 and names the first entry\n"
    "that was changed, removed or moved. Stop the server first.\n",
    run,
    options,
};
