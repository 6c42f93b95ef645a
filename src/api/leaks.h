/*
 * Leaked keys: who has seen a secret where it does not belong reports it, and the key is disabled. Knowing the secret is the proof, so that nobody learns
 * or ends anything here that the secret itself would not give.
 *
 *     POST /v1/leaks/github     GitHub's secret-scanning partner protocol: the body is signed by GitHub
 *     POST /v1/revoke-leaked    {"tokens": [...]} from anybody, 60 requests an hour from an address; the answer is the same whatever was known
 *
 * Tokens that the keyring does not know go no further than the I/O thread.
 */
#ifndef LK_API_LEAKS_H
#define LK_API_LEAKS_H

#include "api/lanes.h"
#include "api/rate_table.h"
#include "api/turns.h"
#include "domain/call.h"

#include <pthread.h>

#define LK_LEAKS_MAX 1000

struct lk_leak_keys;

struct lk_leak_service {
    const struct lk_lanes *lanes;
    struct lk_domain *domain;
    struct lk_executor *executor;
    struct lk_turns *turns;
    pthread_rwlock_t lock;         /* guards keys */
    struct lk_leak_keys *keys;     /* GitHub's; NULL: its endpoint is not offered */
    struct lk_rate_table *finders; /* by address */
    struct lk_rate_table *forgers; /* signatures that are not GitHub's */
};

/* keys_file: the answer of GitHub's meta/public_keys/secret_scanning, saved; empty: none. LK_ENOTFOUND, LK_EINVAL, LK_ENOMEM with a sentence. lanes, domain,
 * executor and turns are set by the caller before the first request. */
int lk_leak_service_open(const char *keys_file, struct lk_leak_service *ret, struct lk_problem *problem);

/* Reads the file again; on failure the old keys stay. Any thread. */
int lk_leak_service_reload(struct lk_leak_service *service, const char *keys_file, struct lk_problem *problem);

/* After open succeeded; of a zeroed one nothing. */
void lk_leak_service_close(struct lk_leak_service *service);

/* http_handlers with a struct lk_leak_service. */
void lk_leaks_handle_github(struct http_request *request, void *context);
void lk_leaks_handle_finder(struct http_request *request, void *context);

/* --- GitHub's public keys, in leak_keys.c --- */

/* Reads the file. */
int lk_leak_keys_load(const char *path, struct lk_leak_keys **ret, struct lk_problem *problem);
void lk_leak_keys_free(struct lk_leak_keys *keys);

/* Whether signature (base64 of DER) is that of the key called identifier over body. */
bool lk_leak_keys_check(const struct lk_leak_keys *keys, struct lk_slice identifier, struct lk_slice signature, struct lk_slice body);

#endif
