/*
 * JSON texts into a tree in an arena. Strict RFC 8259 with one leniency that shell scripts need: raw control characters inside strings are
 * accepted as if escaped. A byte order mark at the beginning is skipped. A repeated member's last value wins, as in JavaScript. Nesting and the numbers of
 * values and members are bounded.
 */
#ifndef LK_BASE_JSON_READ_H
#define LK_BASE_JSON_READ_H

#include "base/arena.h"
#include "base/error.h"

#include <stdint.h>

enum lk_json_type { LK_JSON_NULL, LK_JSON_BOOL, LK_JSON_INT, LK_JSON_REAL, LK_JSON_STRING, LK_JSON_ARRAY, LK_JSON_OBJECT };

struct lk_json;

struct lk_json_member; /* a name and a value */

/* One value. Read the union member that type names. Everything it points to lives in the arena. */
struct lk_json {
    enum lk_json_type type;
    union {
        bool boolean;
        int64_t
            integer; /* a number with an integral value that fits, however it is spelled (10, 10.0, 1e1); larger ones are LK_JSON_REAL */
        double real;
        struct lk_slice string; /* UTF-8; may contain NUL */
        struct {
            struct lk_json *items;
            size_t len;
        } array;
        struct {
            struct lk_json_member *members; /* in the order of the text */
            size_t len;
        } object;
    };
};

struct lk_json_member {
    struct lk_slice name;
    struct lk_json value;
};

/* Deepest nesting of arrays and objects that is read. */
#define LK_JSON_DEPTH_MAX 200

/* Most values of a text, and most members of an object. The smallest values take tens of times the time and memory that bytes of a string do, and threads read
 * what strangers send while others wait. A thousand keys to import with all that each may have are 367,000. */
#define LK_JSON_VALUES_MAX 393216
#define LK_JSON_MEMBERS_MAX 512

/* Reads one value that is all of text. 0, LK_EINVAL (problem says what and where: line and column), LK_ELIMIT (one of these limits) or LK_ENOMEM.
 * Any thread. */
int lk_json_parse(struct lk_slice text, struct lk_arena *arena, struct lk_json **ret, struct lk_problem *problem);

/* The same where nobody else waits, as in a command that reads a server's answer: any number of values that the arena has room for. */
int lk_json_parse_any_size(struct lk_slice text, struct lk_arena *arena, struct lk_json **ret, struct lk_problem *problem);

/* The member's value, or NULL when value is NULL, not an object, or has no such member. */
const struct lk_json *lk_json_get(const struct lk_json *value, const char *name);

/* The text of a string value; the empty slice for anything else (NULL included). */
struct lk_slice lk_json_text(const struct lk_json *value);

#endif
