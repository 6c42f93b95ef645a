#include "crypto/random.h"

#include <sodium.h>

void lk_random_bytes(void *out, size_t len) {
    randombytes_buf(out, len);
}

struct lk_id lk_random_id(void) {
    struct lk_id id;
    randombytes_buf(id.bytes, sizeof id.bytes);
    return id;
}
