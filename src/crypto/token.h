/*
 * The text of an API key:
 *
 *     lk_  22 digits: the account's 16 bytes  43 digits: 32 random bytes  6 digits: CRC-32 of the 68 characters before
 *
 * 74 characters, digits base62 (0-9A-Za-z), big-endian, zero-padded. The checksum is no secret: it lets a mistyped key be refused without a
 * look-up, and scanners be sure. Keys imported from elsewhere are any 16 to 512 visible ASCII characters, but for those of this form whose checksum is
 * wrong.
 */
#ifndef LK_CRYPTO_TOKEN_H
#define LK_CRYPTO_TOKEN_H

#include "base/error.h"
#include "base/id.h"

#define LK_TOKEN_LEN 74
#define LK_TOKEN_IMPORT_MIN 16
#define LK_TOKEN_IMPORT_MAX 512

/* Most bytes of a preview, NUL included: "lk_", U+2026 as three bytes, four characters. */
#define LK_TOKEN_PREVIEW_SIZE 11

enum lk_token_kind {
    LK_TOKEN_MALFORMED, /* can be no key: refuse it without hashing */
    LK_TOKEN_OURS,      /* the format above, checksum right */
    LK_TOKEN_FOREIGN,   /* may be an imported key */
};

/* A new token for account, with its NUL. The caller wipes it. */
void lk_token_make(const struct lk_id *account, char out[LK_TOKEN_LEN + 1]);

/* What token can be. Anything of the form above is ours or malformed; anything else is foreign when it may be imported, else malformed. Any thread,
 * allocates nothing. */
enum lk_token_kind lk_token_check(struct lk_slice token);

/* The account written in a token of ours. 0, or LK_EINVAL when it is not one (lk_token_check). */
int lk_token_parse(struct lk_slice token, struct lk_id *ret_account);

/* Whether token may be imported: 16 to 512 visible ASCII characters (0x21 to 0x7E), and whole if it has the form above. */
bool lk_token_importable(struct lk_slice token);

/* Whether token reads as one of ours, lk_[0-9A-Za-z]{71}, be its checksum right or wrong. */
bool lk_token_has_form(struct lk_slice token);

/* Whether token begins with "lk_" and is not whole: one of ours that was cut or mistyped, unless it was imported as it is. */
bool lk_token_is_damaged(struct lk_slice token);

/* Whether a whole one of ours stands anywhere in a text. Linear. */
bool lk_token_within(struct lk_slice text);

/* What is shown of a key that is not shown: "lk_…" and its last four characters, with a NUL. token is one that lk_token_check does not call malformed.
 * One that does not begin with "lk_" is shown without it. */
void lk_token_preview(struct lk_slice token, char out[LK_TOKEN_PREVIEW_SIZE]);

#endif
