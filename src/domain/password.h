/*
 * Passwords of users, and how an operation gets one hashed.
 *
 * Argon2id takes a tenth of a second, and operations run on the store thread, which must not wait so long. So an operation that needs a password hashed or
 * checked writes that down as a task and ends with LK_EBUSY; its request is undone (lk_request_end), the tasks are run on the background thread, and
 * the request runs again from its beginning with what they gave. It is authorised before anything is hashed, so nobody makes the server hash who may not
 * set the password, and it is authorised again with the hash in hand, since much may have changed meanwhile.
 */
#ifndef DOMAIN_PASSWORD_H
#define DOMAIN_PASSWORD_H

#include "crypto/password.h"
#include "domain/call.h"
#include "domain/user.h"

/* Bytes of a password; it is UTF-8. (The longest is LK_PASSWORD_MAX.) */
#define LK_PASSWORD_MIN 8

/* Most passwords that one request sets or checks. */
#define LK_PASSWORD_TASKS_MAX 8

/* One piece of slow work. */
struct lk_password_task {
    bool verify;              /* check password against hash; else make a hash of it */
    struct lk_slice password; /* lives as long as the request */
    struct lk_slice hash;     /* to check against. Of one that is to be made: for whom, since no two users may have the same */
    bool done;
    int code;                         /* once done: what lk_password_verify or lk_password_hash returned */
    char made[LK_PASSWORD_HASH_SIZE]; /* once done with code 0: the new hash; of a check only when the old one is outdated, else empty */
};

/* Those of one request; zeroed: none. */
struct lk_password_tasks {
    struct lk_password_task items[LK_PASSWORD_TASKS_MAX];
    size_t len;
    bool waiting; /* some are to be run, and then the request again */
};

/* Runs one task, or those of a request that are waiting. On a thread that may be slow; touches nothing else. */
void lk_password_task_run(struct lk_password_task *task);
void lk_password_tasks_run(struct lk_password_tasks *tasks);

/* Forgets the hashes. */
void lk_password_tasks_wipe(struct lk_password_tasks *tasks);

struct lk_set_password_input {
    struct lk_slice user_id; /* as text; ptr NULL: the actor's own user */
    struct lk_slice password;
    struct lk_slice current; /* ptr NULL: not given */
};

/* Sets a password and ends the user's other sessions; a lockout ends too. A user changes its own by giving the current one; anybody else needs
 * MANAGE_USERS_AND_GROUPS and every permission that the user has. LK_EBUSY while a task waits (tasks->waiting); LK_EINVAL for a bad password or a missing
 * current one; LK_EFORBIDDEN, for a wrong current one too; LK_ENOTFOUND "User does not exist"; LK_ELIMIT for too many in one request. */
int lk_user_set_password(struct lk_call *call, const struct lk_set_password_input *input, struct lk_password_tasks *tasks,
                         struct lk_user *ret);

#endif
