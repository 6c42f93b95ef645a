#include "../unit.h"

#include "api/graphql_http.h"

static struct lk_arena arena;
static struct lk_graphql_decoded decoded;
#define BATCH_MAX 3
static struct lk_graphql_refusal refusal;

static int set_up(void **state) {
    (void)state;
    lk_arena_init(&arena, 1 << 20);
    memset(&decoded, 0, sizeof(decoded));
    memset(&refusal, 0, sizeof(refusal));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lk_arena_free(&arena);
    return 0;
}

static int post(const char *type, const char *body) {
    const struct lk_graphql_transport transport = {.method = HTTP_POST, .content_type = lk_slice_cstr(type), .body = lk_slice_cstr(body)};
    return lk_graphql_decode(&transport, BATCH_MAX, &arena, &decoded, &refusal);
}

static int post_form(const char *type, const char *body) {
    const struct lk_graphql_transport transport = {
        .method = HTTP_POST, .form = true, .content_type = lk_slice_cstr(type), .body = lk_slice_cstr(body)};
    return lk_graphql_decode(&transport, BATCH_MAX, &arena, &decoded, &refusal);
}

static int get(const char *query_string) {
    const struct lk_graphql_transport transport = {.method = HTTP_GET, .query_string = lk_slice_cstr(query_string)};
    return lk_graphql_decode(&transport, BATCH_MAX, &arena, &decoded, &refusal);
}

