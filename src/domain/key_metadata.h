/* The metadata of a key as stored: a JSON object of strings. For this room. */
#ifndef DOMAIN_KEY_METADATA_H
#define DOMAIN_KEY_METADATA_H

#include "domain/api_key.h"

/* Checks what a client gave and makes the document, sorted by key. LK_EINVAL (a key twice, blank or too long, too many), LK_ENOMEM. */
int lk_metadata_write(struct lk_call *call, const struct lk_metadata *metadata, size_t len, struct lk_slice *ret);

/* Reads a document. LK_ECORRUPT, LK_ENOMEM (problem set). */
int lk_metadata_read(struct lk_call *call, struct lk_slice document, const struct lk_metadata **ret, size_t *ret_len);

#endif
