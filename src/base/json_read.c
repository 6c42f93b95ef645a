#include "base/json_read.h"

#include "base/buf.h"

#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * The parser's memory. jansson does not look whether its buffer for a token could grow, and reads past the end of one that could not; so an allocation that
 * fails does not return to it, but ends the parsing: everything it has is in a list, and freed from there.
 */
struct block {
    struct block *previous;
    struct block *next;
    size_t size;
    size_t padding; /* what follows is aligned as malloc's */
};

static _Thread_local struct {
    struct block *blocks;
    jmp_buf no_memory;
} parser;

static void *take_block(size_t size) {
    struct block *block = size > SIZE_MAX - sizeof(*block) ? NULL : malloc(sizeof(*block) + size);
    if (block == NULL)
        longjmp(parser.no_memory, 1);
    *block = (struct block){.next = parser.blocks, .size = size};
    if (block->next != NULL)
        block->next->previous = block;
    parser.blocks = block;
    return block + 1;
}

/* Wiped: the parser's copies may be of passwords and keys. */
static void give_block(void *memory) {
    if (memory == NULL)
        return;
    struct block *block = (struct block *)memory - 1;
    if (block->previous != NULL)
        block->previous->next = block->next;
    else
        parser.blocks = block->next;
    if (block->next != NULL)
        block->next->previous = block->previous;
    explicit_bzero(memory, block->size);
    free(block);
}

static pthread_once_t parser_once = PTHREAD_ONCE_INIT;

static void set_up_parser(void) {
    json_set_alloc_funcs(take_block, give_block);
}

/* Escapes control characters that stand raw inside strings (RFC 8259 section 7 forbids them, the clients we serve send them). Returns the
 * text to parse: text itself where there is nothing to do, else what is in out. */
static int escape_raw_controls(struct lk_slice text, struct lk_buf *out, struct lk_slice *ret) {
    bool in_string = false;
    bool changed = false;
    size_t copied = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (!in_string) {
            in_string = c == '"';
        } else if (c == '\\') {
            i++; /* whatever is escaped neither ends the string nor is it raw; the parser judges it */
        } else if (c == '"') {
            in_string = false;
        } else if (c < 0x20) {
            lk_buf_add(out, lk_slice_make(text.ptr + copied, i - copied));
            lk_buf_addf(out, "\\u%04x", c);
            copied = i + 1;
            changed = true;
        }
    }
    if (!changed) {
        *ret = text;
        return 0;
    }
    lk_buf_add(out, lk_slice_make(text.ptr + copied, text.len - copied));
    if (out->failed)
        return LK_ENOMEM;
    *ret = lk_buf_slice(out);
    return 0;
}

static int convert(const json_t *from, struct lk_arena *arena, unsigned depth, struct lk_json *ret);

static int convert_array(const json_t *from, struct lk_arena *arena, unsigned depth, struct lk_json *ret) {
    if (depth >= LK_JSON_DEPTH_MAX)
        return LK_ELIMIT;
    size_t len = json_array_size(from);
    struct lk_json *items = lk_arena_calloc(arena, len, sizeof(*items));
    if (items == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < len; i++) {
        int code = convert(json_array_get(from, i), arena, depth + 1, &items[i]);
        if (code != 0)
            return code;
    }
    ret->type = LK_JSON_ARRAY;
    ret->array.items = items;
    ret->array.len = len;
    return 0;
}

static int convert_object(const json_t *from, struct lk_arena *arena, unsigned depth, struct lk_json *ret) {
    if (depth >= LK_JSON_DEPTH_MAX)
        return LK_ELIMIT;
    struct lk_json_member *members = lk_arena_calloc(arena, json_object_size(from), sizeof(*members));
    if (members == NULL)
        return LK_ENOMEM;
    size_t len = 0;
    /* The iterator takes a pointer to non-const only because it can also set values. */
    json_t *object = (json_t *)from; /* NOLINT(cppcoreguidelines-pro-type-cstyle-cast) */
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        int code = lk_arena_copy(arena, lk_slice_cstr(json_object_iter_key(at)), &members[len].name);
        if (code == 0)
            code = convert(json_object_iter_value(at), arena, depth + 1, &members[len].value);
        if (code != 0)
            return code;
        len++;
    }
    ret->type = LK_JSON_OBJECT;
    ret->object.members = members;
    ret->object.len = len;
    return 0;
}

