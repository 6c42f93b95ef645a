#include "../unit.h"

#include "http/url.h"

static struct lk_arena arena;

static int set_up(void **state) {
    (void)state;
    lk_arena_init(&arena, 4096);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lk_arena_free(&arena);
    return 0;
}

static void assert_text(struct lk_slice actual, const char *expected) {
    assert_int_equal(actual.len, strlen(expected));
    assert_memory_equal(actual.ptr, expected, actual.len);
}

static void decodes_percent(void **state) {
    (void)state;
    struct lk_slice result;
    assert_int_equal(http_percent_decode(lk_slice_cstr("a%20b+c%2fD%C3%A4"), false, &arena, &result), 0);
    assert_text(result, "a b+c/D\xC3\xA4");
    assert_int_equal(http_percent_decode(lk_slice_cstr("a+b%2B"), true, &arena, &result), 0);
    assert_text(result, "a b+");
    assert_int_equal(http_percent_decode(lk_slice_cstr("%00"), false, &arena, &result), 0);
    assert_int_equal(result.len, 1);
    assert_int_equal(result.ptr[0], 0);
    assert_int_equal(http_percent_decode((struct lk_slice){0}, false, &arena, &result), 0);
    assert_int_equal(result.len, 0);
}

static void refuses_broken_escapes(void **state) {
    (void)state;
    static const char *const broken[] = {"%", "%1", "a%g0", "%0g", "%%20", "% 1", "%+1"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct lk_slice result = LK_SLICE("untouched");
        assert_int_equal(http_percent_decode(lk_slice_cstr(broken[i]), true, &arena, &result), LK_EINVAL);
        assert_text(result, "untouched");
    }
}

static void respects_the_arena(void **state) {
    (void)state;
    static char text[5000];
    memset(text, 'a', sizeof(text));
    struct lk_slice result = LK_SLICE("untouched");
    assert_int_equal(http_percent_decode(lk_slice_make(text, sizeof(text)), true, &arena, &result), LK_ENOMEM);
    assert_text(result, "untouched");
}

static void finds_form_values(void **state) {
    (void)state;
    struct lk_slice form = LK_SLICE("a=1&&b=x+y%26z&=e&empty=&bare&a=2&qu%65ry=%7B&bad=%zz&c=d=e");
    struct lk_slice result;
    assert_int_equal(http_form_get(form, "a", &arena, &result), 0);
    assert_text(result, "1");
    assert_int_equal(http_form_get(form, "b", &arena, &result), 0);
    assert_text(result, "x y&z");
    assert_int_equal(http_form_get(form, "empty", &arena, &result), 0);
    assert_text(result, "");
    assert_int_equal(http_form_get(form, "bare", &arena, &result), 0);
    assert_text(result, "");
    assert_int_equal(http_form_get(form, "query", &arena, &result), 0);
    assert_text(result, "{");
    assert_int_equal(http_form_get(form, "c", &arena, &result), 0);
    assert_text(result, "d=e");
    assert_int_equal(http_form_get(form, "", &arena, &result), 0);
    assert_text(result, "e");
    assert_int_equal(http_form_get(form, "bad", &arena, &result), LK_EINVAL);
    assert_int_equal(http_form_get(form, "quer", &arena, &result), LK_ENOTFOUND);
    assert_int_equal(http_form_get((struct lk_slice){0}, "a", &arena, &result), LK_ENOTFOUND);
}

#define PART_A "Content-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\nof a"
#define PART_Q "content-type: text/plain\r\ncontent-disposition:form-data; filename=\"x;name=a\"; name=query\r\n\r\n"

static void finds_parts(void **state) {
    (void)state;
    struct lk_slice type = LK_SLICE("Multipart/Form-Data; charset=utf-8; boundary=\"b b\"");
    struct lk_slice body = LK_SLICE("preamble\r\n--b b\r\n" PART_A "\r\n--b b  \r\n" PART_Q "\r\n--b b\r\n\r\nx\r\n--b b--\r\nend");
    struct lk_slice result;
    assert_int_equal(http_multipart_get(type, body, "a", &result), 0);
    assert_text(result, "value\r\nof a");
    assert_int_equal(http_multipart_get(type, body, "query", &result), 0);
    assert_text(result, "");
    assert_int_equal(http_multipart_get(type, body, "b", &result), LK_ENOTFOUND);
    struct lk_slice at_start = LK_SLICE("--b b\r\n" PART_A "\r\n--b b--");
    assert_int_equal(http_multipart_get(type, at_start, "a", &result), 0);
    assert_text(result, "value\r\nof a");
}

