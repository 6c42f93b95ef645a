/*
 * Text looked at and moved sixteen characters at a time, for what is done to every request. Nothing beside a text is read, nothing behind a copy written.
 */
#ifndef LK_BASE_CHARACTERS_H
#define LK_BASE_CHARACTERS_H

#include "base/slice.h"

#include <emmintrin.h>
#include <stdint.h>

/* Sixteen characters. Comparing them gives sixteen answers, each 0 or 0xFF. */
typedef uint8_t lk_characters __attribute__((vector_size(16)));

static inline lk_characters lk_characters_at(const char *at) {
    lk_characters c;
    memcpy(&c, at, sizeof(c));
    return c;
}

/* The characters of a text of 1 to 16: each of them once or more, no other, in no order. */
static inline lk_characters lk_characters_few(const char *text, size_t len) {
    uint64_t halves[2];
    if (len >= sizeof(uint64_t)) {
        memcpy(&halves[0], text, sizeof(uint64_t));
        memcpy(&halves[1], text + len - sizeof(uint64_t), sizeof(uint64_t));
    } else {
        uint32_t first;
        uint32_t last;
        if (len >= sizeof(uint32_t)) {
            memcpy(&first, text, sizeof(first));
            memcpy(&last, text + len - sizeof(last), sizeof(last));
        } else {
            first = (uint32_t)(uint8_t)text[0] * 0x10001 | (uint32_t)(uint8_t)text[len / 2] * 0x1000100;
            last = (uint32_t)(uint8_t)text[len - 1] * 0x1010101;
        }
        halves[0] = halves[1] = (uint64_t)first << 32 | last;
    }
    lk_characters c;
    memcpy(&c, halves, sizeof(c));
    return c;
}

static inline unsigned lk_characters_answers(lk_characters answers) {
    __m128i vector;
    memcpy(&vector, &answers, sizeof(vector));
    return (unsigned)_mm_movemask_epi8(vector);
}

/* Whether one of sixteen answers is yes. */
static inline bool lk_characters_any(lk_characters answers) {
    return lk_characters_answers(answers) != 0;
}

/* The place of the first that is; 16 when none is. */
static inline unsigned lk_characters_first(lk_characters answers) {
    return (unsigned)__builtin_ctz(lk_characters_answers(answers) | 1U << sizeof(answers));
}

/* Whether test, of the characters of text, says yes to one. */
static inline __attribute__((always_inline)) bool lk_any_character(struct lk_slice text, lk_characters (*test)(lk_characters)) {
    lk_characters found = {0};
    if (text.len <= sizeof(found))
        return text.len > 0 && lk_characters_any(test(lk_characters_few(text.ptr, text.len)));
    size_t last = text.len - sizeof(found);
    for (size_t i = 0; i < last; i += sizeof(found))
        found |= test(lk_characters_at(text.ptr + i));
    return lk_characters_any(found | test(lk_characters_at(text.ptr + last)));
}

/* Copies text, which does not overlap with what is behind at, and returns the end of the copy. A call of memcpy costs several times what moving a dozen bytes
 * does, and an answer is made of twenty such pieces. Of a length between two widths, as many bytes as the smaller one has are moved from both ends. */
static inline char *lk_put(char *at, struct lk_slice text) {
    const char *from = text.ptr;
    char *end = at + text.len;
    if (text.len > 2 * sizeof(lk_characters)) {
        memcpy(at, from, text.len);
    } else if (text.len >= sizeof(lk_characters)) {
        lk_characters first = lk_characters_at(from);
        lk_characters last = lk_characters_at(from + text.len - sizeof(last));
        memcpy(at, &first, sizeof(first));
        memcpy(end - sizeof(last), &last, sizeof(last));
    } else if (text.len >= sizeof(uint64_t)) {
        uint64_t first;
        uint64_t last;
        memcpy(&first, from, sizeof(first));
        memcpy(&last, from + text.len - sizeof(last), sizeof(last));
        memcpy(at, &first, sizeof(first));
        memcpy(end - sizeof(last), &last, sizeof(last));
    } else if (text.len >= sizeof(uint32_t)) {
        uint32_t first;
        uint32_t last;
        memcpy(&first, from, sizeof(first));
        memcpy(&last, from + text.len - sizeof(last), sizeof(last));
        memcpy(at, &first, sizeof(first));
        memcpy(end - sizeof(last), &last, sizeof(last));
    } else {
        while (at < end)
            *at++ = *from++;
    }
    return end;
}

#endif
