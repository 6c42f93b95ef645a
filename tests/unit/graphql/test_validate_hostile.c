/*
 * Documents made to be expensive. Nothing is timed here: each of them would take minutes, gigabytes or the whole stack if the work for it were
 * quadratic or its recursion unbounded, so that they end at all is the test. What they end in is as for graphql-js, but that valid ones are
 * accepted where graphql-js gives up.
 */
#include "validate_case.h"

enum { MANY = 20000, COPIES = 50000 };

static void repeat(struct lk_buf *buf, const char *text, int times) {
    for (int i = 0; i < times; i++)
        lk_buf_add_cstr(buf, text);
}

/* Validates the document and frees it; the errors must begin with `errors`, and be none when that is empty. */
static void expect(struct lk_buf *query, int code, const char *errors) {
    struct lk_buf out = {0};
    assert_false(query->failed);
    assert_int_equal(validate_text(lk_buf_slice(query), NULL, &out), code);
    if (errors[0] == '\0')
        assert_string_equal(out.ptr, "");
    assert_memory_equal(out.ptr, errors, strlen(errors));
    lk_buf_free(query);
    lk_buf_free(&out);
}

static void expect_repeated(const char *before, const char *repeated, int times, const char *after, int code, const char *errors) {
    struct lk_buf query = {0};
    lk_buf_add_cstr(&query, before);
    repeat(&query, repeated, times);
    lk_buf_add_cstr(&query, after);
    expect(&query, code, errors);
}

static void test_repeated_fields_merge(void **state) {
    (void)state;
    expect_repeated("{", "choose ", COPIES, "}", 0, "");
    expect_repeated("{", "human { name pets { owner { name } } } ", MANY, "}", 0, "");
    expect_repeated("{", "pet { ... on Dog { name owner { name } } ... on Cat { name owner { n: name } } name } ", MANY, "}", 0, "");
    expect_repeated("{ dog { ", "...F ", COPIES, "} } fragment F on Dog { name }", 0, "");
}

static void test_repeated_conflicts_are_given_up(void **state) {
    (void)state;
    expect_repeated("{", "x: choose x: ids(ids: []) ", MANY, "}", LK_ELIMIT, " Validation aborted.\n");
}

static void test_repeated_parts_are_reported_once(void **state) {
    (void)state;
    expect_repeated("{ dog { at(", "x: 1 ", COPIES, ") } }", LK_EINVAL, "1:12 1:17 1:22 ");
    expect_repeated("{ choose", " @everywhere", COPIES, "}", LK_EINVAL, "1:10 1:22 The directive \"@everywhere\" can only be used once");
    expect_repeated("{ any(filter: {name: \"\"", " age: 1", COPIES, "}) }", LK_EINVAL, "1:25 1:32 There can be only one input field");
    expect_repeated("{ choose ", "u ", COPIES, "}", LK_EINVAL, "1:10 Cannot query field \"u\"");
}

static void test_errors_end_after_a_hundred(void **state) {
    (void)state;
    struct lk_buf query = {0};
    struct lk_buf out = {0};
    lk_buf_add_cstr(&query, "{");
    repeat(&query, "u ", 101);
    lk_buf_add_cstr(&query, "}");
    assert_int_equal(validate_text(lk_buf_slice(&query), NULL, &out), LK_EINVAL);
    size_t lines = 0;
    for (const char *c = out.ptr; *c != '\0'; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 101);
    assert_non_null(strstr(out.ptr, "\n Too many validation errors, error limit reached. Validation aborted.\n"));
    lk_buf_free(&query);
    lk_buf_free(&out);
}

/* {...F0} and fragments that each select `body` with the number of the next in it; the last has `end`. */
static struct lk_buf chain(const char *head, int len, const char *type, const char *body, const char *end) {
    struct lk_buf query = {0};
    lk_buf_add_cstr(&query, head);
    for (int i = 0; i < len; i++) {
        lk_buf_addf(&query, " fragment F%d on %s { ", i, type);
        const char *mark = strchr(body, '#');
        lk_buf_addf(&query, "%.*s%d%s }", (int)(mark - body), body, i + 1, mark + 1);
    }
    lk_buf_addf(&query, " fragment F%d on %s { %s }", len, type, end);
    return query;
}

