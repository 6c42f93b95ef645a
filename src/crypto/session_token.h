/*
 * The text of a session token, which a login gives:
 *
 *     lks_  43 digits: 32 random bytes  6 digits: CRC-32 of the 47 characters before
 *
 * 53 characters, digits base62 (0-9A-Za-z), big-endian, zero-padded: an API key's form (crypto/token.h) without the account, since one login may open
 * several. The database knows it by its digest under the session key only.
 */
#ifndef LK_CRYPTO_SESSION_TOKEN_H
#define LK_CRYPTO_SESSION_TOKEN_H

#include "crypto/keys.h"

#define LK_SESSION_TOKEN_PREFIX "lks_"
#define LK_SESSION_TOKEN_LEN 53

/* A new token, with its NUL. The caller wipes it. */
void lk_session_token_make(char out[LK_SESSION_TOKEN_LEN + 1]);

/* Whether a text begins as session tokens do, so that it is none of an API key. */
bool lk_session_token_like(struct lk_slice text);

/* Whether it can be one: length, digits and checksum. Any thread, allocates nothing. */
bool lk_session_token_check(struct lk_slice text);

/* HMAC-SHA-256(session key, token). */
void lk_session_token_digest(const struct lk_keys *keys, struct lk_slice token, uint8_t out[LK_MAC_BYTES]);

#endif
