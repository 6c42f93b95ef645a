#include "api/request_id.h"

#include "base/encode.h"
#include "crypto/random.h"

void lk_request_id_make(char out[LK_REQUEST_ID_SIZE]) {
    uint8_t bytes[(LK_REQUEST_ID_SIZE - 1) / 2];
    lk_random_bytes(bytes, sizeof(bytes));
    lk_hex_encode(bytes, sizeof(bytes), out);
    out[LK_REQUEST_ID_SIZE - 1] = '\0';
}
