/* Entries at home, where the hash of their digest leads, and elsewhere: what is free is used, nothing is given out twice, and all are found wherever they are. */
#include "fixture.h"

#include "keyring/internal.h"

#include <stdlib.h>

/* Gives one chunk of homes. */
#define EXPECTED 50000
#define AT_HOME (1U << LK_ENTRY_CHUNK_BITS)
#define STEPS 300000
#define USED_MAX 60000

static const struct lk_slice any_name = LK_SLICE("a");

struct world {
    struct lk_maker maker;
    struct lk_cells cells;
};

static void open_world(struct world *world, size_t expected) {
    lk_maker_open(&world->maker);
    assert_int_equal(lk_cells_open(&world->cells, &world->maker, expected), 0);
}

static void close_world(struct world *world) {
    lk_cells_close(&world->cells);
    lk_maker_close(&world->maker);
}

static uint64_t next_random(uint64_t *random) {
    uint64_t x = *random += 0x9E3779B97F4A7C15;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
}

static bool is_in(uint32_t ref, uint32_t home) {
    return ref >= home && ref < home + LK_HOME_ENTRIES;
}

/* Takes an entry and fills it as far as lk_cells_free wants it. */
static uint32_t take(struct lk_cells *cells, uint64_t hash, struct lk_slice name) {
    uint32_t ref = lk_cells_new(cells, hash, name, NULL);
    assert_int_not_equal(ref, 0);
    atomic_store(&lk_cells_at(cells, ref)->state, (uint64_t)name.len << LK_ENTRY_NAME);
    return ref;
}

static void test_few_have_no_home(void **state) {
    (void)state;
    struct world world;
    open_world(&world, AT_HOME);
    assert_int_equal(world.cells.homes, 0);
    lk_cells_prefetch(&world.cells, UINT64_MAX);
    for (uint32_t i = 1; i < 100; i++)
        assert_int_equal(take(&world.cells, UINT64_MAX, any_name), i);
    close_world(&world);
}

