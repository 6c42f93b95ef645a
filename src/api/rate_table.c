#include "api/rate_table.h"

#include "base/error.h"
#include "crypto/random.h"

#include <pthread.h>
#include <stdlib.h>

#define SHARDS 64
#define SETS 32 /* in a shard */
#define WAYS 8  /* places that a subject may have */

struct place {
    struct lk_id subject;
    _Atomic uint64_t word; /* lk_rate_take's: when in monotonic nanoseconds the subject has all of its limit back; in the past: free */
};

struct shard {
    pthread_mutex_t lock;
    struct place places[SETS][WAYS];
};

struct lk_rate_table {
    struct lk_rate rate;
    uint64_t seed[2]; /* clients choose addresses: not which of them share places */
    struct shard shards[SHARDS];
};

int lk_rate_table_new(const struct lk_rate *rate, struct lk_rate_table **ret) {
    struct lk_rate_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return LK_ENOMEM;
    table->rate = *rate;
    lk_random_bytes(table->seed, sizeof(table->seed));
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&table->shards[i].lock, NULL); /* cannot fail on Linux */
    *ret = table;
    return 0;
}

void lk_rate_table_free(struct lk_rate_table *table) {
    for (size_t i = 0; table != NULL && i < SHARDS; i++)
        pthread_mutex_destroy(&table->shards[i].lock);
    free(table);
}

const struct lk_rate *lk_rate_table_rate(const struct lk_rate_table *table) {
    return &table->rate;
}

static uint64_t hash(const struct lk_rate_table *table, const struct lk_id *subject) {
    uint64_t halves[2];
    memcpy(halves, subject->bytes, sizeof(halves));
    unsigned __int128 product = (unsigned __int128)(halves[0] ^ table->seed[0]) * (halves[1] ^ table->seed[1]);
    uint64_t mixed = (uint64_t)product ^ (uint64_t)(product >> 64) ^ table->seed[1];
    product = (unsigned __int128)mixed * (table->seed[0] | 1);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The subject's place; or, when it has none, the one to take for it. With the lock held. */
static struct place *find(struct place *set, const struct lk_id *subject, bool *ret_known) {
    struct place *oldest = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].word != 0 && lk_id_equal(&set[i].subject, subject)) {
            *ret_known = true;
            return &set[i];
        }
        if (set[i].word < oldest->word)
            oldest = &set[i];
    }
    *ret_known = false;
    return oldest;
}

bool lk_rate_table_take(struct lk_rate_table *table, const struct lk_id *subject, uint32_t cost, int64_t now_ns,
                        struct lk_rate_state *ret) {
    uint64_t at = hash(table, subject);
    struct shard *shard = &table->shards[at % SHARDS];
    pthread_mutex_lock(&shard->lock);
    bool known;
    struct place *place = find(shard->places[at / SHARDS % SETS], subject, &known);
    _Atomic uint64_t fresh = 0;
    bool allowed = lk_rate_take(known ? &place->word : &fresh, &table->rate, cost, now_ns, ret);
    if (!known && fresh != 0) {
        place->subject = *subject;
        place->word = fresh;
    }
    pthread_mutex_unlock(&shard->lock);
    return allowed;
}

void lk_rate_table_give_back(struct lk_rate_table *table, const struct lk_id *subject, uint32_t cost) {
    uint64_t at = hash(table, subject);
    struct shard *shard = &table->shards[at % SHARDS];
    pthread_mutex_lock(&shard->lock);
    bool known;
    struct place *place = find(shard->places[at / SHARDS % SETS], subject, &known);
    if (known)
        lk_rate_give_back(&place->word, &table->rate, cost);
    pthread_mutex_unlock(&shard->lock);
}

struct lk_id lk_rate_subject_of_ip(const struct lk_ip *ip) {
    static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    struct lk_id subject = {{0}};
    if (ip != NULL)
        memcpy(subject.bytes, ip->bytes, memcmp(ip->bytes, v4_mapped, sizeof(v4_mapped)) == 0 ? LK_IP_BYTES : LK_IP_BYTES / 2);
    return subject;
}
