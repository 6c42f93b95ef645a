/*
 * Parsed permission documents by their text. Few different documents serve many requests, and reading one costs more than all other work of
 * authenticating. Looked up by the whole text, so nothing ever has to be invalidated: a changed group has another text.
 *
 * Belongs to the store thread. What it returns lives until the next lk_permission_cache_trim.
 */
#ifndef DOMAIN_PERMISSION_CACHE_H
#define DOMAIN_PERMISSION_CACHE_H

#include "domain/permission.h"

struct lk_permission_cache;

/* LK_ENOMEM. */
int lk_permission_cache_open(struct lk_permission_cache **ret);

/* NULL is fine. */
void lk_permission_cache_close(struct lk_permission_cache *cache);

/* Empties it if it has become large. Between calls only: it ends the life of what was returned. */
void lk_permission_cache_trim(struct lk_permission_cache *cache);

/* The set that document holds, normalised; nobody may change it. When the cache has no room the set is in arena instead. LK_ECORRUPT, LK_ENOMEM. */
int lk_permission_cache_read(struct lk_permission_cache *cache, struct lk_slice document, struct lk_arena *arena,
                             struct lk_permissions *ret);

#endif
