#include "graphql/parse.h"

#include "base/utf8.h"
#include "graphql/parser.h"

#include <stdarg.h>

#define DEPTH_DEFAULT 200
#define SOURCE_MAX ((size_t)INT32_MAX) /* positions, and lengths given to printf, stay in range */

/* --- failing --- */

bool gql_parser_no_memory(struct gql_parser *p) {
    p->code = LK_ENOMEM;
    return false;
}

bool gql_parser_fail(struct gql_parser *p, size_t at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    p->code = gql_syntax_errorv(p->errors, at, format, args);
    va_end(args);
    return false;
}

/* A token as messages show it: `Name "a"`, `"{"`, `<EOF>`. */
#define TOKEN_FORMAT "%s%s%.*s%s"
#define TOKEN_ARGS(token)                                                                               \
    gql_token_kind_text((token)->kind), (token)->text.ptr == NULL ? "" : " \"", (int)(token)->text.len, \
        (token)->text.ptr == NULL ? "" : (token)->text.ptr, (token)->text.ptr == NULL ? "" : "\""

bool gql_parser_unexpected(struct gql_parser *p, const struct gql_token *token) {
    return gql_parser_fail(p, token->at, "Unexpected " TOKEN_FORMAT ".", TOKEN_ARGS(token));
}

/* As gql_parser_fail, for what is well-formed but too much. */
static bool fail_limit(struct gql_parser *p, size_t at, const char *what, size_t limit, const char *unit) {
    gql_parser_fail(p, at, "Document %s %zu %s. Parsing aborted.", what, limit, unit);
    if (p->code == LK_EINVAL)
        p->code = LK_ELIMIT;
    return false;
}

bool gql_parser_enter(struct gql_parser *p) {
    if (p->depth == p->depth_max)
        return fail_limit(p, p->token.at, "is nested deeper than", p->depth_max, "levels");
    p->depth++;
    return true;
}

void *gql_parser_node(struct gql_parser *p, size_t size) {
    void *node = lk_arena_calloc(p->arena, 1, size);
    if (node == NULL)
        gql_parser_no_memory(p);
    return node;
}

/* --- tokens --- */

bool gql_parser_peek_ahead(struct gql_parser *p) {
    if (!p->peeked) {
        p->code = gql_lexer_next(&p->lexer, &p->ahead);
        p->peeked = p->code == 0;
    }
    return p->peeked;
}

bool gql_parser_advance(struct gql_parser *p) {
    if (!gql_parser_peek_ahead(p))
        return false;
    p->token = p->ahead;
    p->peeked = false;
    if (p->token.kind == GQL_TOK_EOF)
        return true;
    p->tokens++;
    if (p->tokens_max == 0 || p->tokens <= p->tokens_max)
        return true;
    return fail_limit(p, p->token.at, "contains more that", p->tokens_max, "tokens");
}

bool gql_parser_expect(struct gql_parser *p, enum gql_token_kind kind) {
    if (p->token.kind == kind)
        return gql_parser_advance(p);
    return gql_parser_fail(p, p->token.at, "Expected %s, found " TOKEN_FORMAT ".", gql_token_kind_text(kind), TOKEN_ARGS(&p->token));
}

bool gql_parser_expect_keyword(struct gql_parser *p, const char *keyword) {
    if (gql_parser_at_keyword(p, keyword))
        return gql_parser_advance(p);
    return gql_parser_fail(p, p->token.at, "Expected \"%s\", found " TOKEN_FORMAT ".", keyword, TOKEN_ARGS(&p->token));
}

bool gql_parser_optional(struct gql_parser *p, enum gql_token_kind kind, bool *ret_there) {
    *ret_there = p->token.kind == kind;
    return !*ret_there || gql_parser_advance(p);
}

bool gql_parser_optional_keyword(struct gql_parser *p, const char *keyword, bool *ret_there) {
    *ret_there = gql_parser_at_keyword(p, keyword);
    return !*ret_there || gql_parser_advance(p);
}

/* --- names and descriptions --- */

bool gql_parse_name(struct gql_parser *p, struct gql_name *ret) {
    struct gql_token token = p->token;
    if (!gql_parser_expect(p, GQL_TOK_NAME))
        return false;
    *ret = (struct gql_name){token.text, token.at};
    return true;
}

