/*
 * The syntax tree of a GraphQL document (September 2025 edition, section 2 and 3), executable and type system alike. The parser makes it in an
 * arena; after that it is read-only and may be shared by threads. Names and raw text point into the source text, which must live as long.
 * Lists are singly linked in source order and end in NULL. `at` is the byte offset of the node's first character in the source.
 */
#ifndef GQL_AST_H
#define GQL_AST_H

#include "base/slice.h"

#include <stdint.h>

typedef uint32_t gql_pos; /* byte offset into the source; documents are limited far below 4 GiB */

struct gql_name {
    struct lk_slice text;
    gql_pos at;
};

/* --- values (2.9) --- */

enum gql_literal_kind {
    GQL_LIT_VARIABLE, /* text: name without $ */
    GQL_LIT_INT,      /* text: as written */
    GQL_LIT_FLOAT,    /* text: as written */
    GQL_LIT_STRING,   /* text: the value, escapes and block indentation already resolved (arena memory) */
    GQL_LIT_BOOLEAN,  /* boolean */
    GQL_LIT_NULL,
    GQL_LIT_ENUM,   /* text: name */
    GQL_LIT_LIST,   /* items, linked by next */
    GQL_LIT_OBJECT, /* fields */
};

struct gql_literal {
    struct gql_literal *next; /* in a list */
    enum gql_literal_kind kind;
    gql_pos at;
    bool boolean;
    bool block; /* a GQL_LIT_STRING written as a block string */
    struct lk_slice text;
    struct gql_literal *items;
    struct gql_object_field *fields;
};

struct gql_object_field {
    struct gql_object_field *next;
    struct gql_name name;
    struct gql_literal *value;
};

struct gql_argument {
    struct gql_argument *next;
    struct gql_name name;
    struct gql_literal *value;
};

struct gql_directive {
    struct gql_directive *next;
    struct gql_name name; /* at: the @ */
    struct gql_argument *arguments;
};

/* --- type references (2.11) --- */

enum gql_type_ref_kind { GQL_REF_NAMED, GQL_REF_LIST, GQL_REF_NON_NULL };

struct gql_type_ref {
    enum gql_type_ref_kind kind;
    gql_pos at;
    struct lk_slice name;    /* GQL_REF_NAMED */
    struct gql_type_ref *of; /* the others */
};

/* --- executable definitions (2.3 to 2.8) --- */

enum gql_operation_kind { GQL_QUERY, GQL_MUTATION, GQL_SUBSCRIPTION };

enum gql_selection_kind { GQL_SEL_FIELD, GQL_SEL_SPREAD, GQL_SEL_INLINE };

struct gql_selection {
    struct gql_selection *next;
    enum gql_selection_kind kind;
    gql_pos at;
    struct gql_name alias;          /* field: the alias, or text.ptr NULL */
    struct gql_name name;           /* field or spread (at: the name itself) */
    struct gql_argument *arguments; /* field */
    struct gql_directive *directives;
    struct gql_name on;               /* inline fragment: type condition, or text.ptr NULL */
    struct gql_selection *selections; /* field (NULL: none given) and inline fragment */
    gql_pos selections_at;            /* the { */
};

struct gql_variable {
    struct gql_variable *next;
    gql_pos at;           /* the description, or else the $ */
    struct gql_name name; /* without $; at: the $ */
    struct gql_type_ref *type;
    struct gql_literal *default_value; /* or NULL */
    struct gql_directive *directives;
    struct lk_slice description; /* ptr NULL: none (September 2025 allows it) */
};

struct gql_operation {
    struct gql_operation *next; /* next operation of the document */
    enum gql_operation_kind kind;
    gql_pos at;           /* the description, or else the keyword or { */
    bool shorthand;       /* written as a bare selection set */
    struct gql_name name; /* text.ptr NULL when anonymous */
    struct gql_variable *variables;
    struct gql_directive *directives;
    struct gql_selection *selections;
    gql_pos selections_at;
    struct lk_slice description;
};

struct gql_fragment {
    struct gql_fragment *next; /* next fragment of the document */
    gql_pos at;
    struct gql_name name;
    struct gql_name on;
    struct gql_directive *directives;
    struct gql_selection *selections;
    gql_pos selections_at;
    struct lk_slice description;
};

/* --- type system definitions and extensions (3) --- */

enum gql_definition_kind {
    GQL_DEF_SCHEMA,
    GQL_DEF_SCALAR,
    GQL_DEF_OBJECT,
    GQL_DEF_INTERFACE,
    GQL_DEF_UNION,
    GQL_DEF_ENUM,
    GQL_DEF_INPUT,
    GQL_DEF_DIRECTIVE,
};

struct gql_input_def { /* an argument or an input object's field */
    struct gql_input_def *next;
    gql_pos at; /* the description, or else the name; so in the next two */
    struct gql_name name;
    struct lk_slice description; /* ptr NULL: none */
    struct gql_type_ref *type;
    struct gql_literal *default_value;
    struct gql_directive *directives;
};

struct gql_field_def {
    struct gql_field_def *next;
    gql_pos at;
    struct gql_name name;
    struct lk_slice description;
    struct gql_input_def *arguments;
    struct gql_type_ref *type;
    struct gql_directive *directives;
};

struct gql_enum_value_def {
    struct gql_enum_value_def *next;
    gql_pos at;
    struct gql_name name;
    struct lk_slice description;
    struct gql_directive *directives;
};

struct gql_named { /* a list of names: implemented interfaces, union members, directive locations */
    struct gql_named *next;
    struct gql_name name;
};

struct gql_root_def { /* `query: Query` in a schema definition */
    struct gql_root_def *next;
    enum gql_operation_kind kind;
    struct gql_name type;
    gql_pos at;
};

struct gql_definition {
    struct gql_definition *next; /* next type system definition of the document */
    enum gql_definition_kind kind;
    bool extension; /* `extend ...` */
    gql_pos at;
    struct gql_name name; /* empty for a schema definition */
    struct lk_slice description;
    struct gql_directive *directives;
    struct gql_named *interfaces;      /* object, interface */
    struct gql_field_def *fields;      /* object, interface */
    struct gql_named *members;         /* union */
    struct gql_enum_value_def *values; /* enum */
    struct gql_input_def *inputs;      /* input: fields; directive: arguments */
    struct gql_root_def *roots;        /* schema */
    struct gql_named *locations;       /* directive */
    bool repeatable;                   /* directive */
};

struct gql_document {
    struct lk_slice source;
    size_t tokens;                      /* in the source */
    struct gql_operation *operations;   /* in source order */
    struct gql_fragment *fragments;     /* in source order */
    struct gql_definition *definitions; /* in source order; an executable document has none */
};

#endif
