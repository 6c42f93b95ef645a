/* latchkey doctor: the keys of an account. */
#include "cli/doctor.h"

#include "base/clock.h"
#include "domain/permission.h"

#include <stdio.h>

#define NAMES_SHOWN 5
#define NAME_SHOWN_MAX 60 /* bytes */

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The keys that a check is about. */
struct tally {
    size_t count;
    char names[512]; /* of the first */
};

/* How much of a name is shown: whole characters. */
static int shown_len(struct lk_slice name) {
    size_t len = name.len < NAME_SHOWN_MAX ? name.len : NAME_SHOWN_MAX;
    while (len > 0 && len < name.len && ((unsigned char)name.ptr[len] & 0xC0) == 0x80)
        len--;
    return (int)len;
}

static struct lk_slice name_of(const struct lk_json *key) {
    return lk_json_text(lk_json_get(key, "name"));
}

static void count(struct tally *tally, struct lk_slice name) {
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
enum { MANAGE_USERS = 1, MANAGE_KEYS = 2, BE_OPERATOR = 4, RIGHTS = 3 };

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

/* A right, and the first endless key that holds it: the only one, if it stays alone. */
struct holders {
    size_t count;
    size_t first;      /* its number among the endless ones */
    uint32_t all_held; /* by the first */
};

/* The endless keys so far. The first few by name: enough of them, should some be such as are to stay endless. */
struct endless {
    size_t count;
    struct holders of[RIGHTS];
    char names[NAMES_SHOWN + RIGHTS][NAME_SHOWN_MAX + 1];
};

static void add_endless(struct endless *endless, const struct lk_json *key) {
    struct lk_slice name = name_of(key);
    uint32_t held = rights_of(key);
    size_t number = endless->count++;
    if (number < LEN(endless->names))
        snprintf(endless->names[number], sizeof(endless->names[number]), "%.*s", shown_len(name), name.ptr);
    for (unsigned i = 0; i < RIGHTS; i++) {
        if ((held >> i & 1) != 0 && endless->of[i].count++ == 0)
            endless->of[i] = (struct holders){.count = 1, .first = number, .all_held = held};
    }
}

/* Whether an endless key alone holds a right: it is not to be given an end. */
static bool is_alone(const struct endless *endless, size_t number) {
    bool alone = false;
    for (unsigned i = 0; i < RIGHTS; i++)
        alone = alone || (endless->of[i].count == 1 && endless->of[i].first == number);
    return alone;
}

/* Whether a right would be held by nobody if the others were all given an end. */
static bool needs_one_of_many(const struct endless *endless) {
    uint32_t held = 0;
    uint32_t kept = 0; /* by those that are alone */
    for (unsigned i = 0; i < RIGHTS; i++) {
        held |= endless->of[i].count > 0 ? 1U << i : 0;
        kept |= endless->of[i].count == 1 ? endless->of[i].all_held : 0;
    }
    return (held & ~kept) != 0;
}

static void check_endless(struct doctor *doctor, const struct endless *endless) {
    struct tally tally = {0};
    for (size_t i = 0; i < endless->count; i++) {
        if (!is_alone(endless, i))
            count(&tally, lk_slice_cstr(i < LEN(endless->names) ? endless->names[i] : ""));
    }
    report(doctor, &tally,
           needs_one_of_many(endless)
               ? "Give each an end, but for one administrator's key, so that nobody is locked out: latchkey key update NAME "
                 "--expires 90d"
               : "Give each an end: latchkey key update NAME --expires 90d",
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

/* The id of the key that doctor is called with, which it is using: the server may not have noted that yet. Empty: it is none of the account's. */
static struct lk_slice own_key(struct cli_session *session) {
    const struct lk_json *data = NULL;
    return cli_graphql(session, "{ viewer { apiKey { id } } }", NULL, &data) == 0 ? lk_json_text(cli_at(data, "viewer.apiKey.id"))
                                                                                  : lk_slice_make("", 0);
}

/* What is found while the keys go by. */
struct findings {
    struct known known;
    struct lk_slice own; /* own_key */
    int64_t before;      /* what was not used since is unused */
    struct tally unused;
    struct tally weak;
    struct endless endless;
};

static int take_keys(struct cli_session *session, const struct lk_json *keys, size_t len, void *context) {
    (void)session;
    struct findings *found = context;
    for (size_t i = 0; i < len; i++) {
        const struct lk_json *key = &keys[i];
        if (is(lk_json_get(key, "enabled"), false))
            continue;
        bool used_now = found->own.len > 0 && lk_slice_equal(lk_json_text(lk_json_get(key, "id")), found->own);
        if (found->known.usage && !used_now && is_unused(key, found->before))
            count(&found->unused, name_of(key));
        if (is(lk_json_get(key, "weak"), true))
            count(&found->weak, name_of(key));
        if (is_null(lk_json_get(key, "expiresAt")))
            add_endless(&found->endless, key);
    }
    return 0;
}

static int look_through(struct cli_session *session, struct findings *found) {
    const struct cli_query query = {
        .document = lk_arena_printf(&session->arena,
                                    "query ($limit: Int!, $offset: Int) { apiKeys(limit: $limit, offset: $offset) { "
                                    "pageInfo { hasMore } nodes { id name enabled createdAt expiresAt permissions { accountPermissions "
                                    "{ accountPermissionTypes } scopes }%s%s } } }",
                                    found->known.usage ? " lastUsedAt" : "", found->known.weak ? " weak" : ""),
        .field = "apiKeys",
        .range = {0, SIZE_MAX},
    };
    if (query.document == NULL)
        return lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
    return cli_each_page(session, &query, take_keys, found);
}

int doctor_keys(struct doctor *doctor, struct cli_session *session) {
    struct findings found = {.before = lk_clock_wall_ms() - DOCTOR_UNUSED_DAYS * DOCTOR_DAY_MS};
    int code = ask_known(session, &found.known);
    found.own = code == 0 ? own_key(session) : lk_slice_make("", 0);
    if (code == 0)
        code = look_through(session, &found);
    if (code != 0)
        return code;
    check_endless(doctor, &found.endless);
    if (found.known.usage)
        report(doctor, &found.unused, "Disable what nobody misses, then delete it: latchkey key update NAME --disable",
               found.unused.count == 1 ? "was not used for 90 days" : "were not used for 90 days");
    if (found.known.weak)
        report(doctor, &found.weak, "Give each a new secret, and its clients time to take it: latchkey key rotate NAME --overlap 7d",
               found.weak.count == 1 ? "has a secret that is easy to guess" : "have secrets that are easy to guess");
    return 0;
}
