/* Files that tools/embed.py put into the binary. */
#ifndef STORE_EMBEDDED_H
#define STORE_EMBEDDED_H

#include <stddef.h>

struct lk_embedded_file {
    const char *name;   /* without its directory; NULL ends an array */
    const char *sha256; /* of the contents, 64 lower-case hexadecimal digits */
    const char *text;   /* the contents and a NUL */
    size_t len;         /* without the NUL */
};

/* schema/sql, in the order of the names. */
extern const struct lk_embedded_file lk_embedded_migrations[];

#endif
