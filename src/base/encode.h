/*
 * Bytes as text: base64url (RFC 4648 section 5, no padding), standard base64 (section 4), hexadecimal and fixed-width base62. All strict:
 * a text decodes only if encoding the result gives the same text again, so one value has one spelling (two in standard base64, which may lack its padding).
 */
#ifndef LK_BASE_ENCODE_H
#define LK_BASE_ENCODE_H

#include "base/slice.h"

#include <stdint.h>

/* Characters that len bytes take in unpadded base64url. */
#define LK_BASE64URL_LEN(len) (((len)*4 + 2) / 3)

/* Writes LK_BASE64URL_LEN(len) characters to out, no NUL. */
void lk_base64url_encode(const uint8_t *bytes, size_t len, char *out);

/* Decodes exactly len bytes. 0, or LK_EINVAL (wrong length, foreign character, non-zero spare bits); out is then undefined. */
int lk_base64url_decode(struct lk_slice text, uint8_t *out, size_t len);

/* Decodes standard base64 with or without padding into out (room for text.len * 3 / 4 bytes). Returns the bytes written or LK_EINVAL. */
long lk_base64_decode(struct lk_slice text, uint8_t *out);

/* Writes 2 * len lower-case digits, no NUL. */
void lk_hex_encode(const uint8_t *bytes, size_t len, char *out);

/* Base62 with digits 0-9A-Za-z: bytes as one big-endian number in exactly digits characters, zero-padded. The number must fit (the caller
 * chooses digits so that it does; 22 for 16 bytes, 43 for 32, 6 for 4). At most 64 bytes. */
void lk_base62_encode(const uint8_t *bytes, size_t len, char *out, size_t digits);

/* The inverse. 0, or LK_EINVAL for a foreign character or a number that does not fit len bytes; out is then undefined. */
int lk_base62_decode(struct lk_slice text, uint8_t *out, size_t len);

/* CRC-32 as in IEEE 802.3 (polynomial 0x04C11DB7 reflected, initial and final value 0xFFFFFFFF). */
uint32_t lk_crc32(struct lk_slice bytes);

#endif
