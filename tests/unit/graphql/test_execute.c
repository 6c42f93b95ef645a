#include "engine.h"

#include <stdio.h>
#include <stdlib.h>

static const char sdl[] =
    "type Query { ok: Int nil: Int must: Int! fail: Int mustFail: Int! silent: Int big: Int text: Int half: Int\n"
    "  obj: Obj mustObj: Obj! objs: [Obj] mustObjs: [Obj!]! ints: [Int!] loose: [Int] notList: [Int] matrix: [[Int]!]\n"
    "  color: Color node: Node lost: Node unknown: Node wrong: Node notObject: Node pet: Pet any: Any echo(a: Int! = 1, b: Int!): Int\n"
    "  string: String deep: Obj typed: Int }\n"
    "type Mutation { one: Int two: Int bad: Int below: Obj worst: Int! }\n"
    "type Subscription { ok: Int }\n"
    "interface Node { ok: Int } scalar Any enum Color { RED GREEN }\n"
    "type Obj implements Node { ok: Int nil: Int must: Int! fail: Int mustFail: Int! deep: Obj echo(a: Int! = 1, b: Int!): Int }\n"
    "type Other { ok: Int } union Pet = Obj | Other input In { a: Int }";

/* What the hooks of a mutation saw, and what they are to answer. */
struct hooks {
    char text[64];
    size_t len;
    int before;
    int after;
};

static struct gql_out out_int(int64_t value) {
    return (struct gql_out){.kind = GQL_OUT_INT, .integer = value};
}

static int list_of(struct gql_call *call, const struct gql_out *items, size_t len, struct gql_out *ret) {
    struct gql_out *copy = lk_arena_calloc(call->arena, len, sizeof(*copy));
    if (copy == NULL)
        return LK_ENOMEM;
    if (len > 0)
        memcpy(copy, items, len * sizeof(*copy));
    *ret = (struct gql_out){.kind = GQL_OUT_LIST, .items = copy, .items_len = len};
    return 0;
}

/* Every field does what its name says. */
static int resolve(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_slice name = call->field->name;
    const struct gql_out object = {.kind = GQL_OUT_OBJECT};
    const struct gql_out nil = {.kind = GQL_OUT_NULL};
    struct {
        const char *name;
        struct gql_out out;
    } const simple[] = {
        {"ok", out_int(2)},
        {"one", out_int(1)},
        {"two", out_int(2)},
        {"big", out_int(2147483648)},
        {"text", {.kind = GQL_OUT_STRING, .text = LK_SLICE("abc")}},
        {"half", {.kind = GQL_OUT_FLOAT, .real = 1.5}},
        {"color", {.kind = GQL_OUT_STRING, .text = LK_SLICE("BLUE")}},
        {"string", {.kind = GQL_OUT_FLOAT, .real = 1e21}},
        {"notList", out_int(1)},
        {"obj", object},
        {"mustObj", object},
        {"deep", object},
        {"below", object},
        {"node", {.kind = GQL_OUT_OBJECT, .type_name = "Obj"}},
        {"pet", {.kind = GQL_OUT_OBJECT, .type_name = "Other"}},
        {"lost", object},
        {"unknown", {.kind = GQL_OUT_OBJECT, .type_name = "Nothing"}},
        {"wrong", {.kind = GQL_OUT_OBJECT, .type_name = "Other"}},
        {"notObject", {.kind = GQL_OUT_OBJECT, .type_name = "Color"}},
    };
    for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
        if (lk_slice_is(name, simple[i].name)) {
            *ret = simple[i].out;
            return 0;
        }
    }
    if (lk_slice_is(name, "fail") || lk_slice_is(name, "mustFail") || lk_slice_is(name, "bad") || lk_slice_is(name, "worst"))
        return gql_fail(call, "FORBIDDEN", "No %s", "entry");
    if (lk_slice_is(name, "silent"))
        return LK_EIO;
    if (lk_slice_is(name, "objs") || lk_slice_is(name, "mustObjs"))
        return list_of(call, (struct gql_out[]){object, nil}, 2, ret);
    if (lk_slice_is(name, "ints") || lk_slice_is(name, "loose"))
        return list_of(call, (struct gql_out[]){out_int(1), nil, out_int(2147483648), out_int(4)}, 4, ret);
    if (lk_slice_is(name, "matrix") || lk_slice_is(name, "any")) {
        struct gql_out rows[2];
        int code = list_of(call, (struct gql_out[]){out_int(1), nil}, 2, &rows[0]);
        if (code == 0)
            code = list_of(call, NULL, 0, &rows[1]);
        return code == 0 ? list_of(call, rows, 2, ret) : code;
    }
    if (lk_slice_is(name, "echo"))
        *ret = out_int(gql_value_int(gql_argument(call, "a"), 0) * 100 + gql_value_int(gql_argument(call, "b"), 0));
    return 0;
}

