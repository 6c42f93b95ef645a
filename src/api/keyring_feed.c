#include "api/keyring_feed.h"

#include "base/clock.h"
#include "base/json_read.h"
#include "base/log.h"
#include "domain/credits.h"
#include "store/verification.h"

#include <inttypes.h>
#include <stdio.h>

/* Most that one row may need while it is turned into a change. */
#define ARENA_MAX ((size_t)16 << 20)
/* What the permission sets of one account may take of the server's memory (lk_keyring_bound). */
#define SETS_MAX ((size_t)128 << 20)
/* Keys between two words of progress, and between two looks whether it is to go on: some hundredths of a second. */
#define PROGRESS_STEP 100000
#define GIVE_UP_STEP 10000

/* --- names --- */

const struct lk_vocabulary *lk_keyring_vocabulary(void) {
    static struct lk_slice account[LK_ACCOUNT_PERMISSIONS];
    static struct lk_slice types[LK_APP_TYPES];
    static struct lk_slice actions[LK_ACTIONS];
    static struct lk_vocabulary vocabulary;
    if (vocabulary.account != NULL)
        return &vocabulary;
    for (unsigned i = 0; i < LK_ACCOUNT_PERMISSIONS; i++)
        account[i] = lk_slice_cstr(lk_account_permission_name(i));
    for (unsigned i = 0; i < LK_APP_TYPES; i++)
        types[i] = lk_slice_cstr(lk_app_type_name(i));
    for (unsigned i = 0; i < LK_ACTIONS; i++)
        actions[i] = lk_slice_cstr(lk_action_name(i));
    vocabulary = (struct lk_vocabulary){
        .account = account,
        .account_len = LK_ACCOUNT_PERMISSIONS,
        .types = types,
        .types_len = LK_APP_TYPES,
        .actions = actions,
        .actions_len = LK_ACTIONS,
        .literal_scope = LK_SLICE(LK_SCOPE_OPERATOR),
    };
    return &vocabulary;
}

/* --- rows into changes --- */

/* Takes rows, turns them into the keyring's changes and hands these on. */
struct sink {
    struct lk_keyring *keyring;
    struct lk_arena *arena;
    struct lk_problem *problem;
    int (*take)(struct sink *sink, const struct lk_keyring_change *change);
    uint64_t count; /* of keys */
    uint64_t total;
    bool progress;
    bool set_credits;                  /* the database's balances are the truth */
    const struct lk_keyring_load *how; /* NULL: to the end */
};

static struct lk_rate rate_of(int64_t limit, int64_t window_ms) {
    return (struct lk_rate){(uint32_t)limit, (uint32_t)window_ms}; /* what is stored was checked (domain/rate_limit.h) */
}

static int read_allowed_ips(struct sink *sink, struct lk_slice document, struct lk_keyring_key *key) {
    if (document.ptr == NULL)
        return 0;
    struct lk_json *json;
    int code = lk_json_parse(document, sink->arena, &json, NULL);
    if (code == LK_ENOMEM)
        return lk_problem_set(sink->problem, code, "Out of memory");
    if (code != 0 || json->type != LK_JSON_ARRAY || json->array.len == 0) /* an empty one would let everybody in */
        return lk_problem_set(sink->problem, LK_ECORRUPT, "The allow list of an API key cannot be read");
    struct lk_slice *texts = lk_arena_calloc(sink->arena, json->array.len, sizeof(*texts));
    if (texts == NULL)
        return lk_problem_set(sink->problem, LK_ENOMEM, "Out of memory");
    for (size_t i = 0; i < json->array.len; i++)
        texts[i] = lk_json_text(&json->array.items[i]);
    key->allowed_ips = texts;
    key->allowed_ips_len = json->array.len;
    return 0;
}

_Static_assert(1 + LK_VERIFICATION_OLD_SECRETS_MAX <= LK_KEYRING_DIGESTS_MAX, "the keyring holds all secrets of a key");

_Static_assert(LK_CREDITS_MAX <= LK_CREDITS_BALANCE_MAX, "the keyring holds every balance");

static bool is_given_up(const struct sink *sink) {
    return sink->how != NULL && sink->how->given_up != NULL && sink->count % GIVE_UP_STEP == 0 && sink->how->given_up(sink->how->context);
}

