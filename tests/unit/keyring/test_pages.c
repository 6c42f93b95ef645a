/* Who makes large memory: the pages that the writer is about to use are there before, and a map that grows has all that is in it. */
#include "fixture.h"

#include "keyring/internal.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static bool is_there(void *page) {
    unsigned char resident = 0;
    assert_int_equal(mincore(page, 1, &resident), 0);
    return (resident & 1) != 0;
}

/* Waits until the maker has filled its stock. */
static void wait_for_stock(struct lk_maker *maker) {
    for (int i = 0; i < 10000 && atomic_load_explicit(&maker->stock_len, memory_order_acquire) < LK_MAKER_STOCK; i++)
        usleep(1000);
    assert_int_equal(atomic_load_explicit(&maker->stock_len, memory_order_acquire), LK_MAKER_STOCK);
}

/* The first chunks are made when the keyring is opened. The second ones come from the maker, who is told when half of the first are used. */
static void test_chunks_are_there_before(void **state) {
    (void)state;
    const uint32_t chunk = 1U << LK_ENTRY_CHUNK_BITS;
    struct lk_maker maker;
    struct lk_cells cells;
    lk_maker_open(&maker);
    assert_int_equal(lk_cells_open(&cells, &maker, 0), 0);
    assert_true(is_there(cells.entries[0]));
    assert_true(is_there(cells.texts[0]));
    for (uint32_t i = 1; i < chunk; i++) {
        assert_int_equal(lk_cells_new(&cells, i, lk_slice_cstr("name"), NULL), i);
        assert_int_equal(maker.running, i >= chunk / 2);
    }
    wait_for_stock(&maker);
    assert_int_equal(lk_cells_new(&cells, 0, lk_slice_cstr("name"), NULL), chunk);
    assert_true(is_there(cells.entries[1]));
    lk_cells_close(&cells);
    lk_maker_close(&maker);
}

/* Empties the stock while the maker is at a job. False when that was over before. */
static bool empty_stock_meanwhile(struct lk_maker *maker) {
    bool begun = false;
    for (bool over = false; !begun && !over; usleep(1)) {
        pthread_mutex_lock(&maker->lock);
        begun = maker->at_hand != NULL;
        over = !begun && maker->first == NULL;
        while (begun && maker->stock_len > 0)
            lk_pages_unmap(maker->stock[--maker->stock_len], LK_PAGES_CHUNK);
        pthread_mutex_unlock(&maker->lock);
    }
    return begun;
}

/* Whether the maker, who has a long job, fills its stock before that is done. Giving back what was never used is long, and takes no memory. */
static bool is_stocked_meanwhile(struct lk_maker *maker) {
    const size_t bytes = (size_t)16 << 30;
    struct lk_pages_job *job = calloc(1, sizeof *job);
    assert_non_null(job);
    void *memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    *job = (struct lk_pages_job){.memory = memory, .bytes = bytes};
    wait_for_stock(maker);
    lk_maker_give_back(maker, job);
    bool busy = empty_stock_meanwhile(maker);
    for (bool full = false; busy && !full; usleep(1)) {
        pthread_mutex_lock(&maker->lock);
        busy = maker->at_hand != NULL;
        full = maker->stock_len == LK_MAKER_STOCK;
        pthread_mutex_unlock(&maker->lock);
    }
    return busy;
}

/* A large table is made or given back for a second and more, and the writer needs chunks meanwhile: where the system is slow to give memory, each that was not
 * there held up a change for 5 ms. (Several attempts, for the job may end while this thread does not run.) */
static void test_chunks_are_made_beside_a_long_job(void **state) {
    (void)state;
    static struct lk_maker maker; /* it outlives a test that fails */
    lk_maker_open(&maker);
    lk_maker_start(&maker);
    bool stocked = false;
    for (int i = 0; i < 50 && !stocked; i++)
        stocked = is_stocked_meanwhile(&maker);
    assert_true(stocked);
    lk_maker_close(&maker);
}

struct thing {
    struct lk_node node;
    bool in;
};

static void check_all(const struct lk_map *map, const struct thing *things, size_t len) {
    for (size_t i = 0; i < len; i++) {
        const struct lk_node *node = lk_map_bucket(map, things[i].node.hash);
        while (node != NULL && node != &things[i].node)
            node = node->next;
        assert_int_equal(node != NULL, things[i].in);
    }
}

/* All are found at each stage of growth, and those taken out are not; no addition moves more than a few. */
static void test_map_grows_bit_by_bit(void **state) {
    (void)state;
    enum { THINGS = 3000 };
    struct thing *things = calloc(THINGS, sizeof *things);
    assert_non_null(things);
    struct lk_map map;
    assert_int_equal(lk_map_open(&map), 0);
    size_t growths = 0;
    for (size_t i = 0; i < THINGS; i++) {
        bool was_growing = map.old != NULL;
        size_t moved = was_growing ? map.moved : 0;
        things[i] = (struct thing){.node = {.hash = i * 0x9E3779B97F4A7C15U >> 20}, .in = true};
        lk_map_add(&map, &things[i].node);
        growths += !was_growing && map.old != NULL;
        assert_true(map.old == NULL || map.moved - moved <= 2);
        if (i % 3 == 2) {
            struct thing *other = &things[i * 7 % i];
            if (other->in)
                lk_map_remove(&map, &other->node);
            other->in = false;
        }
        check_all(&map, things, i + 1);
    }
    assert_int_equal(growths, 6);
    lk_map_settle(&map);
    assert_null(map.old);
    check_all(&map, things, THINGS);
    free(map.buckets);
    free(things);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunks_are_there_before),
        cmocka_unit_test(test_chunks_are_made_beside_a_long_job),
        cmocka_unit_test(test_map_grows_bit_by_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
