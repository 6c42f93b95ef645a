#include "base/scope.h"

#include <string.h>

static bool is_scope_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("._-:/", c) != NULL);
}

bool lk_scope_is_spelled(struct lk_slice scope) {
    if (scope.len == 0 || scope.len > LK_SCOPE_BYTES_MAX)
        return false;
    if (lk_slice_is(scope, "*"))
        return true;
    size_t plain = scope.len;
    if (scope.len > 2 && scope.ptr[scope.len - 1] == '*' && scope.ptr[scope.len - 2] == '.')
        plain = scope.len - 1;
    for (size_t i = 0; i < plain; i++) {
        if (!is_scope_character(scope.ptr[i]))
            return false;
    }
    return scope.ptr[0] != '.';
}

bool lk_scope_is_reserved(struct lk_slice scope) {
    return lk_slice_is(scope, "AND") || lk_slice_is(scope, "OR") || lk_slice_is(scope, "NOT") || lk_slice_starts_with(scope, "app:");
}
