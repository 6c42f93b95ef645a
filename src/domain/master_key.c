#include "domain/master_key.h"

#include "base/clock.h"
#include "crypto/seal.h"
#include "domain/audit_mac.h"
#include "domain/rules.h"
#include "store/key_session.h"
#include "store/older_key.h"
#include "store/session.h"

#include <sodium.h>

#define VERSION_MAX 255
#define STEP_ARENA_MAX ((size_t)1 << 20)
#define SEALED_BYTES (LK_KEY_BYTES + LK_SEAL_OVERHEAD)

static const struct lk_id no_account;

/* --- older keys, sealed --- */

static struct lk_id owner_of(int64_t version) {
    struct lk_id owner = {0};
    owner.bytes[0] = (uint8_t)version;
    return owner;
}

static void seal_key(const struct lk_keys *keys, enum lk_seal_purpose purpose, int64_t version, const uint8_t key[LK_KEY_BYTES],
                     uint8_t out[SEALED_BYTES]) {
    const struct lk_id owner = owner_of(version);
    lk_seal(keys, purpose, &owner, &no_account, lk_slice_make((const char *)key, LK_KEY_BYTES), out);
}

static int open_key(const struct lk_keys *keys, enum lk_seal_purpose purpose, int64_t version, struct lk_slice sealed,
                    uint8_t out[LK_KEY_BYTES]) {
    const struct lk_id owner = owner_of(version);
    return sealed.len == SEALED_BYTES ? lk_seal_open(keys, purpose, &owner, &no_account, sealed, out) : LK_ECORRUPT;
}

/* A secret is found by the lookup key of its time and by all after it. */
static int take_lookup(struct lk_keys *keys, const struct lk_older_key_row *row, int64_t now_ms) {
    const bool is_needed = lk_keys_older_lookups(keys) > 0;
    if (!is_needed && (row->sealed_lookup.ptr == NULL || (row->lookup_has_end && row->lookup_ends_at <= now_ms)))
        return 0;
    uint8_t lookup[LK_KEY_BYTES];
    int code = open_key(keys, LK_SEAL_OLDER_LOOKUP, row->version, row->sealed_lookup, lookup);
    if (code == 0)
        code = lk_keys_add_older_lookup(keys, lookup);
    sodium_memzero(lookup, sizeof(lookup));
    return code == LK_ELIMIT ? LK_ECORRUPT : code;
}

static int read_older_keys(struct lk_db *db, struct lk_keys *keys, int64_t now_ms, struct lk_arena *arena) {
    struct lk_older_key_row row = {0};
    int code;
    while ((code = lk_store_older_key_next(db, row.version, arena, &row)) == 0) {
        code = take_lookup(keys, &row, now_ms);
        if (code != 0)
            return code;
        lk_arena_reset(arena);
    }
    return code == LK_ENOTFOUND ? 0 : code;
}

int lk_master_key_read(struct lk_db *db, struct lk_keys *keys, int64_t now_ms, struct lk_problem *problem) {
    struct lk_arena arena;
    int64_t version;
    lk_arena_init(&arena, STEP_ARENA_MAX);
    int code = lk_store_key_version(db, &version);
    if (code == 0) {
        lk_keys_set_version(keys, (unsigned)version);
        code = read_older_keys(db, keys, now_ms, &arena);
    }
    lk_arena_free(&arena);
    if (code == LK_ECORRUPT)
        return lk_problem_set(problem, code, "What the database keeps of an older master key was changed: restore a backup");
    return code == 0 ? 0 : lk_problem_set(problem, code, "The database cannot be read: %s", lk_db_message(db));
}

int lk_master_key_older_audit(struct lk_db *db, const struct lk_keys *keys, int64_t version, struct lk_arena *arena,
                              struct lk_mac_key *ret) {
    struct lk_older_key_row row = {0};
    int code = version < 1 || version > VERSION_MAX ? LK_ENOTFOUND : lk_store_older_key_next(db, version - 1, arena, &row);
    if (code == 0 && row.version != version)
        code = LK_ENOTFOUND;
    if (code != 0)
        return code;
    uint8_t audit[LK_KEY_BYTES];
    code = open_key(keys, LK_SEAL_OLDER_AUDIT, version, row.sealed_audit, audit);
    if (code == 0)
        lk_mac_key_set(ret, lk_slice_make((const char *)audit, sizeof(audit)));
    sodium_memzero(audit, sizeof(audit));
    return code;
}

/* --- rotation --- */

