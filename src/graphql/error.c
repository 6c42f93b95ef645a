#include "graphql/error.h"

#include "base/error.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void gql_errors_init(struct gql_errors *errors, struct lk_arena *arena, const char *default_code) {
    *errors = (struct gql_errors){.arena = arena, .default_code = default_code};
    errors->tail = &errors->first;
}

bool gql_errors_full(const struct gql_errors *errors) {
    return errors->count > GQL_ERRORS_MAX;
}

static struct gql_error *append(struct gql_errors *errors, const char *message) {
    struct gql_error *error = message == NULL ? NULL : LK_ARENA_NEW(errors->arena, struct gql_error);
    if (error == NULL) {
        errors->out_of_memory = true;
        return NULL;
    }
    error->message = message;
    error->code = errors->default_code;
    *errors->tail = error;
    errors->tail = &error->next;
    errors->count++;
    return error;
}

char *gql_format(struct lk_arena *arena, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    bool cut = len > GQL_MESSAGE_MAX;
    size_t size = cut ? GQL_MESSAGE_MAX + sizeof("...") : (size_t)len + 1;
    char *text = len < 0 ? NULL : lk_arena_alloc(arena, size);
    if (text == NULL)
        return NULL;
    vsnprintf(text, size, format, args);
    size_t end = GQL_MESSAGE_MAX;
    while (cut && ((unsigned char)text[end] & 0xC0) == 0x80) /* not inside a character */
        end--;
    if (cut)
        memcpy(text + end, "...", sizeof("..."));
    return text;
}

struct gql_error *gql_errors_addv(struct gql_errors *errors, const gql_pos *locations, size_t locations_len, const char *format,
                                  va_list args) {
    if (gql_errors_full(errors))
        return NULL;
    if (errors->count == GQL_ERRORS_MAX)
        return append(errors, "Too many validation errors, error limit reached. Validation aborted.");
    gql_pos *copy = NULL;
    if (locations_len > 0) {
        copy = lk_arena_calloc(errors->arena, locations_len, sizeof(*copy));
        if (copy == NULL) {
            errors->out_of_memory = true;
            return NULL;
        }
        memcpy(copy, locations, locations_len * sizeof(*copy));
    }
    struct gql_error *error = append(errors, gql_format(errors->arena, format, args));
    if (error != NULL) {
        error->locations = copy;
        error->locations_len = locations_len;
    }
    return error;
}

struct gql_error *gql_errors_add(struct gql_errors *errors, const gql_pos *locations, size_t locations_len, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct gql_error *error = gql_errors_addv(errors, locations, locations_len, format, args);
    va_end(args);
    return error;
}

/* --- positions --- */

/* Walks a source from front to back, so that many positions in ascending order cost one pass. */
struct cursor {
    struct lk_slice source;
    size_t at;
    unsigned line;
    unsigned column;
};

static void cursor_advance(struct cursor *c, size_t to) {
    if (to > c->source.len)
        to = c->source.len;
    while (c->at < to) {
        unsigned char byte = (unsigned char)c->source.ptr[c->at++];
        bool cr_of_pair = byte == '\r' && c->at < c->source.len && c->source.ptr[c->at] == '\n';
        if ((byte == '\n' || byte == '\r') && !cr_of_pair) {
            c->line++;
            c->column = 1;
        } else if (byte >= 0xf0) {
            c->column += 2; /* a surrogate pair in UTF-16 */
        } else if (byte < 0x80 || byte >= 0xc0) {
            c->column++; /* continuation bytes belong to the character before them */
        }
    }
}

void gql_position(struct lk_slice source, gql_pos at, unsigned *ret_line, unsigned *ret_column) {
    struct cursor c = {source, 0, 1, 1};
    cursor_advance(&c, at);
    *ret_line = c.line;
    *ret_column = c.column;
}

struct place {
    gql_pos at;
    unsigned line;
    unsigned column;
    size_t order; /* among all locations of all errors */
};

