#include "http/chars.h"

/* One row for 16 bytes. */
const uint8_t http_char_classes[256] = {
    0,  0,  0,  0,  0,  0,  0,  0,  0,  2,  0,  0,  0,  0,  0,  0,  /* 0x00 */
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  /* 0x10 */
    2,  15, 6,  3,  15, 15, 15, 15, 14, 14, 15, 15, 14, 15, 15, 6,  /* 0x20 */
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 14, 14, 6,  14, 6,  6,  /* 0x30 */
    6,  15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, /* 0x40 */
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 14, 6,  14, 7,  15, /* 0x50 */
    7,  15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, /* 0x60 */
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 6,  7,  6,  15, 0,  /* 0x70 */
    2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* 0x80 */
    2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* 0x90 */
    2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* 0xA0 */
    2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* 0xB0 */
    2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* 0xC0 */
    2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* 0xD0 */
    2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* 0xE0 */
    2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  /* 0xF0 */
};

static http_characters breaks(http_characters c) {
    return (http_characters)((c == '\r') | (c == '\n') | (c == '\0'));
}

/* Sixteen or eight characters at a time, the last of them twice where they are not as many: this is done for all that is answered. */
bool http_any_breaks_line(const char *text, size_t len) {
    http_characters found = {0};
    if (len < sizeof(found) / 2) {
        bool any = false;
        for (size_t i = 0; i < len; i++)
            any |= http_char_breaks_line(text[i]);
        return any;
    }
    if (len < sizeof(found)) {
        http_characters c;
        memcpy(&c, text, sizeof(c) / 2);
        memcpy((char *)&c + sizeof(c) / 2, text + len - sizeof(c) / 2, sizeof(c) / 2);
        return http_characters_first(breaks(c)) < sizeof(c);
    }
    for (size_t i = 0; i < len - sizeof(found); i += sizeof(found))
        found |= breaks(http_characters_at(text + i));
    found |= breaks(http_characters_at(text + len - sizeof(found)));
    return http_characters_first(found) < sizeof(found);
}