/* JSON has one kind of number: 10, 10.0 and 1e1 are the same to JavaScript, and so they are here. It also repairs what reading all integers as
 * reals did to the small ones. */
static void convert_real(double value, struct lk_json *ret) {
    const double exact = 9007199254740992.0; /* 2^53: up to here an integral double is one integer */
    if (value >= -exact && value <= exact && value == trunc(value)) {
        ret->type = LK_JSON_INT;
        ret->integer = (int64_t)value;
    } else {
        ret->type = LK_JSON_REAL;
        ret->real = value;
    }
}

static int convert(const json_t *from, struct lk_arena *arena, unsigned depth, struct lk_json *ret) {
    switch (json_typeof(from)) {
    case JSON_OBJECT: return convert_object(from, arena, depth, ret);
    case JSON_ARRAY: return convert_array(from, arena, depth, ret);
    case JSON_STRING:
        ret->type = LK_JSON_STRING;
        return lk_arena_copy(arena, lk_slice_make(json_string_value(from), json_string_length(from)), &ret->string);
    case JSON_INTEGER:
        ret->type = LK_JSON_INT;
        ret->integer = json_integer_value(from);
        return 0;
    case JSON_REAL: convert_real(json_real_value(from), ret); return 0;
    case JSON_TRUE:
    case JSON_FALSE:
        ret->type = LK_JSON_BOOL;
        ret->boolean = json_is_true(from);
        return 0;
    case JSON_NULL: ret->type = LK_JSON_NULL; return 0;
    }
    return LK_EINTERNAL;
}

/* The tree of a text; freed by release. LK_EINVAL, LK_ELIMIT or LK_ENOMEM. */
static int load(struct lk_slice text, json_t **ret, json_error_t *error) {
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    if (setjmp(parser.no_memory) != 0)
        return LK_ENOMEM;
    json_t *root = json_loadb(text.len == 0 ? "" : text.ptr, text.len, flags, error);
    if (root == NULL && json_error_code(error) == json_error_numeric_overflow)
        root = json_loadb(text.ptr, text.len, flags | JSON_DECODE_INT_AS_REAL, error);
    if (root == NULL)
        return json_error_code(error) == json_error_stack_overflow ? LK_ELIMIT : LK_EINVAL;
    *ret = root;
    return 0;
}

/* The tree, or what is left of one. */
static void release(void) {
    struct block *block = parser.blocks;
    parser.blocks = NULL;
    while (block != NULL) {
        struct block *next = block->next;
        explicit_bzero(block + 1, block->size);
        free(block);
        block = next;
    }
}

int lk_json_parse(struct lk_slice text, struct lk_arena *arena, struct lk_json **ret, struct lk_problem *problem) {
    struct lk_buf escaped;
    lk_buf_init(&escaped, 0);
    pthread_once(&parser_once, set_up_parser);
    json_t *root = NULL;
    struct lk_slice input;
    int code = escape_raw_controls(text, &escaped, &input);
    if (code != 0) {
        lk_problem_set(problem, code, "out of memory");
        goto done;
    }
    json_error_t error;
    code = load(input, &root, &error);
    if (code == LK_ENOMEM)
        lk_problem_set(problem, code, "out of memory reading the JSON");
    else if (code != 0)
        lk_problem_set(problem, code, "malformed JSON at line %d column %d: %s", error.line, error.column, error.text);
    if (code != 0)
        goto done;
    struct lk_json *value = LK_ARENA_NEW(arena, struct lk_json);
    code = value == NULL ? LK_ENOMEM : convert(root, arena, 0, value);
    if (code == 0)
        *ret = value;
    else if (code == LK_ELIMIT)
        lk_problem_set(problem, code, "the JSON is nested deeper than %d levels", LK_JSON_DEPTH_MAX);
    else
        lk_problem_set(problem, code, "out of memory reading the JSON");
done:
    release();
    lk_buf_free(&escaped);
    return code;
}

const struct lk_json *lk_json_get(const struct lk_json *value, const char *name) {
    if (value == NULL || value->type != LK_JSON_OBJECT)
        return NULL;
    for (size_t i = 0; i < value->object.len; i++) {
        if (lk_slice_is(value->object.members[i].name, name))
            return &value->object.members[i].value;
    }
    return NULL;
}

struct lk_slice lk_json_text(const struct lk_json *value) {
    if (value == NULL || value->type != LK_JSON_STRING)
        return lk_slice_make("", 0);
    return value->string;
}
