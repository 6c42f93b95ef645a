/* latchkey doctor: the keys of an account. */
#include "cli/doctor.h"

#include "base/clock.h"
#include "domain/permission.h"

#include <stdio.h>

#define NAMES_SHOWN 5
#define NAME_SHOWN_MAX 60 /* bytes */

/* Names of the keys that a check is about. */
struct tally {
    size_t count;
    char names[512];
};

/* How much of a name is shown: whole characters. */
static int shown_len(struct lk_slice name) {
    size_t len = name.len < NAME_SHOWN_MAX ? name.len : NAME_SHOWN_MAX;
    while (len > 0 && len < name.len && ((unsigned char)name.ptr[len] & 0xC0) == 0x80)
        len--;
    return (int)len;
}

static void count(struct tally *tally, const struct lk_json *key) {
    struct lk_slice name = lk_json_text(lk_json_get(key, "name"));
    size_t len = strlen(tally->names);
    if (tally->count++ < NAMES_SHOWN)
        snprintf(tally->names + len, sizeof(tally->names) - len, "%s%.*s", len > 0 ? ", " : "", shown_len(name), name.ptr);
}

static void report(struct doctor *doctor, const struct tally *tally, const char *remedy, const char *what) {
    doctor->checks++;
    if (tally->count > 0)
        doctor_find(doctor, "keys", remedy, "%zu key%s %s: %s%s.", tally->count, tally->count == 1 ? "" : "s", what, tally->names,
                    tally->count > NAMES_SHOWN ? ", …" : "");
}

static bool is_null(const struct lk_json *value) {
    return value == NULL || value->type == LK_JSON_NULL;
}

static bool is(const struct lk_json *value, bool expected) {
    return value != NULL && value->type == LK_JSON_BOOL && value->boolean == expected;
}

static int64_t number(const struct lk_json *value) {
    return value != NULL && value->type == LK_JSON_INT ? value->integer : 0;
}

static bool is_unused(const struct lk_json *key, int64_t before) {
    const struct lk_json *used = lk_json_get(key, "lastUsedAt");
    return number(lk_json_get(key, "createdAt")) < before && (is_null(used) || number(used) < before);
}

/* --- keys that never expire --- */

/* The rights by which an account is managed, a bit each: of each, somebody should hold it without an end (domain/lockout.h). */
enum { MANAGE_USERS = 1, MANAGE_KEYS = 2, BE_OPERATOR = 4 };

static uint32_t rights_of(const struct lk_json *key) {
    const struct lk_json *names = cli_at(key, "permissions.accountPermissions.accountPermissionTypes");
    const struct lk_json *scopes = cli_at(key, "permissions.scopes");
    struct lk_permissions held = {0};
    uint32_t rights = 0;
    for (size_t i = 0; names != NULL && names->type == LK_JSON_ARRAY && i < names->array.len; i++) {
        int found = lk_account_permission_find(lk_json_text(&names->array.items[i]));
        held.account |= found >= 0 ? LK_ACCOUNT_PERMISSION_BIT(found) : 0;
    }
    for (size_t i = 0; scopes != NULL && scopes->type == LK_JSON_ARRAY && i < scopes->array.len; i++)
        rights |= lk_slice_is(lk_json_text(&scopes->array.items[i]), LK_SCOPE_OPERATOR) ? BE_OPERATOR : 0;
    rights |= lk_permissions_hold(&held, LK_MANAGE_USERS_AND_GROUPS) ? MANAGE_USERS : 0;
    rights |= lk_permissions_hold(&held, LK_MANAGE_API_KEYS) ? MANAGE_KEYS : 0;
    return rights;
}

static bool is_endless(const struct lk_json *key) {
    return !is(lk_json_get(key, "enabled"), false) && is_null(lk_json_get(key, "expiresAt"));
}

/* The rights that one endless key alone holds, of all keys: it is not to be given an end. */
static uint32_t sole_rights(const struct lk_json *keys, size_t len) {
    uint32_t once = 0;
    uint32_t more = 0;
    for (size_t i = 0; i < len; i++) {
        uint32_t held = is_endless(&keys[i]) ? rights_of(&keys[i]) : 0;
        more |= once & held;
        once |= held;
    }
    return once & ~more;
}

