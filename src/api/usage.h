/*
 * The way of what was counted into the database.
 *
 *     I/O threads, store thread      note each use (keyring/usage.h)
 *     ticker, each 250 ms            takes the notes and adds them up in one table: collect; sooner when an I/O thread says that it has many
 *     ticker, each 3.5 s             gives that table to the store thread when it is done with the last one: flush
 *     store thread                   adds it to what it keeps, and writes when each key was last used and its counts by hour, in pieces of a few
 *                                    milliseconds, each a job of its own, so that what else waits comes in between; those of many keys wait for several flushes
 *
 * Who reads adds what is kept to what is in the database, so that an answer is some four seconds old at most, unless there are more keys in use than the
 * store thread can note in that time. In the database itself, where lists are sorted and filtered by the last use, that of many keys is up to a minute old.
 * When the commit of a piece fails it is written again later. A clean stop writes all; a crash loses what was not yet written.
 */
#ifndef LK_API_USAGE_H
#define LK_API_USAGE_H

#include "api/lanes.h"
#include "domain/usage.h"
#include "store/executor.h"
#include "store/usage.h"

#define LK_USAGE_COLLECT_MS 250
#define LK_USAGE_FLUSH_MS 3500
#define LK_USAGE_SWEEP_MS (10 * 60 * 1000)

struct lk_usage_service;

struct lk_usage_config {
    const struct lk_lanes *lanes;
    struct lk_executor *executor; /* must outlive the ticker */
};

/* What config names is lent until close. LK_ENOMEM. */
int lk_usage_service_open(const struct lk_usage_config *config, struct lk_usage_service **ret);
void lk_usage_service_close(struct lk_usage_service *service); /* NULL is fine */

/* Ticks; context is the service. sweep: deletes what is too old, and what is of keys that went with their account, in pieces. */
void lk_usage_collect(void *usage);
void lk_usage_flush(void *usage);
void lk_usage_sweep_old(void *usage);

/* Store thread. Notes that a key was used for something that is no verification: a GraphQL request. */
void lk_usage_touch(struct lk_usage_service *service, const struct lk_id *key, const struct lk_id *account, int64_t now_ms);

/* Store thread. Adds the counts of a key or an account that are kept and not yet in the database to the buckets that were read from it. */
void lk_usage_add_unwritten(const struct lk_usage_service *service, enum lk_usage_of of, const struct lk_id *id,
                            enum lk_usage_interval interval, struct lk_usage_bucket *buckets, size_t len);

/* Store thread. Whether a use of a key is kept that may not yet be in the database, and when the last was. */
bool lk_usage_last_unwritten(const struct lk_usage_service *service, const struct lk_id *key, int64_t now_ms, int64_t *ret);

/* Writes all that was counted, once the threads that count, the ticker and the store thread have ended; db is what was the store thread's. What cannot be
 * written is lost, with a line in the log. */
void lk_usage_finish(struct lk_usage_service *service, struct lk_db *db);

struct lk_usage_service_stats {
    uint64_t lost;    /* counts that found no room */
    uint64_t waiting; /* keys whose counts are collected and not yet written, those that are collected again meanwhile once more */
};
void lk_usage_service_stats(const struct lk_usage_service *service, struct lk_usage_service_stats *ret); /* any thread */

#endif