bool gql_parse_description(struct gql_parser *p, struct lk_slice *ret) {
    if (!gql_parser_at_string(p))
        return true;
    *ret = p->token.text;
    return gql_parser_advance(p);
}

bool gql_parse_operation_kind(struct gql_parser *p, enum gql_operation_kind *ret) {
    struct gql_token token = p->token;
    if (!gql_parser_expect(p, GQL_TOK_NAME))
        return false;
    if (lk_slice_is(token.text, "query"))
        *ret = GQL_QUERY;
    else if (lk_slice_is(token.text, "mutation"))
        *ret = GQL_MUTATION;
    else if (lk_slice_is(token.text, "subscription"))
        *ret = GQL_SUBSCRIPTION;
    else
        return gql_parser_unexpected(p, &token);
    return true;
}

/* --- values (2.9) --- */

static bool parse_variable_value(struct gql_parser *p, bool constant, struct gql_literal *literal) {
    struct gql_token dollar = p->token;
    if (!gql_parser_advance(p))
        return false;
    if (constant && gql_parser_at(p, GQL_TOK_NAME))
        return gql_parser_fail(p, dollar.at, "Unexpected variable \"$%.*s\" in constant value.", (int)p->token.text.len, p->token.text.ptr);
    if (constant)
        return gql_parser_unexpected(p, &dollar);
    struct gql_name name;
    literal->kind = GQL_LIT_VARIABLE;
    if (!gql_parse_name(p, &name))
        return false;
    literal->text = name.text;
    return true;
}

static bool parse_list_value(struct gql_parser *p, bool constant, struct gql_literal *literal) {
    struct gql_literal **tail = &literal->items;
    literal->kind = GQL_LIT_LIST;
    if (!gql_parser_enter(p) || !gql_parser_advance(p))
        return false;
    while (!gql_parser_at(p, GQL_TOK_BRACKET_R)) {
        struct gql_literal *item = gql_parse_literal(p, constant);
        if (item == NULL)
            return false;
        *tail = item;
        tail = &item->next;
    }
    gql_parser_leave(p);
    return gql_parser_advance(p);
}

static bool parse_object_value(struct gql_parser *p, bool constant, struct gql_literal *literal) {
    struct gql_object_field **tail = &literal->fields;
    literal->kind = GQL_LIT_OBJECT;
    if (!gql_parser_enter(p) || !gql_parser_advance(p))
        return false;
    while (!gql_parser_at(p, GQL_TOK_BRACE_R)) {
        struct gql_object_field *field = GQL_NODE(p, struct gql_object_field);
        if (field == NULL || !gql_parse_name(p, &field->name) || !gql_parser_expect(p, GQL_TOK_COLON))
            return false;
        field->value = gql_parse_literal(p, constant);
        if (field->value == NULL)
            return false;
        *tail = field;
        tail = &field->next;
    }
    gql_parser_leave(p);
    return gql_parser_advance(p);
}

static bool parse_text_value(struct gql_parser *p, enum gql_literal_kind kind, struct gql_literal *literal) {
    literal->kind = kind;
    literal->text = p->token.text;
    return gql_parser_advance(p);
}

static bool parse_name_value(struct gql_parser *p, struct gql_literal *literal) {
    struct lk_slice text = p->token.text;
    if (lk_slice_is(text, "null")) {
        literal->kind = GQL_LIT_NULL;
    } else if (lk_slice_is(text, "true") || lk_slice_is(text, "false")) {
        literal->kind = GQL_LIT_BOOLEAN;
        literal->boolean = text.ptr[0] == 't';
    } else {
        literal->kind = GQL_LIT_ENUM;
        literal->text = text;
    }
    return gql_parser_advance(p);
}