static void expect(const char *query, const char *variables, const char *answer) {
    struct engine e;
    engine_start(&e, sdl, resolve);
    assert_string_equal(engine_run(&e, query, variables), answer);
    engine_stop(&e);
}

static void selection_order_and_merging(void **state) {
    (void)state;
    expect("{ b: ok ...F a: obj { x: ok } ok ... on Query { a: obj { y: nil } } } fragment F on Query { a: obj { z: ok } ok b: ok ...F }",
           NULL, "{\"data\":{\"b\":2,\"a\":{\"z\":2,\"x\":2,\"y\":null},\"ok\":2}}");
}

static void skip_and_include(void **state) {
    (void)state;
    expect("query ($t: Boolean! = true, $f: Boolean!) { a: ok @skip(if: $t) b: ok @include(if: $f) c: ok @skip(if: $f) @include(if: $t)"
           " ...F @skip(if: true) ...F ... @include(if: false) { e: ok } } fragment F on Query { d: ok }",
           "{\"f\":false}", "{\"data\":{\"c\":2,\"d\":2}}");
}

static void a_condition_that_is_null_fails(void **state) {
    (void)state;
    expect(
        "query ($t: Boolean = true) { ok @skip(if: $t) }", "{\"t\":null}",
        "{\"errors\":[{\"message\":\"Argument \\\"if\\\" of non-null type \\\"Boolean!\\\" must not be null.\",\"locations\":[{\"line\":1,"
        "\"column\":43}]}],\"data\":null}");
    expect(
        "query ($t: Boolean = true) { obj { ok @skip(if: $t) } }", "{\"t\":null}",
        "{\"errors\":[{\"message\":\"Argument \\\"if\\\" of non-null type \\\"Boolean!\\\" must not be null.\",\"locations\":[{\"line\":1,"
        "\"column\":49}],\"path\":[\"obj\"]}],\"data\":{\"obj\":null}}");
}

static void failures_become_null_with_a_path(void **state) {
    (void)state;
    expect("{ ok x: fail x: fail obj { fail } }", NULL,
           "{\"errors\":[{\"message\":\"No entry\",\"locations\":[{\"line\":1,\"column\":6},{\"line\":1,\"column\":14}],\"path\":[\"x\"],"
           "\"extensions\":{\"code\":\"FORBIDDEN\"}},"
           "{\"message\":\"No "
           "entry\",\"locations\":[{\"line\":1,\"column\":28}],\"path\":[\"obj\",\"fail\"],\"extensions\":{\"code\":\"FORBIDDEN\"}}],"
           "\"data\":{\"ok\":2,\"x\":null,\"obj\":{\"fail\":null}}}");
    expect("{ silent }", NULL,
           "{\"errors\":[{\"message\":\"Internal server "
           "error\",\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"silent\"]}],\"data\":{\"silent\":null}}");
}

