#include "api/usage.h"

#include "base/clock.h"
#include "base/log.h"
#include "domain/usage.h"

#include <inttypes.h>
#include <stdlib.h>

/* Keys (by hour) that may wait to be written. */
#define PENDING_MAX ((size_t)1 << 19)

/* Keys that the store thread can note between two turns of the ticker: whoever asks it something. */
#define STORE_KEYS 12288

/* A piece of work on the store thread: so many counts or so long, whichever is first. The time is looked at only now and then. */
#define PIECE_MAX 2048
#define PIECE_NS (4 * INT64_C(1000000))
#define PIECE_LOOK 16

/* Counts that are added up together, because one alone would wait for memory that no cache holds. */
#define TOGETHER ((size_t)16)

/* Hours of few counts are written at each flush; those of more each so many flushes, or when so many wait: then there is still room for all that one flush
 * may bring. */
#define KEPT_FEW 4096
#define HOURS_EVERY 4
#define KEPT_MAX PENDING_MAX

/* Rows of each table that a piece of the sweep deletes: of one day, so they stand together. Those of a key do not, and how many it has is not known
 * before: a piece forgets keys for so long. */
#define SWEEP_MAX 1000
#define FORGET_NS INT64_C(1000000)

/* Whose the table of touches is. */
enum owner {
    TICKER,       /* it is empty */
    STORE_THREAD, /* a job is under way */
    HALTED        /* the ticker's, but not wholly written: a job was refused or failed */
};

/* What is written, one after the other. When a key was last used goes out at each flush; its counts are kept for the hours, which are written less often. */
enum part { TOUCHES, HOURS_OF_KEYS, HOURS_OF_ACCOUNTS, PARTS };

struct lk_usage_service {
    struct lk_usage_config config;
    struct lk_usage *of_store; /* the store thread counts here */
    atomic_bool asked;         /* it has been asked for what it counted after its last offer */
    struct lk_job ask_job;

    struct lk_usage_table *pending; /* the ticker's */
    _Atomic uint64_t lost;
    _Atomic uint64_t waiting;

    atomic_int owner; /* release by who gives what follows away, acquire by who takes it; the hours the store thread reads at any time */
    struct lk_usage_table *tables[PARTS]; /* what is to be written */
    enum part part;                       /* the one under way */
    size_t written;                       /* counts of its table that are durable */
    size_t stored;                        /* and with the piece under way: what the store thread reads in the database holds them */
    unsigned flushes;                     /* since hours were written */
    int piece_code;
    struct lk_job write_job;

    atomic_bool sweeping;
    bool sweep_again; /* the store thread's while sweeping */
    struct lk_job sweep_job;
};

int lk_usage_service_open(const struct lk_usage_config *config, struct lk_usage_service **ret) {
    struct lk_usage_service *service = calloc(1, sizeof(*service));
    if (service == NULL)
        return LK_ENOMEM;
    service->config = *config;
    atomic_init(&service->owner, TICKER);
    int code = lk_usage_open(STORE_KEYS, &service->of_store);
    if (code == 0)
        code = lk_usage_table_open(PENDING_MAX, &service->pending);
    for (enum part part = TOUCHES; part < PARTS && code == 0; part++)
        code = lk_usage_table_open(part == TOUCHES ? PENDING_MAX : 2 * PENDING_MAX, &service->tables[part]);
    if (code != 0) {
        lk_usage_service_close(service);
        return code;
    }
    *ret = service;
    return 0;
}

void lk_usage_service_close(struct lk_usage_service *service) {
    if (service == NULL)
        return;
    lk_usage_close(service->of_store);
    lk_usage_table_close(service->pending);
    for (enum part part = TOUCHES; part < PARTS; part++)
        lk_usage_table_close(service->tables[part]);
    free(service);
}

void lk_usage_touch(struct lk_usage_service *service, const struct lk_id *key, const struct lk_id *account, int64_t now_ms) {
    lk_usage_add(service->of_store, key, account, LK_USAGE_TOUCH, now_ms);
    lk_usage_offer(service->of_store);
}

void lk_usage_service_stats(const struct lk_usage_service *service, struct lk_usage_service_stats *ret) {
    struct lk_usage_service_stats stats = {
        .lost = atomic_load_explicit(&service->lost, memory_order_relaxed) + lk_usage_lost(service->of_store),
        .waiting = atomic_load_explicit(&service->waiting, memory_order_relaxed),
    };
    const struct lk_lanes *lanes = service->config.lanes;
    for (unsigned i = 0; i < lanes->len; i++)
        stats.lost += lk_usage_lost(lanes->items[i].usage);
    *ret = stats;
}

/* --- collecting --- */

static uint64_t sum_of(const struct lk_usage_count *count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < LK_USAGE_OUTCOMES; i++)
        sum += count->outcomes[i];
    return sum > 0 ? sum : 1; /* a touch */
}

