/* What the files of `latchkey key import` share: rows on their way from a file to the server. */
#ifndef LK_CLI_KEY_IMPORT_H
#define LK_CLI_KEY_IMPORT_H

#include "cli/key_command.h"

/* Most keys in one request, and bytes of them before the last one: far below what a server takes (--body-max). */
#define IMPORT_BATCH 500
#define IMPORT_BYTES ((size_t)256 << 10)

/* A key of the file. */
struct import_row {
    size_t line;
    struct lk_slice name; /* its pointer is NULL while it is not known */
    struct lk_slice id;   /* empty: it is not there */
    const char *error;    /* why it was refused; NULL: it was not */
};

/* One that waits to be sent: an ImportApiKeyInput as JSON, a part of import.keys. */
struct import_waiting {
    size_t row;
    size_t from, len;
};

/* Groups that are not asked for again. */
#define IMPORT_GROUPS 64

struct import_group {
    const char *name; /* as the file has it: a name or an id; NULL: the place is free */
    struct lk_slice id;
    const char *error; /* a sentence: there is none of that name; else NULL */
};

struct import {
    struct cli_session *session;
    struct lk_arena scratch; /* the session's answers, and what is read of a row: until the next one */
    struct import_row *rows; /* all so far, in the order of the file; in the session's arena, as are their texts */
    size_t len, cap;
    size_t sent;
    size_t there; /* of those */
    size_t refused;
    struct lk_buf keys;
    struct lk_json_writer w; /* of the last row */
    struct import_waiting waiting[IMPORT_BATCH];
    size_t waiting_len;
    struct import_group named[IMPORT_GROUPS]; /* those that rows named last; their texts are in the session's arena */
    size_t named_len;                         /* ever */
    struct lk_buf groups;                     /* "userGroupIds" for keys that name none themselves: a JSON array, or empty */
};

/* Begins the next row: its object is to be written with import->w. 0 or LK_ENOMEM with the session's problem set. */
int import_begin_row(struct import *import, size_t line);

/* Names the row that was begun last; the name need not outlive the call. 0 or LK_ENOMEM with the session's problem set. */
int import_name_row(struct import *import, struct lk_slice name);

/* Ends the row whose object was written: it is sent, with others, sooner or later. 0, or negative with the session's problem set when all is to stop. */
int import_end_row(struct import *import);

/* Refuses the row that was begun last, whatever was written of it; error is a sentence without the line. 0 or LK_ENOMEM with the session's problem set. */
int import_refuse_row(struct import *import, const char *error);

/* "userGroupIds" of --group, for a row that names none. */
void import_write_default_groups(struct import *import);

/* All rows of a file. A mistake of a row refuses that one; negative with the session's problem set when all is to stop, which for mistakes of the file as a whole
 * is before anything was sent. */
int import_csv(struct import *import, struct lk_slice text);
int import_json_lines(struct import *import, struct lk_slice text);

#endif
