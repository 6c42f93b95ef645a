#include "../unit.h"

#include "cli/refusal.h"

#include <stdio.h>

/* "path|reason", or "" when the message is about something else. */
static const char *read(const char *message) {
    static char out[512];
    struct cli_refusal refusal;
    if (!cli_refusal_read(lk_slice_cstr(message), &refusal))
        return "";
    snprintf(out, sizeof(out), "%.*s|%.*s", (int)refusal.path.len, refusal.path.ptr, (int)refusal.reason.len, refusal.reason.ptr);
    return out;
}

static void path_and_reason_are_found(void **state) {
    (void)state;
    assert_string_equal(read("Variable \"$input\" got invalid value 9 at \"input.rateLimit.limit\"; Int cannot."),
                        "rateLimit.limit|Int cannot.");
    assert_string_equal(read("Variable \"$input\" got invalid value \"x\" at \"input.keys[3]\"; No."), "keys[3]|No.");
    assert_string_equal(read("Variable \"$input\" got invalid value { a: 1 }; Field \"b\" was not provided."),
                        "|Field \"b\" was not provided.");
}

/* What a value holds is not taken for what follows it. */
static void values_do_not_mislead(void **state) {
    (void)state;
    assert_string_equal(read("Variable \"$input\" got invalid value \"a; at \\\"input.b\\\"; c\" at \"input.d\"; No."), "d|No.");
    assert_string_equal(read("Variable \"$input\" got invalid value { a: \"b; c\" }; Field."), "|Field.");
    assert_string_equal(read("Variable \"$input\" got invalid value \"cut in the mid... at \"input.d\"; No."), "d|No.");
}

static void other_messages_are_left(void **state) {
    (void)state;
    static const char *const messages[] = {"", "Invalid API Key name", "Variable \"$input\" is not defined.",
                                           "Variable \"$input\" got invalid value 1"};
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        assert_string_equal(read(messages[i]), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_and_reason_are_found),
        cmocka_unit_test(values_do_not_mislead),
        cmocka_unit_test(other_messages_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