struct work {
    struct lk_call *call;
    struct lk_master_rotation *rotation;
    const struct lk_keys *old_keys;
    struct lk_keys *new_keys;
    struct lk_arena arena;          /* of one step */
    bool has_left[VERSION_MAX + 1]; /* by version of the digest: some key's secret stays under it */
    int64_t register_end;
    bool keeps_lookups; /* of an older version: then those after it are needed, too */
    int64_t first_end;  /* when the first of them is no longer needed; INT64_MAX: not foreseen */
};

/* Opens what is sealed of a key's secret: only of the one that it is found by, so that no secret but that is good afterwards. */
static bool open_secret(const struct work *work, const struct lk_key_secret_row *row, char *token, size_t len) {
    struct lk_digest digest;
    if (lk_seal_open(work->old_keys, LK_SEAL_API_KEY, &row->id, &row->account_id, row->sealed, (uint8_t *)token) != 0)
        return false;
    lk_digest_token(work->old_keys, lk_slice_make(token, len), &digest);
    return lk_secret_equal(digest.bytes, row->digest, sizeof(row->digest));
}

static void renew_digest(const struct work *work, uint8_t bytes[LK_DIGEST_BYTES]) {
    struct lk_digest digest;
    memcpy(digest.bytes, bytes, sizeof(digest.bytes));
    lk_digest_renew(work->new_keys, &digest);
    memcpy(bytes, digest.bytes, sizeof(digest.bytes));
}

static int renew_secret(struct work *work, struct lk_key_secret_row *row) {
    size_t len = row->sealed.len < LK_SEAL_OVERHEAD ? 0 : row->sealed.len - LK_SEAL_OVERHEAD;
    char *token = lk_arena_alloc(&work->arena, len + 1);
    char *sealed = lk_arena_alloc(&work->arena, len + LK_SEAL_OVERHEAD);
    if (token == NULL || sealed == NULL)
        return LK_ENOMEM;
    if (len == 0 || !open_secret(work, row, token, len)) {
        work->has_left[row->digest_version & VERSION_MAX] = true;
        work->rotation->keys_left++;
        renew_digest(work, row->digest);
    } else {
        struct lk_digest digest;
        lk_digest_token(work->new_keys, lk_slice_make(token, len), &digest);
        memcpy(row->digest, digest.bytes, sizeof(row->digest));
        lk_seal(work->new_keys, LK_SEAL_API_KEY, &row->id, &row->account_id, lk_slice_make(token, len), (uint8_t *)sealed);
        row->sealed = lk_slice_make(sealed, len + LK_SEAL_OVERHEAD);
        row->digest_version = work->rotation->version;
        work->rotation->keys++;
    }
    explicit_bzero(token, len + 1);
    return lk_store_key_secret_set(work->call->db, row);
}

static int renew_secrets(struct work *work) {
    struct lk_master_rotation *rotation = work->rotation;
    struct lk_key_secret_row row;
    struct lk_id last;
    const struct lk_id *after = NULL;
    int code;
    while ((code = lk_store_key_secret_next(work->call->db, after, &work->arena, &row)) == 0) {
        code = renew_secret(work, &row);
        if (code != 0)
            return lk_fail_store(work->call, code);
        if (rotation->progress != NULL)
            rotation->progress(rotation->context, rotation->keys + rotation->keys_left);
        last = row.id;
        after = &last;
        lk_arena_reset(&work->arena);
    }
    return code == LK_ENOTFOUND ? 0 : lk_fail_store(work->call, code);
}

static int renew_old_digests(struct work *work, const struct lk_id *key) {
    struct lk_old_digest_row *rows;
    size_t len;
    int code = lk_store_old_digest_list(work->call->db, key, &work->arena, &rows, &len);
    for (size_t i = 0; i < len && code == 0; i++) {
        struct lk_old_digest_row renewed = rows[i];
        renew_digest(work, renewed.bytes);
        code = lk_store_old_digest_set(work->call->db, key, &rows[i], renewed.bytes);
    }
    return code;
}

static int renew_old_secrets(struct work *work) {
    struct lk_id key;
    struct lk_id last;
    const struct lk_id *after = NULL;
    int code;
    while ((code = lk_store_old_secret_key_next(work->call->db, after, &work->arena, &key)) == 0) {
        code = renew_old_digests(work, &key);
        if (code != 0)
            return lk_fail_store(work->call, code);
        last = key;
        after = &last;
        lk_arena_reset(&work->arena);
    }
    return code == LK_ENOTFOUND ? 0 : lk_fail_store(work->call, code);
}

