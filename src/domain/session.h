/*
 * Logins by e-mail address and password, and the sessions that come of them.
 *
 * A login is three steps, because a password takes a tenth of a second to check and the store thread must not wait for it:
 *   1. store thread:  lk_login_begin gives who may be meant, with their password hashes.
 *   2. background:    lk_password_verify for each candidate in turn, up to the first that fits.
 *   3. store thread, between lk_operation_begin and lk_operation_end: lk_login_succeed for the one that fitted, or lk_login_fail for all.
 * Unknown address, wrong password, a lock and an address that is not on the list of its account all take the same steps, the same time and the
 * same words.
 *
 * After LK_LOGIN_FAILURES_MAX wrong passwords in a row a user is locked for LK_LOGIN_LOCK_MS.
 *
 * A session token is "lks_" and 43 base62 digits (32 random bytes). It is kept as a MAC under the session key only.
 */
#ifndef DOMAIN_SESSION_H
#define DOMAIN_SESSION_H

#include "domain/account.h"
#include "domain/user.h"

#define LK_SESSION_PREFIX "lks_"
#define LK_SESSION_TOKEN_LEN 47
#define LK_SESSION_LIFETIME_MS ((int64_t)12 * 3600 * 1000)

#define LK_LOGIN_FAILURES_MAX 5
#define LK_LOGIN_LOCK_MS ((int64_t)15 * 60 * 1000)

/* What every refused login says. */
#define LK_LOGIN_REFUSED "Invalid user or password"

/* Most users that one address may mean (one in each account). */
#define LK_LOGIN_CANDIDATES_MAX 8

struct lk_login_candidate {
    struct lk_id user_id; /* zero: nobody */
    struct lk_id account_id;
    struct lk_slice email;
    struct lk_slice password_hash;
    const char *refusal; /* NULL, or why this one may not log in now: then no password fits the hash */
};

/* A login that succeeded. */
struct lk_login {
    struct lk_slice token;
    int64_t expires_at;
    struct lk_user user;
    struct lk_account account;
};

/* The rules for a new password: 8 to LK_PASSWORD_MAX bytes of well-formed UTF-8 without control characters. LK_EINVAL. Any thread. */
int lk_password_rules(struct lk_slice password, struct lk_problem *problem);

/* Step 1. account (22 characters; ptr NULL: any) narrows it. Gives at least one candidate. Needs no actor. */
int lk_login_begin(struct lk_call *call, struct lk_slice account, struct lk_slice email,
                   struct lk_login_candidate ret[LK_LOGIN_CANDIDATES_MAX], size_t *ret_len);

/* Step 3, when the password fitted. The candidate must be as it was (LK_EUNAUTH when it changed or was locked meanwhile). Sets call->actor to the user,
 * opens a session, audits it. */
int lk_login_succeed(struct lk_call *call, const struct lk_login_candidate *candidate, struct lk_login *ret);

/* Step 3, when no password fitted: counts, locks, audits. 0 when that is done; the operation must then be kept. */
int lk_login_fail(struct lk_call *call, const struct lk_login_candidate *candidates, size_t len);

/* Recognises a session token and sets call->actor to its user. LK_EUNAUTH, always with the same words, when it is malformed, unknown or expired. */
int lk_authenticate_session(struct lk_call *call, struct lk_slice token);

/* Ends a session; 0 too when there is none. */
int lk_session_end(struct lk_call *call, struct lk_slice token);

/* Gives a user a password (a hash by lk_password_hash, made before on another thread) and ends its sessions. A user may do it to itself; anybody else
 * needs MANAGE_USERS_AND_GROUPS, and by the grant rule all that the user holds. LK_ENOTFOUND "User does not exist". */
int lk_user_set_password(struct lk_call *call, struct lk_slice id, struct lk_slice hash);

#endif
