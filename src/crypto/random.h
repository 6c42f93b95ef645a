/* Random bytes from the kernel (getrandom): fit for keys. Any thread. They cannot fail: without a source of randomness lk_crypto_init fails. */
#ifndef LK_CRYPTO_RANDOM_H
#define LK_CRYPTO_RANDOM_H

#include "base/id.h"

void lk_random_bytes(void *out, size_t len);

/* A new id: 128 random bits. */
struct lk_id lk_random_id(void);

#endif
