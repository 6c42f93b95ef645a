/* The console's files, which tools/embed_console.py put into the binary. */
#ifndef LK_API_CONSOLE_ASSETS_H
#define LK_API_CONSOLE_ASSETS_H

#include "base/slice.h"

/* A file in one coding. */
struct lk_console_body {
    const char *coding; /* NULL: plain */
    const char *etag;   /* with its quotes */
    struct lk_slice bytes;
};

#define LK_CONSOLE_BODIES 3

struct lk_console_asset {
    const char *path; /* below console/dist: "index.html", "assets/index-3f2a.js" */
    const char *type; /* its Content-Type */
    bool immutable;   /* its name changes with its contents */
    struct lk_console_body
        bodies[LK_CONSOLE_BODIES]; /* smallest first; the last is the plain one, those before may be missing (bytes.ptr NULL) */
};

/* In the order of strcmp of path. */
extern const struct lk_console_asset lk_console_assets[];
extern const size_t lk_console_assets_len;

#endif