static bool parse_literal_into(struct gql_parser *p, bool constant, struct gql_literal *literal) {
    switch (p->token.kind) {
    case GQL_TOK_BRACKET_L: return parse_list_value(p, constant, literal);
    case GQL_TOK_BRACE_L: return parse_object_value(p, constant, literal);
    case GQL_TOK_INT: return parse_text_value(p, GQL_LIT_INT, literal);
    case GQL_TOK_FLOAT: return parse_text_value(p, GQL_LIT_FLOAT, literal);
    case GQL_TOK_STRING: return parse_text_value(p, GQL_LIT_STRING, literal);
    case GQL_TOK_BLOCK_STRING: literal->block = true; return parse_text_value(p, GQL_LIT_STRING, literal);
    case GQL_TOK_NAME: return parse_name_value(p, literal);
    case GQL_TOK_DOLLAR: return parse_variable_value(p, constant, literal);
    default: return gql_parser_unexpected(p, &p->token);
    }
}

struct gql_literal *gql_parse_literal(struct gql_parser *p, bool constant) {
    struct gql_literal *literal = GQL_NODE(p, struct gql_literal);
    if (literal == NULL)
        return NULL;
    literal->at = p->token.at;
    return parse_literal_into(p, constant, literal) ? literal : NULL;
}

/* --- arguments and directives (2.6, 2.12) --- */

bool gql_parse_arguments(struct gql_parser *p, bool constant, struct gql_argument **ret) {
    bool there = false;
    if (!gql_parser_optional(p, GQL_TOK_PAREN_L, &there))
        return false;
    for (struct gql_argument **tail = ret; there;) {
        struct gql_argument *argument = GQL_NODE(p, struct gql_argument);
        if (argument == NULL || !gql_parse_name(p, &argument->name) || !gql_parser_expect(p, GQL_TOK_COLON))
            return false;
        argument->value = gql_parse_literal(p, constant);
        if (argument->value == NULL)
            return false;
        *tail = argument;
        tail = &argument->next;
        bool closed = false;
        if (!gql_parser_optional(p, GQL_TOK_PAREN_R, &closed))
            return false;
        there = !closed;
    }
    return true;
}

bool gql_parse_directives(struct gql_parser *p, bool constant, struct gql_directive **ret) {
    struct gql_directive **tail = ret;
    while (gql_parser_at(p, GQL_TOK_AT)) {
        struct gql_directive *directive = GQL_NODE(p, struct gql_directive);
        gql_pos at = p->token.at;
        if (directive == NULL || !gql_parser_advance(p) || !gql_parse_name(p, &directive->name) ||
            !gql_parse_arguments(p, constant, &directive->arguments))
            return false;
        directive->name.at = at;
        *tail = directive;
        tail = &directive->next;
    }
    return true;
}

/* --- type references (2.11) --- */

static struct gql_type_ref *parse_nullable_ref(struct gql_parser *p) {
    struct gql_type_ref *ref = GQL_NODE(p, struct gql_type_ref);
    if (ref == NULL)
        return NULL;
    ref->at = p->token.at;
    if (!gql_parser_at(p, GQL_TOK_BRACKET_L)) {
        struct gql_name name;
        ref->kind = GQL_REF_NAMED;
        if (!gql_parse_name(p, &name))
            return NULL;
        ref->name = name.text;
        return ref;
    }
    ref->kind = GQL_REF_LIST;
    if (!gql_parser_enter(p) || !gql_parser_advance(p))
        return NULL;
    ref->of = gql_parse_type_ref(p);
    if (ref->of == NULL || !gql_parser_expect(p, GQL_TOK_BRACKET_R))
        return NULL;
    gql_parser_leave(p);
    return ref;
}

struct gql_type_ref *gql_parse_type_ref(struct gql_parser *p) {
    struct gql_type_ref *ref = parse_nullable_ref(p);
    bool bang = false;
    if (ref == NULL || !gql_parser_optional(p, GQL_TOK_BANG, &bang))
        return NULL;
    if (!bang)
        return ref;
    struct gql_type_ref *non_null = GQL_NODE(p, struct gql_type_ref);
    if (non_null != NULL)
        *non_null = (struct gql_type_ref){.kind = GQL_REF_NON_NULL, .at = ref->at, .of = ref};
    return non_null;
}

/* --- documents (2.2) --- */

/* Where the next definition of each kind is linked. */
struct tails {
    struct gql_operation **operation;
    struct gql_fragment **fragment;
    struct gql_definition **definition;
};

static bool add_operation(struct gql_parser *p, struct tails *tails) {
    struct gql_operation *operation = gql_parse_operation(p);
    if (operation == NULL)
        return false;
    *tails->operation = operation;
    tails->operation = &operation->next;
    return true;
}