static void test_chains_do_not_recurse(void **state) {
    (void)state;
    struct lk_buf query = chain("{ ...F0 }", MANY, "Query", "choose ...F#", "choose");
    expect(&query, 0, "");
    query = chain("{ human { ...F0 } }", MANY, "Human", "relatives { ...F# }", "name");
    expect(&query, 0, "");
    query = chain("{ ...F0 }", 100000, "Query", "...F#", "choose");
    expect(&query, LK_ELIMIT, " Validation aborted.\n");
    query = chain("{ human { ...F0 } human { ...F1 } }", MANY, "Human", "relatives { name ...F# }", "x: name x: secret");
    expect(&query, LK_ELIMIT, " Validation aborted.\n");
    query = chain("subscription { ...F0 }", MANY, "Subscription", "...F#", "barked");
    expect(&query, LK_ELIMIT, " Validation aborted.\n");
    query = chain("{ __schema { ...F0 } }", MANY, "__Schema", "...F#", "types { fields { type { fields { type { fields { name } } } } } }");
    expect(&query, LK_EINVAL, "1:3 Maximum introspection depth exceeded\n");
}

static void test_cycles_end(void **state) {
    (void)state;
    struct lk_buf query = chain("{ ...F0 }", MANY, "Query", "choose ...F#", "...F0");
    struct lk_buf out = {0};
    assert_int_equal(validate_text(lk_buf_slice(&query), NULL, &out), LK_EINVAL);
    assert_non_null(strstr(out.ptr, "Cannot spread fragment \"F0\" within itself via \"F1\", \"F2\""));
    assert_true(strlen(out.ptr) < 4096);
    lk_buf_free(&query);
    lk_buf_free(&out);

    lk_buf_add_cstr(&query, "{ ...F0 }");
    for (int i = 0; i < 150; i++) {
        lk_buf_addf(&query, " fragment F%d on Query { choose", i);
        for (int j = 0; j < 150; j++)
            lk_buf_addf(&query, " ...F%d", j);
        lk_buf_add_cstr(&query, " }");
    }
    expect(&query, LK_EINVAL, "1:41 Cannot spread fragment \"F0\" within itself.\n");
}

static void test_fan_out_is_followed_once(void **state) {
    (void)state;
    struct lk_buf query = chain("{ human { ...F0 } }", 300, "Human", "relatives { ...F# name } pets { owner { name } } ...B", "name");
    lk_buf_add_cstr(&query, " fragment B on Human { relatives { relatives { name } } }");
    expect(&query, 0, "");
}

static void test_many_operations_share_the_budget(void **state) {
    (void)state;
    struct lk_buf query = {0};
    for (int i = 0; i < 1000; i++)
        lk_buf_addf(&query, "query Q%d($v: Int) { ...F ...G%d } fragment G%d on Query { choose } ", i, i, i);
    lk_buf_add_cstr(&query, "fragment F on Query { human {");
    repeat(&query, " pets(limit: $v) { name }", 1000);
    lk_buf_add_cstr(&query, "} }");
    expect(&query, LK_ELIMIT, " Validation aborted.\n");
}

/* One long name in the message of each operation: the messages are cut. */
static void test_long_names_are_cut(void **state) {
    (void)state;
    struct lk_buf query = {0};
    struct lk_buf out = {0};
    for (int i = 0; i < 100; i++)
        lk_buf_addf(&query, "query Q%d { ...F } ", i);
    lk_buf_add_cstr(&query, "fragment F on Query { human(id: $");
    repeat(&query, "v", 100000);
    lk_buf_add_cstr(&query, ") { name } }");
    assert_int_equal(validate_text(lk_buf_slice(&query), NULL, &out), LK_EINVAL);
    assert_in_range(out.len, 100 * GQL_MESSAGE_MAX, 100 * (GQL_MESSAGE_MAX + 50));
    assert_non_null(strstr(out.ptr, "vvv...\n"));
    lk_buf_free(&query);
    lk_buf_free(&out);
}