static void null_propagates_to_the_nearest_nullable(void **state) {
    (void)state;
    expect("{ ok obj { ok must } nil }", NULL,
           "{\"errors\":[{\"message\":\"Cannot return null for non-nullable field Obj.must.\",\"locations\":[{\"line\":1,\"column\":15}],"
           "\"path\":[\"obj\",\"must\"]}],\"data\":{\"ok\":2,\"obj\":null,\"nil\":null}}");
    expect("{ ok mustObj { ok mustFail } }", NULL,
           "{\"errors\":[{\"message\":\"No entry\",\"locations\":[{\"line\":1,\"column\":19}],\"path\":[\"mustObj\",\"mustFail\"],"
           "\"extensions\":{\"code\":\"FORBIDDEN\"}}],\"data\":null}");
    expect(
        "{ mustObjs { ok } }", NULL,
        "{\"errors\":[{\"message\":\"Cannot return null for non-nullable field Query.mustObjs.\",\"locations\":[{\"line\":1,\"column\":3}],"
        "\"path\":[\"mustObjs\",1]}],\"data\":null}");
}

static void errors_of_list_items(void **state) {
    (void)state;
    expect("{ loose objs { ok } matrix }", NULL,
           "{\"errors\":[{\"message\":\"Int cannot represent non 32-bit signed integer value: "
           "2147483648\",\"locations\":[{\"line\":1,\"column\":3}],"
           "\"path\":[\"loose\",2]}],\"data\":{\"loose\":[1,null,null,4],\"objs\":[{\"ok\":2},null],\"matrix\":[[1,null],[]]}}");
    expect("{ ints }", NULL,
           "{\"errors\":[{\"message\":\"Cannot return null for non-nullable field Query.ints.\",\"locations\":[{\"line\":1,\"column\":3}],"
           "\"path\":[\"ints\",1]}],\"data\":{\"ints\":null}}");
    expect(
        "{ notList }", NULL,
        "{\"errors\":[{\"message\":\"Expected Iterable, but did not find one for field \\\"Query.notList\\\".\",\"locations\":[{\"line\":1,"
        "\"column\":3}],\"path\":[\"notList\"]}],\"data\":{\"notList\":null}}");
}

static void results_that_do_not_fit(void **state) {
    (void)state;
    expect("{ text half color string any }", NULL,
           "{\"errors\":[{\"message\":\"Int cannot represent non-integer value: "
           "\\\"abc\\\"\",\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"text\"]},"
           "{\"message\":\"Int cannot represent non-integer value: 1.5\",\"locations\":[{\"line\":1,\"column\":8}],\"path\":[\"half\"]},"
           "{\"message\":\"Enum \\\"Color\\\" cannot represent value: "
           "\\\"BLUE\\\"\",\"locations\":[{\"line\":1,\"column\":13}],\"path\":[\"color\"]}],"
           "\"data\":{\"text\":null,\"half\":null,\"color\":null,\"string\":\"1e+21\",\"any\":[[1,null],[]]}}");
}

static void abstract_types(void **state) {
    (void)state;
    expect("{ node { __typename ok ... on Obj { nil } ... on Other { x: ok } } pet { __typename ... on Other { ok } ...N } }"
           " fragment N on Node { nil }",
           NULL, "{\"data\":{\"node\":{\"__typename\":\"Obj\",\"ok\":2,\"nil\":null},\"pet\":{\"__typename\":\"Other\",\"ok\":2}}}");
    expect("{ lost { ok } }", NULL,
           "{\"errors\":[{\"message\":\"Abstract type \\\"Node\\\" must resolve to an Object type at runtime for field \\\"Query.lost\\\". "
           "Either the "
           "\\\"Node\\\" type should provide a \\\"resolveType\\\" function or each possible type should provide an \\\"isTypeOf\\\" "
           "function.\","
           "\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"lost\"]}],\"data\":{\"lost\":null}}");
    expect("{ unknown { ok } wrong { ok } notObject { ok } }", NULL,
           "{\"errors\":[{\"message\":\"Abstract type \\\"Node\\\" was resolved to a type \\\"Nothing\\\" that does not exist inside the "
           "schema.\","
           "\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"unknown\"]},"
           "{\"message\":\"Runtime Object type \\\"Other\\\" is not a possible type for "
           "\\\"Node\\\".\",\"locations\":[{\"line\":1,\"column\":18}],"
           "\"path\":[\"wrong\"]},"
           "{\"message\":\"Abstract type \\\"Node\\\" was resolved to a non-object type "
           "\\\"Color\\\".\",\"locations\":[{\"line\":1,\"column\":31}],"
           "\"path\":[\"notObject\"]}],\"data\":{\"unknown\":null,\"wrong\":null,\"notObject\":null}}");
}

