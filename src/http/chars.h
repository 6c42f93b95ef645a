/* Classes of bytes that RFC 9110 and RFC 3986 name: one table, one test for each. */
#ifndef HTTP_CHARS_H
#define HTTP_CHARS_H

#include "base/characters.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    HTTP_CHAR_TOKEN = 1,  /* tchar, RFC 9110 section 5.6.2 */
    HTTP_CHAR_VALUE = 2,  /* in a field value: tab, space, visible ASCII, obs-text (section 5.5) */
    HTTP_CHAR_TARGET = 4, /* in a request target: visible ASCII but # */
    HTTP_CHAR_HOST = 8,   /* in a Host value: unreserved, sub-delims, %, :, [ and ] */
};

extern const uint8_t http_char_classes[256];

static inline bool http_char_is(char c, uint8_t classes) {
    return (http_char_classes[(uint8_t)c] & classes) != 0;
}

/* ASCII lower case; other bytes as they are. */
static inline char http_char_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Value of a hexadecimal digit, -1 for anything else. */
static inline int http_char_hex(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = http_char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Of sixteen, those that are not of a class: the table in comparisons. */
static inline lk_characters http_are_no_value(lk_characters c) {
    return (lk_characters)(((c < 0x20) & (c != '\t')) | (c == 0x7F));
}

static inline lk_characters http_are_no_target(lk_characters c) {
    return (lk_characters)((c <= 0x20) | (c >= 0x7F) | (c == '#'));
}

static inline lk_characters http_are_no_token(lk_characters c) {
    lk_characters open = c | 0x20; /* what is from [ to ] is then from { to } */
    return (lk_characters)((c <= 0x20) | (c >= 0x7F) | (c == '"') | (c == '(') | (c == ')') | (c == ',') | (c == '/') |
                           ((c >= ':') & (c <= '@')) | ((open >= '{') & (open <= '}') & (c != '|')));
}

static inline lk_characters http_are_no_host(lk_characters c) {
    return (lk_characters)((c <= 0x20) | (c >= 0x7F) | (c == '"') | (c == '#') | (c == '/') | (c == '<') | ((c >= '>') & (c <= '@')) |
                           (c == '\\') | (c == '^') | (c == '`') | ((c >= '{') & (c <= '}')));
}

/* Whether a character would end the line that it is put in, or the text for a reader of C strings. */
static inline bool http_char_breaks_line(char c) {
    return c == '\r' || c == '\n' || c == '\0';
}

/* The same for each of sixteen. */
static inline lk_characters http_characters_breaking(lk_characters c) {
    return (lk_characters)((c == '\r') | (c == '\n') | (c == '\0'));
}

/* Whether one of text's would. */
static inline bool http_any_breaks_line(struct lk_slice text) {
    return lk_any_character(text, http_characters_breaking);
}

/* Not 0 when eight characters of a name are not those of lower, which is in lower case (http_name_is). */
static inline uint64_t http_eight_differ(const char *name, const char *lower) {
    const uint64_t bits = 0x20 * (UINT64_MAX / 0xFF);
    uint64_t a;
    uint64_t b;
    memcpy(&a, name, sizeof(a));
    memcpy(&b, lower, sizeof(b));
    return (a | bits) ^ b;
}

/* Whether a field's name, of which each character is known to be of HTTP_CHAR_TOKEN, is lower, which is made of small letters, digits and hyphens. Bit 5 is all
 * that the two cases of a letter differ by, and of what a digit or a hyphen becomes without it none is in a name. */
static inline bool http_name_is(const char *name, size_t len, struct lk_slice lower) {
    if (len != lower.len)
        return false;
    uint64_t differs = 0;
    size_t i = 0;
    if (len >= sizeof(uint64_t)) {
        for (; i + sizeof(uint64_t) < len; i += sizeof(uint64_t))
            differs |= http_eight_differ(name + i, lower.ptr + i);
        i = len - sizeof(uint64_t);
        return (differs | http_eight_differ(name + i, lower.ptr + i)) == 0;
    }
    for (; i < len; i++)
        differs |= (uint64_t)(uint8_t)((name[i] | 0x20) ^ lower.ptr[i]);
    return differs == 0;
}

#endif