/* A long name in a fragment is read in each place where that is spread beside another: that is work as any other. */
static void check_long_name(const char *before, const char *after) {
    struct lk_buf query = {0};
    lk_buf_add_cstr(&query, "{ ");
    repeat(&query, "choose ", 1000); /* too many for the exact rule, which has to look when the quick one gives up */
    lk_buf_add_cstr(&query, "}");
    for (int i = 0; i < 1000; i++)
        lk_buf_addf(&query, " fragment U%d on Query { human { ...B ...X%d } } fragment X%d on Human { name }", i, i, i);
    lk_buf_addf(&query, " fragment B on Human { %s", before);
    repeat(&query, "v", 100000);
    lk_buf_addf(&query, "%s }", after);
    expect(&query, LK_ELIMIT, " Validation aborted.\n");
}

static void test_long_names_are_work(void **state) {
    (void)state;
    check_long_name("", ": name");
    check_long_name("a: ", "");
    check_long_name("... on ", " { name }");
    check_long_name("...", "");
}

/* Each operation follows one fragment of many: the memory for that is in proportion to what it meets. */
static void test_many_operations_take_little_memory(void **state) {
    (void)state;
    struct lk_buf query = {0};
    struct lk_arena arena;
    struct gql_errors errors;
    struct gql_document *document = NULL;
    for (int i = 0; i < 8000; i++)
        lk_buf_addf(&query, "query Q%d { ...F%d } fragment F%d on Query { choose } ", i, i, i);
    lk_arena_init(&arena, (size_t)64 << 20);
    gql_errors_init(&errors, &arena, NULL);
    assert_int_equal(gql_parse(lk_buf_slice(&query), NULL, &arena, &document, &errors), 0);
    assert_int_equal(gql_validate(schema, document, NULL, &arena, &errors), 0);
    lk_arena_free(&arena);
    lk_buf_free(&query);
}

/* Every allocation of the request's arena fails once: LK_ENOMEM, and nothing worse, until there is enough. */
static void check_short_of_memory(const char *text) {
    struct lk_slice query = lk_slice_cstr(text);
    int code = LK_ENOMEM;
    for (size_t room = 0; code == LK_ENOMEM; room += 16) {
        struct lk_arena parsed;
        struct lk_arena arena;
        struct gql_errors errors;
        struct gql_document *document = NULL;
        lk_arena_init(&parsed, SIZE_MAX);
        lk_arena_init(&arena, room);
        gql_errors_init(&errors, &arena, NULL);
        assert_int_equal(gql_parse(query, &(struct gql_parse_limits){0}, &parsed, &document, &errors), 0);
        struct gql_limits limits = {.complexity = 100000};
        code = gql_validate(schema, document, &limits, &arena, &errors);
        lk_arena_free(&arena);
        lk_arena_free(&parsed);
        assert_true(room < 1000000);
    }
    assert_int_equal(code, LK_EINVAL);
}

static void test_memory_runs_out(void **state) {
    (void)state;
    check_short_of_memory("query ($a: Int, $b: Int) { dgo { name } human { x: name ...F pets(limit: $a, limit: 2) { name } } } "
                          "fragment F on Human { x: id ...F }");
}

/* A type that the schema has nowhere takes memory of its own; a variable whose type could not be made must not pass for one of a fitting type. */
static void test_memory_runs_out_in_a_type(void **state) {
    (void)state;
    check_short_of_memory("query ($a: [[Int]]) { find(number: $a, must: 1) { name } }");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeated_fields_merge),
        cmocka_unit_test(test_repeated_conflicts_are_given_up),
        cmocka_unit_test(test_repeated_parts_are_reported_once),
        cmocka_unit_test(test_errors_end_after_a_hundred),
        cmocka_unit_test(test_chains_do_not_recurse),
        cmocka_unit_test(test_cycles_end),
        cmocka_unit_test(test_fan_out_is_followed_once),
        cmocka_unit_test(test_many_operations_share_the_budget),
        cmocka_unit_test(test_long_names_are_cut),
        cmocka_unit_test(test_long_names_are_work),
        cmocka_unit_test(test_many_operations_take_little_memory),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_memory_runs_out_in_a_type),
    };
    return cmocka_run_group_tests(tests, build_schema, free_schema);
}
