#include "domain/password.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "domain/email.h"
#include "domain/group_set.h"
#include "domain/login_lock.h"
#include "domain/user_rows.h"
#include "store/login.h"
#include "store/session.h"

#include <sodium.h>

/* --- tasks --- */

void lk_password_task_run(struct lk_password_task *task) {
    task->made[0] = '\0';
    if (task->verify)
        task->code = lk_password_verify(task->hash, task->password);
    if (!task->verify || (task->code == 0 && lk_password_outdated(task->hash)))
        task->code = lk_password_hash(task->password, task->made);
    task->done = true;
}

void lk_password_tasks_run(struct lk_password_tasks *tasks) {
    for (size_t i = 0; i < tasks->len; i++) {
        if (!tasks->items[i].done)
            lk_password_task_run(&tasks->items[i]);
    }
    tasks->waiting = false;
}

void lk_password_tasks_wipe(struct lk_password_tasks *tasks) {
    sodium_memzero(tasks, sizeof(*tasks));
}

static bool is_task(const struct lk_password_task *task, bool verify, struct lk_slice password, struct lk_slice hash) {
    return task->verify == verify && lk_slice_equal(task->password, password) && lk_slice_equal(task->hash, hash);
}

/* The task that was run for this, in *ret; or writes it down: LK_EBUSY. */
static int need(struct lk_call *call, struct lk_password_tasks *tasks, bool verify, struct lk_slice password, struct lk_slice hash,
                const struct lk_password_task **ret) {
    size_t at = 0;
    while (at < tasks->len && !is_task(&tasks->items[at], verify, password, hash))
        at++;
    if (at == LK_PASSWORD_TASKS_MAX)
        return lk_problem_set(call->problem, LK_ELIMIT, "Too many passwords in one request: at most %d can be set or checked",
                              LK_PASSWORD_TASKS_MAX);
    if (at == tasks->len)
        tasks->items[tasks->len++] = (struct lk_password_task){.verify = verify, .password = password, .hash = hash};
    if (!tasks->items[at].done) {
        tasks->waiting = true;
        return lk_problem_set(call->problem, LK_EBUSY, "The password is being hashed");
    }
    *ret = &tasks->items[at];
    return 0;
}

/* --- setting one --- */

static int check_password(struct lk_call *call, struct lk_slice password, struct lk_slice email) {
    struct lk_slice lower;
    if (password.len < LK_PASSWORD_MIN)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid password: it is %zu bytes long, and at least %d are needed", password.len,
                              LK_PASSWORD_MIN);
    if (password.len > LK_PASSWORD_MAX)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid password: it is %zu bytes long, and at most %d are allowed", password.len,
                              LK_PASSWORD_MAX);
    if (!lk_utf8_valid(password))
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid password: it is not well-formed UTF-8");
    int code = lk_email_lower(call, password, &lower);
    if (code == 0 && lk_slice_equal(lower, email))
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid password: it must not be the user's e-mail address");
    return code;
}

/* The user whose password is to be set: the actor itself, or one that it names and may give a password. */
static int find_target(struct lk_call *call, struct lk_slice id, struct lk_intent *intent, bool *ret_own, struct lk_user_row *ret) {
    const struct lk_actor *actor = call->actor;
    struct lk_id wanted;
    bool is_user = actor->kind == LK_ACTOR_USER;
    if (id.ptr == NULL && !is_user)
        return lk_problem_set(call->problem, LK_EINVAL, "userId is needed: an API key has no password of its own");
    *ret_own = id.ptr == NULL || (is_user && lk_id_parse(id, &wanted) == 0 && lk_id_equal(&wanted, &actor->id));
    if (*ret_own) {
        int code = lk_store_user_find(call->db, &actor->account_id, &actor->id, call->arena, ret);
        if (code == LK_ENOTFOUND)
            return lk_problem_set(call->problem, code, "User does not exist");
        return code == 0 ? 0 : lk_fail_store(call, code);
    }
    int code = lk_require(call, LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_USERS_AND_GROUPS), intent);
    return code == 0 ? lk_find_user(call, LK_ENOTFOUND, id, ret) : code;
}

