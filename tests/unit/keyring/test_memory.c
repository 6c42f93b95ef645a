/* Allocation failure: a change that cannot be prepared is refused whole, and what is committed is in force. */
#include "fixture.h"

#include "keyring/internal.h"
#include "keyring/usage.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

/* All of these are of the test's own thread: the one that makes room ahead goes on undisturbed. */

/* Allocations and locks so far. */
static _Thread_local long taken;

/* Allocations until one fails; negative: none does. All after it fail too while sticky. */
static _Thread_local long countdown = -1;
static _Thread_local bool sticky;

static bool fails(void) {
    taken++;
    if (countdown < 0)
        return false;
    if (countdown > 0) {
        countdown--;
        return false;
    }
    if (!sticky)
        countdown = -1;
    return true;
}

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_rwlock_rdlock(pthread_rwlock_t *lock);
int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock);
int __real_pthread_rwlock_wrlock(pthread_rwlock_t *lock);
int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *lock);
int __real_pthread_spin_lock(pthread_spinlock_t *lock);
int __wrap_pthread_spin_lock(pthread_spinlock_t *lock);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__real_mmap64(void *address, size_t len, int protection, int flags, int fd, off_t offset);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
void *__wrap_mmap64(void *address, size_t len, int protection, int flags, int fd, off_t offset);

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex) {
    taken++;
    return __real_pthread_mutex_lock(mutex);
}

int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock) {
    taken++;
    return __real_pthread_rwlock_rdlock(lock);
}

int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *lock) {
    taken++;
    return __real_pthread_rwlock_wrlock(lock);
}

int __wrap_pthread_spin_lock(pthread_spinlock_t *lock) {
    taken++;
    return __real_pthread_spin_lock(lock);
}

char *__wrap_strdup(const char *text) {
    return fails() ? NULL : __real_strdup(text);
}

void *__wrap_aligned_alloc(size_t align, size_t size) {
    return fails() ? NULL : __real_aligned_alloc(align, size);
}

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
    return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size) {
    return fails() ? NULL : __real_reallocarray(old, count, size);
}

void *__wrap_mmap64(void *address, size_t len, int protection, int flags, int fd, off_t offset) {
    return fails() ? MAP_FAILED : __real_mmap64(address, len, protection, flags, fd, offset);
}

static void fail_after(long allocations, bool all) {
    countdown = allocations;
    sticky = all;
}

static struct lk_keys *keys;

static struct lk_keyring *open_keyring(void) {
    struct lk_keyring *keyring = NULL;
    for (long n = 0; keyring == NULL; n++) {
        assert_true(n < 100);
        fail_after(n, false);
        int code = lk_keyring_open(keys, &test_vocabulary, 0, &keyring);
        fail_after(-1, false);
        assert_int_equal(code, keyring == NULL ? LK_ENOMEM : 0);
    }
    return keyring;
}

static const struct lk_slice scopes[] = {LK_SLICE("a"), LK_SLICE("b.*")};
static const struct lk_slice app_ids[] = {LK_SLICE("shop")};
static const struct lk_grant_app apps[] = {{.type = 1, .actions = 2, .app_ids = app_ids, .app_ids_len = 1}};

/* Fails each allocation of a change in turn; the old state must hold until it succeeds. Returns how many there were. */
static long apply_at_last(struct lk_keyring *keyring, const struct lk_keyring_change *changes, size_t len,
                          void (*old_holds)(struct lk_keyring *keyring)) {
    for (long n = 0; n < 1000; n++) {
        fail_after(n, false);
        struct lk_problem problem = {0};
        int code = lk_keyring_apply(keyring, changes, len, &problem);
        bool reached = countdown < 0;
        fail_after(-1, false);
        if (code == 0 && !reached)
            return n;
        if (code != 0) {
            assert_int_equal(code, LK_ENOMEM);
            old_holds(keyring);
        }
    }
    fail();
    return 0;
}

static enum lk_verify_code code_of(struct lk_keyring *keyring, uint32_t token, struct lk_verify_answer *ret) {
    struct lk_verifier verifier;
    lk_verifier_init(&verifier, keyring, NULL);
    return ask(&verifier, token, NULL, ret);
}

