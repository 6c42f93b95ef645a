/* The C library: the keyring behind include/latchkey.h, with the writer's side behind a lock and the reader's side inside each call. */
#include "latchkey.h"

#include "base/clock.h"
#include "base/scope.h"
#include "crypto/crypto.h"
#include "crypto/random.h"
#include "crypto/token.h"
#include "keyring/verify.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#define TEXT(value) TEXT_OF(value)
#define TEXT_OF(value) #value
#define EXPRESSIONS 256
#define SCOPES_MAX 1000

_Static_assert(LATCHKEY_NAME_MAX == LK_KEYRING_NAME_MAX, "sizes of latchkey.h");
_Static_assert(LATCHKEY_DIGEST_BYTES == LK_DIGEST_BYTES, "sizes of latchkey.h");
_Static_assert(LATCHKEY_SECRET_BYTES == LK_MASTER_BYTES, "sizes of latchkey.h");
_Static_assert(sizeof(struct latchkey_id) == sizeof(struct lk_id), "sizes of latchkey.h");

struct latchkey {
    struct lk_keys *keys;
    struct lk_keyring *keyring;
    pthread_mutex_t writing;
};

struct latchkey_reader {
    struct lk_verifier verifier;
    struct lk_expression_cache *expressions;
};

/* No permission has a name of its own here: words of an expression are scopes. */
static const struct lk_vocabulary vocabulary;

/* Readers of this thread: it is registered with the keyrings of the process once. */
static _Thread_local unsigned readers_here;

static struct lk_id id_of(const struct latchkey_id *id) {
    struct lk_id copy;
    memcpy(copy.bytes, id->bytes, sizeof copy.bytes);
    return copy;
}

static int error_of(int code) {
    return code == 0 ? 0 : code == LK_ENOMEM ? LATCHKEY_NO_MEMORY : LATCHKEY_INVALID;
}

/* ---- open and close ---- */

static int derive(const uint8_t *secret, struct lk_keys **ret) {
    uint8_t bytes[LK_MASTER_BYTES];
    char text[2 * LK_MASTER_BYTES];
    if (secret == NULL)
        lk_random_bytes(bytes, sizeof bytes);
    else
        memcpy(bytes, secret, sizeof bytes);
    lk_hex_encode(bytes, sizeof bytes, text);
    struct lk_master *master;
    int code = lk_master_parse(lk_slice_make(text, sizeof text), &master, NULL);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(text, sizeof text);
    if (code != 0)
        return code;
    code = lk_keys_derive(master, ret);
    lk_master_free(master);
    return code;
}

int latchkey_open(const uint8_t secret[LATCHKEY_SECRET_BYTES], struct latchkey **ret) {
    struct latchkey *latchkey = calloc(1, sizeof *latchkey);
    if (latchkey == NULL)
        return LATCHKEY_NO_MEMORY;
    int code = lk_crypto_init() != 0 ? LK_ENOMEM : derive(secret, &latchkey->keys);
    if (code != 0)
        goto err1;
    code = lk_keyring_open(latchkey->keys, &vocabulary, 0, &latchkey->keyring);
    if (code != 0)
        goto err2;
    lk_keyring_alone(latchkey->keyring); /* whoever forks has no thread of ours to lose */
    pthread_mutex_init(&latchkey->writing, NULL);
    *ret = latchkey;
    return 0;

err2:
    lk_keys_free(latchkey->keys);
err1:
    free(latchkey);
    return error_of(code);
}

void latchkey_close(struct latchkey *latchkey) {
    if (latchkey == NULL)
        return;
    lk_keyring_close(latchkey->keyring);
    lk_keys_free(latchkey->keys);
    pthread_mutex_destroy(&latchkey->writing);
    free(latchkey);
}

/* ---- changes ---- */

static int change(struct latchkey *latchkey, const struct lk_keyring_change *changes) {
    pthread_mutex_lock(&latchkey->writing);
    int code = lk_keyring_apply(latchkey->keyring, changes, 1, NULL);
    pthread_mutex_unlock(&latchkey->writing);
    return error_of(code);
}

