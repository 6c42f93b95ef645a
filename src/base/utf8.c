#include "base/utf8.h"

#include "base/error.h"

int lk_utf8_decode(struct lk_slice text, uint32_t *ret) {
    const unsigned char *p = (const unsigned char *)text.ptr;
    if (p[0] < 0x80) {
        *ret = p[0];
        return 1;
    }
    int more;
    uint32_t least;
    uint32_t value;
    if ((p[0] & 0xE0U) == 0xC0U) {
        more = 1;
        least = 0x80;
        value = p[0] & 0x1FU;
    } else if ((p[0] & 0xF0U) == 0xE0U) {
        more = 2;
        least = 0x800;
        value = p[0] & 0x0FU;
    } else if ((p[0] & 0xF8U) == 0xF0U) {
        more = 3;
        least = 0x10000;
        value = p[0] & 0x07U;
    } else {
        return LK_EINVAL;
    }
    if (text.len < (size_t)more + 1)
        return LK_EINVAL;
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xC0U) != 0x80U)
            return LK_EINVAL;
        value = (value << 6) | (p[i] & 0x3FU);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return LK_EINVAL;
    *ret = value;
    return more + 1;
}

int lk_utf8_encode(uint32_t code_point, char out[4]) {
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xC0U | code_point >> 6);
        out[1] = (char)(0x80U | (code_point & 0x3FU));
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (char)(0xE0U | code_point >> 12);
        out[1] = (char)(0x80U | ((code_point >> 6) & 0x3FU));
        out[2] = (char)(0x80U | (code_point & 0x3FU));
        return 3;
    }
    out[0] = (char)(0xF0U | code_point >> 18);
    out[1] = (char)(0x80U | ((code_point >> 12) & 0x3FU));
    out[2] = (char)(0x80U | ((code_point >> 6) & 0x3FU));
    out[3] = (char)(0x80U | (code_point & 0x3FU));
    return 4;
}

bool lk_utf8_valid(struct lk_slice text) {
    while (text.len > 0) {
        uint32_t code_point;
        int len = lk_utf8_decode(text, &code_point);
        if (len < 0)
            return false;
        text.ptr += len;
        text.len -= (size_t)len;
    }
    return true;
}
