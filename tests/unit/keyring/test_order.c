/*
 * The order of steps that lock-free readers rely on. A run that happens to go well proves nothing about it, so here the other thread is held at the one
 * point where the order matters.
 */
#include "fixture.h"

#include "keyring/internal.h"

#include <pthread.h>
#include <time.h>

/* ---- a table's writer waits for its readers ---- */

static uint64_t hash_of_ref(const void *context, uint32_t ref) {
    (void)context;
    return ref * 0x9E3779B97F4A7C15U;
}

struct growth {
    struct lk_maker maker;
    struct lk_table table;
    uint32_t len;
    _Atomic bool returned;
};

static void insert_next(struct growth *growth) {
    assert_int_equal(lk_table_reserve(&growth->table, 1), 0);
    growth->len++;
    lk_table_insert(&growth->table, hash_of_ref(NULL, growth->len), growth->len);
}

static void open_table(struct growth *growth) {
    *growth = (struct growth){0};
    lk_maker_open(&growth->maker);
    assert_int_equal(lk_table_open(&growth->table, 0, hash_of_ref, NULL, &growth->maker), 0);
}

static void close_table(struct growth *growth) {
    lk_table_close(&growth->table);
    lk_maker_close(&growth->maker);
}

static const struct lk_table_view *view_of(const struct growth *growth) {
    return atomic_load_explicit(&growth->table.view, memory_order_acquire);
}

static void *insert_until_growing(void *context) {
    struct growth *growth = context;
    while (!lk_table_growing(&growth->table))
        insert_next(growth);
    atomic_store_explicit(&growth->returned, true, memory_order_release);
    return NULL;
}

static void *step_until_grown(void *context) {
    struct growth *growth = context;
    while (lk_table_growing(&growth->table))
        lk_table_step(&growth->table);
    atomic_store_explicit(&growth->returned, true, memory_order_release);
    return NULL;
}

/* Long enough for a writer that does not wait to have gone on. One that waits is still there after any time. */
static void give_it_time(void) {
    const struct timespec some = {.tv_nsec = 50000000};
    (void)nanosleep(&some, NULL);
}

/* The writer publishes a view; this reader, which may still use the one before, has not said that it is through. */
static void hold_writer(struct growth *growth, void *(*write)(void *context), bool grows) {
    pthread_t writer;
    lk_keyring_reader_register();
    atomic_store_explicit(&growth->returned, false, memory_order_relaxed);
    assert_int_equal(pthread_create(&writer, NULL, write, growth), 0);
    while ((view_of(growth)->old != NULL) != grows)
        continue;
    give_it_time();
    assert_false(atomic_load_explicit(&growth->returned, memory_order_acquire));
    lk_keyring_reader_quiescent();
    lk_keyring_reader_offline();
    assert_int_equal(pthread_join(writer, NULL), 0);
    lk_keyring_reader_unregister();
}

/* Invariant 4 of table.h: nothing is cleared in the old part before; and the old part is not given back before. */
static void test_table_waits_for_readers(void **state) {
    (void)state;
    struct growth growth;
    open_table(&growth);
    hold_writer(&growth, insert_until_growing, true);
    hold_writer(&growth, step_until_grown, false);
    close_table(&growth);
}

/* ---- what is taken back leaves nothing ---- */

static uint64_t bytes_of(const struct lk_keyring *keyring) {
    struct lk_keyring_stats stats;
    lk_keyring_stats(keyring, &stats);
    return stats.bytes;
}

static const struct lk_slice scope_a = LK_SLICE("a.x");
static const struct lk_slice scope_b = LK_SLICE("b.x");

