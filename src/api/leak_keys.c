#include "api/leaks.h"
#include "base/encode.h"
#include "base/json_read.h"
#include "crypto/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX (64 << 10)
#define KEYS_MAX 32
#define IDENTIFIER_MAX 128
#define SIGNATURE_MAX 128 /* as text; one on P-256 has at most 72 bytes */

struct lk_leak_keys {
    size_t len;
    struct {
        char identifier[IDENTIFIER_MAX];
        size_t identifier_len;
        struct lk_public_key *key;
    } items[KEYS_MAX];
};

void lk_leak_keys_free(struct lk_leak_keys *keys) {
    if (keys == NULL)
        return;
    for (size_t i = 0; i < keys->len; i++)
        lk_public_key_free(keys->items[i].key);
    free(keys);
}

/* The file, in the arena. */
static int read_file(const char *path, struct lk_arena *arena, struct lk_slice *ret, struct lk_problem *problem) {
    char *text = lk_arena_alloc(arena, FILE_MAX);
    if (text == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return lk_problem_set(problem, LK_ENOTFOUND, "--leak-public-keys %s cannot be read: %s", path, strerror(errno));
    size_t len = 0;
    ssize_t got;
    while (len < FILE_MAX && (got = read(fd, text + len, FILE_MAX - len)) > 0)
        len += (size_t)got;
    close(fd);
    if (len == FILE_MAX)
        return lk_problem_set(problem, LK_EINVAL, "--leak-public-keys %s is too large to be what GitHub answers", path);
    *ret = lk_slice_make(text, len);
    return 0;
}

static int add_key(struct lk_leak_keys *keys, const struct lk_json *item, const char *path, struct lk_problem *problem) {
    const struct lk_json *identifier = item->type == LK_JSON_OBJECT ? lk_json_get(item, "key_identifier") : NULL;
    const struct lk_json *key = item->type == LK_JSON_OBJECT ? lk_json_get(item, "key") : NULL;
    if (identifier == NULL || key == NULL || identifier->type != LK_JSON_STRING || key->type != LK_JSON_STRING ||
        identifier->string.len == 0 || identifier->string.len > IDENTIFIER_MAX || keys->len == KEYS_MAX)
        return lk_problem_set(problem, LK_EINVAL,
                              "--leak-public-keys %s: each of public_keys, at most %d, needs a key_identifier and a key", path, KEYS_MAX);
    int code = lk_public_key_read(key->string, &keys->items[keys->len].key);
    if (code != 0)
        return lk_problem_set(problem, code, "--leak-public-keys %s: public key %zu is not one on P-256 in PEM form", path, keys->len + 1);
    memcpy(keys->items[keys->len].identifier, identifier->string.ptr, identifier->string.len);
    keys->items[keys->len++].identifier_len = identifier->string.len;
    return 0;
}

static int parse(struct lk_slice text, const char *path, struct lk_arena *arena, struct lk_leak_keys *keys, struct lk_problem *problem) {
    struct lk_json *json;
    int code = lk_json_parse(text, arena, &json, NULL);
    if (code == LK_ENOMEM)
        return lk_problem_set(problem, code, "Out of memory");
    const struct lk_json *list = code == 0 && json->type == LK_JSON_OBJECT ? lk_json_get(json, "public_keys") : NULL;
    if (list == NULL || list->type != LK_JSON_ARRAY || list->array.len == 0)
        return lk_problem_set(
            problem, LK_EINVAL,
            "--leak-public-keys %s is not {\"public_keys\": [{\"key_identifier\", \"key\"}]}: save what GitHub answers at "
            "/meta/public_keys/secret_scanning",
            path);
    code = 0;
    for (size_t i = 0; i < list->array.len && code == 0; i++)
        code = add_key(keys, &list->array.items[i], path, problem);
    return code;
}

int lk_leak_keys_load(const char *path, struct lk_leak_keys **ret, struct lk_problem *problem) {
    struct lk_leak_keys *keys = calloc(1, sizeof(*keys));
    if (keys == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    struct lk_arena arena;
    lk_arena_init(&arena, (size_t)16 * FILE_MAX);
    struct lk_slice text = {NULL, 0};
    int code = read_file(path, &arena, &text, problem);
    if (code == 0)
        code = parse(text, path, &arena, keys, problem);
    lk_arena_free(&arena);
    if (code == 0)
        *ret = keys;
    else
        lk_leak_keys_free(keys);
    return code;
}

bool lk_leak_keys_check(const struct lk_leak_keys *keys, struct lk_slice identifier, struct lk_slice signature, struct lk_slice body) {
    uint8_t der[SIGNATURE_MAX];
    if (signature.ptr == NULL || signature.len == 0 || signature.len > SIGNATURE_MAX)
        return false;
    long len = lk_base64_decode(signature, der);
    if (len <= 0)
        return false;
    for (size_t i = 0; i < keys->len; i++) {
        if (lk_slice_equal(identifier, lk_slice_make(keys->items[i].identifier, keys->items[i].identifier_len)))
            return lk_signature_good(keys->items[i].key, body, lk_slice_make((const char *)der, (size_t)len));
    }
    return false;
}
