/* Classes of bytes that RFC 9110 and RFC 3986 name: one table, one test for each. */
#ifndef HTTP_CHARS_H
#define HTTP_CHARS_H

#include <endian.h>
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

/* Sixteen characters that are looked at at once. */
typedef uint8_t http_characters __attribute__((vector_size(16)));

static inline http_characters http_characters_at(const char *at) {
    http_characters c;
    memcpy(&c, at, sizeof(c));
    return c;
}

/* Of sixteen answers, each 0 or not, the place of the first that is not 0; 16 when all are. */
static inline unsigned http_characters_first(http_characters answers) {
    uint64_t halves[2];
    memcpy(halves, &answers, sizeof(halves));
    if (halves[0] != 0)
        return (unsigned)__builtin_ctzll(le64toh(halves[0])) / 8;
    return halves[1] != 0 ? 8 + (unsigned)__builtin_ctzll(le64toh(halves[1])) / 8 : 16;
}

/* Whether a character would end the line that it is put in, or the text for a reader of C strings. */
static inline bool http_char_breaks_line(char c) {
    return c == '\r' || c == '\n' || c == '\0';
}

/* Whether one of len characters would. */
bool http_any_breaks_line(const char *text, size_t len);

#endif