/* A set that was staged and taken back: the slot has its old one again, which is also the one that goes with it. */
static void test_unstaging_restores_sets(void **state) {
    (void)state;
    struct lk_keys *keys = test_keys();
    struct lk_keyring *keyring;
    assert_int_equal(lk_keyring_open(keys, &test_vocabulary, 0, &keyring), 0);
    const struct lk_grants gives_a = {.scopes = &scope_a, .scopes_len = 1};
    assert_int_equal(put_group(keyring, 60, &gives_a), 0);
    struct lk_keyring_digest digest = digest_of(keys, 1);
    struct lk_keyring_key key = key_of(1, &digest, 1);
    uint64_t without = bytes_of(keyring);
    struct lk_id group_id = id_of(60);
    key.groups = &group_id;
    key.groups_len = 1;
    assert_int_equal(put_key(keyring, &key), 0);

    struct lk_keyring_group group = {.id = group_id, .grants = {.scopes = &scope_b, .scopes_len = 1}};
    const struct lk_keyring_change change = {.kind = LK_KEYRING_GROUP, .group = &group};
    lk_keyring_begin(keyring);
    for (int i = 0; i < 2; i++)
        assert_int_equal(lk_keyring_stage(keyring, &change, 1, NULL), 0);
    struct lk_node *slot = NULL;
    for (size_t i = 0; i <= keyring->slots.mask && slot == NULL; i++)
        slot = keyring->slots.buckets[i];
    const struct lk_set_slot *set_slot = (const struct lk_set_slot *)slot;
    assert_non_null(set_slot);
    assert_ptr_not_equal(set_slot->latest, atomic_load(&lk_place_at(keyring, set_slot->number)->set));
    lk_keyring_unstage(keyring, 0);
    assert_ptr_equal(set_slot->latest, atomic_load(&lk_place_at(keyring, set_slot->number)->set));
    lk_keyring_commit(keyring);

    assert_int_equal(put_id(keyring, LK_KEYRING_KEY_REMOVE, 1), 0);
    lk_retire_flush(keyring);
    struct lk_keyring_stats stats;
    lk_keyring_stats(keyring, &stats);
    assert_int_equal(stats.sets, 0);
    /* What stays of a first key: its chunks of cells, the places of sets, and its account. */
    uint64_t chunks = 2 * LK_PAGES_CHUNK + (sizeof(struct lk_set_place) << LK_SET_CHUNK_BITS);
    assert_in_range(bytes_of(keyring), without, without + chunks + 1024);
    lk_keyring_close(keyring);
    lk_keys_free(keys);
}

/* ---- what waits for readers is little ---- */

/* Each removal leaves something that readers may still look at. It is freed whenever a thousand such things wait: neither do they pile up, which would take
 * ever more memory, nor does one change ever free more. */
static void test_few_things_wait_for_readers(void **state) {
    (void)state;
    enum { WAITING_MAX = 1024, CHANGES = 4 * WAITING_MAX };
    struct lk_keys *keys = test_keys();
    struct lk_keyring *keyring = NULL;
    assert_int_equal(lk_keyring_open(keys, &test_vocabulary, 0, &keyring), 0);
    struct lk_keyring_digest digests[] = {digest_of(keys, 1), digest_of(keys, 2)};
    const struct lk_keyring_key stays = key_of(1, &digests[0], 1); /* and keeps the set in use: only entries are retired */
    const struct lk_keyring_key comes_and_goes = key_of(2, &digests[1], 1);
    assert_int_equal(put_key(keyring, &stays), 0);
    size_t freed_at_once = 0;
    for (int i = 0; i < CHANGES; i++) {
        size_t before = keyring->retired_len;
        assert_int_equal(put_key(keyring, &comes_and_goes), 0);
        assert_int_equal(put_id(keyring, LK_KEYRING_KEY_REMOVE, 2), 0);
        assert_in_range(keyring->retired_len, 1, WAITING_MAX);
        if (keyring->retired_len <= before)
            freed_at_once = before + 1 - keyring->retired_len;
    }
    assert_int_equal(freed_at_once, WAITING_MAX);
    assert_in_range(keyring->cells.entries_used, 2, WAITING_MAX + 3); /* the first is none; one stays, one comes while all others wait */
    lk_keyring_close(keyring);
    lk_keys_free(keys);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_waits_for_readers),
        cmocka_unit_test(test_unstaging_restores_sets),
        cmocka_unit_test(test_few_things_wait_for_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
