#include "../unit.h"

#include "api/turns.h"

static struct lk_turns turns = {.seed = 7};

/* One credential gets so many and no more, until it gives one back; another is not concerned. */
static void shares_out(void **state) {
    (void)state;
    const struct lk_slice one = LK_SLICE("lk_one");
    const struct lk_slice other = LK_SLICE("lk_other");
    uint32_t place;
    uint32_t others;
    for (int i = 0; i < LK_TURNS_MAX; i++)
        assert_true(lk_turns_take(&turns, one, &place));
    for (int i = 0; i < 3; i++)
        assert_false(lk_turns_take(&turns, one, &place));
    assert_true(lk_turns_take(&turns, other, &others));
    assert_int_not_equal(others, place);
    lk_turns_give_back(&turns, place);
    assert_true(lk_turns_take(&turns, one, &place));
    assert_false(lk_turns_take(&turns, one, &place));
    for (int i = 0; i < LK_TURNS_MAX; i++)
        lk_turns_give_back(&turns, place);
    lk_turns_give_back(&turns, others);
    for (size_t i = 0; i < LK_JOB_OWNERS; i++)
        assert_int_equal(turns.waiting[i], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shares_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
