#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *lk_error_text(int code) {
    switch ((enum lk_error)code) {
    case LK_OK: return "no error";
    case LK_ENOMEM: return "out of memory";
    case LK_EINVAL: return "malformed input";
    case LK_ENOTFOUND: return "not found";
    case LK_ECONFLICT: return "conflict with what exists";
    case LK_EFORBIDDEN: return "not authorized";
    case LK_EUNAUTH: return "not authenticated";
    case LK_ELIMIT: return "over a limit";
    case LK_EIO: return "input or output failed";
    case LK_EFULL: return "no space left on the device";
    case LK_ECORRUPT: return "stored data is damaged or sealed with another key";
    case LK_EBUSY: return "busy";
    case LK_EINTERNAL: return "internal error";
    }
    return "unknown error";
}

/* Ends an over-long text in "..." without leaving half of a UTF-8 character before it. */
static void shorten(char *text, size_t size) {
    size_t end = size - 4;
    while (end > 0 && ((unsigned char)text[end] & 0xC0U) == 0x80U)
        end--;
    memcpy(text + end, "...", 4);
}

int lk_problem_set(struct lk_problem *problem, int code, const char *format, ...) {
    if (problem == NULL)
        return code;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(problem->text, sizeof(problem->text), format, args);
    va_end(args);
    if (len < 0)
        problem->text[0] = '\0';
    else if ((size_t)len >= sizeof(problem->text))
        shorten(problem->text, sizeof(problem->text));
    problem->code = code;
    return code;
}