static void assert_text(struct lk_slice text, const char *expected) {
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void refuses(int code, int status) {
    assert_int_equal(code, LK_EINVAL);
    assert_int_equal(refusal.status, status);
    assert_true(refusal.problem.text[0] != '\0');
}

static void json_requests_are_read(void **state) {
    (void)state;
    assert_int_equal(
        post("application/json", "{\"query\":\"{a}\",\"operationName\":\"A\",\"variables\":{\"x\":1},\"extensions\":{},\"other\":[1]}"), 0);
    assert_text(decoded.requests[0].query, "{a}");
    assert_text(decoded.requests[0].operation_name, "A");
    assert_int_equal(lk_json_get(decoded.requests[0].variables, "x")->integer, 1);
    assert_false(decoded.requests[0].persisted);
    assert_false(decoded.batch);
}

static void null_members_are_absent(void **state) {
    (void)state;
    assert_int_equal(
        post("Application/JSON; charset=\"UTF-8\"", "{\"query\":\"{a}\",\"operationName\":null,\"variables\":null,\"extensions\":null}"),
        0);
    assert_null(decoded.requests[0].operation_name.ptr);
    assert_null(decoded.requests[0].variables);
}

static void raw_control_characters_are_accepted(void **state) {
    (void)state;
    assert_int_equal(post("application/json", "{\"query\":\"{\n\ta\\u0021}\"}"), 0);
    assert_text(decoded.requests[0].query, "{\n\ta!}");
}

static void malformed_json_requests_are_refused(void **state) {
    (void)state;
    const char *const bodies[] = {"",
                                  " ",
                                  "{",
                                  "null",
                                  "[]",
                                  "[{}]",
                                  "[null]",
                                  "[[{\"query\":\"{a}\"}]]",
                                  "[{\"query\":\"{a}\"},{\"query\":1}]",
                                  "\"{a}\"",
                                  "{}",
                                  "{\"query\":null}",
                                  "{\"query\":1}",
                                  "{\"query\":\"{a}\",\"variables\":[]}",
                                  "{\"query\":\"{a}\",\"variables\":\"{}\"}",
                                  "{\"query\":\"{a}\",\"extensions\":1}",
                                  "{\"query\":\"{a}\",\"operationName\":{}}",
                                  "{\"query\":\"{a}\"} x",
                                  "{\"query\":\"\xff\"}"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        refuses(post("application/json", bodies[i]), 400);
}

static void batches_are_read_up_to_the_limit(void **state) {
    (void)state;
    assert_int_equal(post("application/json", "[{\"query\":\"{a}\"},{\"query\":\"{b}\",\"variables\":{}}]"), 0);
    assert_true(decoded.batch);
    assert_int_equal(decoded.len, 2);
    assert_text(decoded.requests[1].query, "{b}");
    assert_int_equal(post("application/json", "[{\"query\":\"a\"}]"), 0);
    assert_true(decoded.batch);
    refuses(post("application/json", "[{\"query\":\"a\"},{\"query\":\"a\"},{\"query\":\"a\"},{\"query\":\"a\"}]"), 400);
    assert_string_equal(refusal.problem.text, "A batch may hold at most 3 requests, this one has 4");
}

#define HASH "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38"
#define PERSISTED "\"extensions\":{\"persistedQuery\":{\"version\":1,\"sha256Hash\":\"" HASH "\"}}"

static void persisted_documents_are_named_by_hash(void **state) {
    (void)state;
    assert_int_equal(post("application/json", "{" PERSISTED "}"), 0);
    assert_null(decoded.requests[0].query.ptr);
    assert_true(decoded.requests[0].persisted);
    assert_int_equal(decoded.requests[0].hash[0], 0xec);
    assert_int_equal(decoded.requests[0].hash[31], 0x38);
    assert_int_equal(post("application/json", "{\"query\":\"{a}\"," PERSISTED "}"), 0);
    assert_text(decoded.requests[0].query, "{a}");
    assert_int_equal(get("extensions=%7B%22persistedQuery%22%3A%7B%22version%22%3A1%2C%22sha256Hash%22%3A%22" HASH "%22%7D%7D"), 0);
    assert_true(decoded.requests[0].persisted);
    refuses(post("application/json", "{\"extensions\":{\"persistedQuery\":{\"version\":2,\"sha256Hash\":\"" HASH "\"}}}"), 400);
    refuses(post("application/json", "{\"extensions\":{\"persistedQuery\":{\"version\":1,\"sha256Hash\":\"ec\"}}}"), 400);
    refuses(post("application/json", "{\"extensions\":{\"persistedQuery\":1}}"), 400);
}

static void raw_documents_are_read(void **state) {
    (void)state;
    assert_int_equal(post("text/plain; charset=utf-8", " { a }"), 0);
    assert_text(decoded.requests[0].query, " { a }");
    assert_int_equal(post("application/graphql", "query A { a(b: \"{\") }"), 0);
    refuses(post("text/plain", "  \n"), 400);
    refuses(post("text/plain", "{ a \xc3 }"), 400);
}

/* fetch() without a Content-Type calls its JSON text/plain; GraphQL over HTTP wants that refused. */
static void json_is_no_document(void **state) {
    (void)state;
    refuses(post("text/plain;charset=UTF-8", "{\"query\":\"{a}\"}"), 415);
    refuses(post("application/graphql", " { \"query\":\"{a}\"}"), 415);
    refuses(post("text/plain", "\xEF\xBB\xBF{\"query\":\"{a}\"}"), 415);
}

static void other_types_are_refused_with_accept(void **state) {
    (void)state;
    const char *const types[] = {"", "x", "application/xml", "application/x-www-form-urlencoded", "application/json; charset=utf-16"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        refuses(post(types[i], "{\"query\":\"{a}\"}"), 415);
        assert_non_null(strstr(refusal.accept, "application/json"));
    }
}

static void a_body_without_a_type_is_what_it_looks_like(void **state) {
    (void)state;
    assert_int_equal(post(NULL, " { a }"), 0);
    assert_text(decoded.requests[0].query, " { a }");
    assert_int_equal(post(NULL, "\n{ \"query\":\"{a}\",\"operationName\":\"A\"}"), 0);
    assert_text(decoded.requests[0].query, "{a}");
    assert_text(decoded.requests[0].operation_name, "A");
    assert_int_equal(post(NULL, "[{\"query\":\"{a}\"},{\"query\":\"{b}\"}]"), 0);
    assert_true(decoded.batch);
    assert_int_equal(post(NULL, "\xEF\xBB\xBF{\"query\":\"{a}\"}"), 0);
    assert_text(decoded.requests[0].query, "{a}");
    assert_int_equal(post(NULL, "\xEF\xBB\xBF [{\"query\":\"{a}\"}]"), 0);
    assert_true(decoded.batch);
    refuses(post(NULL, ""), 400);
    refuses(post(NULL, "{\"query\":"), 400);
    refuses(post(NULL, "[]"), 400);
    refuses(post_form(NULL, "{ a }"), 415);
}

static void query_strings_are_read(void **state) {
    (void)state;
    assert_int_equal(get("query=%7Ba%7D&variables=%7B%22x%22%3A1%7D&operationName=&extensions="), 0);
    assert_text(decoded.requests[0].query, "{a}");
    assert_null(decoded.requests[0].operation_name.ptr);
    assert_int_equal(lk_json_get(decoded.requests[0].variables, "x")->integer, 1);
    refuses(get(""), 400);
    refuses(get(NULL), 400);
    refuses(get("query="), 400);
    refuses(get("query=%zz"), 400);
    refuses(get("query=%ff"), 400);
    refuses(get("query={a}&variables=x"), 400);
    refuses(get("query={a}&variables=[1]"), 400);
}

static void forms_are_read(void **state) {
    (void)state;
    static const char parts[] = "--b\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\n{a}\r\n"
                                "--b\r\nContent-Disposition: form-data; name=\"x-api-key\"\r\n\r\nkey\r\n--b--\r\n";
    assert_int_equal(post_form("multipart/form-data; boundary=b", parts), 0);
    assert_text(decoded.requests[0].query, "{a}");
    assert_text(decoded.api_key, "key");
    assert_int_equal(post_form("application/x-www-form-urlencoded", "query=%7B%22query%22%3A%22%7Bb%7D%22%7D&x-api-key=k"), 0);
    assert_text(decoded.requests[0].query, "{b}");
    assert_text(decoded.api_key, "k");
    refuses(post_form("text/plain", "{a}"), 415);
    refuses(post_form("multipart/form-data", parts), 400);

    const struct lk_graphql_transport by_get = {.method = HTTP_GET, .form = true, .query_string = LK_SLICE("query={a}")};
    refuses(lk_graphql_decode(&by_get, BATCH_MAX, &arena, &decoded, &refusal), 405);
    assert_string_equal(refusal.allow, "POST");
}

/* On the ordinary endpoint a key comes in a header: a form's field would let other sites' pages send it. */
static void keys_in_forms_count_on_the_form_endpoint_only(void **state) {
    (void)state;
    static const char parts[] = "--b\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\n{a}\r\n"
                                "--b\r\nContent-Disposition: form-data; name=\"x-api-key\"\r\n\r\nkey\r\n--b--\r\n";
    assert_int_equal(post("multipart/form-data; boundary=b", parts), 0);
    assert_null(decoded.api_key.ptr);
}

static void other_methods_are_refused(void **state) {
    (void)state;
    const struct lk_graphql_transport transport = {.method = HTTP_PUT};
    refuses(lk_graphql_decode(&transport, BATCH_MAX, &arena, &decoded, &refusal), 405);
    assert_string_equal(refusal.allow, "GET, POST");
}

static enum lk_graphql_media negotiate(const char *accept) {
    return lk_graphql_negotiate(lk_slice_cstr(accept));
}

static void media_types_are_negotiated(void **state) {
    (void)state;
    const char *const json[] = {NULL,
                                "*/*",
                                "application/*",
                                "application/json",
                                "application/json; charset=utf-8",
                                "text/html",
                                "application/json, application/graphql-response+json;q=0.5",
                                "application/graphql-response+json;q=0, */*"};
    const char *const response[] = {"application/graphql-response+json", "Application/GraphQL-Response+JSON",
                                    "application/graphql-response+json, application/json;q=0.9",
                                    "application/graphql-response+json, application/graphql+json, application/json, */*"};
    for (size_t i = 0; i < sizeof(json) / sizeof(json[0]); i++)
        assert_int_equal(negotiate(json[i]), LK_GRAPHQL_JSON);
    for (size_t i = 0; i < sizeof(response) / sizeof(response[0]); i++)
        assert_int_equal(negotiate(response[i]), LK_GRAPHQL_RESPONSE_JSON);
}

static void status_depends_on_the_media_type(void **state) {
    (void)state;
    assert_int_equal(lk_graphql_status(LK_GRAPHQL_JSON, false), 200);
    assert_int_equal(lk_graphql_status(LK_GRAPHQL_RESPONSE_JSON, false), 400);
    assert_int_equal(lk_graphql_status(LK_GRAPHQL_RESPONSE_JSON, true), 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_requests_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(null_members_are_absent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(raw_control_characters_are_accepted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(malformed_json_requests_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(batches_are_read_up_to_the_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(persisted_documents_are_named_by_hash, set_up, tear_down),
        cmocka_unit_test_setup_teardown(raw_documents_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(json_is_no_document, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_types_are_refused_with_accept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_without_a_type_is_what_it_looks_like, set_up, tear_down),
        cmocka_unit_test_setup_teardown(query_strings_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forms_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_in_forms_count_on_the_form_endpoint_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_methods_are_refused, set_up, tear_down),
        cmocka_unit_test(media_types_are_negotiated),
        cmocka_unit_test(status_depends_on_the_media_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
