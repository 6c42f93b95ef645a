/*
 * Latchkey in a process of your own: whether an API key may do something, answered in less than a microsecond without asking anybody.
 *
 *     struct latchkey *keys;                          the keyring of the process
 *     latchkey_open(secret, &keys);
 *     latchkey_put_group(keys, &group, scopes, 1);    what the keys in a group may do
 *     latchkey_put_key(keys, &key);                   in force when it returns, for every thread
 *
 *     struct latchkey_reader *reader;                 one for each thread that verifies
 *     latchkey_reader_open(keys, &reader);
 *     if (!latchkey_verify(reader, &request, &answer))
 *         refuse(latchkey_outcome_name(answer.outcome));
 *
 * Where the keys come from is yours: this library reads no database and follows no server. Feed it from what you keep, and keep latchkey_digest's
 * value rather than the token. It is the code that the server verifies with, and the answers are the same.
 *
 * Permissions are scopes ("invoices.read"; a group that gives "invoices.*" gives that too): up to 255 letters, digits and ._-:/ that may end in .* or be *.
 * Expressions join them with AND, OR, NOT and parentheses. Account and application permissions are the server's.
 *
 * Functions that return int return 0 or a negative enum latchkey_error, and then have changed nothing. Pointers that are passed are lent for the
 * call. No function prints, exits, handles signals or starts a thread; strings end with NUL. Link with `pkg-config --cflags --libs latchkey`.
 *
 * A process may fork with keyrings and readers open while no other thread has a reader or is in a call: then the child has its own copy of all, and goes on with it.
 * Else the child may only exec. Readers are registered with liburcu-qsbr: a thread that a program registers there itself cannot have any.
 */
#ifndef LATCHKEY_H
#define LATCHKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LATCHKEY_VERSION_MAJOR 0
#define LATCHKEY_VERSION_MINOR 1
#define LATCHKEY_VERSION_PATCH 0

#define LATCHKEY_SECRET_BYTES 32
#define LATCHKEY_DIGEST_BYTES 32
#define LATCHKEY_NAME_MAX 255

enum latchkey_error {
    LATCHKEY_NO_MEMORY = -1,
    LATCHKEY_INVALID = -2, /* an argument is not what it must be, or is past a limit */
};

/* In the order in which they are checked. */
enum latchkey_outcome {
    LATCHKEY_MALFORMED, /* no token can look like this, or it is not known and begins with "lk_" without being whole */
    LATCHKEY_NOT_FOUND,
    LATCHKEY_DISABLED,
    LATCHKEY_EXPIRED,
    LATCHKEY_IP_NOT_ALLOWED,
    LATCHKEY_INSUFFICIENT_PERMISSIONS,
    LATCHKEY_RATE_LIMITED,
    LATCHKEY_USAGE_EXCEEDED,
    LATCHKEY_VALID,
    LATCHKEY_BAD_REQUEST, /* request.require is no expression or request.ip no address; or there was no memory to read them */
};

struct latchkey;
struct latchkey_reader;

struct latchkey_id {
    uint8_t bytes[16];
};

struct latchkey_key {
    struct latchkey_id id;
    struct latchkey_id account;
    const char *name;      /* at most LATCHKEY_NAME_MAX bytes; NULL: none */
    const char *token;     /* 16 to 512 visible characters, or one of the server's; not kept */
    const uint8_t *digest; /* instead of token: what latchkey_digest gave for it under the same secret */
    const struct latchkey_id *groups;
    size_t groups_len; /* at most 100. A group that is not known gives nothing until it is */
    bool disabled;
    int64_t expires_at_ms;          /* Unix time; 0: never */
    const char *const *allowed_ips; /* addresses and CIDR blocks, at most 1000; none: from anywhere */
    size_t allowed_ips_len;
    uint32_t rate_limit; /* verifications in each window, and at once; 0: no limit */
    uint32_t rate_window_ms;
};

struct latchkey_request {
    const char *token; /* as it was presented, of token_len bytes: it needs no NUL */
    size_t token_len;
    const char *require; /* an expression; NULL: any key that is valid */
    const char *ip;      /* of the client; NULL: not known, and a key with allowed_ips is refused */
    uint32_t cost;       /* units of the rate limit: 1, or 0 to only look */
};

struct latchkey_answer {
    enum latchkey_outcome outcome;
    bool known; /* the key is there, and what follows is set */
    struct latchkey_id id;
    struct latchkey_id account;
    char name[LATCHKEY_NAME_MAX + 1];
    int64_t expires_at_ms; /* 0: never */
    bool has_rate;         /* the key has a limit, and the check came to it */
    uint32_t rate_remaining;
    int64_t rate_reset_ms; /* from now until the whole limit is there again */
};

/* An empty keyring. secret is what digests are made with: keep it, apart from them, if you keep digests; NULL makes a random one that dies with
 * the process. All zeros are none: LATCHKEY_INVALID. */
int latchkey_open(const uint8_t secret[LATCHKEY_SECRET_BYTES], struct latchkey **ret);

/* After all its readers were closed. Wipes the secret. NULL is fine. */
void latchkey_close(struct latchkey *latchkey);

/* What to keep instead of a token: HMAC-SHA-256 under a key derived from the secret. Any thread. */
void latchkey_digest(const struct latchkey *latchkey, const char *token, size_t token_len, uint8_t ret[LATCHKEY_DIGEST_BYTES]);

/* Changes: from any thread, one after another. When one has returned, every verification that begins later knows it. A change may wait for verifications
 * under way, and for nothing else that readers do. A put replaces what there was (a rate goes on counting); removing what is not there is fine. A token or digest
 * that another key had goes over to the key that was put last. A group has at most 1000 scopes. */
int latchkey_put_key(struct latchkey *latchkey, const struct latchkey_key *key);
int latchkey_put_group(struct latchkey *latchkey, const struct latchkey_id *id, const char *const *scopes, size_t scopes_len);
int latchkey_remove_key(struct latchkey *latchkey, const struct latchkey_id *id);
int latchkey_remove_group(struct latchkey *latchkey, const struct latchkey_id *id);

/* A thread's own: opened, used and closed on that thread, before it ends. It may have several, of one keyring or more. */
int latchkey_reader_open(struct latchkey *latchkey, struct latchkey_reader **ret);
void latchkey_reader_close(struct latchkey_reader *reader);

/* True only when the answer is LATCHKEY_VALID. Takes no lock and allocates nothing, but to compile an expression that this reader has not seen
 * lately. Everything in the answer is a copy. */
bool latchkey_verify(struct latchkey_reader *reader, const struct latchkey_request *request, struct latchkey_answer *ret);

/* "VALID", as the server spells it. */
const char *latchkey_outcome_name(enum latchkey_outcome outcome);

/* "0.1.0": of the library that runs, where the macros are of the header that was compiled. */
const char *latchkey_version(void);

#ifdef __cplusplus
}
#endif

#endif
