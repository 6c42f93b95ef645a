#include "api/credential.h"

struct lk_slice lk_bearer_token(struct lk_slice authorization) {
    static const struct lk_slice scheme = LK_SLICE("Bearer ");
    struct lk_slice none = {NULL, 0};
    if (authorization.len <= scheme.len || !lk_slice_equal_nocase(lk_slice_make(authorization.ptr, scheme.len), scheme))
        return none;
    struct lk_slice token = lk_slice_trim(lk_slice_make(authorization.ptr + scheme.len, authorization.len - scheme.len));
    return token.len == 0 ? none : token;
}

/* Of a field that is there twice, who relays the request may take the other one: then it is nobody's. */
struct lk_slice lk_credential(const struct http_request *request) {
    static const struct lk_slice names[] = {LK_SLICE("x-api-key"), LK_SLICE("authorization")};
    for (size_t i = 0; i < 2; i++) {
        size_t count;
        struct lk_slice value = http_request_field(request, names[i], &count);
        if (value.len == 0)
            continue;
        if (count > 1)
            break;
        return i == 0 ? value : lk_bearer_token(value);
    }
    return lk_slice_make(NULL, 0);
}
