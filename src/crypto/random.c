#include "crypto/random.h"

#include "base/clock.h"

#include <sodium.h>

/* Leading bytes of an id that hold the time. */
#define TIME_BYTES ((size_t)6)

void lk_random_bytes(void *out, size_t len) {
    randombytes_buf(out, len);
}

struct lk_id lk_id_new(void) {
    struct lk_id id;
    lk_random_bytes(id.bytes, sizeof(id.bytes));
    uint64_t now = (uint64_t)lk_clock_wall_ms();
    for (size_t i = 0; i < TIME_BYTES; i++)
        id.bytes[i] = (uint8_t)(now >> (8 * (TIME_BYTES - 1 - i)));
    return id;
}

int64_t lk_id_made_at(const struct lk_id *id) {
    int64_t time = 0;
    for (size_t i = 0; i < TIME_BYTES; i++)
        time = time << 8 | id->bytes[i];
    return time;
}
