/* What the sessions of HTTP/2 get their memory from, as nghttp2 asks for it. */
#include "../unit.h"

#include "http/http2_memory.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

static bool is_zero(const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static void gives_what_was_given_back(void **state) {
    (void)state;
    struct http2_memory memory = {0};
    nghttp2_mem mem = http2_memory_of(&memory);
    for (size_t size = 0; size <= 2 * HTTP2_MEMORY_SIZES * HTTP2_MEMORY_STEP; size++) {
        uint8_t *first = mem.malloc(size, mem.mem_user_data);
        uint8_t *second = mem.malloc(size, mem.mem_user_data);
        assert_non_null(first);
        assert_non_null(second);
        assert_int_equal((uintptr_t)first % alignof(max_align_t), 0);
        memset(first, 0xAB, size);
        memset(second, 0xCD, size);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(first[i], 0xAB);
        mem.free(first, mem.mem_user_data);
        size_t kept = memory.kept_bytes;
        if (size <= HTTP2_MEMORY_SIZES * HTTP2_MEMORY_STEP) {
            assert_true(is_zero(first, size)); /* it is ours still: kept, and wiped */
            assert_ptr_equal(mem.malloc(size, mem.mem_user_data), first);
            assert_true(memory.kept_bytes < kept);
            mem.free(first, mem.mem_user_data);
        } else {
            assert_int_equal(kept, memory.kept_bytes);
        }
        mem.free(second, mem.mem_user_data);
        http2_memory_empty(&memory);
        assert_int_equal(memory.kept_bytes, 0);
    }
    mem.free(NULL, mem.mem_user_data);
}

static void zeroes_what_was_used(void **state) {
    (void)state;
    struct http2_memory memory = {0};
    nghttp2_mem mem = http2_memory_of(&memory);
    uint8_t *bytes = mem.malloc(100, mem.mem_user_data);
    memset(bytes, 0xAB, 100);
    mem.free(bytes, mem.mem_user_data);
    bytes = mem.calloc(10, 10, mem.mem_user_data);
    assert_true(is_zero(bytes, 100));
    mem.free(bytes, mem.mem_user_data);
    bytes = mem.calloc(100, 100, mem.mem_user_data);
    assert_true(is_zero(bytes, 10000));
    mem.free(bytes, mem.mem_user_data);
    assert_null(mem.calloc(SIZE_MAX / 2, 3, mem.mem_user_data));
    assert_null(mem.malloc(SIZE_MAX, mem.mem_user_data));
    http2_memory_empty(&memory);
}

static void keeps_content_when_it_grows(void **state) {
    (void)state;
    struct http2_memory memory = {0};
    nghttp2_mem mem = http2_memory_of(&memory);
    uint8_t *bytes = mem.realloc(NULL, 1, mem.mem_user_data);
    bytes[0] = 1;
    for (size_t size = 2; size <= 2000; size++) {
        bytes = mem.realloc(bytes, size, mem.mem_user_data);
        assert_non_null(bytes);
        bytes[size - 1] = (uint8_t)size;
        for (size_t i = 0; i < size; i++)
            assert_int_equal(bytes[i], (uint8_t)(i + 1));
    }
    assert_null(mem.realloc(bytes, SIZE_MAX, mem.mem_user_data));
    bytes = mem.realloc(bytes, 3, mem.mem_user_data);
    assert_int_equal(bytes[2], 3);
    mem.free(bytes, mem.mem_user_data);
    http2_memory_empty(&memory);
}

static void keeps_no_more_than_its_limit(void **state) {
    (void)state;
    enum { BLOCKS = 3 * HTTP2_MEMORY_KEPT_MAX / 512 };
    static void *blocks[BLOCKS];
    struct http2_memory memory = {0};
    nghttp2_mem mem = http2_memory_of(&memory);
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = mem.malloc(512, mem.mem_user_data);
    for (size_t i = 0; i < BLOCKS; i++)
        mem.free(blocks[i], mem.mem_user_data);
    assert_int_equal(memory.kept_bytes, HTTP2_MEMORY_KEPT_MAX);
    http2_memory_empty(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_was_given_back),
        cmocka_unit_test(zeroes_what_was_used),
        cmocka_unit_test(keeps_content_when_it_grows),
        cmocka_unit_test(keeps_no_more_than_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
