/* The small parts of the server: dates, answers as bytes, timers, buffers. */
#include "../unit.h"

#include "http/gzip.h"
#include "http/response.h"
#include "http/timer.h"

#include <stdlib.h>

static void formats_dates(void **state) {
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {1709210096, "Thu, 29 Feb 2024 12:34:56 GMT"},
        {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[HTTP_DATE_LEN];
        http_date_format(cases[i].seconds, text);
        assert_memory_equal(text, cases[i].text, HTTP_DATE_LEN);
    }
}

static void writes_an_answer(void **state) {
    (void)state;
    static const struct http_answer_field field = {LK_SLICE("X-A"), LK_SLICE("b")};
    struct http_pool pool = {0};
    struct http_iobuf out = {0};
    struct http_answer answer = {.status = 404, .fields = &field, .fields_len = 1, .body = LK_SLICE("no"), .close = true};
    answer.date = "Sun, 06 Nov 1994 08:49:37 GMT";
    assert_int_equal(http_answer_write(&answer, &out, &pool), 0);
    const char *text =
        "HTTP/1.1 404 Not Found\r\nX-A: b\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno";
    assert_int_equal(http_iobuf_len(&out), strlen(text));
    assert_memory_equal(out.ptr, text, strlen(text));
    http_iobuf_release(&out, &pool);
    http_pool_free(&pool);
}

/* The head takes no room for a body that goes another way, or nowhere. */
static void makes_no_room_for_a_body_that_is_not_written(void **state) {
    (void)state;
    struct http_pool pool = {0};
    struct http_iobuf out = {0};
    struct http_answer answer = {.status = 200, .date = "Thu, 01 Jan 1970 00:00:00 GMT", .head_only = true};
    answer.body = lk_slice_make("", (size_t)1 << 20);
    assert_int_equal(http_answer_write(&answer, &out, &pool), 0);
    assert_int_equal(out.cap, HTTP_BLOCK_SIZE);
    http_iobuf_release(&out, &pool);
    http_pool_free(&pool);
}

/* Whatever breaks a line, and wherever: the value keeps its length and its other bytes. */
static void lets_no_value_break_its_line(void **state) {
    (void)state;
    struct http_pool pool = {0};
    for (size_t len = 1; len <= 50; len++) {
        for (size_t at = 0; at < len; at++) {
            char value[50];
            memset(value, '\x8D', sizeof(value)); /* that and CR differ in one bit */
            value[at] = "\r\n"[(at + len) % 3];   /* or NUL */
            const struct http_answer_field field = {LK_SLICE("X-A"), {value, len}};
            struct http_answer answer = {.status = 204, .fields = &field, .fields_len = 1, .date = "Thu, 01 Jan 1970 00:00:00 GMT"};
            struct http_iobuf out = {0};
            assert_int_equal(http_answer_write(&answer, &out, &pool), 0);
            const char *written = out.ptr + out.start + strlen("HTTP/1.1 204 No Content\r\nX-A: ");
            value[at] = ' ';
            assert_memory_equal(written, value, len);
            assert_memory_equal(written + len, "\r\nDate: ", 8);
            http_iobuf_release(&out, &pool);
        }
    }
    http_pool_free(&pool);
}

static void keeps_timers_in_order(void **state) {
    (void)state;
    struct http_timer_class timers;
    struct http_timer a = {0};
    struct http_timer b = {0};
    struct http_timer c = {0};
    http_timer_class_init(&timers, 10);
    assert_true(http_timer_next(&timers) == INT64_MAX);
    assert_null(http_timer_pop(&timers, INT64_MAX));
    http_timer_arm(&timers, &a, 0);
    http_timer_arm(&timers, &b, 1000000);
    http_timer_arm(&timers, &c, 2000000);
    http_timer_arm(&timers, &a, 3000000); /* again: now the last */
    http_timer_disarm(&c);
    http_timer_disarm(&c);
    assert_false(http_timer_armed(&c));
    assert_int_equal(http_timer_next(&timers), 11000000);
    assert_null(http_timer_pop(&timers, 10999999));
    assert_ptr_equal(http_timer_pop(&timers, 11000000), &b);
    assert_false(http_timer_armed(&b));
    assert_null(http_timer_pop(&timers, 12999999));
    assert_ptr_equal(http_timer_pop(&timers, 13000000), &a);
    assert_true(http_timer_next(&timers) == INT64_MAX);
}