static void arguments_fail_their_field(void **state) {
    (void)state;
    expect(
        "query ($n: Int = 5, $m: Int) { a: echo(b: $n) b: echo(b: 1, a: $m) c: echo(b: $m) d: echo e: echo(b: \"x\") }", "{\"n\":null}",
        "{\"errors\":[{\"message\":\"Argument \\\"b\\\" of non-null type \\\"Int!\\\" must not be "
        "null.\",\"locations\":[{\"line\":1,\"column\":43}],"
        "\"path\":[\"a\"]},"
        "{\"message\":\"Argument \\\"b\\\" of required type \\\"Int!\\\" was provided the variable \\\"$m\\\" which was not provided a "
        "runtime value.\","
        "\"locations\":[{\"line\":1,\"column\":79}],\"path\":[\"c\"]},"
        "{\"message\":\"Argument \\\"b\\\" of required type \\\"Int!\\\" was not "
        "provided.\",\"locations\":[{\"line\":1,\"column\":83}],\"path\":[\"d\"]},"
        "{\"message\":\"Argument \\\"b\\\" has invalid value \\\"x\\\".\",\"locations\":[{\"line\":1,\"column\":102}],\"path\":[\"e\"]}],"
        "\"data\":{\"a\":null,\"b\":101,\"c\":null,\"d\":null,\"e\":null}}");
}

static void which_operation(void **state) {
    (void)state;
    struct engine e;
    engine_start(&e, sdl, resolve);
    assert_string_equal(engine_run(&e, "query A { ok } query B { nil }", NULL),
                        "{\"errors\":[{\"message\":\"Must provide operation name if query contains multiple operations.\"}]}");
    assert_false(e.outcome.ran);
    e.execution.operation_name = (struct lk_slice)LK_SLICE("B");
    assert_string_equal(engine_run(&e, "query A { ok } query B { nil }", NULL), "{\"data\":{\"nil\":null}}");
    assert_true(e.outcome.ran);
    e.execution.operation_name = (struct lk_slice)LK_SLICE("");
    assert_string_equal(engine_run(&e, "{ ok }", NULL), "{\"errors\":[{\"message\":\"Unknown operation named \\\"\\\".\"}]}");
    e.execution.operation_name.ptr = NULL;
    e.execution.no_codes = false;
    assert_string_equal(engine_run(&e, "fragment F on Query { ok }", NULL),
                        "{\"errors\":[{\"message\":\"Must provide an operation.\",\"extensions\":{\"code\":\"BAD_USER_INPUT\"}}]}");
    assert_string_equal(
        engine_run(&e, "subscription { ok }", NULL),
        "{\"errors\":[{\"message\":\"Subscriptions are not supported.\",\"locations\":[{\"line\":1,\"column\":1}],\"extensions\":"
        "{\"code\":\"BAD_USER_INPUT\"}}]}");
    engine_stop(&e);
    engine_start(&e, "type Query { ok: Int }", resolve);
    assert_string_equal(
        engine_run(&e, "mutation { ok }", NULL),
        "{\"errors\":[{\"message\":\"Schema is not configured to execute mutation operation.\",\"locations\":[{\"line\":1,\"column\":1}]}],"
        "\"data\":null}");
    engine_stop(&e);
}

static void fields_without_a_resolver_fail(void **state) {
    (void)state;
    struct engine e;
    engine_start(&e, sdl, NULL);
    assert_string_equal(engine_run(&e, "{ ok __typename }", NULL),
                        "{\"errors\":[{\"message\":\"Internal server error\",\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"ok\"]}],"
                        "\"data\":{\"ok\":null,\"__typename\":\"Query\"}}");
    engine_stop(&e);
}

/* --- mutations --- */

static int hook(struct gql_call *call, int code) {
    return code == LK_ELIMIT ? gql_fail(call, "BAD_USER_INPUT", "Too much in %.*s", (int)call->field->name.len, call->field->name.ptr)
                             : code;
}