static int remove_by_id(struct latchkey *latchkey, enum lk_keyring_change_kind kind, const struct latchkey_id *id) {
    const struct lk_keyring_change removal = {.kind = kind, .id = id_of(id)};
    return change(latchkey, &removal);
}

void latchkey_digest(const struct latchkey *latchkey, const char *token, size_t token_len, uint8_t ret[LATCHKEY_DIGEST_BYTES]) {
    struct lk_digest digest;
    lk_digest_token(latchkey->keys, lk_slice_make(token, token_len), &digest);
    memcpy(ret, digest.bytes, sizeof digest.bytes);
}

/* The one of token and digest that is given. */
static int read_digest(const struct latchkey *latchkey, const struct latchkey_key *key, struct lk_digest *ret) {
    if ((key->token == NULL) == (key->digest == NULL))
        return LATCHKEY_INVALID;
    if (key->digest != NULL)
        memcpy(ret->bytes, key->digest, sizeof ret->bytes);
    else if (lk_token_check(lk_slice_cstr(key->token)) != LK_TOKEN_MALFORMED)
        latchkey_digest(latchkey, key->token, strlen(key->token), ret->bytes);
    else
        return LATCHKEY_INVALID;
    return 0;
}

static bool are_scopes(const char *const *texts, size_t len) {
    for (size_t i = 0; i < len; i++) {
        struct lk_slice scope = lk_slice_cstr(texts[i]);
        if (!lk_scope_is_spelled(scope) || lk_scope_is_reserved(scope))
            return false;
    }
    return true;
}

/* Texts as slices; *ret is for free. */
static int read_texts(const char *const *texts, size_t len, size_t max, struct lk_slice **ret) {
    if (len > max)
        return LATCHKEY_INVALID;
    struct lk_slice *slices = calloc(len + 1, sizeof slices[0]);
    if (slices == NULL)
        return LATCHKEY_NO_MEMORY;
    for (size_t i = 0; i < len; i++)
        slices[i] = lk_slice_cstr(texts[i]);
    *ret = slices;
    return 0;
}

int latchkey_put_key(struct latchkey *latchkey, const struct latchkey_key *key) {
    struct lk_keyring_digest digest = {.ends_at = LK_KEYRING_FOREVER};
    int code = read_digest(latchkey, key, &digest.digest);
    if (code != 0 || key->groups_len > LK_KEYRING_GROUPS_MAX)
        return LATCHKEY_INVALID;
    struct lk_id groups[LK_KEYRING_GROUPS_MAX];
    for (size_t i = 0; i < key->groups_len; i++)
        groups[i] = id_of(&key->groups[i]);
    struct lk_slice *ips;
    code = read_texts(key->allowed_ips, key->allowed_ips_len, LK_IP_LIST_MAX, &ips);
    if (code != 0)
        return code;
    const struct lk_keyring_key row = {
        .id = id_of(&key->id),
        .account_id = id_of(&key->account),
        .name = lk_slice_cstr(key->name != NULL ? key->name : ""),
        .digests = &digest,
        .digests_len = 1,
        .groups = groups,
        .groups_len = key->groups_len,
        .enabled = !key->disabled,
        .expires_at = key->expires_at_ms == 0 ? LK_KEYRING_FOREVER : key->expires_at_ms,
        .allowed_ips = ips,
        .allowed_ips_len = key->allowed_ips_len,
        .rate = {key->rate_limit, key->rate_window_ms},
    };
    const struct lk_keyring_change put = {.kind = LK_KEYRING_KEY, .key = &row};
    code = change(latchkey, &put);
    free(ips);
    return code;
}

int latchkey_put_group(struct latchkey *latchkey, const struct latchkey_id *id, const char *const *scopes, size_t scopes_len) {
    struct lk_slice *slices;
    if (scopes_len <= SCOPES_MAX && !are_scopes(scopes, scopes_len))
        return LATCHKEY_INVALID;
    int code = read_texts(scopes, scopes_len, SCOPES_MAX, &slices);
    if (code != 0)
        return code;
    const struct lk_keyring_group row = {.id = id_of(id), .grants = {.scopes = slices, .scopes_len = scopes_len}};
    const struct lk_keyring_change put = {.kind = LK_KEYRING_GROUP, .group = &row};
    code = change(latchkey, &put);
    free(slices);
    return code;
}

