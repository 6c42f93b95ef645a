#include "api/usage.h"

#include "base/clock.h"
#include "base/log.h"
#include "domain/usage.h"

#include <inttypes.h>
#include <stdlib.h>

/* Keys (by hour) that may wait to be written. */
#define PENDING_MAX ((size_t)1 << 19)

/* Uses that the store thread can note between two turns of the ticker: each is a request to it. */
#define STORE_USES 12288

/* A piece of work on the store thread: so many counts or so long, whichever is first. The time is looked at only now and then. */
#define PIECE_MAX 2048
#define PIECE_NS (4 * INT64_C(1000000))
#define PIECE_LOOK 16

/* Fresh counts that a piece takes, which are only added up in memory. */
#define KEEP_MAX 16384

#define TOGETHER ((size_t)16)

/* Few counts are written at each flush. More wait, a flush for each so many, so that writing costs so much a flush however many keys are in use: a
 * write of a key takes some 5 us, and of those that are strewn over all keys each takes a page of the database with it. They wait for a minute at most,
 * and no longer than there is still room for all that one flush may bring. */
#define KEPT_FEW ((size_t)4096)
#define FLUSHES_MAX (60 * 1000 / LK_USAGE_FLUSH_MS)
#define KEPT_MAX PENDING_MAX

/* Of a flush's keys, the part that may be new without its being sorted: an eighth. */
#define NEW_FEW 8

/* Rows of each table that a piece of the sweep deletes: of one day, so they stand together. Those of a key do not, and how many it has is not known
 * before: a piece forgets keys for so long. */
#define SWEEP_MAX 1000
#define FORGET_NS INT64_C(1000000)

/* Whose the table of what is fresh is. */
enum owner {
    TICKER,       /* it is empty */
    STORE_THREAD, /* a job is under way */
    HALTED        /* the ticker's, but there is something to do with it: a job was refused or failed */
};

/* What is done with it, one after the other: it is added to what is kept, by key and by account, and at some flushes these are written. */
enum part { FRESH, KEYS, ACCOUNTS, PARTS };

struct lk_usage_service {
    struct lk_usage_config config;
    struct lk_usage *of_store; /* the store thread counts here */

    struct lk_usage_table *pending; /* the ticker's */
    _Atomic uint64_t lost;
    _Atomic uint64_t waiting; /* in it */

    atomic_int owner; /* release by who gives what follows away, acquire by who takes it; what is kept the store thread reads at any time */
    struct lk_usage_table *tables[PARTS];
    enum part part;        /* the one under way */
    size_t done;           /* counts of its table that are kept, or durable */
    size_t stored;         /* and with the piece under way: what the store thread reads in the database holds them */
    unsigned flushes;      /* since they were written */
    _Atomic uint64_t kept; /* keys that are fresh or kept and not yet written: for metrics */
    size_t kept_before;    /* keys, when the flush before began: the ticker's */
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
    int code = lk_usage_open(STORE_USES, &service->of_store);
    if (code == 0)
        code = lk_usage_table_open(PENDING_MAX, &service->pending);
    for (enum part part = FRESH; part < PARTS && code == 0; part++)
        code = lk_usage_table_open(part == FRESH ? PENDING_MAX : 2 * PENDING_MAX, &service->tables[part]);
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
    for (enum part part = FRESH; part < PARTS; part++)
        lk_usage_table_close(service->tables[part]);
    free(service);
}

void lk_usage_touch(struct lk_usage_service *service, const struct lk_id *key, const struct lk_id *account, int64_t now_ms) {
    lk_usage_add(service->of_store, key, account, LK_USAGE_TOUCH, now_ms);
}

void lk_usage_service_stats(const struct lk_usage_service *service, struct lk_usage_service_stats *ret) {
    struct lk_usage_service_stats stats = {
        .lost = atomic_load_explicit(&service->lost, memory_order_relaxed) + lk_usage_lost(service->of_store),
        .waiting =
            atomic_load_explicit(&service->waiting, memory_order_relaxed) + atomic_load_explicit(&service->kept, memory_order_relaxed),
    };
    const struct lk_lanes *lanes = service->config.lanes;
    for (unsigned i = 0; i < lanes->len; i++)
        stats.lost += lk_usage_lost(lanes->items[i].usage);
    *ret = stats;
}

/* --- collecting --- */

static void add_pending(void *context, const struct lk_usage_event *events, size_t len) {
    struct lk_usage_service *service = context;
    size_t refused = lk_usage_table_add_many(service->pending, events, len);
    if (refused > 0)
        atomic_fetch_add_explicit(&service->lost, refused, memory_order_relaxed);
}

