#include "api/document_cache.h"

#include "crypto/checksum.h"

#include <pthread.h>
#include <stdlib.h>

#define BUCKETS 1024U

struct lk_document_cache {
    pthread_mutex_t mutex; /* guards all below; held for a few pointers */
    size_t bytes_max;
    size_t bytes;
    struct lk_document *newest, *oldest;
    struct lk_document *buckets[BUCKETS];
};

struct lk_document_cache *lk_document_cache_new(size_t bytes_max) {
    struct lk_document_cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL)
        return NULL;
    if (pthread_mutex_init(&cache->mutex, NULL) != 0) {
        free(cache);
        return NULL;
    }
    cache->bytes_max = bytes_max;
    return cache;
}

struct lk_document *lk_document_new(size_t arena_max) {
    struct lk_document *document = calloc(1, sizeof(*document));
    if (document == NULL)
        return NULL;
    lk_arena_init(&document->arena, arena_max);
    atomic_init(&document->references, 1);
    return document;
}

void lk_document_release(struct lk_document *document) {
    if (document == NULL || atomic_fetch_sub_explicit(&document->references, 1, memory_order_acq_rel) != 1)
        return;
    lk_arena_free(&document->arena);
    free(document);
}

/* The digest is as good as random to all but who chooses the text, and that costs only a longer bucket. */
static struct lk_document **bucket_of(struct lk_document_cache *cache, const uint8_t *digest) {
    return &cache->buckets[((unsigned)digest[0] << 8 | digest[1]) % BUCKETS];
}

static struct lk_document *find(struct lk_document_cache *cache, const uint8_t *digest) {
    struct lk_document *document = *bucket_of(cache, digest);
    while (document != NULL && memcmp(document->digest, digest, LK_DOCUMENT_DIGEST) != 0)
        document = document->bucket_next;
    return document;
}

static void unlink_use(struct lk_document_cache *cache, struct lk_document *document) {
    if (document->newer != NULL)
        document->newer->older = document->older;
    else
        cache->newest = document->older;
    if (document->older != NULL)
        document->older->newer = document->newer;
    else
        cache->oldest = document->newer;
}

static void link_newest(struct lk_document_cache *cache, struct lk_document *document) {
    document->newer = NULL;
    document->older = cache->newest;
    if (cache->newest != NULL)
        cache->newest->newer = document;
    else
        cache->oldest = document;
    cache->newest = document;
}

static void evict_oldest(struct lk_document_cache *cache) {
    struct lk_document *document = cache->oldest;
    struct lk_document **link = bucket_of(cache, document->digest);
    while (*link != document)
        link = &(*link)->bucket_next;
    *link = document->bucket_next;
    unlink_use(cache, document);
    cache->bytes -= document->cost;
    lk_document_release(document);
}

void lk_document_cache_free(struct lk_document_cache *cache) {
    if (cache == NULL)
        return;
    while (cache->oldest != NULL)
        evict_oldest(cache);
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

static bool has_sent(const struct lk_document *document, uint64_t sender) {
    size_t len = document->senders_len < LK_DOCUMENT_SENDERS ? document->senders_len : LK_DOCUMENT_SENDERS;
    for (size_t i = 0; i < len; i++) {
        if (document->senders[i] == sender)
            return true;
    }
    return false;
}

static void note_sender(struct lk_document *document, uint64_t sender) {
    if (!has_sent(document, sender))
        document->senders[document->senders_len++ % LK_DOCUMENT_SENDERS] = sender;
}

struct lk_document *lk_document_cache_get(struct lk_document_cache *cache, const uint8_t digest[LK_DOCUMENT_DIGEST], uint64_t sender,
                                          bool by_text) {
    pthread_mutex_lock(&cache->mutex);
    struct lk_document *document = find(cache, digest);
    if (document != NULL && !by_text && !has_sent(document, sender))
        document = NULL;
    if (document != NULL) {
        atomic_fetch_add_explicit(&document->references, 1, memory_order_relaxed);
        note_sender(document, sender);
        unlink_use(cache, document);
        link_newest(cache, document);
    }
    pthread_mutex_unlock(&cache->mutex);
    return document;
}

void lk_document_cache_put(struct lk_document_cache *cache, struct lk_document *document, uint64_t sender) {
    size_t cost = sizeof(*document) + lk_arena_held(&document->arena);
    if (cost > cache->bytes_max / 16)
        return;
    pthread_mutex_lock(&cache->mutex);
    struct lk_document *present = find(cache, document->digest);
    note_sender(present != NULL ? present : document, sender);
    if (present == NULL) {
        document->cost = cost;
        atomic_fetch_add_explicit(&document->references, 1, memory_order_relaxed);
        struct lk_document **bucket = bucket_of(cache, document->digest);
        document->bucket_next = *bucket;
        *bucket = document;
        link_newest(cache, document);
        cache->bytes += cost;
        while (cache->bytes > cache->bytes_max && cache->oldest != NULL)
            evict_oldest(cache);
    }
    pthread_mutex_unlock(&cache->mutex);
}

uint64_t lk_document_sender(struct lk_slice who) {
    uint8_t digest[LK_DOCUMENT_DIGEST];
    uint64_t sender;
    lk_document_digest(who, digest);
    memcpy(&sender, digest, sizeof(sender));
    return sender;
}

void lk_document_digest(struct lk_slice text, uint8_t out[LK_DOCUMENT_DIGEST]) {
    /* Not libcrypto's one-shot function: that one needs memory, and without any leaves the digest of another document there. */
    struct lk_checksum checksum;
    lk_checksum_begin(&checksum);
    lk_checksum_add(&checksum, text);
    lk_checksum_end(&checksum, out);
}
