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
    pthread_mutex_t lock; /* guards the shard's places */
    struct lk_rate rate;  /* the table's: here, where the lock guards it */
    int64_t latest_ns;    /* of the moments that were given */
};

/* The places lie apart from what is set up at once: the system gives memory for those that are used. */
struct room {
    struct shard shards[SHARDS];
    struct place places[SHARDS][SETS][WAYS];
};

struct lk_rate_table {
    uint64_t seed[2];            /* clients choose addresses: not which of them share places */
    _Atomic(struct room *) room; /* NULL: there has never been a limit */
};

int lk_rate_table_new(const struct lk_rate *rate, struct lk_rate_table **ret) {
    struct lk_rate_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return LK_ENOMEM;
    lk_random_bytes(table->seed, sizeof(table->seed));
    int code = lk_rate_table_make_room(table, rate);
    if (code != 0) {
        lk_rate_table_free(table);
        return code;
    }
    lk_rate_table_change(table, rate, 0);
    *ret = table;
    return 0;
}

void lk_rate_table_free(struct lk_rate_table *table) {
    struct room *room = table == NULL ? NULL : atomic_load(&table->room);
    for (size_t i = 0; room != NULL && i < SHARDS; i++)
        pthread_mutex_destroy(&room->shards[i].lock);
    free(room);
    free(table);
}

int lk_rate_table_make_room(struct lk_rate_table *table, const struct lk_rate *rate) {
    if (rate->limit == 0 || atomic_load(&table->room) != NULL)
        return 0;
    struct room *room = calloc(1, sizeof(*room));
    if (room == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&room->shards[i].lock, NULL); /* cannot fail on Linux */
    atomic_store(&table->room, room);
    return 0;
}

void lk_rate_table_change(struct lk_rate_table *table, const struct lk_rate *rate, int64_t now_ns) {
    struct room *room = atomic_load(&table->room);
    const uint64_t latest = (uint64_t)(now_ns + (int64_t)rate->window_ms * 1000000);
    for (size_t i = 0; room != NULL && i < SHARDS; i++) {
        pthread_mutex_lock(&room->shards[i].lock);
        const struct lk_rate before = room->shards[i].rate;
        room->shards[i].rate = *rate;
        for (size_t place = 0; place < (size_t)SETS * WAYS && rate->limit != 0; place++) {
            _Atomic uint64_t *word = &room->places[i][place / WAYS][place % WAYS].word;
            lk_rate_change(word, &before, rate, now_ns);
            if (*word > latest) /* there was no rate for a while */
                *word = latest;
        }
        pthread_mutex_unlock(&room->shards[i].lock);
    }
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

/* Takes from a shard that has a limit, with the lock held. */
static bool take(const struct lk_rate *rate, struct place *set, const struct lk_id *subject, uint32_t cost, int64_t now_ns,
                 struct lk_rate_state *ret) {
    bool known;
    struct place *place = find(set, subject, &known);
    _Atomic uint64_t fresh = 0;
    bool allowed = lk_rate_take(known ? &place->word : &fresh, rate, cost, now_ns, ret);
    if (!known && fresh != 0) {
        place->subject = *subject;
        place->word = fresh;
    }
    return allowed;
}

bool lk_rate_table_take(struct lk_rate_table *table, const struct lk_id *subject, uint32_t cost, int64_t now_ns,
                        struct lk_rate_state *ret) {
    struct room *room = atomic_load_explicit(&table->room, memory_order_acquire);
    bool allowed = true;
    ret->limit = 0;
    if (room == NULL)
        return true;
    uint64_t at = hash(table, subject);
    struct shard *shard = &room->shards[at % SHARDS];
    pthread_mutex_lock(&shard->lock);
    /* Who comes second may have looked at the clock first, and must not find that what the other took is more than a unit. */
    if (shard->latest_ns < now_ns)
        shard->latest_ns = now_ns;
    now_ns = shard->latest_ns;
    if (shard->rate.limit != 0)
        allowed = take(&shard->rate, room->places[at % SHARDS][at / SHARDS % SETS], subject, cost, now_ns, ret);
    pthread_mutex_unlock(&shard->lock);
    return allowed;
}

bool lk_rate_table_would_refuse(struct lk_rate_table *table, const struct lk_id *subject, uint32_t cost, int64_t now_ns,
                                struct lk_rate_state *ret) {
    struct room *room = atomic_load_explicit(&table->room, memory_order_acquire);
    bool refused = false;
    if (room == NULL)
        return false;
    uint64_t at = hash(table, subject);
    struct shard *shard = &room->shards[at % SHARDS];
    pthread_mutex_lock(&shard->lock);
    if (now_ns < shard->latest_ns)
        now_ns = shard->latest_ns;
    if (shard->rate.limit != 0) {
        static const _Atomic uint64_t unused = 0;
        bool known;
        const struct place *place = find(room->places[at % SHARDS][at / SHARDS % SETS], subject, &known);
        refused = lk_rate_would_refuse(known ? &place->word : &unused, &shard->rate, cost, now_ns, ret);
    }
    pthread_mutex_unlock(&shard->lock);
    return refused;
}

void lk_rate_table_give_back(struct lk_rate_table *table, const struct lk_id *subject, uint32_t cost) {
    struct room *room = atomic_load_explicit(&table->room, memory_order_acquire);
    if (room == NULL)
        return;
    uint64_t at = hash(table, subject);
    struct shard *shard = &room->shards[at % SHARDS];
    pthread_mutex_lock(&shard->lock);
    bool known;
    struct place *place = find(room->places[at % SHARDS][at / SHARDS % SETS], subject, &known);
    if (known && shard->rate.limit != 0)
        lk_rate_give_back(&place->word, &shard->rate, cost);
    pthread_mutex_unlock(&shard->lock);
}

struct lk_id lk_rate_subject_of_ip(const struct lk_ip *ip) {
    static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    struct lk_id subject = {{0}};
    if (ip != NULL)
        memcpy(subject.bytes, ip->bytes, memcmp(ip->bytes, v4_mapped, sizeof(v4_mapped)) == 0 ? LK_IP_BYTES : LK_IP_BYTES / 2);
    return subject;
}
