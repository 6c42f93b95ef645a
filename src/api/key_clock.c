#include "api/key_clock.h"

#include "base/clock.h"
#include "base/log.h"
#include "domain/api_key.h"
#include "domain/credits.h"

#include <stdatomic.h>
#include <stdlib.h>

/* What one job does at most: a few milliseconds of the store thread. */
#define KEYS_MAX 256
#define LOOKS_MAX 16384

#define ARENA_MAX ((size_t)4 << 20)

struct lk_key_clock {
    struct lk_job job; /* first: the executor hands it back */
    struct lk_executor *executor;
    struct lk_domain *domain;
    struct lk_keyring *keyring;
    atomic_bool busy; /* the job is queued or runs; what follows is its own */
    struct lk_arena arena;
    struct lk_keyring_balance balances[KEYS_MAX];
    size_t balances_len;
    bool more;
    int code;
};

/* --- the work, on the store thread --- */

/* Refills and forgets, all or nothing. */
static int pass_time(struct lk_db *db, struct lk_domain *domain, struct lk_arena *arena, bool *ret_more, struct lk_problem *problem) {
    struct lk_call call = {.db = db, .arena = arena, .domain = domain, .now_ms = lk_clock_wall_ms(), .problem = problem};
    bool refill = false;
    bool sweep = false;
    int code = lk_operation_begin(&call);
    if (code != 0)
        return code;
    code = lk_credits_refill(&call, KEYS_MAX, &refill);
    if (code == 0)
        code = lk_api_keys_sweep(&call, KEYS_MAX, &sweep);
    int ended = lk_operation_end(&call, code != 0);
    if (code == 0)
        code = ended;
    if (code == 0)
        *ret_more = refill || sweep;
    return code;
}

static int keep(struct lk_db *db, const struct lk_keyring_balance *balance) {
    enum lk_credits_of of = balance->of_account ? LK_CREDITS_OF_ACCOUNT : LK_CREDITS_OF_KEY;
    return lk_store_credits_flush(db, of, &balance->id, balance->credits);
}

/* Writes the next balances, all or none; which they are stays in clock until they are durable. */
static int flush(struct lk_key_clock *clock, struct lk_db *db, bool *ret_more) {
    bool done = false;
    clock->balances_len = lk_keyring_spent(clock->keyring, LOOKS_MAX, clock->balances, KEYS_MAX, &done);
    *ret_more = !done;
    if (clock->balances_len == 0)
        return 0;
    int code = lk_db_savepoint(db);
    if (code != 0)
        return code;
    for (size_t i = 0; i < clock->balances_len && code == 0; i++)
        code = keep(db, &clock->balances[i]);
    int ended = code == 0 ? lk_db_release(db) : lk_db_rollback_to(db);
    return code != 0 ? code : ended;
}

static void run(struct lk_job *base, struct lk_db *db) {
    struct lk_key_clock *clock = (struct lk_key_clock *)base;
    struct lk_problem problem = {0};
    bool time = false;
    bool spent = false;
    int code = flush(clock, db, &spent);
    if (code == 0)
        code = pass_time(db, clock->domain, &clock->arena, &time, &problem);
    lk_arena_reset(&clock->arena);
    clock->code = code;
    clock->more = spent || time;
    if (code != 0)
        lk_log(LK_LOG_ERROR, "credits and old secrets cannot be brought up to date: %s",
               problem.text[0] != '\0' ? problem.text : lk_error_text(code));
}

static void finish(struct lk_job *base, int committed) {
    struct lk_key_clock *clock = (struct lk_key_clock *)base;
    if (committed == 0 && clock->code == 0)
        lk_keyring_kept(clock->keyring, clock->balances, clock->balances_len);
    bool again = committed == 0 && clock->code == 0 && clock->more;
    if (again && lk_executor_submit(clock->executor, &clock->job) == 0)
        return;
    atomic_store(&clock->busy, false);
}

void lk_key_clock_tick(void *context) {
    struct lk_key_clock *clock = context;
    if (atomic_exchange(&clock->busy, true))
        return;
    if (lk_executor_submit(clock->executor, &clock->job) != 0)
        atomic_store(&clock->busy, false); /* it is stopping: lk_key_clock_close does the rest */
}

int lk_key_clock_open(struct lk_executor *executor, struct lk_domain *domain, struct lk_keyring *keyring, struct lk_key_clock **ret) {
    struct lk_key_clock *clock = calloc(1, sizeof(*clock));
    if (clock == NULL)
        return LK_ENOMEM;
    clock->job = (struct lk_job){NULL, run, finish};
    clock->executor = executor;
    clock->domain = domain;
    clock->keyring = keyring;
    lk_arena_init(&clock->arena, ARENA_MAX);
    *ret = clock;
    return 0;
}

/* --- before and after the store thread --- */

/* Everything that was spent, in one transaction. */
static int flush_all(struct lk_key_clock *clock, struct lk_db *db) {
    bool more = true;
    int code = lk_db_begin(db);
    if (code != 0)
        return code;
    while (more && code == 0)
        code = flush(clock, db, &more);
    if (code == 0)
        return lk_db_commit(db);
    lk_db_rollback(db);
    return code;
}

void lk_key_clock_close(struct lk_key_clock *clock, struct lk_db *db) {
    if (clock == NULL)
        return;
    bool done = false;
    do { /* what remains of a round that was under way: the next looks at all again */
        (void)lk_keyring_spent(clock->keyring, LOOKS_MAX, clock->balances, KEYS_MAX, &done);
    } while (!done);
    int code = db == NULL ? 0 : flush_all(clock, db);
    if (code != 0)
        lk_log(LK_LOG_ERROR, "what was spent of credits in the last second could not be kept: %s", lk_error_text(code));
    lk_arena_free(&clock->arena);
    free(clock);
}

int lk_key_clock_catch_up(struct lk_db *db, struct lk_domain *domain, struct lk_problem *problem) {
    struct lk_problem why = {0};
    struct lk_arena arena;
    bool more = true;
    int code = 0;
    lk_arena_init(&arena, ARENA_MAX);
    while (more && code == 0) {
        code = lk_db_begin(db);
        if (code != 0)
            break;
        code = pass_time(db, domain, &arena, &more, &why);
        lk_arena_reset(&arena);
        if (code == 0)
            code = lk_db_commit(db);
        else
            lk_db_rollback(db);
    }
    lk_arena_free(&arena);
    if (code == 0)
        return 0;
    return lk_problem_set(problem, code, "Credits cannot be brought up to date: %s", why.text[0] != '\0' ? why.text : lk_db_message(db));
}