static bool add_fragment(struct gql_parser *p, struct tails *tails) {
    struct gql_fragment *fragment = gql_parse_fragment(p);
    if (fragment == NULL)
        return false;
    *tails->fragment = fragment;
    tails->fragment = &fragment->next;
    return true;
}

static bool add_definition(struct tails *tails, struct gql_definition *definition) {
    if (definition == NULL)
        return false;
    *tails->definition = definition;
    tails->definition = &definition->next;
    return true;
}

static bool is_operation_keyword(struct lk_slice text) {
    return lk_slice_is(text, "query") || lk_slice_is(text, "mutation") || lk_slice_is(text, "subscription");
}

/* One definition. A description in front of it means that the keyword is one token further on. */
static bool parse_any_definition(struct gql_parser *p, struct tails *tails) {
    bool described = gql_parser_at_string(p);
    if (described && !gql_parser_peek_ahead(p))
        return false;
    const struct gql_token *keyword = described ? &p->ahead : &p->token;
    enum gql_definition_kind kind;
    if (keyword->kind == GQL_TOK_BRACE_L && described)
        return gql_parser_fail(p, p->token.at, "Unexpected description, descriptions are not supported on shorthand queries.");
    if (keyword->kind == GQL_TOK_BRACE_L)
        return add_operation(p, tails);
    if (keyword->kind != GQL_TOK_NAME)
        return gql_parser_unexpected(p, keyword);
    if (gql_definition_keyword(keyword->text, &kind))
        return add_definition(tails, gql_parse_definition(p, kind));
    if (is_operation_keyword(keyword->text))
        return add_operation(p, tails);
    if (lk_slice_is(keyword->text, "fragment"))
        return add_fragment(p, tails);
    if (described)
        return gql_parser_fail(p, p->token.at, "Unexpected description, only GraphQL definitions support descriptions.");
    if (lk_slice_is(keyword->text, "extend"))
        return add_definition(tails, gql_parse_extension(p));
    return gql_parser_unexpected(p, keyword);
}

static bool parse_document(struct gql_parser *p, struct gql_document *document) {
    struct tails tails = {&document->operations, &document->fragments, &document->definitions};
    do {
        if (!parse_any_definition(p, &tails))
            return false;
    } while (!gql_parser_at(p, GQL_TOK_EOF));
    return true;
}

/* The length of the well-formed UTF-8 that source begins with. */
static size_t utf8_prefix(struct lk_slice source) {
    size_t at = 0;
    while (at < source.len) {
        uint32_t code_point;
        int len = lk_utf8_decode(lk_slice_make(source.ptr + at, source.len - at), &code_point);
        if (len < 0)
            break;
        at += (size_t)len;
    }
    return at;
}

/* Readies p at the first token of a source. */
static bool parser_begin(struct gql_parser *p, struct lk_slice source, const struct gql_parse_limits *limits, struct lk_arena *arena,
                         struct gql_errors *errors) {
    *p = (struct gql_parser){.lexer = {source, 0, arena, errors}, .arena = arena, .errors = errors, .depth_max = DEPTH_DEFAULT};
    if (limits != NULL && limits->depth != 0)
        p->depth_max = limits->depth;
    if (limits != NULL)
        p->tokens_max = limits->tokens;
    if (source.len > SOURCE_MAX)
        return fail_limit(p, 0, "is longer than", SOURCE_MAX, "bytes");
    if (!lk_utf8_valid(source))
        return gql_parser_fail(p, utf8_prefix(source), "Document is not valid UTF-8.");
    return gql_parser_advance(p);
}

int gql_parse(struct lk_slice source, const struct gql_parse_limits *limits, struct lk_arena *arena, struct gql_document **ret,
              struct gql_errors *errors) {
    struct gql_document *document = LK_ARENA_NEW(arena, struct gql_document);
    if (document == NULL)
        return LK_ENOMEM;
    document->source = source;
    struct gql_parser p;
    if (!parser_begin(&p, source, limits, arena, errors) || !parse_document(&p, document))
        return p.code;
    document->tokens = p.tokens;
    *ret = document;
    return 0;
}
