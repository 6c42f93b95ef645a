/* A small world for the tests of the keyring: a vocabulary, server keys, ids and tokens by number. */
#ifndef LK_TESTS_KEYRING_FIXTURE_H
#define LK_TESTS_KEYRING_FIXTURE_H

#include "../unit.h"

#include "../crypto/master_of.h"
#include "crypto/crypto.h"
#include "keyring/verify.h"

#include <stdio.h>

enum { PERM_MANAGE_KEYS, PERM_VIEW, PERM_AUDIT };

static const struct lk_slice test_account_names[] = {LK_SLICE("MANAGE_API_KEYS"), LK_SLICE("VIEW_USERS"), LK_SLICE("VIEW_AUDITS")};
static const struct lk_slice test_types[] = {LK_SLICE("ALL"), LK_SLICE("ENV"), LK_SLICE("SERVICE")};
static const struct lk_slice test_actions[] = {LK_SLICE("CREATE"), LK_SLICE("READ"), LK_SLICE("UPDATE")};

static const struct lk_vocabulary test_vocabulary = {
    .account = test_account_names,
    .account_len = 3,
    .types = test_types,
    .types_len = 3,
    .actions = test_actions,
    .actions_len = 3,
    .literal_scope = LK_SLICE("latchkey.operator"),
};

static inline struct lk_keys *test_keys(void) {
    assert_int_equal(lk_crypto_init(), 0);
    return keys_of(0);
}

static inline struct lk_id id_of(uint32_t number) {
    struct lk_id id = {{0}};
    memcpy(id.bytes, &number, sizeof number);
    return id;
}

struct test_token {
    char text[32];
};

static inline struct test_token token_of(uint32_t number) {
    struct test_token token;
    (void)snprintf(token.text, sizeof token.text, "token-number-%010u", number);
    return token;
}

static inline struct lk_keyring_digest digest_of(const struct lk_keys *keys, uint32_t number) {
    struct lk_keyring_digest digest = {.ends_at = LK_KEYRING_FOREVER};
    struct test_token token = token_of(number);
    lk_digest_token(keys, lk_slice_cstr(token.text), &digest.digest);
    return digest;
}

/* A key of account 1000, enabled for ever; the caller sets digests. */
static inline struct lk_keyring_key key_of(uint32_t number, const struct lk_keyring_digest *digests, size_t len) {
    return (struct lk_keyring_key){
        .id = id_of(number),
        .account_id = id_of(1000),
        .name = lk_slice_cstr("name"),
        .digests = digests,
        .digests_len = len,
        .enabled = true,
        .expires_at = LK_KEYRING_FOREVER,
    };
}

static inline int put_key(struct lk_keyring *keyring, const struct lk_keyring_key *key) {
    struct lk_keyring_change change = {.kind = LK_KEYRING_KEY, .key = key};
    return lk_keyring_apply(keyring, &change, 1, NULL);
}

static inline int put_group(struct lk_keyring *keyring, uint32_t number, const struct lk_grants *grants) {
    struct lk_keyring_group group = {.id = id_of(number), .grants = *grants};
    struct lk_keyring_change change = {.kind = LK_KEYRING_GROUP, .group = &group};
    return lk_keyring_apply(keyring, &change, 1, NULL);
}

static inline int put_id(struct lk_keyring *keyring, enum lk_keyring_change_kind kind, uint32_t number) {
    struct lk_keyring_change change = {.kind = kind, .id = id_of(number)};
    return lk_keyring_apply(keyring, &change, 1, NULL);
}

static inline enum lk_verify_code ask(struct lk_verifier *verifier, uint32_t token_number, const struct lk_expression *require,
                                      struct lk_verify_answer *ret) {
    struct test_token token = token_of(token_number);
    struct lk_verify_request request = {
        .token = lk_slice_cstr(token.text), .require = require, .cost = 1, .now_ms = 1000, .mono_ns = 1000000000};
    return lk_verify(verifier, &request, ret);
}

#endif
