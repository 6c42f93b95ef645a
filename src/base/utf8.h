/* UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef LK_BASE_UTF8_H
#define LK_BASE_UTF8_H

#include "base/slice.h"

#include <stdint.h>

/* Decodes the first character of text (len at least 1). Returns the bytes it takes (1 to 4) and sets *ret, or LK_EINVAL. */
int lk_utf8_decode(struct lk_slice text, uint32_t *ret);

/* Writes code point (a valid scalar value) as 1 to 4 bytes to out; returns how many. */
int lk_utf8_encode(uint32_t code_point, char out[4]);

/* Whether all of text is well-formed. */
bool lk_utf8_valid(struct lk_slice text);

#endif
