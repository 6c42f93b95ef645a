#include "domain/key_metadata.h"

#include "base/json_read.h"
#include "domain/rules.h"

#include <stdlib.h>

static int compare_keys(const void *a, const void *b) {
    return lk_slice_compare(((const struct lk_metadata *)a)->key, ((const struct lk_metadata *)b)->key);
}

static int check(struct lk_call *call, const struct lk_metadata *sorted, size_t len) {
    for (size_t i = 0; i < len; i++) {
        int code = 0;
        if (sorted[i].key.len > LK_METADATA_KEY_MAX)
            code = lk_problem_set(call->problem, LK_EINVAL, "Invalid metadata key: it is %zu bytes long, and at most %d are allowed",
                                  sorted[i].key.len, LK_METADATA_KEY_MAX);
        if (code == 0)
            code = lk_check_name(call, "metadata key", sorted[i].key);
        if (code == 0 && i > 0 && lk_slice_equal(sorted[i].key, sorted[i - 1].key))
            code = lk_problem_set(call->problem, LK_EINVAL, "Invalid metadata: the key %s is there twice", lk_show(sorted[i].key).text);
        if (code == 0)
            code = lk_check_text(call, "metadata value", sorted[i].value, LK_METADATA_VALUE_MAX);
        if (code != 0)
            return code;
    }
    return 0;
}

int lk_metadata_write(struct lk_call *call, const struct lk_metadata *metadata, size_t len, struct lk_slice *ret) {
    if (len > LK_METADATA_MAX)
        return lk_problem_set(call->problem, LK_EINVAL, "Too much metadata: %zu entries, and at most %d are allowed", len, LK_METADATA_MAX);
    struct lk_metadata sorted[LK_METADATA_MAX];
    if (len > 0)
        memcpy(sorted, metadata, len * sizeof(*metadata));
    /* cppcheck-suppress uninitvar ; the len that are sorted were copied */
    qsort(sorted, len, sizeof(*sorted), compare_keys);
    int code = check(call, sorted, len);
    if (code != 0)
        return code;
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    for (size_t i = 0; i < len; i++) {
        lk_json_key_slice(&w, sorted[i].key);
        lk_json_string(&w, sorted[i].value);
    }
    lk_json_end_object(&w);
    return lk_take_document(call, &document, ret);
}

int lk_metadata_read(struct lk_call *call, struct lk_slice document, const struct lk_metadata **ret, size_t *ret_len) {
    if (lk_slice_is(document, "{}")) {
        *ret = NULL;
        *ret_len = 0;
        return 0;
    }
    struct lk_json *json;
    int code = lk_json_parse(document, call->arena, &json, NULL);
    if (code != 0 || json->type != LK_JSON_OBJECT)
        return lk_fail_store(call, code == LK_ENOMEM ? code : LK_ECORRUPT);
    struct lk_metadata *metadata = lk_arena_calloc(call->arena, json->object.len, sizeof(*metadata));
    if (metadata == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < json->object.len; i++) {
        metadata[i].key = json->object.members[i].name;
        metadata[i].value = lk_json_text(&json->object.members[i].value);
    }
    *ret = metadata;
    *ret_len = json->object.len;
    return 0;
}
