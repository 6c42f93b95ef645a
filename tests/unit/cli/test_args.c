#include "../unit.h"

#include "cli/args.h"

static const struct cli_option options[] = {
    {"data", "DIR", "The directory.", false},
    {"listen", "ADDR:PORT", "Where to serve.", true},
    {"json", NULL, "Prints JSON.", false},
};

struct fixture {
    struct lk_arena arena;
    struct cli_args args;
    struct lk_problem problem;
};

static int set_up(void **state) {
    static struct fixture fixture;
    memset(&fixture, 0, sizeof(fixture));
    lk_arena_init(&fixture.arena, 1 << 20);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    lk_arena_free(&((struct fixture *)*state)->arena);
    return 0;
}

#define MAX_ARGS 8

static int parse(struct fixture *f, const char *const *argv) {
    char *copy[MAX_ARGS];
    int argc = 0;
    for (; argv[argc] != NULL; argc++)
        copy[argc] = (char *)argv[argc]; /* argv is writable in C; nothing writes to it */
    return cli_args_parse(argc, copy, options, sizeof(options) / sizeof(options[0]), &f->arena, &f->args, &f->problem);
}

static void reads_both_spellings(void **state) {
    struct fixture *f = *state;
    assert_int_equal(parse(f, (const char *const[]){"--data", "a", "word", "--json", "--listen=x=y", NULL}), 0);
    assert_string_equal(cli_args_get(&f->args, "data"), "a");
    assert_string_equal(cli_args_get(&f->args, "listen"), "x=y");
    assert_true(cli_args_flag(&f->args, "json"));
    assert_int_equal(f->args.words_len, 1);
    assert_string_equal(f->args.words[0], "word");
}

static void flags_may_be_switched_off(void **state) {
    struct fixture *f = *state;
    assert_int_equal(parse(f, (const char *const[]){"--json=false", NULL}), 0);
    assert_false(cli_args_flag(&f->args, "json"));
    assert_int_equal(parse(f, (const char *const[]){"--json=1", NULL}), LK_EINVAL);
}

static void two_dashes_end_the_options(void **state) {
    struct fixture *f = *state;
    assert_int_equal(parse(f, (const char *const[]){"--", "--data", "-x", NULL}), 0);
    assert_int_equal(f->args.words_len, 2);
    assert_null(cli_args_get(&f->args, "data"));
}

static void help_is_always_known(void **state) {
    struct fixture *f = *state;
    assert_int_equal(parse(f, (const char *const[]){"-h", NULL}), 0);
    assert_true(cli_args_flag(&f->args, "help"));
}

static void errors_name_the_option_and_the_nearest(void **state) {
    struct fixture *f = *state;
    assert_int_equal(parse(f, (const char *const[]){"--lisetn", "x", NULL}), LK_EINVAL);
    assert_string_equal(f->problem.text, "Unknown option --lisetn; did you mean --listen?");
    assert_int_equal(parse(f, (const char *const[]){"--something-else", NULL}), LK_EINVAL);
    assert_string_equal(f->problem.text, "Unknown option --something-else");
    assert_int_equal(parse(f, (const char *const[]){"--data", NULL}), LK_EINVAL);
    assert_string_equal(f->problem.text, "Option --data needs a value: --data DIR");
    assert_int_equal(parse(f, (const char *const[]){"-x", NULL}), LK_EINVAL);
}

static void only_lists_repeat(void **state) {
    struct fixture *f = *state;
    assert_int_equal(parse(f, (const char *const[]){"--data=a", "--data=b", NULL}), LK_EINVAL);
    assert_string_equal(f->problem.text, "Option --data is given twice");
    assert_int_equal(parse(f, (const char *const[]){"--listen=a", "--listen=b", NULL}), 0);
    assert_int_equal(f->args.given_len, 2);
}

static void nearest_is_near(void **state) {
    (void)state;
    static const char *const words[] = {"create", "update", "delete", "list"};
    assert_string_equal(cli_nearest("crate", words, 4, sizeof(words[0])), "create");
    assert_string_equal(cli_nearest("dleete", words, 4, sizeof(words[0])), "delete");
    assert_null(cli_nearest("frobnicate", words, 4, sizeof(words[0])));
    assert_null(cli_nearest("an argument that is far longer than any option of ours will ever be", words, 4, sizeof(words[0])));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_both_spellings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flags_may_be_switched_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_dashes_end_the_options, set_up, tear_down),
        cmocka_unit_test_setup_teardown(help_is_always_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(errors_name_the_option_and_the_nearest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_lists_repeat, set_up, tear_down),
        cmocka_unit_test(nearest_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