/* Who sets a password can log in as that user: so only who holds all that the user holds may. */
static int require_all_of(struct lk_call *call, const struct lk_user_row *user, const struct lk_intent *intent) {
    struct lk_group_permissions_row *rows;
    size_t len;
    struct lk_group_set groups;
    int code = lk_store_group_permissions_of_user(call->db, &user->id, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_group_set_take(call, rows, len, &groups);
    return code == 0 ? lk_group_set_require_grantable(call, &groups, NULL, intent) : code;
}

static int find_login(struct lk_call *call, const struct lk_id *user, struct lk_login_row *ret) {
    int code = lk_store_login_find(call->db, user, call->arena, ret);
    if (code == LK_ENOTFOUND) {
        *ret = (struct lk_login_row){.user_id = *user};
        return 0;
    }
    return code == 0 ? 0 : lk_fail_store(call, code);
}

static int locked(struct lk_call *call, const struct lk_login_row *login, const struct lk_intent *intent) {
    char when[25];
    lk_clock_format(login->locked_until, when);
    return lk_deny(call, intent, "User not authorized: the user is locked after wrong passwords until %s", when);
}

/* Checks the current password of a user who changes its own, and hashes the new one. */
static int get_hash(struct lk_call *call, const struct lk_set_password_input *input, bool own, const struct lk_user_row *user,
                    const struct lk_login_row *login, struct lk_password_tasks *tasks, const struct lk_intent *intent,
                    struct lk_slice *ret) {
    const struct lk_password_task *check = NULL;
    const struct lk_password_task *hash = NULL;
    if (own && (input->current.ptr == NULL || login->password_hash.ptr == NULL))
        return lk_problem_set(call->problem, LK_EINVAL, "currentPassword is needed to change one's own password");
    if (own && lk_login_is_locked(call, login))
        return locked(call, login, intent);
    int checked = own ? need(call, tasks, true, input->current, login->password_hash, &check) : 0;
    if (checked != 0 && checked != LK_EBUSY)
        return checked;
    int code = need(call, tasks, false, input->password, user->email, &hash);
    if (hash == NULL || checked != 0)
        return code != 0 ? code : checked;
    if (check != NULL && check->code == LK_EUNAUTH) {
        code = lk_deny(call, intent, "User not authorized: currentPassword is not the user's password");
        call->denial.wrong_password = code == LK_EFORBIDDEN;
        return code;
    }
    code = check != NULL && check->code != 0 ? check->code : hash->code;
    if (code != 0)
        return lk_problem_set(call->problem, code, "The password could not be hashed: %s", lk_error_text(code));
    *ret = lk_slice_cstr(hash->made);
    return 0;
}

static int store_hash(struct lk_call *call, const struct lk_user_row *user, bool own, struct lk_slice hash) {
    const struct lk_login_row login = {.user_id = user->id, .password_hash = hash, .password_set_at = call->now_ms};
    int code = lk_store_login_put(call->db, &login);
    if (code == 0)
        code = lk_store_session_delete_of_user(call->db, &user->id, own ? call->actor->session_digest : NULL);
    lk_permissions_changed(call); /* those who acted by a session that ended now may do nothing */
    if (code != 0)
        return lk_fail_store(call, code);
    const struct lk_audit_change change = {
        .operation = LK_AUDIT_UPDATE,
        .resource_type = "USER",
        .resource_id = &user->id,
        .resource_name = user->email,
        .after = LK_SLICE("{\"password\":\"(set)\"}"),
    };
    return lk_audit_append(call, &change);
}

int lk_user_set_password(struct lk_call *call, const struct lk_set_password_input *input, struct lk_password_tasks *tasks,
                         struct lk_user *ret) {
    struct lk_intent intent = {.operation = LK_AUDIT_UPDATE, .resource_type = "USER", .resource_name = input->user_id};
    struct lk_user_row user = {0};
    bool own = false;
    int code = find_target(call, input->user_id, &intent, &own, &user);
    if (code != 0)
        return code;
    intent.resource_id = &user.id;
    intent.resource_name = user.email;
    struct lk_login_row login = {0};
    struct lk_slice hash = {NULL, 0};
    struct lk_user *users;
    if (!own)
        code = require_all_of(call, &user, &intent);
    if (code == 0)
        code = check_password(call, input->password, user.email);
    if (code == 0)
        code = find_login(call, &user.id, &login);
    if (code == 0)
        code = get_hash(call, input, own, &user, &login, tasks, &intent, &hash);
    if (code == 0)
        code = store_hash(call, &user, own, hash);
    if (code == 0)
        code = lk_to_users(call, &user, 1, &users);
    if (code == 0)
        *ret = users[0];
    return code;
}
