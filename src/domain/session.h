/*
 * Logging in with e-mail address and password, and the sessions that come of it.
 *
 * An e-mail address is unique in an account only. So a login means every user of that address, and the token that it gives acts as each of them whose
 * password it was: in the account that a request names, or in the first (the oldest such user's).
 *
 * A login is three steps, because the passwords are checked on a thread that may be slow:
 *     lk_login_begin   on the store thread, in a job: who may be meant
 *     lk_login_check   on the background thread: Argon2id
 *     lk_login_end     on the store thread, in a second job: lockout, the IP allow list, what came of it, the session
 *
 * Who may not log in learns no reason: unknown address, wrong password, locked user and foreign network look alike, and an unknown address costs one check
 * and one commit too. The audit log of the account has the reason, except for attempts on a user who is locked already.
 *
 * Wrong passwords lock a user for a while. A password that opens another account of that address is no wrong one here, once it has been the password there for
 * as long as failures are remembered.
 */
#ifndef DOMAIN_SESSION_H
#define DOMAIN_SESSION_H

#include "domain/password.h"
#include "store/login.h"

/* Most accounts that one login opens: those of the oldest users. */
#define LK_LOGIN_ACCOUNTS_MAX 4

/* What lk_login_end and lk_authenticate_session go by. */
struct lk_login_rules {
    int64_t failures_max; /* so many wrong passwords */
    int64_t window_ms;    /* within so long lock a user */
    int64_t lock_ms;      /* for so long */
    int64_t idle_ms;      /* a session ends when it is not used for so long, */
    int64_t ttl_ms;       /* or so long after the login, whichever is first */
};

/* 5 in 15 minutes lock for 15 minutes; 12 hours, 7 days. */
struct lk_login_rules lk_login_rules_defaults(void);

/* Sets them. Before any other thread uses the domain. */
void lk_domain_set_login_rules(struct lk_domain *domain, const struct lk_login_rules *rules);

/* One attempt, from begin to end. */
struct lk_login {
    struct lk_login_candidate_row *candidates;
    size_t candidates_len;
    struct lk_password_task checks[LK_LOGIN_ACCOUNTS_MAX]; /* one for each candidate; one for nobody when there is none */
    size_t checks_len;
};

struct lk_login_account {
    struct lk_id id;
    struct lk_slice name;
};

struct lk_login_result {
    struct lk_slice token; /* in the arena; the caller wipes it once it is sent */
    struct lk_login_account accounts[LK_LOGIN_ACCOUNTS_MAX];
    size_t accounts_len; /* at least 1; the first is the default */
    enum lk_actor_kind actor_kind;
    struct lk_id actor_id; /* in the default account */
    struct lk_slice actor_name;
};

/* call needs no actor. password lives until lk_login_check is done. */
int lk_login_begin(struct lk_call *call, struct lk_slice email, struct lk_slice password, struct lk_login *ret);
void lk_login_check(struct lk_login *login);

/* Ends it: a whole of its own, between begin and end of no operation. LK_EUNAUTH "Invalid e-mail address or password", and then what it recorded of the
 * failure is to be kept; after any other error nothing of it is there. The address that the allow list is asked about is call->client_ip.
 * Beside its work it removes some sessions that expired. */
int lk_login_end(struct lk_call *call, struct lk_login *login, struct lk_login_result *ret);

/* Recognises a session token and sets call->actor to its key, or to its user in account (22 characters; ptr NULL, or one that the token does not open: the default).
 * LK_EUNAUTH "Invalid API Key" when it is malformed or unknown, expired, or ended: by logout, by deletion or a new password of the user. A lockout only keeps
 * new logins out. */
int lk_authenticate_session(struct lk_call *call, struct lk_slice token, struct lk_slice account);

/* Opens a session that acts as an API key, for as long as that secret is good: until the key is deleted, disabled or expired, or the secret is replaced.
 * Audited as the key's LOGIN. A whole of its own, as lk_login_end. LK_EUNAUTH as lk_authenticate_key, and then nothing was written. */
int lk_login_key(struct lk_call *call, struct lk_slice key, struct lk_login_result *ret);

/* Who a session acts as, and the accounts that it opens, of which the first is where its actor is: the default one, or where that user is gone or has another
 * password, the next. ret has no token. LK_EUNAUTH when it opens none. */
int lk_session_describe(struct lk_call *call, struct lk_slice token, struct lk_login_result *ret);

/* Ends a session in all its accounts. A whole of its own, as lk_login_end. LK_EUNAUTH when there is none. */
int lk_logout(struct lk_call *call, struct lk_slice token);

/* Whether a user of the actor's account is locked at this moment. */
int lk_user_is_locked(struct lk_call *call, const struct lk_id *user, bool *ret);

/* The user that acts, which may always see itself. LK_ENOTFOUND when it is none. */
int lk_user_self(struct lk_call *call, struct lk_user *ret);

#endif