/* Sets what row says of the lookup key of its version: needed, and how long its secrets are good. lookup: the key. */
static int keep_lookup(struct work *work, struct lk_older_key_row *row, const uint8_t lookup[LK_KEY_BYTES], uint8_t sealed[SEALED_BYTES]) {
    int64_t old_secrets;
    int code = lk_store_old_secret_count(work->call->db, row->version, work->call->now_ms, &old_secrets, &row->lookup_ends_at);
    if (code != 0)
        return lk_fail_store(work->call, code);
    work->rotation->old_secrets += old_secrets;
    row->lookup_has_end = !work->has_left[row->version];
    row->sealed_lookup = (struct lk_slice){NULL, 0};
    if (!work->keeps_lookups) {
        if (row->lookup_has_end && old_secrets == 0)
            return 0;
        work->keeps_lookups = true;
        work->first_end = row->lookup_has_end ? row->lookup_ends_at : INT64_MAX;
    }
    seal_key(work->new_keys, LK_SEAL_OLDER_LOOKUP, row->version, lookup, sealed);
    row->sealed_lookup = lk_slice_make((const char *)sealed, SEALED_BYTES);
    code = lk_keys_add_older_lookup(work->new_keys, lookup);
    return code == 0 ? 0 : LK_ELIMIT;
}

/* row: what is not sealed of it. lookup: NULL when it has none any more. */
static int write_older_key(struct work *work, struct lk_older_key_row row, const uint8_t audit[LK_KEY_BYTES],
                           const uint8_t lookup[LK_KEY_BYTES]) {
    uint8_t sealed_audit[SEALED_BYTES];
    uint8_t sealed_lookup[SEALED_BYTES];
    seal_key(work->new_keys, LK_SEAL_OLDER_AUDIT, row.version, audit, sealed_audit);
    row.sealed_audit = lk_slice_make((const char *)sealed_audit, sizeof(sealed_audit));
    if (lookup != NULL) {
        int code = keep_lookup(work, &row, lookup, sealed_lookup);
        if (code != 0)
            return code;
    }
    int code = lk_store_older_key_set(work->call->db, &row);
    return code == 0 ? 0 : lk_fail_store(work->call, code);
}

static int damaged_key(struct work *work, int64_t version) {
    return lk_problem_set(work->call->problem, LK_ECORRUPT,
                          "What the database keeps of master key %d was changed; nothing was rotated: restore a backup", (int)version);
}

/* Those that were older before. */
static int renew_older_key(struct work *work, const struct lk_older_key_row *row) {
    uint8_t audit[LK_KEY_BYTES];
    uint8_t lookup[LK_KEY_BYTES];
    bool has_lookup = row->sealed_lookup.ptr != NULL;
    int code = open_key(work->old_keys, LK_SEAL_OLDER_AUDIT, row->version, row->sealed_audit, audit);
    if (code == 0 && (has_lookup || work->keeps_lookups))
        code = open_key(work->old_keys, LK_SEAL_OLDER_LOOKUP, row->version, row->sealed_lookup, lookup);
    code = code == 0 ? write_older_key(work, *row, audit, has_lookup ? lookup : NULL) : damaged_key(work, row->version);
    sodium_memzero(audit, sizeof(audit));
    sodium_memzero(lookup, sizeof(lookup));
    return code;
}

static int renew_older_keys(struct work *work) {
    struct lk_older_key_row row = {0};
    int code;
    while ((code = lk_store_older_key_next(work->call->db, row.version, &work->arena, &row)) == 0) {
        code = renew_older_key(work, &row);
        if (code != 0)
            return code;
        lk_arena_reset(&work->arena);
    }
    return code == LK_ENOTFOUND ? 0 : lk_fail_store(work->call, code);
}

/* The one that is replaced. */
static int retire_key(struct work *work) {
    uint8_t audit[LK_KEY_BYTES];
    uint8_t lookup[LK_KEY_BYTES];
    struct lk_older_key_row row = {
        .version = lk_keys_version(work->old_keys), .register_end = work->register_end, .replaced_at = work->call->now_ms};
    lk_keys_derive_one(work->rotation->old_master, LK_KEY_AUDIT, audit);
    lk_keys_derive_one(work->rotation->old_master, LK_KEY_LOOKUP, lookup);
    int code = write_older_key(work, row, audit, lookup);
    sodium_memzero(audit, sizeof(audit));
    sodium_memzero(lookup, sizeof(lookup));
    return code;
}

static int too_many(const struct work *work) {
    char when[25];
    if (work->first_end == INT64_MAX)
        return lk_problem_set(
            work->call->problem, LK_ELIMIT,
            "Secrets are found by %d older master keys already, and those of the first do not end by themselves: rotate the API "
            "keys that cannot be revealed first",
            LK_OLDER_LOOKUPS_MAX);
    lk_clock_format(work->first_end, when);
    return lk_problem_set(
        work->call->problem, LK_ELIMIT,
        "Old secrets of rotated API keys are found by %d older master keys already: the first of these is no longer needed "
        "at %s, and then the master key can be rotated again",
        LK_OLDER_LOOKUPS_MAX, when);
}