static int take_key(void *context, const struct lk_verification_key *row) {
    struct sink *sink = context;
    if (is_given_up(sink))
        return LK_EBUSY;
    struct lk_keyring_digest digests[1 + LK_VERIFICATION_OLD_SECRETS_MAX];
    digests[0].ends_at = LK_KEYRING_FOREVER;
    memcpy(digests[0].digest.bytes, row->digest, sizeof(digests[0].digest.bytes));
    for (size_t i = 0; i < row->old_secrets_len; i++) {
        digests[1 + i].ends_at = row->old_secrets[i].ends_at;
        memcpy(digests[1 + i].digest.bytes, row->old_secrets[i].digest, sizeof(digests[0].digest.bytes));
    }
    struct lk_keyring_key key = {
        .id = row->id,
        .account_id = row->account_id,
        .name = row->name,
        .digests = digests,
        .digests_len = 1 + row->old_secrets_len,
        .groups = row->groups,
        .groups_len = row->groups_len,
        .enabled = row->enabled,
        .expires_at = row->has_expiry ? row->expires_at : LK_KEYRING_FOREVER,
        .rate = rate_of(row->rate_limit, row->rate_window_ms),
        .has_credits = row->has_credits,
        .set_credits = row->has_credits && sink->set_credits,
        .credits = row->credits,
        /* Most have none: not to remember that of each. */
        .metadata = lk_slice_is(row->metadata, "{}") ? (struct lk_slice){NULL, 0} : row->metadata,
    };
    const struct lk_keyring_change change = {.kind = LK_KEYRING_KEY, .id = row->id, .key = &key};
    int code = read_allowed_ips(sink, row->allowed_ips, &key);
    if (code == 0)
        code = sink->take(sink, &change);
    sink->count++;
    if (sink->progress && sink->count % PROGRESS_STEP == 0)
        fprintf(stderr, "\rLoading keys: %" PRIu64 " of %" PRIu64, sink->count, sink->total);
    return code;
}

static int take_group(void *context, const struct lk_verification_group *row) {
    struct sink *sink = context;
    struct lk_permissions permissions;
    int code = lk_permissions_read(row->permissions, sink->arena, &permissions);
    if (code != 0)
        return lk_problem_set(sink->problem, code, "The permissions of a user group cannot be read: %s", lk_error_text(code));
    struct lk_grant_app *apps = lk_arena_calloc(sink->arena, permissions.apps_len, sizeof(*apps));
    if (apps == NULL)
        return lk_problem_set(sink->problem, LK_ENOMEM, "Out of memory");
    /* An expression names an application, a type and an action, but no environment and no service: it asks for all of them, so what reaches only
     * some does not answer it. */
    size_t apps_len = 0;
    for (size_t i = 0; i < permissions.apps_len; i++) {
        const struct lk_app_permission *app = &permissions.apps[i];
        if (lk_app_permission_is_whole(app))
            apps[apps_len++] = (struct lk_grant_app){app->type, app->actions, app->all_apps, app->app_ids.items, app->app_ids.len};
    }
    const struct lk_keyring_group group = {
        .id = row->id,
        .grants =
            {
                .account = permissions.account,
                .account_held = lk_account_permissions_expand(permissions.account),
                .scopes = permissions.scopes.items,
                .scopes_len = permissions.scopes.len,
                .apps = apps,
                .apps_len = apps_len,
            },
    };
    const struct lk_keyring_change change = {.kind = LK_KEYRING_GROUP, .id = row->id, .group = &group};
    return sink->take(sink, &change);
}

static int take_account(void *context, const struct lk_verification_account *row) {
    struct sink *sink = context;
    const struct lk_keyring_account account = {
        .id = row->id,
        .rate = rate_of(row->rate_limit, row->rate_window_ms),
        .has_credits = row->has_credits,
        .set_credits = row->has_credits && sink->set_credits,
        .credits = row->credits,
    };
    const struct lk_keyring_change change = {.kind = LK_KEYRING_ACCOUNT, .id = row->id, .account = &account};
    return sink->take(sink, &change);
}

static int take_removal(struct sink *sink, enum lk_keyring_change_kind kind, const struct lk_id *id) {
    const struct lk_keyring_change change = {.kind = kind, .id = *id};
    return sink->take(sink, &change);
}

/* --- at start --- */

static int apply(struct sink *sink, const struct lk_keyring_change *change) {
    int code = lk_keyring_apply(sink->keyring, change, 1, sink->problem);
    lk_arena_reset(sink->arena);
    return code;
}

static int load_all(struct sink *sink, struct lk_db *db) {
    int code = lk_store_verification_accounts(db, take_account, sink);
    if (code == 0)
        code = lk_store_verification_groups(db, take_group, sink);
    return code != 0 ? code : lk_store_verification_keys(db, take_key, sink);
}

static int load(struct lk_keyring *keyring, struct lk_db *db, uint64_t total, const struct lk_keyring_load *how,
                struct lk_problem *problem) {
    struct lk_arena arena;
    lk_arena_init(&arena, ARENA_MAX);
    bool progress = how != NULL && how->progress && total >= PROGRESS_STEP;
    struct sink sink = {keyring, &arena, problem, apply, 0, total, progress, true, how};
    int64_t began = lk_clock_mono_ns();
    int code = load_all(&sink, db);
    lk_arena_free(&arena);
    if (sink.progress)
        fputc('\n', stderr);
    if (code == 0 && total >= PROGRESS_STEP) /* of fewer it takes no time worth a word */
        lk_log(LK_LOG_INFO, "loaded %" PRIu64 " keys in %" PRId64 " ms", sink.count, (lk_clock_mono_ns() - began) / 1000000);
    return code;
}

