/* What commands that talk to a server need besides the server: values of answers, the tables of commands. */
#include "../unit.h"

#include "cli/cli.h"
#include "cli/session.h"

static void values_are_found_and_written(void **state) {
    (void)state;
    struct lk_arena arena;
    lk_arena_init(&arena, 1 << 20);
    static const struct lk_slice text = LK_SLICE("{\"a\":{\"b\":[1,2.5,null,true,{\"c\":\"d\\\"\"}]}}");
    struct lk_json *json;
    assert_int_equal(lk_json_parse(text, &arena, &json, NULL), 0);
    assert_int_equal(cli_at(json, "a.b")->type, LK_JSON_ARRAY);
    assert_null(cli_at(json, "a.x"));
    assert_null(cli_at(json, "a.b.c"));
    assert_null(cli_at(NULL, "a"));
    assert_ptr_equal(cli_at(json, ""), json);
    struct lk_buf out;
    lk_buf_init(&out, 0);
    struct lk_json_writer w;
    lk_json_writer_init(&w, &out);
    cli_write_json(&w, json);
    assert_true(lk_slice_equal(lk_buf_slice(&out), text));
    lk_buf_free(&out);
    lk_arena_free(&arena);
}

/* Help, manual and completion are made of these: nothing may be missing, and an option means one thing. */
static void check_command(const struct cli_command *command) {
    assert_non_null(command->usage);
    assert_non_null(command->summary);
    assert_int_equal(command->summary[strlen(command->summary) - 1], '.');
    assert_true((command->verbs != NULL) + (command->run != NULL) + (command->act != NULL) == 1);
    assert_int_equal(command->act != NULL, command->options_kind == CLI_OPTIONS_CLIENT);
    assert_true(command->run != NULL || command->options_kind != CLI_OPTIONS_MAYBE_CLIENT);
    struct lk_arena arena;
    lk_arena_init(&arena, 1 << 20);
    size_t len = 0;
    const struct cli_option *options = cli_command_options(command, &arena, &len);
    assert_non_null(options);
    for (size_t i = 0; i < len; i++) {
        assert_non_null(options[i].help);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(options[i].name, options[j].name);
    }
    lk_arena_free(&arena);
}

static void every_command_is_whole(void **state) {
    (void)state;
    for (const struct cli_command *const *at = cli_commands(); *at != NULL; at++) {
        check_command(*at);
        for (const struct cli_command *const *verb = (*at)->verbs; verb != NULL && *verb != NULL; verb++) {
            check_command(*verb);
            assert_memory_equal((*verb)->name, (*at)->name, strlen((*at)->name));
            assert_non_null((*verb)->examples);
        }
    }
}

static void commands_are_found_by_their_words(void **state) {
    (void)state;
    size_t used = 9;
    const char *const key_create[] = {"key", "create"};
    assert_string_equal(cli_find_command(key_create, 2, &used)->name, "key create");
    assert_int_equal(used, 2);
    const char *const key_other[] = {"key", "frob"};
    assert_string_equal(cli_find_command(key_other, 2, &used)->name, "key");
    assert_int_equal(used, 1);
    const char *const serve_word[] = {"serve", "create"};
    assert_string_equal(cli_find_command(serve_word, 2, &used)->name, "serve");
    assert_int_equal(used, 1);
    const char *const nothing[] = {"create", ""};
    assert_null(cli_find_command(nothing, 2, &used));
    assert_int_equal(used, 0);
}

static void texts_are_cut_between_characters(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t most;
        int wanted;
    } cases[] = {
        {"", 5, 0},
        {"abc", 5, 3},
        {"abcdef", 5, 5},
        {"\xC3\xA4\xC3\xA4\xC3\xA4", 5, 4},
        {"a\xE7\xBB\x84", 3, 1},
        {"a\xE7\xBB\x84", 4, 4},
        {"ab\xFFz", 9, 2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(cli_whole(lk_slice_cstr(cases[i].text), cases[i].most), cases[i].wanted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_and_written),
        cmocka_unit_test(every_command_is_whole),
        cmocka_unit_test(commands_are_found_by_their_words),
        cmocka_unit_test(texts_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