static int before(struct gql_call *call) {
    struct hooks *hooks = call->context;
    hooks->text[hooks->len++] = '(';
    return hook(call, hooks->before);
}

static int after(struct gql_call *call, bool failed) {
    struct hooks *hooks = call->context;
    hooks->text[hooks->len++] = failed ? '!' : '.';
    hooks->text[hooks->len++] = ')';
    return hook(call, hooks->after);
}

static void run_mutation(struct hooks *hooks, const char *query, const char *answer) {
    struct engine e;
    engine_start(&e, sdl, resolve);
    e.execution.context = hooks;
    e.execution.before_field = before;
    e.execution.after_field = after;
    assert_string_equal(engine_run(&e, query, NULL), answer);
    engine_stop(&e);
}

static void hooks_stand_around_each_root_field(void **state) {
    (void)state;
    struct hooks hooks = {0};
    run_mutation(&hooks, "mutation { one bad below { ok } b: below { ok fail } two }",
                 "{\"errors\":[{\"message\":\"No "
                 "entry\",\"locations\":[{\"line\":1,\"column\":16}],\"path\":[\"bad\"],\"extensions\":{\"code\":\"FORBIDDEN\"}},"
                 "{\"message\":\"No "
                 "entry\",\"locations\":[{\"line\":1,\"column\":47}],\"path\":[\"b\",\"fail\"],\"extensions\":{\"code\":\"FORBIDDEN\"}}],"
                 "\"data\":{\"one\":1,\"bad\":null,\"below\":{\"ok\":2},\"b\":{\"ok\":2,\"fail\":null},\"two\":2}}");
    /* b is there in the answer but for one field of it, so what it did must stay */
    assert_string_equal(hooks.text, "(.)(!)(.)(.)(.)");
    hooks = (struct hooks){0};
    run_mutation(
        &hooks, "mutation { one worst two }",
        "{\"errors\":[{\"message\":\"No entry\",\"locations\":[{\"line\":1,\"column\":16}],\"path\":[\"worst\"],\"extensions\":{\"code\":"
        "\"FORBIDDEN\"}}],\"data\":null}");
    assert_string_equal(hooks.text, "(.)(!)");
    hooks = (struct hooks){0};
    run_mutation(&hooks, "{ ok }", "{\"data\":{\"ok\":2}}"); /* none around a query's */
    assert_string_equal(hooks.text, "");
}

static void hooks_that_fail_fail_the_field(void **state) {
    (void)state;
    struct hooks hooks = {.before = LK_EIO};
    const char *answer =
        "{\"errors\":[{\"message\":\"Internal server error\",\"locations\":[{\"line\":1,\"column\":12}],\"path\":[\"one\"]}],"
        "\"data\":{\"one\":null}}";
    run_mutation(&hooks, "mutation { one }", answer);
    assert_string_equal(hooks.text, "(");
    hooks = (struct hooks){.after = LK_EIO};
    run_mutation(&hooks, "mutation { one }", answer);
    assert_string_equal(hooks.text, "(.)");
    answer = "{\"errors\":[{\"message\":\"Too much in "
             "one\",\"locations\":[{\"line\":1,\"column\":12}],\"path\":[\"one\"],\"extensions\":{\"code\":"
             "\"BAD_USER_INPUT\"}}],\"data\":{\"one\":null}}";
    hooks = (struct hooks){.before = LK_ELIMIT};
    run_mutation(&hooks, "mutation { one }", answer);
    hooks = (struct hooks){.after = LK_ELIMIT};
    run_mutation(&hooks, "mutation { one }", answer);
}

/* --- limits --- */

static void deep_results_are_refused(void **state) {
    (void)state;
    /* 150 levels a fragment, five of them in a chain */
    struct lk_buf query = {0};
    lk_buf_add_cstr(&query, "{ deep { ...F0 } }");
    for (int i = 0; i < 5; i++) {
        lk_buf_addf(&query, " fragment F%d on Obj {", i);
        for (int level = 0; level < 150; level++)
            lk_buf_add_cstr(&query, " deep {");
        lk_buf_addf(&query, i < 4 ? " ...F%d" : " ok", i + 1);
        for (int level = 0; level < 151; level++)
            lk_buf_add_cstr(&query, " }");
    }
    lk_buf_add_char(&query, '\0');
    struct engine e;
    engine_start(&e, sdl, resolve);
    const char *answer = engine_run(&e, query.ptr, NULL);
    assert_non_null(strstr(answer, "\"message\":\"The result is nested deeper than 500 levels.\""));
    engine_stop(&e);
    lk_buf_free(&query);
}

