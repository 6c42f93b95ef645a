/* Ids: 16 bytes, shown as 22 characters of base64url. Made in crypto/random.h. */
#ifndef LK_BASE_ID_H
#define LK_BASE_ID_H

#include "base/encode.h"

#define LK_ID_BYTES 16
#define LK_ID_TEXT 22

struct lk_id {
    uint8_t bytes[LK_ID_BYTES];
};

/* The 22 characters and a NUL, so that it prints with %s. */
struct lk_id_text {
    char text[LK_ID_TEXT + 1];
};

static inline struct lk_id_text lk_id_format(const struct lk_id *id) {
    struct lk_id_text out;
    lk_base64url_encode(id->bytes, LK_ID_BYTES, out.text);
    out.text[LK_ID_TEXT] = '\0';
    return out;
}

/* 0, or LK_EINVAL when text is not the one spelling of an id; *ret is then untouched. */
static inline int lk_id_parse(struct lk_slice text, struct lk_id *ret) {
    struct lk_id id = {{0}};
    int code = lk_base64url_decode(text, id.bytes, LK_ID_BYTES);
    if (code == 0)
        *ret = id;
    return code;
}

static inline bool lk_id_equal(const struct lk_id *a, const struct lk_id *b) {
    return memcmp(a->bytes, b->bytes, LK_ID_BYTES) == 0;
}

static inline bool lk_id_is_zero(const struct lk_id *id) {
    static const struct lk_id zero;
    return lk_id_equal(id, &zero);
}

#endif