/* As many as there are entries for; but there are always some left for those that find no home. */
static void test_number_of_homes(void **state) {
    (void)state;
    static const struct {
        size_t expected;
        size_t chunks;
    } cases[] = {{EXPECTED, 1}, {1000000, 25}, {10000000, 259}, {SIZE_MAX, LK_ENTRY_CHUNKS / 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world world;
        open_world(&world, cases[i].expected);
        assert_int_equal(world.cells.homes, cases[i].chunks * AT_HOME / LK_HOME_ENTRIES);
        assert_int_equal(atomic_load(&world.cells.bytes), (cases[i].chunks + 1) * LK_PAGES_CHUNK);
        assert_in_range(lk_cells_home(&world.cells, UINT64_MAX, 0), 0, cases[i].chunks * AT_HOME - LK_HOME_ENTRIES);
        assert_in_range(lk_cells_home(&world.cells, UINT64_MAX, 1), 0, cases[i].chunks * AT_HOME - LK_HOME_ENTRIES);
        close_world(&world);
    }
}

/* Keys of the same hash: both homes are filled, in turn, and then what is behind all homes. What was freed is taken first. */
static void test_both_homes_then_elsewhere(void **state) {
    (void)state;
    struct world world;
    open_world(&world, EXPECTED);
    const uint64_t hash = UINT64_C(0x4000000080000000);
    const uint32_t homes[2] = {lk_cells_home(&world.cells, hash, 0), lk_cells_home(&world.cells, hash, 1)};
    assert_int_equal(homes[0], AT_HOME / 2);
    assert_int_equal(homes[1], AT_HOME / 4);
    uint32_t refs[2 * LK_HOME_ENTRIES];
    for (unsigned i = 0; i < 2 * LK_HOME_ENTRIES; i++) {
        refs[i] = take(&world.cells, hash, any_name);
        assert_true(is_in(refs[i], homes[i % 2]));
    }
    assert_int_equal(take(&world.cells, hash, any_name), AT_HOME);
    assert_int_equal(take(&world.cells, hash, any_name), AT_HOME + 1);
    lk_cells_free(&world.cells, AT_HOME);
    lk_cells_free(&world.cells, refs[3]);
    assert_int_equal(take(&world.cells, hash, any_name), refs[3]);
    assert_int_equal(take(&world.cells, hash, any_name), AT_HOME);
    assert_int_equal(take(&world.cells, hash, any_name), AT_HOME + 2);
    assert_int_equal(atomic_load(&world.cells.bytes), 3 * LK_PAGES_CHUNK);
    close_world(&world);
}

/* 0 is no entry, though it is in a home. */
static void test_first_home_has_one_less(void **state) {
    (void)state;
    struct world world;
    open_world(&world, EXPECTED);
    assert_int_equal(take(&world.cells, 0, any_name), 1);
    assert_int_equal(take(&world.cells, 0, any_name), AT_HOME);
    close_world(&world);
}

/* What the cells must be, told from what was given out and freed. */
struct model {
    bool used[AT_HOME + USED_MAX];
    uint32_t names[AT_HOME + USED_MAX];
    uint32_t refs[USED_MAX]; /* those in use */
    size_t len;
    uint32_t elsewhere_end; /* the first number never given out */
    size_t elsewhere_free;
};

static unsigned used_in(const struct model *model, uint32_t home) {
    unsigned used = home == 0; /* 0 counts as used */
    for (uint32_t ref = home; ref < home + LK_HOME_ENTRIES; ref++)
        used += model->used[ref];
    return used;
}

static void model_take(struct model *model, struct lk_cells *cells, uint64_t hash, uint32_t name) {
    uint32_t ref = take(cells, hash, lk_slice_make((const char *)&name, sizeof name));
    assert_in_range(ref, 1, model->elsewhere_end);
    assert_false(model->used[ref]);
    const uint32_t homes[2] = {lk_cells_home(cells, hash, 0), lk_cells_home(cells, hash, 1)};
    unsigned first = used_in(model, homes[0]);
    unsigned second = used_in(model, homes[1]);
    if (first < LK_HOME_ENTRIES || second < LK_HOME_ENTRIES) {
        assert_true(is_in(ref, homes[second < first]));
    } else {
        assert_true(ref >= AT_HOME);
        assert_int_equal(ref == model->elsewhere_end, model->elsewhere_free == 0);
        if (ref == model->elsewhere_end)
            model->elsewhere_end++;
        else
            model->elsewhere_free--;
    }
    model->used[ref] = true;
    model->names[ref] = name;
    model->refs[model->len++] = ref;
}

static void model_free(struct model *model, struct lk_cells *cells, size_t at) {
    uint32_t ref = model->refs[at];
    const struct lk_entry *entry = lk_cells_at(cells, ref);
    struct lk_slice name = lk_cells_name(cells, entry, atomic_load(&entry->state));
    assert_int_equal(name.len, sizeof model->names[ref]);
    assert_memory_equal(name.ptr, &model->names[ref], name.len);
    lk_cells_free(cells, ref);
    model->used[ref] = false;
    model->refs[at] = model->refs[--model->len];
    model->elsewhere_free += ref >= AT_HOME;
}

static void test_beside_a_model(void **state) {
    (void)state;
    struct world world;
    open_world(&world, EXPECTED);
    struct model *model = calloc(1, sizeof *model);
    assert_non_null(model);
    model->elsewhere_end = AT_HOME;
    uint64_t random = 1;
    for (uint32_t i = 0; i < STEPS; i++) {
        /* Grows and shrinks in waves. */
        bool frees = next_random(&random) % 100 < (i / 50000 % 2 == 0 ? 10 : 70);
        if (model->len > 0 && (frees || model->len == USED_MAX))
            model_free(model, &world.cells, next_random(&random) % model->len);
        else
            model_take(model, &world.cells, next_random(&random), i);
    }
    size_t chunks = 0;
    for (size_t i = 0; world.cells.entries[i] != NULL; i++)
        chunks++;
    assert_int_equal(chunks, 2); /* homes, and one elsewhere */
    assert_int_equal(atomic_load(&world.cells.bytes), (chunks + 1) * LK_PAGES_CHUNK);
    while (model->len > 0)
        model_free(model, &world.cells, model->len - 1);
    free(model);
    close_world(&world);
}

static size_t count_at_home(const struct lk_keyring *keyring) {
    size_t count = 0;
    for (uint32_t ref = 1; ref < keyring->cells.homes * LK_HOME_ENTRIES; ref++) {
        const struct lk_entry *entry = lk_cells_at(&keyring->cells, ref);
        if ((atomic_load(&entry->state) & LK_ENTRY_LINKED) == 0)
            continue;
        uint64_t hash = lk_hash_digest(&entry->digest);
        assert_true(is_in(ref, lk_cells_home(&keyring->cells, hash, 0)) || is_in(ref, lk_cells_home(&keyring->cells, hash, 1)));
        count++;
    }
    return count;
}

static void put_all(struct lk_keyring *keyring, const struct lk_keys *keys, uint32_t from, uint32_t to, bool enabled) {
    for (uint32_t i = from; i < to; i++) {
        struct lk_keyring_digest digest = digest_of(keys, i);
        struct lk_keyring_key key = key_of(i, &digest, 1);
        key.enabled = enabled;
        assert_int_equal(put_key(keyring, &key), 0);
    }
}

static void expect_all(struct lk_keyring *keyring, uint32_t from, uint32_t to, enum lk_verify_code code) {
    struct lk_verifier verifier;
    lk_verifier_init(&verifier, keyring, NULL);
    for (uint32_t i = from; i < to; i++) {
        struct lk_verify_answer answer;
        assert_int_equal(ask(&verifier, i, NULL, &answer), code);
    }
}

/* The whole keyring: most are at home, and all are found, changed and removed wherever they are. */
static void test_keyring_with_homes(void **state) {
    (void)state;
    struct lk_keys *keys = test_keys();
    struct lk_keyring *keyring;
    assert_int_equal(lk_keyring_open(keys, &test_vocabulary, EXPECTED, &keyring), 0);
    put_all(keyring, keys, 0, EXPECTED, true);
    assert_in_range(count_at_home(keyring), AT_HOME * 9 / 10, AT_HOME - 1);
    expect_all(keyring, 0, EXPECTED, LK_VERIFY_VALID);
    put_all(keyring, keys, 0, EXPECTED / 2, false);
    expect_all(keyring, 0, EXPECTED / 2, LK_VERIFY_DISABLED);
    for (uint32_t i = EXPECTED / 4; i < EXPECTED * 3 / 4; i++)
        assert_int_equal(put_id(keyring, LK_KEYRING_KEY_REMOVE, i), 0);
    put_all(keyring, keys, EXPECTED, EXPECTED + EXPECTED / 4, true);
    expect_all(keyring, 0, EXPECTED / 4, LK_VERIFY_DISABLED);
    expect_all(keyring, EXPECTED / 4, EXPECTED * 3 / 4, LK_VERIFY_NOT_FOUND);
    expect_all(keyring, EXPECTED * 3 / 4, EXPECTED + EXPECTED / 4, LK_VERIFY_VALID);
    assert_in_range(count_at_home(keyring), 1, AT_HOME - 1);
    lk_keyring_close(keyring);
    lk_keys_free(keys);
}

int main(void) {
    lk_keyring_reader_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_have_no_home),
        cmocka_unit_test(test_number_of_homes),
        cmocka_unit_test(test_both_homes_then_elsewhere),
        cmocka_unit_test(test_first_home_has_one_less),
        cmocka_unit_test(test_beside_a_model),
        cmocka_unit_test(test_keyring_with_homes),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lk_keyring_reader_unregister();
    return failed;
}