static void merge(struct lk_usage_service *service, struct lk_usage_table *table, const struct lk_usage_count *count) {
    if (!lk_usage_table_merge(table, count))
        atomic_fetch_add_explicit(&service->lost, sum_of(count), memory_order_relaxed);
}

static void add_pending(void *context, const struct lk_usage_count *counts, size_t len) {
    struct lk_usage_service *service = context;
    for (size_t i = 0; i < len; i++) {
        if (i % TOGETHER == 0)
            lk_usage_table_fetch(service->pending, counts + i, len - i < TOGETHER ? len - i : TOGETHER);
        merge(service, service->pending, &counts[i]);
    }
}

static struct lk_usage_service *of_ask_job(struct lk_job *job) {
    return (struct lk_usage_service *)((char *)job - offsetof(struct lk_usage_service, ask_job));
}

static void run_ask(struct lk_job *job, struct lk_db *db) {
    (void)db;
    lk_usage_offer(of_ask_job(job)->of_store);
}

static void finish_ask(struct lk_job *job, int code) {
    (void)code;
    atomic_store_explicit(&of_ask_job(job)->asked, false, memory_order_release);
}

/* If it is refused, the store thread has much to do, and offers by itself with the next that it counts. */
static void ask_store(struct lk_usage_service *service) {
    if (atomic_exchange_explicit(&service->asked, true, memory_order_acquire))
        return;
    service->ask_job = (struct lk_job){NULL, run_ask, finish_ask};
    if (lk_executor_submit(service->config.executor, &service->ask_job) != 0)
        atomic_store_explicit(&service->asked, false, memory_order_release);
}

/* Who gave something. They may have counted more meanwhile, and sleep with it. */
struct givers {
    bool lanes, store;
};

static struct givers collect(struct lk_usage_service *service) {
    const struct lk_lanes *lanes = service->config.lanes;
    size_t taken = 0;
    for (unsigned i = 0; i < lanes->len; i++)
        taken += lk_usage_take(lanes->items[i].usage, add_pending, service);
    struct givers gave = {taken > 0, lk_usage_take(service->of_store, add_pending, service) > 0};
    atomic_store_explicit(&service->waiting, lk_usage_table_len(service->pending), memory_order_relaxed);
    return gave;
}

void lk_usage_collect(void *usage) {
    struct lk_usage_service *service = usage;
    struct givers gave = collect(service);
    if (gave.lanes && service->config.server != NULL)
        http_server_wake(service->config.server);
    if (gave.store)
        ask_store(service);
}

/* --- writing --- */

static void to_counts(const struct lk_usage_count *count, struct lk_usage_counts *ret) {
    *ret = (struct lk_usage_counts){{
        [LK_USE_VALID] = count->outcomes[LK_VERIFY_VALID],
        [LK_USE_DISABLED] = count->outcomes[LK_VERIFY_DISABLED],
        [LK_USE_EXPIRED] = count->outcomes[LK_VERIFY_EXPIRED],
        [LK_USE_IP_NOT_ALLOWED] = count->outcomes[LK_VERIFY_IP_NOT_ALLOWED],
        [LK_USE_INSUFFICIENT_PERMISSIONS] = count->outcomes[LK_VERIFY_INSUFFICIENT_PERMISSIONS],
        [LK_USE_RATE_LIMITED] = count->outcomes[LK_VERIFY_RATE_LIMITED],
        [LK_USE_USAGE_EXCEEDED] = count->outcomes[LK_VERIFY_USAGE_EXCEEDED],
    }};
}

static int write_count(struct lk_db *db, enum part part, const struct lk_usage_count *count) {
    struct lk_usage_counts counts;
    if (part == TOUCHES)
        return lk_usage_touch_key(db, &count->account, &count->key, count->last_used_ms);
    to_counts(count, &counts);
    if (part == HOURS_OF_KEYS)
        return lk_usage_record_key(db, &count->account, &count->key, count->last_used_ms, &counts);
    return lk_usage_record_account(db, &count->account, count->last_used_ms, &counts);
}

static bool is_enough(const struct lk_usage_service *service, size_t next, int64_t began_ns) {
    size_t done = next - service->written;
    return done == PIECE_MAX || (done % PIECE_LOOK == 0 && lk_clock_mono_ns() - began_ns > PIECE_NS);
}

/* Writes what comes after `written`. */
static int write_counts(const struct lk_usage_service *service, struct lk_db *db, size_t *ret_end) {
    const struct lk_usage_table *table = service->tables[service->part];
    int64_t began_ns = lk_clock_mono_ns();
    size_t next = service->written;
    while (next < lk_usage_table_len(table)) {
        int code = write_count(db, service->part, lk_usage_table_at(table, next++));
        if (code != 0 && code != LK_ENOTFOUND) /* deleted meanwhile */
            return code;
        if (is_enough(service, next, began_ns))
            break;
    }
    *ret_end = next;
    return 0;
}