static int by_position(const void *a, const void *b) {
    const struct place *x = a;
    const struct place *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static int by_order(const void *a, const void *b) {
    const struct place *x = a;
    const struct place *y = b;
    return (x->order > y->order) - (x->order < y->order);
}

/* The line and column of every location of every error, in order; NULL when memory is out. One pass over the source whatever their number. */
static struct place *find_places(const struct gql_errors *errors, struct lk_slice source) {
    size_t total = 0;
    for (const struct gql_error *e = errors->first; e != NULL; e = e->next)
        total += e->locations_len;
    struct place *places = lk_arena_calloc(errors->arena, total, sizeof(*places));
    if (places == NULL)
        return NULL;
    size_t n = 0;
    for (const struct gql_error *e = errors->first; e != NULL; e = e->next)
        for (size_t i = 0; i < e->locations_len; i++, n++)
            places[n] = (struct place){.at = e->locations[i], .order = n};
    qsort(places, total, sizeof(*places), by_position);
    struct cursor c = {source, 0, 1, 1};
    for (size_t i = 0; i < total; i++) {
        cursor_advance(&c, places[i].at);
        places[i].line = c.line;
        places[i].column = c.column;
    }
    qsort(places, total, sizeof(*places), by_order);
    return places;
}

/* --- writing --- */

static int write_path(const struct gql_path *path, struct lk_arena *arena, struct lk_json_writer *w) {
    size_t len = 0;
    for (const struct gql_path *step = path; step != NULL; step = step->parent)
        len++;
    const struct gql_path **steps = lk_arena_calloc(arena, len, sizeof(const struct gql_path *));
    if (steps == NULL)
        return LK_ENOMEM;
    for (size_t i = len; i > 0; i--, path = path->parent)
        steps[i - 1] = path;
    lk_json_key(w, "path");
    lk_json_begin_array(w);
    for (size_t i = 0; i < len; i++) {
        if (steps[i]->key.ptr == NULL)
            lk_json_int(w, (int64_t)steps[i]->index);
        else
            lk_json_string(w, steps[i]->key);
    }
    lk_json_end_array(w);
    return 0;
}

static int write_message(const struct gql_errors *errors, const struct gql_error *error, struct lk_json_writer *w) {
    const char *message = error->message;
    if (errors->conceal != NULL) {
        char *shown = lk_arena_strdup(errors->arena, lk_slice_cstr(message));
        if (shown == NULL)
            return LK_ENOMEM;
        errors->conceal(shown);
        message = shown;
    }
    lk_json_key(w, "message");
    lk_json_string(w, lk_slice_cstr(message));
    return 0;
}

static int write_error(const struct gql_errors *errors, const struct gql_error *error, const struct place *places,
                       struct lk_json_writer *w) {
    lk_json_begin_object(w);
    if (write_message(errors, error, w) < 0)
        return LK_ENOMEM;
    if (error->locations_len > 0) {
        lk_json_key(w, "locations");
        lk_json_begin_array(w);
        for (size_t i = 0; i < error->locations_len; i++) {
            lk_json_begin_object(w);
            lk_json_key(w, "line");
            lk_json_int(w, places[i].line);
            lk_json_key(w, "column");
            lk_json_int(w, places[i].column);
            lk_json_end_object(w);
        }
        lk_json_end_array(w);
    }
    if (error->path != NULL && write_path(error->path, errors->arena, w) < 0)
        return LK_ENOMEM;
    if (error->code != NULL) {
        lk_json_key(w, "extensions");
        lk_json_begin_object(w);
        lk_json_key(w, "code");
        lk_json_string(w, lk_slice_cstr(error->code));
        lk_json_end_object(w);
    }
    lk_json_end_object(w);
    return 0;
}

void gql_errors_write(const struct gql_errors *errors, struct lk_slice source, struct lk_json_writer *w) {
    const struct place *places = find_places(errors, source);
    if (places == NULL) {
        w->out->failed = true;
        return;
    }
    lk_json_begin_array(w);
    for (const struct gql_error *e = errors->first; e != NULL && !w->out->failed; e = e->next) {
        if (write_error(errors, e, places, w) < 0) {
            w->out->failed = true;
            return;
        }
        places += e->locations_len;
    }
    lk_json_end_array(w);
}