int latchkey_remove_key(struct latchkey *latchkey, const struct latchkey_id *id) {
    return remove_by_id(latchkey, LK_KEYRING_KEY_REMOVE, id);
}

int latchkey_remove_group(struct latchkey *latchkey, const struct latchkey_id *id) {
    return remove_by_id(latchkey, LK_KEYRING_GROUP_REMOVE, id);
}

/* ---- verification ---- */

int latchkey_reader_open(struct latchkey *latchkey, struct latchkey_reader **ret) {
    struct latchkey_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return LATCHKEY_NO_MEMORY;
    if (lk_expression_cache_open(&vocabulary, EXPRESSIONS, &reader->expressions) != 0) {
        free(reader);
        return LATCHKEY_NO_MEMORY;
    }
    lk_verifier_init(&reader->verifier, latchkey->keyring, NULL);
    if (readers_here++ == 0) {
        lk_keyring_reader_register();
        lk_keyring_reader_offline(); /* but for the time of a verification: a thread that sleeps holds up nobody */
    }
    *ret = reader;
    return 0;
}

void latchkey_reader_close(struct latchkey_reader *reader) {
    if (reader == NULL)
        return;
    if (--readers_here == 0)
        lk_keyring_reader_unregister();
    lk_expression_cache_close(reader->expressions);
    free(reader);
}

static void describe(const struct lk_verify_answer *from, struct latchkey_answer *ret) {
    ret->known = true;
    memcpy(ret->id.bytes, from->key_id.bytes, sizeof ret->id.bytes);
    memcpy(ret->account.bytes, from->account_id.bytes, sizeof ret->account.bytes);
    memcpy(ret->name, from->name.ptr, from->name.len);
    ret->name[from->name.len] = '\0';
    ret->expires_at_ms = from->expires_at == LK_KEYRING_FOREVER ? 0 : from->expires_at;
    ret->has_rate = from->has_rate;
    ret->rate_remaining = from->rate.remaining;
    ret->rate_reset_ms = from->rate.reset_ms;
}

/* What of the request has to be read first. false when it is not what it must be. */
static bool read_request(struct latchkey_reader *reader, const struct latchkey_request *request, struct lk_verify_request *ret,
                         struct lk_ip *ip) {
    if (request->ip != NULL) {
        if (lk_ip_parse(lk_slice_cstr(request->ip), ip) != 0)
            return false;
        ret->ip = ip;
    }
    return request->require == NULL ||
           lk_expression_cache_get(reader->expressions, lk_slice_cstr(request->require), &ret->require, NULL) == 0;
}

bool latchkey_verify(struct latchkey_reader *reader, const struct latchkey_request *request, struct latchkey_answer *ret) {
    struct lk_ip ip;
    struct lk_verify_request question = {
        .token = lk_slice_make(request->token, request->token_len),
        .cost = request->cost,
        .now_ms = lk_clock_wall_ms(),
        .mono_ns = lk_clock_mono_ns(),
    };
    ret->outcome = LATCHKEY_BAD_REQUEST;
    ret->known = false;
    if (!read_request(reader, request, &question, &ip))
        return false;
    struct lk_verify_answer answer;
    lk_keyring_reader_online();
    ret->outcome = (enum latchkey_outcome)lk_verify(&reader->verifier, &question, &answer);
    if (answer.known)
        describe(&answer, ret);
    lk_keyring_reader_offline();
    return ret->outcome == LATCHKEY_VALID;
}

/* ---- names ---- */

const char *latchkey_outcome_name(enum latchkey_outcome outcome) {
    if ((unsigned)outcome >= LK_VERIFY_CODES)
        return "BAD_REQUEST";
    return lk_verify_code_name((enum lk_verify_code)outcome);
}

const char *latchkey_version(void) {
    return TEXT(LATCHKEY_VERSION_MAJOR) "." TEXT(LATCHKEY_VERSION_MINOR) "." TEXT(LATCHKEY_VERSION_PATCH);
}
