/* Random bytes from the kernel (getrandom): fit for keys. Any thread. They cannot fail: without a source of randomness lk_crypto_init fails. */
#ifndef LK_CRYPTO_RANDOM_H
#define LK_CRYPTO_RANDOM_H

#include "base/id.h"

void lk_random_bytes(void *out, size_t len);

/* A new id: 48 bits of the wall clock in milliseconds, big-endian, then 80 random bits (the idea of UUID version 7, RFC 9562). Ids made one after
 * another lie beside one another in every index, which is what makes creating keys cheap: with wholly random ids each one dirties a page of each
 * index. An id is a name, not a secret: nothing is granted for knowing one. */
struct lk_id lk_id_new(void);

/* When lk_id_new made an id: milliseconds since 1970. */
int64_t lk_id_made_at(const struct lk_id *id);

#endif
