/*
 * Parsed and valid GraphQL documents, kept by the SHA-256 of their text: a client's few documents are parsed once, and a client that knows the protocol of
 * `extensions.persistedQuery` may send the hash alone. Bounded in bytes; the least recently used goes first. All threads and accounts share it: but who has not sent
 * a text is not told by its hash that another has.
 */
#ifndef LK_API_DOCUMENT_CACHE_H
#define LK_API_DOCUMENT_CACHE_H

#include "base/arena.h"
#include "graphql/ast.h"

#include <stdatomic.h>

#define LK_DOCUMENT_DIGEST 32

/* Most of those who sent a document's text that are remembered; the last ones are. */
#define LK_DOCUMENT_SENDERS 16

/* A document with the memory it lives in. Read-only once it is shared. */
struct lk_document {
    struct lk_arena arena;
    uint8_t digest[LK_DOCUMENT_DIGEST];
    const struct gql_document *document; /* parsed from a text in the arena */

    atomic_uint references;
    size_t cost;                       /* bytes it counts for */
    struct lk_document *bucket_next;   /* the cache's, as is all that follows */
    struct lk_document *newer, *older; /* by last use */
    uint64_t senders[LK_DOCUMENT_SENDERS];
    size_t senders_len; /* how many there were; the next takes the place of the first */
};

struct lk_document_cache;

/* A cache of at most bytes_max bytes; 0 keeps nothing. NULL when out of memory. */
struct lk_document_cache *lk_document_cache_new(size_t bytes_max);

/* Lets go of all documents; those still in use live on until they are released. NULL is fine. */
void lk_document_cache_free(struct lk_document_cache *cache);

/* An empty document with one reference, whose arena hands out at most arena_max bytes; NULL when out of memory. */
struct lk_document *lk_document_new(size_t arena_max);

/* Gives a reference back. NULL is fine. */
void lk_document_release(struct lk_document *document);

/* The document with this digest and a reference to it, or NULL. sender: whoever asks (lk_document_sender). by_text: it has sent the text, which is remembered; else
 * the hash alone, and there is a document only if it has sent the text before. */
struct lk_document *lk_document_cache_get(struct lk_document_cache *cache, const uint8_t digest[LK_DOCUMENT_DIGEST], uint64_t sender,
                                          bool by_text);

/* Keeps a whole and valid document, unless its like is there already or it is larger than a sixteenth of the cache. The caller, who sent its text, keeps its
 * reference. */
void lk_document_cache_put(struct lk_document_cache *cache, struct lk_document *document, uint64_t sender);

/* A number for whoever sends documents: of an account, or of a session. */
uint64_t lk_document_sender(struct lk_slice who);

/* SHA-256 of a text. */
void lk_document_digest(struct lk_slice text, uint8_t out[LK_DOCUMENT_DIGEST]);

#endif
