#include "api/credential.h"

struct lk_slice lk_bearer_token(struct lk_slice authorization) {
    static const struct lk_slice scheme = LK_SLICE("Bearer ");
    struct lk_slice none = {NULL, 0};
    if (authorization.len <= scheme.len || !lk_slice_equal_nocase(lk_slice_make(authorization.ptr, scheme.len), scheme))
        return none;
    struct lk_slice token = lk_slice_trim(lk_slice_make(authorization.ptr + scheme.len, authorization.len - scheme.len));
    return token.len == 0 ? none : token;
}

struct lk_slice lk_credential(const struct http_request *request) {
    struct lk_slice key = http_request_header(request, "x-api-key");
    if (key.len > 0)
        return key;
    return lk_bearer_token(http_request_header(request, "authorization"));
}
