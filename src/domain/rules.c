#include "domain/rules.h"

#include "base/utf8.h"
#include "crypto/token.h"
#include "domain/permission_cache.h"

#include <stdarg.h>
#include <stdio.h>

int lk_fail_store(struct lk_call *call, int code) {
    switch (code) {
    case LK_ENOMEM: return lk_fail_memory(call);
    case LK_EFULL: return lk_problem_set(call->problem, code, "The disk is full: nothing was changed");
    case LK_ECORRUPT: return lk_problem_set(call->problem, code, "A stored record is damaged");
    default: return lk_problem_set(call->problem, code, "The database failed: %s", lk_db_message(call->db));
    }
}

int lk_fail_memory(struct lk_call *call) {
    return lk_problem_set(call->problem, LK_ENOMEM, "Out of memory");
}

struct lk_shown lk_show(struct lk_slice text) {
    struct lk_shown shown;
    size_t room = sizeof(shown.text) - 4;
    size_t len = text.len;
    if (len > room) {
        len = room;
        while (len > 0 && ((unsigned char)text.ptr[len] & 0xC0U) == 0x80U)
            len--;
    }
    snprintf(shown.text, sizeof(shown.text), "%.*s%s", (int)len, len == 0 ? "" : text.ptr, len < text.len ? "..." : "");
    return shown;
}

static bool is_control(uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F);
}

/* The characters with the property White_Space, and the byte order mark, which shows as nothing at all. */
static bool is_white_space(uint32_t c) {
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

/* The characters with the property Default_Ignorable_Code_Point: between others they say how these are written; alone they show as nothing. */
static bool is_ignorable(uint32_t c) {
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0xAD, 0xAD},     {0x34F, 0x34F},   {0x61C, 0x61C},     {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},
        {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x206F},   {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
        {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFF8}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    }
    return false;
}

#define NAME_BYTES_MAX ((size_t)255)

/* Names and texts are stored, logged and shown to many: a key that was put there by mistake would be theirs. */
static int refuse_key(struct lk_call *call, const char *what) {
    return lk_problem_set(call->problem, LK_EINVAL, "Invalid %s: it holds an API key, and is shown to people who must not have it", what);
}

int lk_check_name(struct lk_call *call, const char *what, struct lk_slice name) {
    if (name.len > NAME_BYTES_MAX)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid %s: it is %zu bytes long, and at most %zu are allowed", what, name.len,
                              NAME_BYTES_MAX);
    bool blank = true;
    bool first_is_space = false;
    bool last_is_space = false;
    bool control = false;
    for (size_t at = 0; at < name.len;) {
        uint32_t c;
        int len = lk_utf8_decode(lk_slice_make(name.ptr + at, name.len - at), &c);
        if (len < 0)
            return lk_problem_set(call->problem, LK_EINVAL, "Invalid %s: it is not well-formed UTF-8", what);
        last_is_space = is_white_space(c);
        first_is_space = first_is_space || (at == 0 && last_is_space);
        blank = blank && (last_is_space || is_ignorable(c));
        control = control || is_control(c);
        at += (size_t)len;
    }
    if (blank)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid %s: it must not be blank", what);
    if (first_is_space || last_is_space)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid %s: it must not begin or end with white space", what);
    if (control)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid %s: it must not contain control characters", what);
    return lk_token_within(name) ? refuse_key(call, what) : 0;
}

int lk_check_text(struct lk_call *call, const char *what, struct lk_slice text, size_t max) {
    if (text.len > max)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid %s: it is %zu bytes long, and at most %zu are allowed", what, text.len,
                              max);
    for (size_t at = 0; at < text.len;) {
        uint32_t c;
        int len = lk_utf8_decode(lk_slice_make(text.ptr + at, text.len - at), &c);
        if (len < 0)
            return lk_problem_set(call->problem, LK_EINVAL, "Invalid %s: it is not well-formed UTF-8", what);
        if (is_control(c) && c != '\t' && c != '\n' && c != '\r')
            return lk_problem_set(call->problem, LK_EINVAL, "Invalid %s: it must not contain control characters", what);
        at += (size_t)len;
    }
    return lk_token_within(text) ? refuse_key(call, what) : 0;
}

/* Whether a client put a secret where an id or name belongs: it must not get into the audit log that way. */
static bool looks_secret(struct lk_slice text) {
    return lk_slice_starts_with(text, "lk_") || lk_slice_starts_with(text, "lks_") || lk_token_within(text);
}

int lk_deny(struct lk_call *call, const struct lk_intent *intent, const char *format, ...) {
    char reason[256];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    struct lk_denial denial = {.operation = intent->operation, .resource_type = intent->resource_type};
    if (intent->operation != NULL) {
        if (intent->resource_id != NULL)
            denial.resource_id = *intent->resource_id;
        struct lk_shown name = lk_show(looks_secret(intent->resource_name) ? lk_slice_make("", 0) : intent->resource_name);
        if (lk_arena_copy(call->arena, lk_slice_cstr(name.text), &denial.resource_name) != 0 ||
            lk_arena_copy(call->arena, lk_slice_cstr(reason), &denial.reason) != 0)
            return lk_fail_memory(call);
        call->denial = denial;
    }
    return lk_problem_set(call->problem, LK_EFORBIDDEN, "%s", reason);
}

bool lk_ids_have(const struct lk_id *ids, size_t len, const struct lk_id *id) {
    size_t low = 0;
    while (low < len) {
        size_t middle = low + (len - low) / 2;
        int order = memcmp(ids[middle].bytes, id->bytes, LK_ID_BYTES);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            len = middle;
    }
    return false;
}

int lk_read_union(struct lk_call *call, const struct lk_group_permissions_row *rows, size_t len, struct lk_permissions *ret) {
    struct lk_permissions *sets = lk_arena_calloc(call->arena, len, sizeof(*sets));
    if (sets == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len; i++) {
        int code = lk_permission_cache_read(call->domain->permissions, rows[i].permissions, call->arena, &sets[i]);
        if (code != 0)
            return lk_fail_store(call, code);
    }
    return lk_permissions_union(sets, len, call->arena, ret) == 0 ? 0 : lk_fail_memory(call);
}

int lk_take_document(struct lk_call *call, struct lk_buf *document, struct lk_slice *ret) {
    int code = document->failed ? LK_ENOMEM : lk_arena_copy(call->arena, lk_buf_slice(document), ret);
    lk_buf_free(document);
    return code == 0 ? 0 : lk_fail_memory(call);
}

int lk_permissions_text(struct lk_call *call, const struct lk_permissions *permissions, struct lk_slice *ret) {
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_permissions_write(permissions, &w);
    return lk_take_document(call, &document, ret);
}

int lk_page_check(struct lk_call *call, struct lk_page *page) {
    if (page->limit < 0)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid limit: it must not be negative");
    if (page->offset < 0)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid offset: it must not be negative");
    if (page->limit > LK_PAGE_MAX)
        page->limit = LK_PAGE_MAX;
    return 0;
}

void lk_page_finish(struct lk_page page, int64_t total, size_t len, struct lk_page_info *ret) {
    *ret = (struct lk_page_info){
        .limit = page.limit, .offset = page.offset, .total = total, .has_more = total > page.offset && total - page.offset > (int64_t)len};
}