/* --- afterwards --- */

static int stage(struct sink *sink, const struct lk_keyring_change *change) {
    return lk_keyring_stage(sink->keyring, change, 1, sink->problem);
}

static int stage_change(struct sink *sink, struct lk_db *db, const struct lk_change *change) {
    int code = 0;
    sink->set_credits = change->kind == LK_CHANGE_KEY_CREDITS || change->kind == LK_CHANGE_ACCOUNT_CREDITS;
    switch (change->kind) {
    case LK_CHANGE_ACCOUNT_REMOVED: return take_removal(sink, LK_KEYRING_ACCOUNT_REMOVE, &change->id);
    case LK_CHANGE_GROUP_REMOVED: return take_removal(sink, LK_KEYRING_GROUP_FORGET, &change->id);
    case LK_CHANGE_KEY_REMOVED: return take_removal(sink, LK_KEYRING_KEY_REMOVE, &change->id);
    case LK_CHANGE_GROUP_WRITTEN: code = lk_store_verification_group(db, &change->id, take_group, sink); break;
    case LK_CHANGE_ACCOUNT_CREDITS:
    case LK_CHANGE_ACCOUNT_WRITTEN: code = lk_store_verification_account(db, &change->id, take_account, sink); break;
    case LK_CHANGE_KEY_CREDITS:
    case LK_CHANGE_KEY_WRITTEN: code = lk_store_verification_key(db, &change->id, take_key, sink); break;
    }
    return code == LK_ENOTFOUND ? 0 : code; /* removed since, in the same operation */
}

static int changed(void *context, struct lk_call *call, const struct lk_change *changes) {
    struct lk_keyring_feed *feed = context;
    struct lk_problem problem = {0};
    struct sink sink = {.keyring = feed->keyring, .arena = &feed->arena, .problem = &problem, .take = stage};
    size_t before = lk_keyring_mark(feed->keyring);
    for (const struct lk_change *change = changes; change != NULL; change = change->next) {
        int code = stage_change(&sink, call->db, change);
        lk_arena_reset(&feed->arena);
        if (code == 0)
            continue;
        lk_keyring_unstage(feed->keyring, before);
        return lk_problem_set(call->problem, code, "%s", problem.text[0] != '\0' ? problem.text : lk_error_text(code));
    }
    return 0;
}

static size_t mark(void *context) {
    return lk_keyring_mark(((const struct lk_keyring_feed *)context)->keyring);
}

static void undo(void *context, size_t before) {
    lk_keyring_unstage(((struct lk_keyring_feed *)context)->keyring, before);
}

void lk_keyring_feed_begin(void *context) {
    struct lk_keyring_feed *feed = context;
    lk_keyring_begin(feed->keyring);
}

void lk_keyring_feed_committed(void *context, int code) {
    struct lk_keyring_feed *feed = context;
    if (code == 0)
        lk_keyring_commit(feed->keyring);
    else
        lk_keyring_abort(feed->keyring);
}

int lk_keyring_feed_open(struct lk_keyring_feed *feed, struct lk_db *db, const struct lk_keys *keys, const struct lk_keyring_load *how,
                         struct lk_problem *problem) {
    int64_t total;
    int code = lk_store_verification_key_count(db, &total);
    if (code != 0)
        return lk_problem_set(problem, code, "The database cannot be read: %s", lk_db_message(db));
    struct lk_keyring *keyring = NULL;
    code = lk_keyring_open(keys, lk_keyring_vocabulary(), (size_t)total, &keyring);
    if (code != 0)
        return lk_problem_set(problem, code, "No memory for %" PRId64 " keys", total);
    struct lk_problem why = {0};
    code = load(keyring, db, (uint64_t)total, how, &why);
    if (code != 0) {
        lk_keyring_close(keyring);
        return lk_problem_set(problem, code, "The keys cannot be loaded: %s", why.text[0] != '\0' ? why.text : lk_error_text(code));
    }
    lk_keyring_bound(keyring, SETS_MAX); /* what was loaded was within it when it was made, or has been there before it was */
    *feed = (struct lk_keyring_feed){.keyring = keyring, .observer = {changed, mark, undo, feed}};
    lk_arena_init(&feed->arena, ARENA_MAX);
    return 0;
}

void lk_keyring_feed_close(struct lk_keyring_feed *feed) {
    lk_keyring_close(feed->keyring);
    lk_arena_free(&feed->arena);
    *feed = (struct lk_keyring_feed){0};
}