static void long_chains_of_fragments_are_refused(void **state) {
    (void)state;
    struct lk_buf query = {0};
    lk_buf_add_cstr(&query, "{ ...F0 }");
    for (int i = 0; i < 20000; i++)
        lk_buf_addf(&query, " fragment F%d on Query { ...F%d }", i, i + 1);
    lk_buf_add_char(&query, '\0');
    struct engine e;
    engine_start(&e, sdl, resolve);
    assert_string_equal(engine_run(&e, query.ptr, NULL),
                        "{\"errors\":[{\"message\":\"Fragments are nested deeper than 500 levels.\"}],\"data\":null}");
    engine_stop(&e);
    lk_buf_free(&query);
}

/* A quadratic collection would take minutes for these. */
static void many_fields_are_quick(void **state) {
    (void)state;
    struct lk_buf query = {0};
    lk_buf_add_char(&query, '{');
    for (int i = 0; i < 50000; i++)
        lk_buf_addf(&query, " obj { ok } a%d: ok fail", i);
    lk_buf_add_cstr(&query, " }");
    lk_buf_add_char(&query, '\0');
    struct engine e;
    engine_start(&e, sdl, resolve);
    const char *answer = engine_run(&e, query.ptr, NULL);
    assert_non_null(strstr(answer, "\"data\":{\"obj\":{\"ok\":2},\"a0\":2,\"fail\":null,\"a1\":2,"));
    assert_non_null(strstr(answer, "\"a49999\":2}}"));
    engine_stop(&e);
    lk_buf_free(&query);
}

/* Three thousand places, each with three thousand fields that are left out: nothing to show for nine million looks. */
static void repeated_fragments_are_limited(void **state) {
    (void)state;
    struct lk_buf query = {0};
    lk_buf_add_cstr(&query, "query ($v: Boolean! = true) {");
    for (int i = 0; i < 3000; i++)
        lk_buf_addf(&query, " a%d: obj { ok ...F }", i);
    lk_buf_add_cstr(&query, " } fragment F on Obj {");
    for (int i = 0; i < 3000; i++)
        lk_buf_addf(&query, " b%d: ok @skip(if: $v)", i);
    lk_buf_add_cstr(&query, " }");
    lk_buf_add_char(&query, '\0');
    struct engine e;
    engine_start(&e, sdl, resolve);
    const char *answer = engine_run(&e, query.ptr, NULL);
    assert_non_null(strstr(answer, "\"message\":\"Fragments repeat more than 4000000 selections.\",\"locations\":"));
    assert_non_null(strstr(answer, "\"data\":{\"a0\":{\"ok\":2},\"a1\":{\"ok\":2},"));
    assert_non_null(strstr(answer, "\"a2999\":null}}"));
    engine_stop(&e);
    lk_buf_free(&query);
}

static void a_full_answer_is_taken_back(void **state) {
    (void)state;
    struct engine e;
    engine_start(&e, sdl, resolve);
    engine_run(&e, "{ obj { ok } fail }", NULL); /* for its document */
    struct lk_buf small;
    for (size_t limit = 5; limit < 100; limit++) {
        lk_buf_init(&small, limit);
        lk_buf_add_cstr(&small, "kept:");
        assert_int_equal(gql_execute(&e.execution, &small, &e.outcome), LK_ENOMEM);
        assert_true(lk_slice_is(lk_buf_slice(&small), "kept:"));
        assert_false(small.failed);
        lk_buf_free(&small);
    }
    engine_stop(&e);
}

static bool some_more(void *context) {
    return (*(int *)context)-- > 0;
}

