/*
 * How much each of many has had lately: a rate (keyring/limit.h) for each subject, in memory that never grows.
 *
 * A subject that could take its whole limit needs no entry. When there is no room for a new one, the subject is forgotten that will soonest have its limit
 * back, so whoever took much is remembered and cannot be displaced by those who took little. Any thread; a lock for each of many shards, held for nanoseconds.
 */
#ifndef LK_API_RATE_TABLE_H
#define LK_API_RATE_TABLE_H

#include "base/id.h"
#include "base/ip.h"
#include "keyring/limit.h"

struct lk_rate_table;

/* A table whose subjects all have this rate, and whose memory is a few hundred KiB; without a limit it has none, and allows all. LK_ENOMEM. */
int lk_rate_table_new(const struct lk_rate *rate, struct lk_rate_table **ret);
void lk_rate_table_free(struct lk_rate_table *table); /* NULL is fine */

/* Another rate for all, or none. Who has used one up has used up the other, and waits from now_ns (monotonic) no longer than that asks for. The memory for it is had first, by
 * lk_rate_table_make_room, which changes nothing else (LK_ENOMEM). Both on one thread at a time, whatever others take. */
int lk_rate_table_make_room(struct lk_rate_table *table, const struct lk_rate *rate);
void lk_rate_table_change(struct lk_rate_table *table, const struct lk_rate *rate, int64_t now_ns);

/* As lk_rate_take, lk_rate_would_refuse and lk_rate_give_back, with the subject's word; a moment before one that was given counts as that one. Without a limit, ret->limit is 0, and the rest is not set. */
bool lk_rate_table_take(struct lk_rate_table *table, const struct lk_id *subject, uint32_t cost, int64_t now_ns, struct lk_rate_state *ret);
bool lk_rate_table_would_refuse(struct lk_rate_table *table, const struct lk_id *subject, uint32_t cost, int64_t now_ns,
                                struct lk_rate_state *ret);
void lk_rate_table_give_back(struct lk_rate_table *table, const struct lk_id *subject, uint32_t cost);

/* The subject that a client's address is: an IPv4 address, or the /64 block of an IPv6 one, all of which one client may have. NULL: all whose address cannot
 * be known are one. */
struct lk_id lk_rate_subject_of_ip(const struct lk_ip *ip);

#endif
