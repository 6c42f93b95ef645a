#include "domain/key_limits.h"

#include "base/json_read.h"
#include "domain/rules.h"

static bool has(struct lk_slice *texts, size_t len, struct lk_slice text) {
    for (size_t i = 0; i < len; i++) {
        if (lk_slice_equal(texts[i], text))
            return true;
    }
    return false;
}

static int canonical(struct lk_call *call, struct lk_slice text, struct lk_slice *ret) {
    struct lk_ip_range range;
    struct lk_problem problem = {0};
    char shown[LK_IP_RANGE_TEXT];
    if (text.ptr == NULL)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid allowedIps: an entry must not be null");
    if (lk_ip_range_parse(text, &range, &problem) != 0)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid allowedIps: %s (write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32)",
                              problem.text);
    lk_ip_range_format(&range, shown);
    return lk_arena_copy(call->arena, lk_slice_cstr(shown), ret) == 0 ? 0 : lk_fail_memory(call);
}

int lk_allowed_ips_write(struct lk_call *call, const struct lk_slice *texts, size_t len, struct lk_slice *ret) {
    struct lk_slice unique[LK_ALLOWED_IPS_MAX] = {{NULL, 0}};
    size_t unique_len = 0;
    if (len > LK_ALLOWED_IPS_MAX)
        return lk_problem_set(call->problem, LK_EINVAL, "Too many allowedIps: %zu, and at most %d are allowed", len, LK_ALLOWED_IPS_MAX);
    for (size_t i = 0; i < len; i++) {
        struct lk_slice text = {NULL, 0};
        int code = canonical(call, texts[i], &text);
        if (code != 0)
            return code;
        if (!has(unique, unique_len, text))
            unique[unique_len++] = text;
    }
    if (unique_len == 0) {
        *ret = (struct lk_slice){NULL, 0};
        return 0;
    }
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_array(&w);
    for (size_t i = 0; i < unique_len; i++)
        lk_json_string(&w, unique[i]);
    lk_json_end_array(&w);
    return lk_take_document(call, &document, ret);
}

int lk_allowed_ips_read(struct lk_call *call, struct lk_slice document, const struct lk_slice **ret, size_t *ret_len) {
    if (document.ptr == NULL) {
        *ret = NULL;
        *ret_len = 0;
        return 0;
    }
    struct lk_json *json = NULL;
    int code = lk_json_parse(document, call->arena, &json, NULL);
    if (code != 0 || json->type != LK_JSON_ARRAY)
        return lk_fail_store(call, code == LK_ENOMEM ? code : LK_ECORRUPT);
    struct lk_slice *texts = lk_arena_calloc(call->arena, json->array.len, sizeof(*texts));
    if (texts == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < json->array.len; i++)
        texts[i] = lk_json_text(&json->array.items[i]);
    *ret = texts;
    *ret_len = json->array.len;
    return 0;
}

static int read_ranges(struct lk_call *call, struct lk_slice document, struct lk_ip_range **ret, size_t *ret_len) {
    const struct lk_slice *texts = NULL;
    size_t len = 0;
    int code = lk_allowed_ips_read(call, document, &texts, &len);
    if (code != 0)
        return code;
    struct lk_ip_range *ranges = lk_arena_calloc(call->arena, len, sizeof(*ranges));
    if (ranges == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len; i++) {
        if (lk_ip_range_parse(texts[i], &ranges[i], NULL) != 0)
            return lk_fail_store(call, LK_ECORRUPT);
    }
    *ret = ranges;
    *ret_len = len;
    return 0;
}

bool lk_range_holds(const struct lk_ip_range *range, const struct lk_ip_range *other) {
    return range->prefix <= other->prefix && lk_ip_range_has(range, &other->network);
}

int lk_allowed_ips_admit(struct lk_call *call, struct lk_slice document, const struct lk_ip *ip, bool *ret) {
    struct lk_ip_range *ranges = NULL;
    size_t len = 0;
    int code = read_ranges(call, document, &ranges, &len);
    if (code != 0)
        return code;
    bool admitted = document.ptr == NULL;
    for (size_t i = 0; i < len && ip != NULL && !admitted; i++)
        admitted = lk_ip_range_has(&ranges[i], ip);
    *ret = admitted;
    return 0;
}

int lk_allowed_ips_widened(struct lk_call *call, struct lk_slice before, struct lk_slice after, bool *ret) {
    struct lk_ip_range *old = NULL;
    struct lk_ip_range *new = NULL;
    size_t old_len = 0;
    size_t new_len = 0;
    int code = read_ranges(call, before, &old, &old_len);
    if (code == 0)
        code = read_ranges(call, after, &new, &new_len);
    if (code != 0)
        return code;
    bool widened = before.ptr != NULL && after.ptr == NULL;
    for (size_t i = 0; i < new_len && before.ptr != NULL && !widened; i++) {
        bool inside = false; /* of one block: what two of them hold together is taken for wider, which errs on the safe side */
        for (size_t j = 0; j < old_len && !inside; j++)
            inside = lk_range_holds(&old[j], &new[i]);
        widened = !inside;
    }
    *ret = widened;
    return 0;
}