static void fill(struct http_iobuf *buf, const char *text) {
    memcpy(buf->ptr + buf->end, text, strlen(text));
    buf->end += strlen(text);
}

static void moves_and_grows_buffers(void **state) {
    (void)state;
    struct http_pool pool = {0};
    struct http_iobuf buf = {0};
    assert_int_equal(http_iobuf_reserve(&buf, 1, &pool), 0);
    assert_int_equal(buf.cap, HTTP_BLOCK_SIZE);
    char *block = buf.ptr;
    fill(&buf, "secret and rest");
    buf.start = 11;
    assert_int_equal(http_iobuf_reserve(&buf, HTTP_BLOCK_SIZE - 4, &pool), 0); /* fits when moved */
    assert_ptr_equal(buf.ptr, block);
    assert_int_equal(buf.start, 0);
    assert_memory_equal(buf.ptr, "rest\0\0\0\0", 8); /* and nothing is left behind */
    assert_int_equal(http_iobuf_reserve(&buf, HTTP_BLOCK_SIZE, &pool), 0);
    assert_int_equal(buf.cap, 2 * HTTP_BLOCK_SIZE);
    assert_memory_equal(buf.ptr, "rest", 4);
    assert_int_equal(pool.len, 1); /* the block went back, wiped */
    assert_memory_equal(pool.blocks[0], "\0\0\0\0", 4);
    assert_int_equal(http_iobuf_reserve(&buf, SIZE_MAX - 2, &pool), LK_ENOMEM);
    assert_memory_equal(buf.ptr, "rest", 4);
    http_iobuf_release(&buf, &pool);
    assert_null(buf.ptr);
    http_iobuf_release(&buf, &pool);
    assert_int_equal(http_iobuf_reserve(&buf, 1, &pool), 0);
    assert_ptr_equal(buf.ptr, block);
    http_iobuf_release(&buf, &pool);
    http_pool_free(&pool);
}

static void compresses_only_what_shrinks(void **state) {
    (void)state;
    struct http_gzip gzip = {0};
    char noise[2000];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof(noise); i++) {
        seed = seed * 1664525 + 1013904223;
        noise[i] = (char)(seed >> 24);
    }
    struct lk_slice result = LK_SLICE("untouched");
    assert_int_equal(http_gzip_compress(&gzip, lk_slice_make(noise, sizeof(noise)), &result), LK_ELIMIT);
    assert_int_equal(result.len, 9);
    memset(noise, 'a', sizeof(noise));
    assert_int_equal(http_gzip_compress(&gzip, lk_slice_make(noise, sizeof(noise)), &result), 0); /* the failed one left nothing behind */
    assert_in_range(result.len, 18, 100);
    http_gzip_free(&gzip);
}

/* The thread that compresses has others to serve. */
static void compresses_nothing_that_takes_long(void **state) {
    (void)state;
    struct http_gzip gzip = {0};
    size_t most = (size_t)512 << 10;
    char *body = malloc(most + 1);
    assert_non_null(body);
    memset(body, 'a', most + 1);
    struct lk_slice result = LK_SLICE("untouched");
    assert_int_equal(http_gzip_compress(&gzip, lk_slice_make(body, most + 1), &result), LK_ELIMIT);
    assert_int_equal(result.len, 9);
    assert_int_equal(http_gzip_compress(&gzip, lk_slice_make(body, most), &result), 0);
    http_gzip_free(&gzip);
    free(body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_dates),
        cmocka_unit_test(writes_an_answer),
        cmocka_unit_test(makes_no_room_for_a_body_that_is_not_written),
        cmocka_unit_test(lets_no_value_break_its_line),
        cmocka_unit_test(keeps_timers_in_order),
        cmocka_unit_test(moves_and_grows_buffers),
        cmocka_unit_test(compresses_only_what_shrinks),
        cmocka_unit_test(compresses_nothing_that_takes_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
