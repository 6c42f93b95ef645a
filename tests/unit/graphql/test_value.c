#include "../unit.h"

#include "graphql/value.h"

#include <math.h>

static void absent_and_null_read_alike(void **state) {
    (void)state;
    struct gql_value null_value = {.kind = GQL_NULL};
    assert_true(gql_value_is_null(NULL));
    assert_true(gql_value_is_null(&null_value));
    assert_null(gql_value_get(NULL, "a"));
    assert_null(gql_value_get(&null_value, "a"));
    assert_null(gql_value_text(NULL).ptr);
    assert_null(gql_value_text(&null_value).ptr);
    assert_int_equal(gql_value_int(NULL, 7), 7);
    assert_int_equal(gql_value_int(&null_value, 7), 7);
}

static void members_are_found_by_name(void **state) {
    (void)state;
    struct gql_value_member members[] = {
        {LK_SLICE("a"), {.kind = GQL_NULL}},
        {LK_SLICE("ab"), {.kind = GQL_STRING, .text = LK_SLICE("x")}},
    };
    struct gql_value object = {.kind = GQL_OBJECT, .object = {members, 2}};
    assert_ptr_equal(gql_value_get(&object, "a"), &members[0].value);
    assert_ptr_equal(gql_value_get(&object, "ab"), &members[1].value);
    assert_null(gql_value_get(&object, "abc"));
    assert_null(gql_value_get(&object, ""));
}

static void text_of_strings_and_enums(void **state) {
    (void)state;
    struct gql_value string = {.kind = GQL_STRING, .text = LK_SLICE("")};
    struct gql_value name = {.kind = GQL_ENUM, .text = LK_SLICE("RED")};
    struct gql_value number = {.kind = GQL_INT, .integer = 1};
    assert_non_null(gql_value_text(&string).ptr);
    assert_true(lk_slice_is(gql_value_text(&name), "RED"));
    assert_null(gql_value_text(&number).ptr);
}

static void integers_of_integral_floats_only(void **state) {
    (void)state;
    struct gql_value number = {.kind = GQL_INT, .integer = INT64_MIN};
    assert_int_equal(gql_value_int(&number, 0), INT64_MIN);
    number = (struct gql_value){.kind = GQL_FLOAT, .real = -3.0};
    assert_int_equal(gql_value_int(&number, 0), -3);
    number.real = 3.5;
    assert_int_equal(gql_value_int(&number, 9), 9);
    number.real = 0x1p63; /* does not fit */
    assert_int_equal(gql_value_int(&number, 9), 9);
    number.real = -0x1p63;
    assert_int_equal(gql_value_int(&number, 9), INT64_MIN);
    number.real = NAN;
    assert_int_equal(gql_value_int(&number, 9), 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_and_null_read_alike),
        cmocka_unit_test(members_are_found_by_name),
        cmocka_unit_test(text_of_strings_and_enums),
        cmocka_unit_test(integers_of_integral_floats_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