void lk_usage_collect(void *usage) {
    struct lk_usage_service *service = usage;
    const struct lk_lanes *lanes = service->config.lanes;
    for (unsigned i = 0; i < lanes->len; i++)
        (void)lk_usage_take(lanes->items[i].usage, add_pending, service);
    (void)lk_usage_take(service->of_store, add_pending, service);
    atomic_store_explicit(&service->waiting, lk_usage_table_len(service->pending), memory_order_relaxed);
}

/* --- keeping --- */

/* By whoever owns the tables, when there is another number. */
static void note_kept(struct lk_usage_service *service) {
    size_t kept = lk_usage_table_len(service->tables[KEYS]);
    if (service->part == FRESH)
        kept += lk_usage_table_len(service->tables[FRESH]) - service->done;
    else if (service->part == KEYS)
        kept -= service->done;
    atomic_store_explicit(&service->kept, kept, memory_order_relaxed);
}

static uint64_t sum_of(const struct lk_usage_count *count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < LK_USAGE_OUTCOMES; i++)
        sum += count->outcomes[i];
    return sum;
}

static void keep(struct lk_usage_service *service, enum part part, const struct lk_usage_count *count) {
    if (!lk_usage_table_merge(service->tables[part], count))
        atomic_fetch_add_explicit(&service->lost, sum_of(count), memory_order_relaxed);
}

/* Counts that are added up together, because one alone would wait for memory that no cache holds. */
static void keep_some(struct lk_usage_service *service, const struct lk_usage_count *counts, size_t len) {
    lk_usage_table_fetch(service->tables[KEYS], counts, len);
    for (size_t i = 0; i < len; i++) {
        keep(service, KEYS, &counts[i]);
        struct lk_usage_count of_account = counts[i];
        of_account.key = of_account.account;
        keep(service, ACCOUNTS, &of_account);
    }
}

