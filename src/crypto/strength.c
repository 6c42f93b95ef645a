#include "crypto/strength.h"

#define TENTHS_MAX (LK_STRENGTH_WEAK_BITS * 10U)

/* Least characters of a repetition. */
#define REPEAT_MIN 3

/* Which kinds of characters a piece has. */
#define DIGITS 1U
#define HEX_LETTERS_LOWER 2U
#define HEX_LETTERS_UPPER 4U
#define LETTERS_LOWER 8U
#define LETTERS_UPPER 16U
#define OTHERS 32U

static bool is_separator(char c) {
    return c == '_' || c == '-' || c == '.' || c == ':' || c == '=';
}

static unsigned kind_of(char c) {
    if (c >= '0' && c <= '9')
        return DIGITS;
    if (c >= 'a' && c <= 'z')
        return c <= 'f' ? HEX_LETTERS_LOWER : LETTERS_LOWER;
    if (c >= 'A' && c <= 'Z')
        return c <= 'F' ? HEX_LETTERS_UPPER : LETTERS_UPPER;
    return OTHERS;
}

/* Tenths of a bit that a character of a piece of these kinds counts: ten times the logarithm of how many characters it is one of. */
static unsigned tenths_of(unsigned kinds) {
    bool digits = (kinds & DIGITS) != 0;
    bool lower = (kinds & (HEX_LETTERS_LOWER | LETTERS_LOWER)) != 0;
    bool upper = (kinds & (HEX_LETTERS_UPPER | LETTERS_UPPER)) != 0;
    unsigned cases = (unsigned)lower + (unsigned)upper;
    if ((kinds & OTHERS) != 0) {
        static const unsigned with_others[2][3] = {{50, 58, 63}, {53, 60, 65}}; /* of 32, 58, 84; 42, 68, 94 */
        return with_others[digits][cases];
    }
    if (!digits)
        return cases == 2 ? 57 : 20; /* of 52; words */
    if (cases == 1 && (kinds & (LETTERS_LOWER | LETTERS_UPPER)) == 0)
        return 40;                                       /* of 16 */
    static const unsigned with_digits[3] = {33, 51, 59}; /* of 10, 36, 62 */
    return with_digits[cases];
}

/* How many characters from `at` on, before end, stood before: the most of any place. */
static size_t repeated(struct lk_slice text, size_t at, size_t end) {
    size_t most = 0;
    for (size_t from = 0; from < at; from++) {
        size_t len = 0;
        while (at + len < end && text.ptr[from + len] == text.ptr[at + len])
            len++;
        if (len > most)
            most = len;
    }
    return most;
}

/* Whether the character goes on as the two before it began. */
static bool in_run(struct lk_slice text, size_t begin, size_t at) {
    if (at < begin + 2)
        return false;
    int step = text.ptr[at] - text.ptr[at - 1];
    return step >= -1 && step <= 1 && step == text.ptr[at - 1] - text.ptr[at - 2];
}

/* What the characters from begin to end count, or as much of it as matters. */
static unsigned count_piece(struct lk_slice text, size_t begin, size_t end, unsigned tenths) {
    unsigned kinds = 0;
    for (size_t i = begin; i < end; i++)
        kinds |= kind_of(text.ptr[i]);
    const unsigned each = tenths_of(kinds);
    for (size_t at = begin; at < end && tenths < TENTHS_MAX;) {
        if (in_run(text, begin, at)) {
            at++;
            continue;
        }
        size_t again = repeated(text, at, end);
        at += again >= REPEAT_MIN ? again : 1;
        tenths += each;
    }
    return tenths;
}

unsigned lk_strength_bits(struct lk_slice secret) {
    unsigned tenths = 0;
    for (size_t begin = 0; begin < secret.len && tenths < TENTHS_MAX;) {
        size_t end = begin;
        while (end < secret.len && !is_separator(secret.ptr[end]))
            end++;
        tenths = count_piece(secret, begin, end, tenths);
        begin = end + 1;
    }
    return tenths < TENTHS_MAX ? tenths / 10 : LK_STRENGTH_WEAK_BITS;
}
