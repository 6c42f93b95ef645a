#include "base/json_read.h"

#include "base/characters.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>

/* Numbers up to this length are read from a copy on the stack. */
#define NUMBER_MAX 64

#define FEW_MEMBERS 8

struct parser {
    const char *begin;
    const char *at;
    const char *end;
    struct lk_arena *arena;
    unsigned depth;
    size_t values; /* so far */
    size_t values_max;
    /* Values whose array or object has not ended yet; members of arrays have no name. */
    struct lk_json_member *stack;
    size_t stack_len;
    size_t stack_cap;
    const char *what; /* is wrong, where at stands; with LK_ELIMIT: what has more than most of unit */
    const char *unit;
    int most;
};

static int fail(struct parser *p, const char *what) {
    p->what = what;
    return LK_EINVAL;
}

static int exceed(struct parser *p, const char *what, int most, const char *unit) {
    p->what = what;
    p->most = most;
    p->unit = unit;
    return LK_ELIMIT;
}

static bool at_end(const struct parser *p) {
    return p->at == p->end;
}

static void skip_space(struct parser *p) {
    while (!at_end(p) && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r'))
        p->at++;
}

static bool take(struct parser *p, char c) {
    if (at_end(p) || *p->at != c)
        return false;
    p->at++;
    return true;
}

/* --- strings --- */

static lk_characters are_not_plain(lk_characters c) {
    return (lk_characters)((c == '"') | (c == '\\') | (c >= 0x80));
}

/* The first byte from at on that ends a string, escapes, or is not ASCII. Most strings are plain. */
static const char *skip_plain(const char *at, const char *end) {
    for (; (size_t)(end - at) >= sizeof(lk_characters); at += sizeof(lk_characters)) {
        unsigned other = lk_characters_first(are_not_plain(lk_characters_at(at)));
        if (other < sizeof(lk_characters))
            return at + other;
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at < 0x80)
        at++;
    return at;
}

/* Four hexadecimal digits. */
static int read_hex(struct parser *p, uint32_t *ret) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        char c = at_end(p) ? '"' : *p->at;
        if (c >= '0' && c <= '9')
            value = value * 16 + (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            value = value * 16 + (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return fail(p, "four hexadecimal digits were expected after \\u");
    }
    *ret = value;
    return 0;
}

/* What follows \u: one unit of UTF-16 or a pair of them (RFC 8259 section 7). */
static int read_unicode(struct parser *p, char **out) {
    uint32_t unit = 0;
    uint32_t low = 0;
    int code = read_hex(p, &unit);
    if (code != 0)
        return code;
    if (unit >= 0xD800 && unit <= 0xDFFF) {
        if (unit >= 0xDC00 || p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u')
            return fail(p, "half of a surrogate pair stands alone");
        p->at += 2;
        code = read_hex(p, &low);
        if (code != 0)
            return code;
        if (low < 0xDC00 || low > 0xDFFF)
            return fail(p, "half of a surrogate pair stands alone");
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    *out += lk_utf8_encode(unit, *out);
    return 0;
}

static int read_escape(struct parser *p, char **out) {
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    p->at++;
    if (take(p, 'u'))
        return read_unicode(p, out);
    const char *letter = at_end(p) || *p->at == '\0' ? NULL : strchr(letters, *p->at);
    if (letter == NULL)
        return fail(p, "an escape that JSON does not know");
    p->at++;
    *(*out)++ = meanings[letter - letters];
    return 0;
}

/* Up to the closing quote, decoding to out: what is decoded is never longer than what is read. */
static int decode(struct parser *p, char *out, size_t *ret_len) {
    const char *start = out;
    while (!at_end(p) && *p->at != '"') {
        const char *next = skip_plain(p->at, p->end);
        memcpy(out, p->at, (size_t)(next - p->at));
        out += next - p->at;
        p->at = next;
        uint32_t character;
        int taken = 0;
        if (at_end(p) || *p->at == '"')
            break;
        if (*p->at == '\\') {
            int code = read_escape(p, &out);
            if (code != 0)
                return code;
            continue;
        }
        taken = lk_utf8_decode(lk_slice_make(p->at, (size_t)(p->end - p->at)), &character);
        if (taken < 0)
            return fail(p, "a string that is not UTF-8");
        memcpy(out, p->at, (size_t)taken);
        out += taken;
        p->at += taken;
    }
    *ret_len = (size_t)(out - start);
    return take(p, '"') ? 0 : fail(p, "a string that does not end");
}

/* The bytes to the closing quote, or to the end where there is none. */
static size_t raw_length(const struct parser *p) {
    const char *at = p->at;
    while (at < p->end && *at != '"')
        at += *at == '\\' && p->end - at > 1 ? 2 : 1;
    return (size_t)(at - p->at);
}

/* at is behind the opening quote. Control characters are taken as they are (RFC 8259 section 7 forbids them raw, the clients we serve send them). */
static int read_string(struct parser *p, struct lk_slice *ret) {
    const char *plain = skip_plain(p->at, p->end);
    if (plain < p->end && *plain == '"') {
        struct lk_slice text = {p->at, (size_t)(plain - p->at)};
        p->at = plain + 1;
        return lk_arena_copy(p->arena, text, ret);
    }
    char *out = lk_arena_alloc(p->arena, raw_length(p) + 1);
    size_t len = 0;
    if (out == NULL)
        return LK_ENOMEM;
    int code = decode(p, out, &len);
    if (code == 0)
        *ret = lk_slice_make(out, len);
    return code;
}

/* --- numbers --- */

static bool skip_digits(struct parser *p) {
    const char *before = p->at;
    while (!at_end(p) && *p->at >= '0' && *p->at <= '9')
        p->at++;
    return p->at != before;
}

/* JSON has one kind of number: 10, 10.0 and 1e1 are the same to JavaScript, and so they are here. */
static void set_real(double value, struct lk_json *ret) {
    const double exact = 9007199254740992.0; /* 2^53: up to here an integral double is one integer */
    if (value >= -exact && value <= exact && value == trunc(value)) {
        ret->type = LK_JSON_INT;
        ret->integer = (int64_t)value;
    } else {
        ret->type = LK_JSON_REAL;
        ret->real = value;
    }
}

static int read_real(struct parser *p, struct lk_slice text, struct lk_json *ret) {
    char small[NUMBER_MAX];
    char *copy = text.len < sizeof small ? small : lk_arena_alloc(p->arena, text.len + 1);
    if (copy == NULL)
        return LK_ENOMEM;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    double value = strtod(copy, NULL); /* the process keeps the C locale */
    if (isinf(value)) {
        p->at = text.ptr;
        return fail(p, "a number that is too large");
    }
    set_real(value, ret);
    return 0;
}

/* false when it does not fit. text is an optional minus and digits. */
static bool read_integer(struct lk_slice text, int64_t *ret) {
    bool negative = text.ptr[0] == '-';
    int64_t value = 0;
    for (size_t i = negative; i < text.len; i++) {
        int digit = text.ptr[i] - '0';
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, digit, &value))
            return false;
    }
    if (!negative && value == INT64_MIN)
        return false;
    *ret = negative ? value : -value;
    return true;
}

static int read_number(struct parser *p, struct lk_json *ret) {
    const char *start = p->at;
    bool integral = true;
    (void)take(p, '-');
    if (!take(p, '0') && !skip_digits(p))
        return fail(p, "a value was expected");
    if (take(p, '.')) {
        integral = false;
        if (!skip_digits(p))
            return fail(p, "digits were expected after the point");
    }
    if (take(p, 'e') || take(p, 'E')) {
        integral = false;
        if (!take(p, '+'))
            (void)take(p, '-');
        if (!skip_digits(p))
            return fail(p, "digits were expected in the exponent");
    }
    struct lk_slice text = {start, (size_t)(p->at - start)};
    ret->type = LK_JSON_INT;
    return integral && read_integer(text, &ret->integer) ? 0 : read_real(p, text, ret);
}

/* --- arrays and objects --- */

static int push(struct parser *p, const struct lk_json_member *member) {
    if (p->stack_len == p->stack_cap) {
        size_t cap = p->stack_cap == 0 ? 64 : p->stack_cap * 2;
        struct lk_json_member *larger = reallocarray(p->stack, cap, sizeof larger[0]);
        if (larger == NULL)
            return LK_ENOMEM;
        p->stack = larger;
        p->stack_cap = cap;
    }
    p->stack[p->stack_len++] = *member;
    return 0;
}

static int read_value(struct parser *p, struct lk_json *ret);

static int read_items(struct parser *p) {
    skip_space(p);
    if (take(p, ']'))
        return 0;
    for (;;) {
        struct lk_json_member member = {0};
        int code = read_value(p, &member.value);
        if (code == 0)
            code = push(p, &member);
        if (code != 0)
            return code;
        if (take(p, ']'))
            return 0;
        if (!take(p, ','))
            return fail(p, "a comma or ] was expected");
    }
}

static int read_member(struct parser *p) {
    struct lk_json_member member = {0};
    skip_space(p);
    if (!take(p, '"'))
        return fail(p, "the name of a member, in quotes, was expected");
    int code = read_string(p, &member.name);
    if (code != 0)
        return code;
    skip_space(p);
    if (!take(p, ':'))
        return fail(p, "a colon was expected");
    code = read_value(p, &member.value);
    return code != 0 ? code : push(p, &member);
}

static int read_members(struct parser *p) {
    skip_space(p);
    if (take(p, '}'))
        return 0;
    for (;;) {
        int code = read_member(p);
        if (code != 0)
            return code;
        if (take(p, '}'))
            return 0;
        if (!take(p, ','))
            return fail(p, "a comma or } was expected");
    }
}

static int compare_names(const void *a, const void *b) {
    const struct lk_json_member *left = *(const struct lk_json_member *const *)a;
    const struct lk_json_member *right = *(const struct lk_json_member *const *)b;
    size_t len = left->name.len < right->name.len ? left->name.len : right->name.len;
    int order = len == 0 ? 0 : memcmp(left->name.ptr, right->name.ptr, len);
    if (order == 0)
        order = (left->name.len > right->name.len) - (left->name.len < right->name.len);
    return order != 0 ? order : (left > right) - (left < right);
}

/* A few members, and no name twice: the usual case, which needs no sorting. */
static bool are_few_and_different(const struct lk_json_member *members, size_t len) {
    if (len > FEW_MEMBERS)
        return false;
    for (size_t i = 1; i < len; i++) {
        for (size_t j = 0; j < i; j++) {
            if (lk_slice_equal(members[i].name, members[j].name))
                return false;
        }
    }
    return true;
}

/* Of members with one name the first keeps its place and gets the last one's value. By sorting, since the names are the client's and may be many. */
static void merge_repeated(struct lk_json_member *members, size_t *len) {
    struct lk_json_member *sorted[LK_JSON_MEMBERS_MAX];
    if (*len < 2)
        return;
    for (size_t i = 0; i < *len; i++)
        sorted[i] = &members[i];
    qsort(sorted, *len, sizeof(struct lk_json_member *), compare_names);
    for (size_t i = 0, next; i < *len; i = next) {
        struct lk_json_member *first = sorted[i];
        for (next = i + 1; next < *len && lk_slice_equal(first->name, sorted[next]->name); next++) {
            first->value = sorted[next]->value;
            sorted[next]->name.ptr = NULL; /* not kept */
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < *len; i++) {
        if (members[i].name.ptr != NULL)
            members[kept++] = members[i];
    }
    *len = kept;
}

/* What the stack holds from base on becomes the array's items or the object's members. */
static int take_items(struct parser *p, size_t base, struct lk_json *ret) {
    size_t len = p->stack_len - base;
    struct lk_json *items = lk_arena_alloc(p->arena, len * sizeof items[0]);
    if (items == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < len; i++)
        items[i] = p->stack[base + i].value;
    ret->type = LK_JSON_ARRAY;
    ret->array.items = items;
    ret->array.len = len;
    return 0;
}

static int take_members(struct parser *p, size_t base, struct lk_json *ret) {
    size_t len = p->stack_len - base;
    if (len > LK_JSON_MEMBERS_MAX)
        return exceed(p, "an object in the JSON has more than", LK_JSON_MEMBERS_MAX, "members");
    struct lk_json_member *members = lk_arena_alloc(p->arena, len * sizeof members[0]);
    if (members == NULL)
        return LK_ENOMEM;
    if (len > 0)
        memcpy(members, p->stack + base, len * sizeof members[0]);
    if (!are_few_and_different(members, len))
        merge_repeated(members, &len);
    ret->type = LK_JSON_OBJECT;
    ret->object.members = members;
    ret->object.len = len;
    return 0;
}

static int read_nested(struct parser *p, bool object, struct lk_json *ret) {
    if (p->depth == LK_JSON_DEPTH_MAX)
        return exceed(p, "the JSON is nested deeper than", LK_JSON_DEPTH_MAX, "levels");
    size_t base = p->stack_len;
    p->depth++;
    int code = object ? read_members(p) : read_items(p);
    p->depth--;
    if (code == 0)
        code = object ? take_members(p, base, ret) : take_items(p, base, ret);
    p->stack_len = base;
    return code;
}

/* --- values --- */

static int read_word(struct parser *p, const char *word, struct lk_json value, struct lk_json *ret) {
    size_t len = strlen(word);
    if ((size_t)(p->end - p->at) < len || memcmp(p->at, word, len) != 0)
        return fail(p, "a value was expected");
    p->at += len;
    *ret = value;
    return 0;
}

static int read_bare(struct parser *p, struct lk_json *ret) {
    switch (*p->at) {
    case 't': return read_word(p, "true", (struct lk_json){.type = LK_JSON_BOOL, .boolean = true}, ret);
    case 'f': return read_word(p, "false", (struct lk_json){.type = LK_JSON_BOOL, .boolean = false}, ret);
    case 'n': return read_word(p, "null", (struct lk_json){.type = LK_JSON_NULL}, ret);
    default: return read_number(p, ret);
    }
}

/* With the white space around it. */
static int read_value(struct parser *p, struct lk_json *ret) {
    skip_space(p);
    if (at_end(p))
        return fail(p, "a value was expected");
    if (++p->values > p->values_max)
        return exceed(p, "the JSON has more than", LK_JSON_VALUES_MAX, "values");
    int code = 0;
    if (take(p, '"')) {
        ret->type = LK_JSON_STRING;
        code = read_string(p, &ret->string);
    } else if (take(p, '{')) {
        code = read_nested(p, true, ret);
    } else if (take(p, '[')) {
        code = read_nested(p, false, ret);
    } else {
        code = read_bare(p, ret);
    }
    skip_space(p);
    return code;
}

static int explain(const struct parser *p, int code, struct lk_problem *problem) {
    if (code == LK_ELIMIT)
        return lk_problem_set(problem, code, "%s %d %s", p->what, p->most, p->unit);
    if (code == LK_ENOMEM)
        return lk_problem_set(problem, code, "out of memory reading the JSON");
    unsigned long line = 1;
    const char *start = p->begin;
    for (const char *c = p->begin; c < p->at; c++) {
        if (*c == '\n') {
            line++;
            start = c + 1;
        }
    }
    return lk_problem_set(problem, code, "malformed JSON at line %lu column %lu: %s", line, (unsigned long)(p->at - start) + 1, p->what);
}

static int parse(struct lk_slice text, size_t values_max, struct lk_arena *arena, struct lk_json **ret, struct lk_problem *problem) {
    const char *begin = text.len == 0 ? "" : text.ptr;
    struct parser p = {.begin = begin, .at = begin, .end = begin + text.len, .arena = arena, .values_max = values_max};
    if (lk_slice_starts_with(text, "\xEF\xBB\xBF"))
        p.at += 3;
    struct lk_json *value = LK_ARENA_NEW(arena, struct lk_json);
    int code = value == NULL ? LK_ENOMEM : read_value(&p, value);
    if (code == 0 && !at_end(&p))
        code = fail(&p, "something follows the value");
    free(p.stack);
    if (code != 0)
        return explain(&p, code, problem);
    *ret = value;
    return 0;
}

int lk_json_parse(struct lk_slice text, struct lk_arena *arena, struct lk_json **ret, struct lk_problem *problem) {
    return parse(text, LK_JSON_VALUES_MAX, arena, ret, problem);
}

int lk_json_parse_any_size(struct lk_slice text, struct lk_arena *arena, struct lk_json **ret, struct lk_problem *problem) {
    return parse(text, SIZE_MAX, arena, ret, problem);
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