static void one_is_unknown(struct lk_keyring *keyring) {
    struct lk_verify_answer answer;
    assert_int_equal(code_of(keyring, 1, &answer), LK_VERIFY_NOT_FOUND);
}

static void one_has_nothing(struct lk_keyring *keyring) {
    struct lk_verify_answer answer;
    assert_int_equal(code_of(keyring, 1, &answer), LK_VERIFY_VALID);
    assert_int_equal(answer.set->scopes_len, 0);
}

static void one_has_scopes(struct lk_keyring *keyring) {
    struct lk_verify_answer answer;
    assert_int_equal(code_of(keyring, 1, &answer), LK_VERIFY_VALID);
    assert_int_equal(answer.set->scopes_len, 2);
}

static void test_each_allocation(void **state) {
    (void)state;
    struct lk_keyring *keyring = open_keyring();
    struct lk_keyring_digest digests[2] = {digest_of(keys, 1), digest_of(keys, 2)};
    struct lk_keyring_key key = key_of(1, digests, 2);
    struct lk_slice ip = lk_slice_cstr("10.0.0.0/8");
    struct lk_id group_ids[] = {id_of(51), id_of(52)};
    key.groups = group_ids;
    key.groups_len = 2;
    key.rate = (struct lk_rate){100, 1000};
    key.metadata = lk_slice_cstr("{}");
    struct lk_keyring_change change = {.kind = LK_KEYRING_KEY, .key = &key};
    assert_true(apply_at_last(keyring, &change, 1, one_is_unknown) > 5);
    struct lk_keyring_group group = {.id = id_of(51), .grants = {.scopes = scopes, .scopes_len = 2, .apps = apps, .apps_len = 1}};
    change = (struct lk_keyring_change){.kind = LK_KEYRING_GROUP, .group = &group};
    assert_true(apply_at_last(keyring, &change, 1, one_has_nothing) > 3);
    change = (struct lk_keyring_change){.kind = LK_KEYRING_GROUP_REMOVE, .id = id_of(51)};
    assert_true(apply_at_last(keyring, &change, 1, one_has_scopes) > 1);
    struct lk_keyring_account account = {.id = id_of(5), .rate = {1, 1}};
    change = (struct lk_keyring_change){.kind = LK_KEYRING_ACCOUNT, .account = &account};
    assert_true(apply_at_last(keyring, &change, 1, one_has_nothing) > 0);
    key.allowed_ips = &ip;
    key.allowed_ips_len = 1;
    change = (struct lk_keyring_change){.kind = LK_KEYRING_KEY, .key = &key};
    assert_true(apply_at_last(keyring, &change, 1, one_has_nothing) > 1);
    struct lk_verify_answer answer;
    assert_int_equal(code_of(keyring, 1, &answer), LK_VERIFY_IP_NOT_ALLOWED);
    lk_keyring_close(keyring);
}

/* With no memory at all: removing and disabling work, an upsert that disables does too, and committing what was staged needs none. */
static void test_nothing_left(void **state) {
    (void)state;
    struct lk_keyring *keyring = open_keyring();
    struct lk_keyring_digest digests[5];
    struct lk_keyring_key key[5];
    for (uint32_t i = 0; i < 5; i++) {
        digests[i] = digest_of(keys, i);
        key[i] = key_of(i, &digests[i], 1);
    }
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(put_key(keyring, &key[i]), 0);
    struct lk_keyring_change staged = {.kind = LK_KEYRING_KEY, .key = &key[4]};
    lk_keyring_begin(keyring);
    assert_int_equal(lk_keyring_stage(keyring, &staged, 1, NULL), 0);
    struct lk_id other = id_of(77); /* a group of its own: a set must be made */
    key[2].groups = &other;
    key[2].groups_len = 1;
    key[2].enabled = false;
    key[3].groups = &other;
    key[3].groups_len = 1;
    struct lk_keyring_change changes[] = {{.kind = LK_KEYRING_KEY_REMOVE, .id = id_of(0)},
                                          {.kind = LK_KEYRING_KEY_DISABLE, .id = id_of(1)},
                                          {.kind = LK_KEYRING_KEY, .key = &key[2]}};
    struct lk_keyring_change refused = {.kind = LK_KEYRING_KEY, .key = &key[3]};
    fail_after(0, true);
    int code = lk_keyring_stage(keyring, changes, 3, NULL);
    int code_refused = lk_keyring_stage(keyring, &refused, 1, NULL);
    lk_keyring_commit(keyring);
    fail_after(-1, false);
    assert_int_equal(code, 0);
    assert_int_equal(code_refused, LK_ENOMEM);
    static const enum lk_verify_code expected[] = {LK_VERIFY_NOT_FOUND, LK_VERIFY_DISABLED, LK_VERIFY_DISABLED, LK_VERIFY_VALID,
                                                   LK_VERIFY_VALID};
    struct lk_verify_answer answer;
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(code_of(keyring, i, &answer), expected[i]);
    lk_keyring_close(keyring);
}