/* Of what is fresh, as much as a piece may take. It touches no database: what is kept is there for who reads it on the store thread. */
static void keep_piece(struct lk_usage_service *service) {
    struct lk_usage_table *fresh = service->tables[FRESH];
    size_t end = lk_usage_table_len(fresh) - service->done < KEEP_MAX ? lk_usage_table_len(fresh) : service->done + KEEP_MAX;
    while (service->done < end) {
        size_t len = end - service->done < TOGETHER ? end - service->done : TOGETHER;
        keep_some(service, lk_usage_table_at(fresh, service->done), len);
        service->done += len;
    }
    service->stored = service->done;
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

/* When the key was last used, and how often in the hour. */
static int write_key(struct lk_db *db, const struct lk_usage_count *count) {
    int code = lk_usage_touch_key(db, &count->account, &count->key, count->last_used_ms, lk_clock_wall_ms());
    if (code != 0)
        return code;
    struct lk_usage_counts counts;
    to_counts(count, &counts);
    return lk_usage_record_key(db, &count->account, &count->key, count->last_used_ms, &counts);
}

static int write_account(struct lk_db *db, const struct lk_usage_count *count) {
    struct lk_usage_counts counts;
    to_counts(count, &counts);
    return lk_usage_record_account(db, &count->account, count->last_used_ms, &counts);
}

static bool is_enough(const struct lk_usage_service *service, size_t next, int64_t began_ns) {
    size_t done = next - service->done;
    return done == PIECE_MAX || (done % PIECE_LOOK == 0 && lk_clock_mono_ns() - began_ns > PIECE_NS);
}

/* Writes what comes after `done`. */
static int write_counts(const struct lk_usage_service *service, struct lk_db *db, size_t *ret_end) {
    const struct lk_usage_table *table = service->tables[service->part];
    int64_t began_ns = lk_clock_mono_ns();
    size_t next = service->done;
    while (next < lk_usage_table_len(table)) {
        const struct lk_usage_count *count = lk_usage_table_at(table, next++);
        int code = service->part == KEYS ? write_key(db, count) : write_account(db, count);
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

static int do_piece(struct lk_usage_service *service, struct lk_db *db) {
    if (service->part != FRESH)
        return write_piece(service, db);
    keep_piece(service);
    return 0;
}

/* Whether what is kept waits for a later flush. A flush that brought nothing is one in which there is time. */
static bool can_wait(const struct lk_usage_service *service) {
    size_t kept = lk_usage_table_len(service->tables[KEYS]);
    bool brought = lk_usage_table_len(service->tables[FRESH]) > 0;
    return kept == 0 || (brought && kept > KEPT_FEW * service->flushes && kept < KEPT_MAX && service->flushes < FLUSHES_MAX);
}

/* What is done after the part that is done: FRESH when that is for the next flush. */
static enum part next_part(struct lk_usage_service *service) {
    if (service->part != FRESH)
        return service->part == KEYS ? ACCOUNTS : FRESH;
    service->flushes++;
    if (can_wait(service))
        return FRESH;
    service->flushes = 0;
    return KEYS;
}

/* Notes that a piece is done, and durable if it was written. Whether there is more. */
static bool piece_done(struct lk_usage_service *service) {
    struct lk_usage_table *table = service->tables[service->part];
    service->done = service->stored;
    bool more = service->done < lk_usage_table_len(table);
    if (!more) {
        enum part next = next_part(service);
        lk_usage_table_clear(table);
        service->done = 0;
        service->stored = 0;
        service->part = next;
        more = next != FRESH;
    }
    note_kept(service);
    return more;
}

static struct lk_usage_service *of_write_job(struct lk_job *job) {
    return (struct lk_usage_service *)((char *)job - offsetof(struct lk_usage_service, write_job));
}

static void give(struct lk_usage_service *service, enum owner owner) {
    atomic_store_explicit(&service->owner, owner, memory_order_release);
}

static void run_write(struct lk_job *job, struct lk_db *db) {
    struct lk_usage_service *service = of_write_job(job);
    service->piece_code = do_piece(service, db);
}

static void finish_write(struct lk_job *job, int code) {
    struct lk_usage_service *service = of_write_job(job);
    if (code == 0)
        code = service->piece_code;
    if (code != 0) {
        service->stored = service->done;
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

/* Whether what was collected is to be in the order of the database: that is for keys that are not kept yet, and sorting them all costs as much as ten thousand
 * requests. Where nearly all that the last flush brought was kept already, so will be what this one brings. */
static bool brings_new_keys(struct lk_usage_service *service) {
    size_t kept = lk_usage_table_len(service->tables[KEYS]);
    size_t newly = kept - service->kept_before;
    service->kept_before = kept;
    return kept == 0 || newly > lk_usage_table_len(service->pending) / NEW_FEW;
}

/* All that was fresh is kept: what was collected takes its place. */
static void exchange(struct lk_usage_service *service) {
    struct lk_usage_table *empty = service->tables[FRESH];
    service->tables[FRESH] = service->pending;
    if (brings_new_keys(service))
        lk_usage_table_sort(service->tables[FRESH]);
    service->pending = empty;
    note_kept(service);
    atomic_store_explicit(&service->waiting, 0, memory_order_relaxed);
}

void lk_usage_flush(void *usage) {
    struct lk_usage_service *service = usage;
    int owner = atomic_load_explicit(&service->owner, memory_order_acquire);
    if (owner == STORE_THREAD)
        return;
    if (owner == TICKER) {
        if (lk_usage_table_len(service->pending) == 0 && lk_usage_table_len(service->tables[KEYS]) == 0)
            return;
        exchange(service);
    }
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
    enum part part = of == LK_USAGE_OF_KEY ? KEYS : ACCOUNTS;
    int64_t unit = interval == LK_USAGE_BY_HOUR ? LK_HOUR_MS : LK_DAY_MS;
    for (size_t i = 0; i < len; i++) {
        for (int64_t hour_ms = buckets[i].start; hour_ms < buckets[i].start + unit; hour_ms += LK_HOUR_MS)
            add_unwritten(service, part, id, hour_ms, &buckets[i].counts);
    }
}

bool lk_usage_last_unwritten(const struct lk_usage_service *service, const struct lk_id *key, int64_t now_ms, int64_t *ret) {
    for (int64_t hours = -1; hours < LK_DAY_MS / LK_HOUR_MS; hours++) { /* from the next: the clock may have been set back */
        size_t index;
        if (!lk_usage_table_find(service->tables[KEYS], key, now_ms - hours * LK_HOUR_MS, &index))
            continue;
        *ret = lk_usage_table_at(service->tables[KEYS], index)->last_used_ms;
        return true;
    }
    return false;
}

/* --- the end --- */

/* All that is fresh and kept, a transaction a piece. */
static int write_rest(struct lk_usage_service *service, struct lk_db *db) {
    service->flushes = FLUSHES_MAX; /* now */
    bool more = true;
    int code = 0;
    while (more && code == 0) {
        code = lk_db_begin(db);
        if (code != 0)
            break;
        code = do_piece(service, db);
        int committed = lk_db_commit(db);
        code = code == 0 ? committed : code;
        more = code == 0 && piece_done(service);
    }
    return code;
}

void lk_usage_finish(struct lk_usage_service *service, struct lk_db *db) {
    lk_usage_collect(service);
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
