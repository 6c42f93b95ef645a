#include "domain/email.h"

#include "domain/rules.h"
#include "domain/user.h"

#define LOCAL_PART_MAX ((size_t)64)

static bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Words of certain characters with single dots between them. */
static bool is_dotted(struct lk_slice text, const char *others) {
    char last = '.';
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.' ? last == '.' : !is_alnum(c) && (c == '\0' || strchr(others, c) == NULL))
            return false;
        last = c;
    }
    return last != '.';
}

static bool is_email(struct lk_slice email) {
    const char *at = email.len == 0 ? NULL : memchr(email.ptr, '@', email.len);
    if (at == NULL || email.len > LK_EMAIL_MAX)
        return false;
    struct lk_slice local = lk_slice_make(email.ptr, (size_t)(at - email.ptr));
    struct lk_slice domain = lk_slice_make(at + 1, email.len - local.len - 1);
    return local.len <= LOCAL_PART_MAX && is_dotted(local, "!#$%&'*+-/=?^_`{|}~") && is_dotted(domain, "-");
}

int lk_email_lower(struct lk_call *call, struct lk_slice email, struct lk_slice *ret) {
    char *lower = lk_arena_strdup(call->arena, email);
    if (lower == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < email.len; i++) {
        if (lower[i] >= 'A' && lower[i] <= 'Z')
            lower[i] = (char)(lower[i] + ('a' - 'A'));
    }
    *ret = lk_slice_make(lower, email.len);
    return 0;
}

int lk_email_check(struct lk_call *call, struct lk_slice email) {
    if (email.len == 0)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid email: it is empty, and an address like name@example.com is needed");
    if (!is_email(email))
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid email: %s is not an address like name@example.com", lk_show(email).text);
    return 0;
}