static int write_piece(struct lk_usage_service *service, struct lk_db *db) {
    size_t end;
    int code = lk_db_savepoint(db);
    if (code != 0)
        return code;
    code = write_counts(service, db, &end);
    if (code == 0)
        code = lk_db_release(db);
    else
        lk_db_rollback_to(db);
    if (code == 0)
        service->stored = end;
    return code;
}

/* The counts of the piece are for the hours; a mere touch has none. */
static void keep_counts(struct lk_usage_service *service) {
    static const uint32_t none[LK_USAGE_OUTCOMES];
    for (size_t i = service->written; i < service->stored; i++) {
        struct lk_usage_count count = *lk_usage_table_at(service->tables[TOUCHES], i);
        if (memcmp(count.outcomes, none, sizeof(none)) == 0)
            continue;
        merge(service, service->tables[HOURS_OF_KEYS], &count);
        count.key = count.account;
        merge(service, service->tables[HOURS_OF_ACCOUNTS], &count);
    }
}

/* Whether the hours wait for a later flush. A flush that brought nothing is one in which there is time. */
static bool hours_can_wait(const struct lk_usage_service *service) {
    size_t kept = lk_usage_table_len(service->tables[HOURS_OF_KEYS]);
    bool brought = lk_usage_table_len(service->tables[TOUCHES]) > 0;
    return kept == 0 || (brought && kept > KEPT_FEW && kept < KEPT_MAX && service->flushes < HOURS_EVERY);
}

/* What is written after the part that is done: TOUCHES when that is for the next flush. */
static enum part next_part(struct lk_usage_service *service) {
    if (service->part != TOUCHES)
        return service->part == HOURS_OF_KEYS ? HOURS_OF_ACCOUNTS : TOUCHES;
    service->flushes++;
    if (hours_can_wait(service))
        return TOUCHES;
    service->flushes = 0;
    return HOURS_OF_KEYS;
}

/* Notes that a piece is durable. Whether there is more. */
static bool piece_done(struct lk_usage_service *service) {
    struct lk_usage_table *table = service->tables[service->part];
    if (service->part == TOUCHES)
        keep_counts(service);
    service->written = service->stored;
    if (service->written < lk_usage_table_len(table))
        return true;
    enum part next = next_part(service);
    lk_usage_table_clear(table);
    service->written = 0;
    service->stored = 0;
    service->part = next;
    return service->part != TOUCHES;
}

static struct lk_usage_service *of_write_job(struct lk_job *job) {
    return (struct lk_usage_service *)((char *)job - offsetof(struct lk_usage_service, write_job));
}

static void give(struct lk_usage_service *service, enum owner owner) {
    atomic_store_explicit(&service->owner, owner, memory_order_release);
}

static void run_write(struct lk_job *job, struct lk_db *db) {
    struct lk_usage_service *service = of_write_job(job);
    service->piece_code = write_piece(service, db);
}

static void finish_write(struct lk_job *job, int code) {
    struct lk_usage_service *service = of_write_job(job);
    if (code == 0)
        code = service->piece_code;
    if (code != 0) {
        service->stored = service->written;
        if (code != LK_EBUSY)
            lk_log(LK_LOG_ERROR, "usage was not written and will be tried again: %s", lk_error_text(code));
        give(service, HALTED);
    } else if (!piece_done(service)) {
        give(service, TICKER);
    } else if (lk_executor_submit(service->config.executor, job) != 0) {
        give(service, HALTED);
    }
}

static void submit_write(struct lk_usage_service *service) {
    service->write_job = (struct lk_job){NULL, run_write, finish_write};
    give(service, STORE_THREAD);
    if (lk_executor_submit(service->config.executor, &service->write_job) != 0)
        give(service, HALTED);
}

/* All touches are written: what was collected takes their place. */
static void exchange(struct lk_usage_service *service) {
    struct lk_usage_table *empty = service->tables[TOUCHES];
    service->tables[TOUCHES] = service->pending;
    service->pending = empty;
    lk_usage_table_sort(service->tables[TOUCHES]);
    atomic_store_explicit(&service->waiting, 0, memory_order_relaxed);
}

void lk_usage_flush(void *usage) {
    struct lk_usage_service *service = usage;
    int owner = atomic_load_explicit(&service->owner, memory_order_acquire);
    bool any = lk_usage_table_len(service->pending) > 0 || lk_usage_table_len(service->tables[HOURS_OF_KEYS]) > 0;
    if (owner == TICKER && any)
        exchange(service);
    else if (owner != HALTED)
        return;
    submit_write(service);
}

/* --- reading --- */