static void refuses_malformed_parts(void **state) {
    (void)state;
    static const struct {
        const char *type, *body;
    } cases[] = {
        {"multipart/form-data", "--b\r\n" PART_A "\r\n--b--"},
        {"multipart/form-data; boundary=", "--\r\n" PART_A "\r\n----"},
        {"multipart/mixed; boundary=b", "--b\r\n" PART_A "\r\n--b--"},
        {"multipart/form-data; boundary=b", ""},
        {"multipart/form-data; boundary=b", "--b"},
        {"multipart/form-data; boundary=b", "--b\n" PART_A "\n--b--"},
        {"multipart/form-data; boundary=b", "--b\r\n" PART_A},
        {"multipart/form-data; boundary=b", "--b\r\n" PART_A "\r\n--b"},
        {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n--b--"},
        {"multipart/form-data; boundary=b", "--bx\r\n" PART_A "\r\n--b--"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lk_slice result = LK_SLICE("untouched");
        assert_int_equal(http_multipart_get(lk_slice_cstr(cases[i].type), lk_slice_cstr(cases[i].body), "a", &result), LK_EINVAL);
        assert_text(result, "untouched");
    }
    char type[200] = "multipart/form-data; boundary=";
    memset(type + strlen(type), 'b', 71);
    struct lk_slice result;
    assert_int_equal(http_multipart_get(lk_slice_cstr(type), lk_slice_cstr("--b"), "a", &result), LK_EINVAL);
}

static void reads_media_types(void **state) {
    (void)state;
    assert_true(http_media_type_is(lk_slice_cstr("Application/JSON ; charset=utf-8"), "application/json"));
    assert_true(http_media_type_is(lk_slice_cstr("application/json"), "application/json"));
    assert_false(http_media_type_is(lk_slice_cstr("application/jsonp"), "application/json"));
    assert_false(http_media_type_is((struct lk_slice){0}, "application/json"));
    struct lk_slice type = LK_SLICE("text/plain; Charset=\"utf-8\" ; x=\"a;b=c\"; b = d;flag");
    assert_text(http_media_type_param(type, "charset"), "utf-8");
    assert_text(http_media_type_param(type, "x"), "a;b=c");
    assert_text(http_media_type_param(type, "b"), "d");
    assert_null(http_media_type_param(type, "flag").ptr);
    assert_null(http_media_type_param((struct lk_slice){0}, "charset").ptr);
}

static void weighs_offers(void **state) {
    (void)state;
    static const struct {
        const char *accept, *offer;
        unsigned quality;
    } cases[] = {
        {NULL, "application/json", 1000},
        {"", "application/json", 0},
        {"*/*", "application/json", 1000},
        {"application/*;q=0.5, */*;q=0.1", "application/json", 500},
        {"application/*;q=0.5, */*;q=0.1", "text/html", 100},
        {"application/json;q=0, */*", "application/json", 0},
        {"*/*, application/json ; q=0.25", "APPLICATION/JSON", 250},
        {"application/json; charset=utf-8", "application/json", 1000},
        {"text/html;level=1;q=0.4, text/html;q=0.7", "text/html", 700},
        {"text/html", "application/json", 0},
        {"app/*", "application/json", 0},
        {"application/json;q=2, text/html", "application/json", 0},
        {"application/json;q=0.1234", "application/json", 0},
        {"gzip, br", "gzip", 1000},
        {"gzip;q=0", "gzip", 0},
        {"gzip;q=0.001", "gzip", 1},
        {"*", "gzip", 1000},
        {"gzip;q=0, *", "gzip", 0},
        {"identity", "gzip", 0},
        {"x-gzip", "gzip", 0},
        {"text/plain;a=\",\", gzip", "gzip", 1000},
        {",,gzip , ", "gzip", 1000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned quality = http_accept_quality(lk_slice_cstr(cases[i].accept), cases[i].offer);
        if (quality != cases[i].quality)
            print_error("case %zu\n", i);
        assert_int_equal(quality, cases[i].quality);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(decodes_percent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_broken_escapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(respects_the_arena, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_form_values, set_up, tear_down),
        cmocka_unit_test(finds_parts),
        cmocka_unit_test(refuses_malformed_parts),
        cmocka_unit_test(reads_media_types),
        cmocka_unit_test(weighs_offers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