static int move_register(struct work *work) {
    struct lk_register_end_row end;
    int code = lk_store_register_end_find(work->call->db, &work->arena, &end);
    if (code == LK_ENOTFOUND)
        return 0; /* for `latchkey audit verify` to find */
    if (code == 0) {
        work->register_end = end.position;
        lk_register_end_move(lk_keys_mac(work->old_keys, LK_KEY_AUDIT), lk_keys_mac(work->new_keys, LK_KEY_AUDIT), &end);
        code = lk_store_register_end_set(work->call->db, &end);
    }
    return code == 0 ? 0 : lk_fail_store(work->call, code);
}

static int end_sessions(struct work *work) {
    int code = lk_store_session_purge(work->call->db, INT64_MAX, INT64_MAX);
    if (code == 0)
        code = lk_store_key_session_purge(work->call->db, INT64_MAX, INT64_MAX);
    return code == 0 ? 0 : lk_fail_store(work->call, code);
}

static int describe(struct work *work, struct lk_slice *ret) {
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    lk_json_key(&w, "masterKeyVersion");
    lk_json_int(&w, work->rotation->version);
    lk_json_end_object(&w);
    return lk_take_document(work->call, &document, ret);
}

/* Puts the end of an account's log under the new key, and the first entry after it. */
static int move_log(struct work *work, struct lk_account_row *account, const struct lk_audit_change *change) {
    struct lk_call *call = work->call;
    lk_audit_end_move(lk_keys_mac(work->old_keys, LK_KEY_AUDIT), lk_keys_mac(work->new_keys, LK_KEY_AUDIT), account);
    int code = lk_store_account_set_audit(call->db, account);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_act_as_system(call, &account->id);
    return code == 0 ? lk_audit_append(call, change) : code;
}

static int move_logs(struct work *work) {
    struct lk_audit_change change = {.operation = LK_AUDIT_ROTATE, .resource_type = "SERVER", .resource_name = LK_SLICE("master key")};
    int code = describe(work, &change.after);
    if (code != 0)
        return code;
    struct lk_account_row account;
    struct lk_id last;
    const struct lk_id *after = NULL;
    struct lk_arena *arena = work->call->arena;
    work->call->arena = &work->arena; /* of one account: there may be very many */
    while ((code = lk_store_account_next(work->call->db, after, &work->arena, &account)) == 0) {
        code = move_log(work, &account, &change);
        if (code != 0)
            break;
        last = account.id;
        after = &last;
        lk_arena_reset(&work->arena);
    }
    work->call->arena = arena;
    work->call->actor = NULL; /* it was in the other */
    return code == LK_ENOTFOUND ? 0 : lk_fail_store(work->call, code);
}

/* From here on the database belongs to the new keys, and what is written into the logs is under them. */
static int change_hands(struct work *work) {
    struct lk_call *call = work->call;
    struct lk_domain *domain;
    uint8_t check[LK_MAC_BYTES];
    lk_keys_check(work->new_keys, check);
    int code = lk_store_key_version_set(call->db, work->rotation->version, check);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_domain_open(call->db, work->new_keys, &domain, call->problem);
    if (code != 0)
        return code;
    struct lk_domain *old_domain = call->domain;
    call->domain = domain;
    code = move_logs(work);
    call->domain = old_domain;
    lk_domain_close(domain);
    return code;
}

static int rotate(struct work *work) {
    int code = renew_secrets(work);
    if (code == 0)
        code = renew_old_secrets(work);
    if (code == 0)
        code = move_register(work);
    if (code == 0)
        code = renew_older_keys(work);
    if (code == 0)
        code = retire_key(work);
    if (code == LK_ELIMIT)
        return too_many(work);
    if (code == 0)
        code = end_sessions(work);
    return code == 0 ? change_hands(work) : code;
}

int lk_master_key_rotate(struct lk_call *call, struct lk_master_rotation *rotation) {
    struct work work = {
        .call = call, .rotation = rotation, .old_keys = call->domain->keys, .new_keys = rotation->new_keys, .first_end = INT64_MAX};
    unsigned version = lk_keys_version(work.old_keys) + 1;
    if (version > VERSION_MAX)
        return lk_problem_set(call->problem, LK_ELIMIT, "This database has had %d master keys, and can have no more", VERSION_MAX);
    rotation->version = version;
    lk_keys_set_version(work.new_keys, version);
    lk_arena_init(&work.arena, STEP_ARENA_MAX);
    int code = rotate(&work);
    lk_arena_free(&work.arena);
    return code;
}
