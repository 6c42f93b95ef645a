#include "api/errors.h"

#include "crypto/session_token.h"

#include "base/json_write.h"

const char *lk_api_code(int error) {
    switch ((enum lk_error)error) {
    case LK_EINVAL:
    case LK_ELIMIT: return LK_CODE_BAD_USER_INPUT;
    case LK_ENOTFOUND: return LK_CODE_NOT_FOUND;
    case LK_ECONFLICT: return LK_CODE_CONFLICT;
    case LK_EFORBIDDEN: return LK_CODE_FORBIDDEN;
    case LK_EUNAUTH: return LK_CODE_UNAUTHENTICATED;
    case LK_ENOMEM:
    case LK_EIO:
    case LK_EFULL:
    case LK_EBUSY: return LK_CODE_UNAVAILABLE;
    case LK_OK:
    case LK_ECORRUPT:
    case LK_EINTERNAL: break;
    }
    return LK_CODE_INTERNAL;
}

bool lk_api_is_internal(int error) {
    switch ((enum lk_error)error) {
    case LK_EINVAL:
    case LK_ELIMIT:
    case LK_ENOTFOUND:
    case LK_ECONFLICT:
    case LK_EFORBIDDEN:
    case LK_EUNAUTH:
    case LK_EBUSY: return false;
    case LK_OK:
    case LK_ENOMEM:
    case LK_EIO:
    case LK_EFULL:
    case LK_ECORRUPT:
    case LK_EINTERNAL: break;
    }
    return true;
}

/* A prefix of tokens at text: its length, or 0. */
static size_t token_prefix(const char *text) {
    static const char *const prefixes[] = {"lk_", LK_SESSION_TOKEN_PREFIX};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
            return strlen(prefixes[i]);
    }
    return 0;
}

/* Digits behind a prefix that no name has: a session token has 49, a key 71, of which the first 22 are no secret. */
#define DIGITS_MIN 24

void lk_conceal_tokens(char *message) {
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (char *at = message; (at = strchr(at, 'l')) != NULL; at++) {
        size_t prefix = token_prefix(at);
        size_t len = prefix == 0 ? 0 : strspn(at + prefix, digits);
        if (len >= DIGITS_MIN)
            memset(at + prefix, '*', len);
    }
}

void lk_api_write_error(struct lk_buf *out, const char *message, const char *code, const char *request_id) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    lk_json_begin_object(&w);
    lk_json_key(&w, "errors");
    lk_json_begin_array(&w);
    lk_json_begin_object(&w);
    lk_json_key(&w, "message");
    lk_json_string(&w, lk_slice_cstr(message));
    lk_json_key(&w, "extensions");
    lk_json_begin_object(&w);
    lk_json_key(&w, "code");
    lk_json_string(&w, lk_slice_cstr(code));
    if (request_id != NULL) {
        lk_json_key(&w, "requestId");
        lk_json_string(&w, lk_slice_cstr(request_id));
    }
    lk_json_end_object(&w);
    lk_json_end_object(&w);
    lk_json_end_array(&w);
    lk_json_end_object(&w);
}
