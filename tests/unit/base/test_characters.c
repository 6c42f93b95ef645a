/* What looks at many characters at once: of each length, in memory of just that size, so that a sanitizer sees one that is looked at beside it. */
#include "../unit.h"

#include "base/characters.h"

#include <stdlib.h>

#define LEN_MAX 70

static lk_characters are_marks(lk_characters c) {
    return (lk_characters)(c == '!');
}

static void finds_a_character_wherever_it_is(void **state) {
    (void)state;
    for (size_t len = 0; len <= LEN_MAX; len++) {
        char *text = malloc(len == 0 ? 1 : len);
        memset(text, 'a', len);
        assert_false(lk_any_character(lk_slice_make(text, len), are_marks));
        for (size_t at = 0; at < len; at++) {
            text[at] = '!';
            assert_true(lk_any_character(lk_slice_make(text, len), are_marks));
            text[at] = 'a';
        }
        free(text);
    }
    assert_false(lk_any_character(lk_slice_make(NULL, 0), are_marks));
}

static void tells_the_first(void **state) {
    (void)state;
    char text[16];
    memset(text, 'a', sizeof(text));
    assert_int_equal(lk_characters_first(are_marks(lk_characters_at(text))), 16);
    for (unsigned at = 16; at > 0; at--) {
        text[at - 1] = '!';
        assert_int_equal(lk_characters_first(are_marks(lk_characters_at(text))), at - 1);
    }
}

static void copies_all_and_no_more(void **state) {
    (void)state;
    for (size_t len = 0; len <= LEN_MAX; len++) {
        char *text = malloc(len == 0 ? 1 : len);
        for (size_t i = 0; i < len; i++)
            text[i] = (char)('0' + i);
        char *copy = malloc(len + 2);
        memset(copy, '-', len + 2);
        assert_ptr_equal(lk_put(copy + 1, lk_slice_make(text, len)), copy + 1 + len);
        assert_memory_equal(copy + 1, text, len);
        assert_int_equal(copy[0], '-');
        assert_int_equal(copy[len + 1], '-');
        free(copy);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_character_wherever_it_is),
        cmocka_unit_test(tells_the_first),
        cmocka_unit_test(copies_all_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