/* Growth that was reserved for happens without memory. */
static void test_growth_is_reserved(void **state) {
    (void)state;
    struct lk_keyring *keyring = open_keyring();
    struct lk_verify_answer answer;
    for (uint32_t i = 0; i < 3000; i++) {
        struct lk_keyring_digest digest = digest_of(keys, i);
        struct lk_keyring_key key = key_of(i, &digest, 1);
        struct lk_keyring_change change = {.kind = LK_KEYRING_KEY, .key = &key};
        lk_keyring_begin(keyring);
        assert_int_equal(lk_keyring_stage(keyring, &change, 1, NULL), 0);
        fail_after(0, true);
        lk_keyring_commit(keyring);
        fail_after(-1, false);
        assert_int_equal(code_of(keyring, i, &answer), LK_VERIFY_VALID);
    }
    for (uint32_t i = 0; i < 3000; i++)
        assert_int_equal(code_of(keyring, i, &answer), LK_VERIFY_VALID);
    lk_keyring_close(keyring);
}

/* Whatever comes of it, a verification neither allocates nor locks: it cannot fail for want of memory, nor wait for who changes keys. Also while tokens are looked
 * for by older lookup keys. */
static void test_verifying_takes_nothing(void **state) {
    (void)state;
    struct lk_keyring *keyring = open_keyring();
    struct lk_keyring_digest digests[6];
    struct lk_keyring_key key[6];
    struct lk_slice ip = lk_slice_cstr("10.0.0.0/8");
    const struct lk_keyring_account account = {.id = id_of(1000), .has_credits = true, .set_credits = true, .credits = 10};
    const struct lk_keyring_change counted = {.kind = LK_KEYRING_ACCOUNT, .account = &account};
    assert_int_equal(lk_keyring_apply(keyring, &counted, 1, NULL), 0);
    for (uint32_t i = 0; i < 6; i++) {
        digests[i] = digest_of(keys, i);
        key[i] = key_of(i, &digests[i], 1);
    }
    key[1].enabled = false;
    key[2].expires_at = 1;
    key[3].allowed_ips = &ip;
    key[3].allowed_ips_len = 1;
    key[4].rate = (struct lk_rate){1, 1000};
    key[5].has_credits = true;
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(put_key(keyring, &key[i]), 0);
    struct lk_usage *usage;
    struct lk_expression *require;
    assert_int_equal(lk_usage_open(64, &usage), 0);
    assert_int_equal(lk_expression_compile(&test_vocabulary, lk_slice_cstr("VIEW_AUDITS"), &require, NULL), 0);
    struct lk_verifier verifier;
    lk_verifier_init(&verifier, keyring, usage);
    struct lk_verify_answer answers[8];
    struct test_token tokens[8];
    struct lk_verify_request requests[8];
    for (uint32_t i = 0; i < 8; i++) {
        tokens[i] = token_of(i);
        requests[i] = (struct lk_verify_request){.token = lk_slice_cstr(tokens[i].text), .cost = 1, .now_ms = 1000, .mono_ns = 1000000000};
    }
    requests[7].token.len = 3;
    static const uint8_t older[LK_KEY_BYTES] = {1};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(lk_keys_add_older_lookup(keys, older), 0);
    long before = taken;
    for (uint32_t i = 0; i < 8; i++)
        lk_verify(&verifier, &requests[i], &answers[i]);
    enum lk_verify_code limited = ask(&verifier, 4, NULL, &answers[4]);
    enum lk_verify_code lacking = ask(&verifier, 0, require, &answers[0]);
    lk_verify_batch(&verifier, requests, 8, answers);
    long after = taken;
    lk_keys_set_version(keys, 1);
    assert_int_equal(after, before);
    assert_int_equal(limited, LK_VERIFY_RATE_LIMITED);
    assert_int_equal(lacking, LK_VERIFY_INSUFFICIENT_PERMISSIONS);
    static const enum lk_verify_code expected[] = {LK_VERIFY_VALID,          LK_VERIFY_DISABLED,     LK_VERIFY_EXPIRED,
                                                   LK_VERIFY_IP_NOT_ALLOWED, LK_VERIFY_RATE_LIMITED, LK_VERIFY_USAGE_EXCEEDED,
                                                   LK_VERIFY_NOT_FOUND,      LK_VERIFY_MALFORMED};
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(answers[i].code, expected[i]);
    lk_expression_free(require);
    lk_usage_close(usage);
    lk_keyring_close(keyring);
}