static void check_endless(struct doctor *doctor, const struct lk_json *keys, size_t len) {
    struct tally tally = {0};
    uint32_t sole = sole_rights(keys, len);
    uint32_t kept = 0;
    uint32_t ending = 0; /* what would be held by nobody, but for kept, if the advice were followed */
    for (size_t i = 0; i < len; i++) {
        uint32_t held = rights_of(&keys[i]);
        if (!is_endless(&keys[i]))
            continue;
        if ((held & sole) != 0) {
            kept |= held;
        } else {
            ending |= held;
            count(&tally, &keys[i]);
        }
    }
    report(doctor, &tally,
           (ending & ~kept) == 0
               ? "Give each an end: latchkey key update NAME --expires 90d"
               : "Give each an end, but for one administrator's key, so that nobody is locked out: latchkey key update NAME "
                 "--expires 90d",
           tally.count == 1 ? "never expires" : "never expire");
}

/* --- all --- */

/* What this server's keys tell that those of one which is older than this binary do not. */
struct known {
    bool usage;
    bool weak;
};

static int ask_known(struct cli_session *session, struct known *ret) {
    const struct lk_json *data;
    int code = cli_graphql(session, "{ __type(name: \"APIKey\") { fields { name } } }", NULL, &data);
    const struct lk_json *fields = code == 0 ? cli_at(data, "__type.fields") : NULL;
    for (size_t i = 0; fields != NULL && fields->type == LK_JSON_ARRAY && i < fields->array.len; i++) {
        struct lk_slice name = lk_json_text(lk_json_get(&fields->array.items[i], "name"));
        ret->usage |= lk_slice_is(name, "lastUsedAt");
        ret->weak |= lk_slice_is(name, "weak");
    }
    if (code == LK_EINVAL) { /* introspection is off: a server that old would say that it does not know them */
        *ret = (struct known){true, true};
        code = 0;
    }
    return code;
}

static int fetch_keys(struct cli_session *session, const struct known *known, struct lk_json **ret, size_t *ret_len) {
    const struct cli_range all = {0, SIZE_MAX};
    const char *document =
        lk_arena_printf(&session->arena,
                        "query ($limit: Int!, $offset: Int) { apiKeys(limit: $limit, offset: $offset) { "
                        "pageInfo { hasMore } nodes { id name enabled createdAt expiresAt permissions { accountPermissions "
                        "{ accountPermissionTypes } scopes }%s%s } } }",
                        known->usage ? " lastUsedAt" : "", known->weak ? " weak" : "");
    if (document == NULL)
        return lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
    return cli_fetch_all(session, document, "apiKeys", all, NULL, NULL, ret, ret_len);
}

/* The id of the key that doctor is called with, which it is using: the server may not have noted that yet. Empty: it is none of the account's. */
static struct lk_slice own_key(struct cli_session *session) {
    const struct lk_json *data = NULL;
    return cli_graphql(session, "{ viewer { apiKey { id } } }", NULL, &data) == 0 ? lk_json_text(cli_at(data, "viewer.apiKey.id"))
                                                                                  : lk_slice_make("", 0);
}

int doctor_keys(struct doctor *doctor, struct cli_session *session) {
    struct known known = {0};
    struct lk_json *keys = NULL;
    size_t len = 0;
    int code = ask_known(session, &known);
    if (code == 0)
        code = fetch_keys(session, &known, &keys, &len);
    if (code != 0)
        return code;
    struct lk_slice own = own_key(session);
    struct tally unused = {0};
    struct tally weak = {0};
    int64_t before = lk_clock_wall_ms() - DOCTOR_UNUSED_DAYS * DOCTOR_DAY_MS;
    for (size_t i = 0; i < len; i++) {
        if (is(lk_json_get(&keys[i], "enabled"), false))
            continue;
        bool used_now = own.len > 0 && lk_slice_equal(lk_json_text(lk_json_get(&keys[i], "id")), own);
        if (known.usage && !used_now && is_unused(&keys[i], before))
            count(&unused, &keys[i]);
        if (is(lk_json_get(&keys[i], "weak"), true))
            count(&weak, &keys[i]);
    }
    check_endless(doctor, keys, len);
    if (known.usage)
        report(doctor, &unused, "Disable what nobody misses, then delete it: latchkey key update NAME --disable",
               unused.count == 1 ? "was not used for 90 days" : "were not used for 90 days");
    if (known.weak)
        report(doctor, &weak, "Give each a new secret, and its clients time to take it: latchkey key rotate NAME --overlap 7d",
               weak.count == 1 ? "has a secret that is easy to guess" : "have secrets that are easy to guess");
    return 0;
}