/* Who executes says before each field that gives objects whether it goes on. */
static void it_can_be_ended(void **state) {
    (void)state;
    struct engine e;
    struct lk_buf out = {0};
    engine_start(&e, sdl, resolve);
    engine_run(&e, "{ ok obj { ok fail } objs { ok } b: obj { ok } }", NULL); /* for its document */
    e.execution.go_on = some_more;
    lk_buf_add_cstr(&out, "kept:");
    for (int fields = 0; fields < 3; fields++) {
        int left = fields;
        e.execution.context = &left;
        assert_int_equal(gql_execute(&e.execution, &out, &e.outcome), LK_ELIMIT);
        assert_int_equal(left, -1);
        assert_true(lk_slice_is(lk_buf_slice(&out), "kept:"));
    }
    int left = 3;
    e.execution.context = &left;
    assert_int_equal(gql_execute(&e.execution, &out, &e.outcome), 0);
    assert_int_equal(left, 0);
    lk_buf_free(&out);
    engine_stop(&e);
}

/* A hundred errors with one long key in their paths do not become larger than the answer may be; that it is full shows in its room. */
static void errors_count_for_the_answer(void **state) {
    (void)state;
    struct engine e;
    struct lk_buf query = {0};
    struct lk_buf small;
    lk_buf_add_cstr(&query, "{ ");
    for (int i = 0; i < 10000; i++)
        lk_buf_add_char(&query, 'a');
    lk_buf_add_cstr(&query, ": obj {");
    for (int i = 0; i < 100; i++)
        lk_buf_addf(&query, " f%d: fail", i);
    lk_buf_add_cstr(&query, " } }");
    lk_buf_add_char(&query, '\0');
    engine_start(&e, sdl, resolve);
    assert_in_range(strlen(engine_run(&e, query.ptr, NULL)), 1000000, 1100000);
    lk_buf_init(&small, 500000);
    assert_int_equal(gql_execute(&e.execution, &small, &e.outcome), LK_ENOMEM);
    assert_int_equal(small.len, 0);
    assert_true(small.cap >= 250000);
    lk_buf_free(&small);
    lk_buf_free(&query);
    engine_stop(&e);
}

/* Fails each allocation once, by ever larger limits of the arena. */
static void lost_memory_is_an_error(void **state) {
    (void)state;
    struct engine e;
    engine_start(&e, sdl, resolve);
    engine_run(&e, "query ($v: Int) { obj { ok mustFail } objs { x: ok ...F } node { ok } a: echo(b: $v) ints } fragment F on Obj { ok }",
               "{\"v\":1}");
    struct lk_buf out = {0};
    struct lk_arena arena;
    int code = LK_ENOMEM;
    for (size_t limit = 0; code != 0; limit += 16) {
        lk_arena_init(&arena, limit);
        e.execution.arena = &arena;
        code = gql_execute(&e.execution, &out, &e.outcome);
        assert_true(code == 0 || (code == LK_ENOMEM && out.len == 0));
        lk_arena_free(&arena);
    }
    lk_buf_free(&out);
    engine_stop(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selection_order_and_merging),
        cmocka_unit_test(skip_and_include),
        cmocka_unit_test(a_condition_that_is_null_fails),
        cmocka_unit_test(failures_become_null_with_a_path),
        cmocka_unit_test(null_propagates_to_the_nearest_nullable),
        cmocka_unit_test(errors_of_list_items),
        cmocka_unit_test(results_that_do_not_fit),
        cmocka_unit_test(abstract_types),
        cmocka_unit_test(arguments_fail_their_field),
        cmocka_unit_test(which_operation),
        cmocka_unit_test(fields_without_a_resolver_fail),
        cmocka_unit_test(hooks_stand_around_each_root_field),
        cmocka_unit_test(hooks_that_fail_fail_the_field),
        cmocka_unit_test(deep_results_are_refused),
        cmocka_unit_test(long_chains_of_fragments_are_refused),
        cmocka_unit_test(many_fields_are_quick),
        cmocka_unit_test(repeated_fragments_are_limited),
        cmocka_unit_test(a_full_answer_is_taken_back),
        cmocka_unit_test(it_can_be_ended),
        cmocka_unit_test(errors_count_for_the_answer),
        cmocka_unit_test(lost_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