#define TEXT_UNITS 16

/* An entry of the homes number home, which is its one and its other, and with a name so long that a chunk of texts is soon full. */
static uint32_t new_entry(struct lk_cells *cells, uint64_t home) {
    static const char name[TEXT_UNITS * LK_TEXT_UNIT - 1];
    cells->maker->started = true; /* in vain: no thread makes room ahead */
    const uint64_t half = (home << 32) / cells->homes;
    return lk_cells_new(cells, half << 32 | half, lk_slice_make(name, sizeof name), NULL);
}

/* Where there is no memory for a text, the entry that was to have it stays free, at home or elsewhere. */
static void test_homes_without_memory(void **state) {
    (void)state;
    struct lk_maker maker;
    struct lk_cells cells;
    lk_maker_open(&maker);
    for (long n = 0; n <= 4; n++) {
        fail_after(n, false);
        int code = lk_cells_open(&cells, &maker, 50000);
        fail_after(-1, false);
        assert_int_equal(code, n < 4 ? LK_ENOMEM : 0);
    }
    const uint32_t elsewhere = cells.entries_used;
    const uint64_t bytes = atomic_load(&cells.bytes);
    fail_after(0, true);
    assert_int_equal(new_entry(&cells, 0), 1);
    assert_int_equal(new_entry(&cells, 0), 0); /* its home is full, and there is nothing elsewhere */
    uint64_t home = 1;
    while (new_entry(&cells, home) != 0)
        home++;
    assert_int_equal(home, (1 << LK_TEXT_CHUNK_BITS) / TEXT_UNITS - 1); /* all texts but the first unit's, which is none */
    fail_after(1, true);
    assert_int_equal(new_entry(&cells, 0), 0); /* now there is an entry elsewhere, but no text */
    fail_after(-1, false);
    assert_int_equal(atomic_load(&cells.bytes), bytes + LK_PAGES_CHUNK);
    assert_int_equal(new_entry(&cells, 0), elsewhere);
    assert_int_equal(lk_cells_home(&cells, (home << 32) / cells.homes, 0), home * LK_HOME_ENTRIES);
    assert_in_range(new_entry(&cells, home), home * LK_HOME_ENTRIES, (home + 1) * LK_HOME_ENTRIES - 1);
    assert_in_range(new_entry(&cells, home), home * LK_HOME_ENTRIES, (home + 1) * LK_HOME_ENTRIES - 1);
    assert_int_equal(new_entry(&cells, home), elsewhere + 1);
    assert_int_equal(atomic_load(&cells.bytes), bytes + 2 * LK_PAGES_CHUNK);
    lk_cells_close(&cells);
    lk_maker_close(&maker);
}

int main(void) {
    keys = test_keys();
    lk_keyring_reader_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation),      cmocka_unit_test(test_nothing_left),
        cmocka_unit_test(test_growth_is_reserved),   cmocka_unit_test(test_verifying_takes_nothing),
        cmocka_unit_test(test_homes_without_memory),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lk_keyring_reader_unregister();
    lk_keys_free(keys);
    return failed;
}