static void add_unwritten(const struct lk_usage_service *service, enum part part, const struct lk_id *id, int64_t hour_ms,
                          struct lk_usage_counts *sum) {
    size_t stored = service->part == part ? service->stored : 0;
    size_t index;
    if (!lk_usage_table_find(service->tables[part], id, hour_ms, &index) || index < stored)
        return;
    struct lk_usage_counts counts;
    to_counts(lk_usage_table_at(service->tables[part], index), &counts);
    for (size_t i = 0; i < LK_USE_OUTCOMES; i++)
        sum->by_outcome[i] += counts.by_outcome[i];
}

void lk_usage_add_unwritten(const struct lk_usage_service *service, enum lk_usage_of of, const struct lk_id *id,
                            enum lk_usage_interval interval, struct lk_usage_bucket *buckets, size_t len) {
    enum part part = of == LK_USAGE_OF_KEY ? HOURS_OF_KEYS : HOURS_OF_ACCOUNTS;
    int64_t unit = interval == LK_USAGE_BY_HOUR ? LK_HOUR_MS : LK_DAY_MS;
    for (size_t i = 0; i < len; i++) {
        for (int64_t hour_ms = buckets[i].start; hour_ms < buckets[i].start + unit; hour_ms += LK_HOUR_MS)
            add_unwritten(service, part, id, hour_ms, &buckets[i].counts);
    }
}

/* --- the end --- */

/* All of the touches, a transaction a piece, and then the hours. */
static int write_rest(struct lk_usage_service *service, struct lk_db *db) {
    service->flushes = HOURS_EVERY; /* now */
    bool more = true;
    int code = 0;
    while (more && code == 0) {
        code = lk_db_begin(db);
        if (code != 0)
            break;
        code = write_piece(service, db);
        int committed = lk_db_commit(db);
        code = code == 0 ? committed : code;
        more = code == 0 && piece_done(service);
    }
    return code;
}

void lk_usage_finish(struct lk_usage_service *service, struct lk_db *db) {
    const struct lk_lanes *lanes = service->config.lanes;
    /* What is on offer, then what was counted after it. */
    collect(service);
    for (unsigned i = 0; i < lanes->len; i++)
        lk_usage_offer(lanes->items[i].usage);
    lk_usage_offer(service->of_store);
    collect(service);
    int code = write_rest(service, db);
    if (code == 0) {
        exchange(service);
        code = write_rest(service, db);
    }
    if (code != 0)
        lk_log(LK_LOG_ERROR, "the usage of the last seconds is lost: %s", lk_error_text(code));
}

/* --- the sweep --- */

static struct lk_usage_service *of_sweep_job(struct lk_job *job) {
    return (struct lk_usage_service *)((char *)job - offsetof(struct lk_usage_service, sweep_job));
}

static int forget_keys(struct lk_db *db, bool *ret_more) {
    int64_t began_ns = lk_clock_mono_ns();
    int code;
    do
        code = lk_usage_forget_next(db);
    while (code == 0 && lk_clock_mono_ns() - began_ns < FORGET_NS);
    *ret_more = code == 0;
    return code == LK_ENOTFOUND ? 0 : code;
}

/* First what is old, then what is of keys that went with their account. */
static int sweep_piece(struct lk_db *db, bool *ret_more) {
    int64_t deleted = 0;
    int code = lk_usage_sweep(db, lk_clock_wall_ms(), SWEEP_MAX, &deleted);
    *ret_more = deleted > 0;
    return code != 0 || *ret_more ? code : forget_keys(db, ret_more);
}

static void run_sweep(struct lk_job *job, struct lk_db *db) {
    struct lk_usage_service *service = of_sweep_job(job);
    bool more = false;
    int code = lk_db_savepoint(db);
    if (code == 0) {
        code = sweep_piece(db, &more);
        if (code == 0)
            code = lk_db_release(db);
        else
            lk_db_rollback_to(db);
    }
    if (code != 0)
        lk_log(LK_LOG_ERROR, "old usage was not deleted and will be tried again: %s", lk_error_text(code));
    service->sweep_again = code == 0 && more;
}

static void finish_sweep(struct lk_job *job, int code) {
    struct lk_usage_service *service = of_sweep_job(job);
    bool again = code == 0 && service->sweep_again;
    if (!again || lk_executor_submit(service->config.executor, job) != 0)
        atomic_store_explicit(&service->sweeping, false, memory_order_release);
}

void lk_usage_sweep_old(void *usage) {
    struct lk_usage_service *service = usage;
    if (atomic_exchange_explicit(&service->sweeping, true, memory_order_acquire))
        return;
    service->sweep_job = (struct lk_job){NULL, run_sweep, finish_sweep};
    if (lk_executor_submit(service->config.executor, &service->sweep_job) != 0)
        atomic_store_explicit(&service->sweeping, false, memory_order_release);
}
