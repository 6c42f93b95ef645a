/* Type system definitions and extensions (section 3). */
#include "graphql/locations.h"
#include "graphql/parser.h"

static const struct {
    const char *keyword;
    enum gql_definition_kind kind;
} definition_keywords[] = {
    {"schema", GQL_DEF_SCHEMA}, {"scalar", GQL_DEF_SCALAR}, {"type", GQL_DEF_OBJECT}, {"interface", GQL_DEF_INTERFACE},
    {"union", GQL_DEF_UNION},   {"enum", GQL_DEF_ENUM},     {"input", GQL_DEF_INPUT}, {"directive", GQL_DEF_DIRECTIVE},
};

bool gql_definition_keyword(struct lk_slice text, enum gql_definition_kind *ret) {
    for (size_t i = 0; i < sizeof(definition_keywords) / sizeof(definition_keywords[0]); i++)
        if (lk_slice_is(text, definition_keywords[i].keyword)) {
            *ret = definition_keywords[i].kind;
            return true;
        }
    return false;
}

/* Names with a delimiter between them; one may also stand in front of the first (3.6 implements, 3.8 union members, 3.13 locations). */
static bool parse_named_list(struct gql_parser *p, enum gql_token_kind delimiter, struct gql_named **ret) {
    struct gql_named **tail = ret;
    bool more = false;
    if (!gql_parser_optional(p, delimiter, &more))
        return false;
    do {
        struct gql_named *named = GQL_NODE(p, struct gql_named);
        if (named == NULL || !gql_parse_name(p, &named->name))
            return false;
        *tail = named;
        tail = &named->next;
        if (!gql_parser_optional(p, delimiter, &more))
            return false;
    } while (more);
    return true;
}

static bool parse_interfaces(struct gql_parser *p, struct gql_named **ret) {
    bool there = false;
    return gql_parser_optional_keyword(p, "implements", &there) && (!there || parse_named_list(p, GQL_TOK_AMP, ret));
}

static bool parse_members(struct gql_parser *p, struct gql_named **ret) {
    bool there = false;
    return gql_parser_optional(p, GQL_TOK_EQUALS, &there) && (!there || parse_named_list(p, GQL_TOK_PIPE, ret));
}

/* --- arguments and input fields --- */

static bool parse_input(struct gql_parser *p, struct gql_input_def *input) {
    bool has_default = false;
    input->at = p->token.at;
    if (!gql_parse_description(p, &input->description) || !gql_parse_name(p, &input->name) || !gql_parser_expect(p, GQL_TOK_COLON))
        return false;
    input->type = gql_parse_type_ref(p);
    if (input->type == NULL || !gql_parser_optional(p, GQL_TOK_EQUALS, &has_default))
        return false;
    if (has_default) {
        input->default_value = gql_parse_literal(p, true);
        if (input->default_value == NULL)
            return false;
    }
    return gql_parse_directives(p, true, &input->directives);
}

static bool parse_inputs(struct gql_parser *p, enum gql_token_kind opening, enum gql_token_kind closing, struct gql_input_def **ret) {
    struct gql_input_def **tail = ret;
    bool open = false;
    if (!gql_parser_optional(p, opening, &open))
        return false;
    while (open) {
        struct gql_input_def *input = GQL_NODE(p, struct gql_input_def);
        bool closed = false;
        if (input == NULL || !parse_input(p, input) || !gql_parser_optional(p, closing, &closed))
            return false;
        *tail = input;
        tail = &input->next;
        open = !closed;
    }
    return true;
}

/* --- fields --- */

static bool parse_field(struct gql_parser *p, struct gql_field_def *field) {
    field->at = p->token.at;
    if (!gql_parse_description(p, &field->description) || !gql_parse_name(p, &field->name) ||
        !parse_inputs(p, GQL_TOK_PAREN_L, GQL_TOK_PAREN_R, &field->arguments) || !gql_parser_expect(p, GQL_TOK_COLON))
        return false;
    field->type = gql_parse_type_ref(p);
    return field->type != NULL && gql_parse_directives(p, true, &field->directives);
}

static bool parse_fields(struct gql_parser *p, struct gql_field_def **ret) {
    struct gql_field_def **tail = ret;
    bool open = false;
    if (!gql_parser_optional(p, GQL_TOK_BRACE_L, &open))
        return false;
    while (open) {
        struct gql_field_def *field = GQL_NODE(p, struct gql_field_def);
        bool closed = false;
        if (field == NULL || !parse_field(p, field) || !gql_parser_optional(p, GQL_TOK_BRACE_R, &closed))
            return false;
        *tail = field;
        tail = &field->next;
        open = !closed;
    }
    return true;
}

/* --- enum values --- */

static bool parse_enum_value(struct gql_parser *p, struct gql_enum_value_def *value) {
    value->at = p->token.at;
    if (!gql_parse_description(p, &value->description))
        return false;
    struct lk_slice text = p->token.text;
    if (lk_slice_is(text, "true") || lk_slice_is(text, "false") || lk_slice_is(text, "null"))
        return gql_parser_fail(p, p->token.at, "%s \"%.*s\" is reserved and cannot be used for an enum value.",
                               gql_token_kind_text(p->token.kind), (int)text.len, text.ptr);
    return gql_parse_name(p, &value->name) && gql_parse_directives(p, true, &value->directives);
}

static bool parse_enum_values(struct gql_parser *p, struct gql_enum_value_def **ret) {
    struct gql_enum_value_def **tail = ret;
    bool open = false;
    if (!gql_parser_optional(p, GQL_TOK_BRACE_L, &open))
        return false;
    while (open) {
        struct gql_enum_value_def *value = GQL_NODE(p, struct gql_enum_value_def);
        bool closed = false;
        if (value == NULL || !parse_enum_value(p, value) || !gql_parser_optional(p, GQL_TOK_BRACE_R, &closed))
            return false;
        *tail = value;
        tail = &value->next;
        open = !closed;
    }
    return true;
}

/* --- schema and directives --- */

/* The root operation types; an extension may leave them out. */
static bool parse_roots(struct gql_parser *p, bool optional, struct gql_root_def **ret) {
    struct gql_root_def **tail = ret;
    bool closed = optional && !gql_parser_at(p, GQL_TOK_BRACE_L);
    if (closed)
        return true;
    if (!gql_parser_expect(p, GQL_TOK_BRACE_L))
        return false;
    while (!closed) {
        struct gql_root_def *root = GQL_NODE(p, struct gql_root_def);
        if (root == NULL)
            return false;
        root->at = p->token.at;
        if (!gql_parse_operation_kind(p, &root->kind) || !gql_parser_expect(p, GQL_TOK_COLON) || !gql_parse_name(p, &root->type) ||
            !gql_parser_optional(p, GQL_TOK_BRACE_R, &closed))
            return false;
        *tail = root;
        tail = &root->next;
    }
    return true;
}

static bool parse_locations(struct gql_parser *p, struct gql_named **ret) {
    struct gql_named **tail = ret;
    bool more = false;
    if (!gql_parser_optional(p, GQL_TOK_PIPE, &more))
        return false;
    do {
        struct gql_token token = p->token;
        struct gql_named *named = GQL_NODE(p, struct gql_named);
        if (named == NULL || !gql_parse_name(p, &named->name))
            return false;
        enum gql_location location;
        if (!gql_location_from_name(named->name.text, &location))
            return gql_parser_unexpected(p, &token);
        *tail = named;
        tail = &named->next;
        if (!gql_parser_optional(p, GQL_TOK_PIPE, &more))
            return false;
    } while (more);
    return true;
}

static bool parse_directive_definition(struct gql_parser *p, struct gql_definition *d) {
    return gql_parser_expect(p, GQL_TOK_AT) && gql_parse_name(p, &d->name) &&
           parse_inputs(p, GQL_TOK_PAREN_L, GQL_TOK_PAREN_R, &d->inputs) && gql_parser_optional_keyword(p, "repeatable", &d->repeatable) &&
           gql_parser_expect_keyword(p, "on") && parse_locations(p, &d->locations);
}

/* --- definitions --- */

/* What follows a type's name and directives. */
static bool parse_type_body(struct gql_parser *p, struct gql_definition *d) {
    switch (d->kind) {
    case GQL_DEF_OBJECT:
    case GQL_DEF_INTERFACE: return parse_fields(p, &d->fields);
    case GQL_DEF_UNION: return parse_members(p, &d->members);
    case GQL_DEF_ENUM: return parse_enum_values(p, &d->values);
    case GQL_DEF_INPUT: return parse_inputs(p, GQL_TOK_BRACE_L, GQL_TOK_BRACE_R, &d->inputs);
    case GQL_DEF_SCHEMA:
    case GQL_DEF_SCALAR:
    case GQL_DEF_DIRECTIVE: break;
    }
    return true;
}

/* Everything behind the keyword. */
static bool parse_behind_keyword(struct gql_parser *p, struct gql_definition *d) {
    if (d->kind == GQL_DEF_DIRECTIVE)
        return parse_directive_definition(p, d);
    if (d->kind == GQL_DEF_SCHEMA)
        return gql_parse_directives(p, true, &d->directives) && parse_roots(p, d->extension, &d->roots);
    if (!gql_parse_name(p, &d->name))
        return false;
    if ((d->kind == GQL_DEF_OBJECT || d->kind == GQL_DEF_INTERFACE) && !parse_interfaces(p, &d->interfaces))
        return false;
    return gql_parse_directives(p, true, &d->directives) && parse_type_body(p, d);
}

struct gql_definition *gql_parse_definition(struct gql_parser *p, enum gql_definition_kind kind) {
    struct gql_definition *d = GQL_NODE(p, struct gql_definition);
    if (d == NULL)
        return NULL;
    d->kind = kind;
    d->at = p->token.at;
    /* The caller has seen that the keyword is the next token. */
    if (!gql_parse_description(p, &d->description) || !gql_parser_advance(p) || !parse_behind_keyword(p, d))
        return NULL;
    return d;
}

static bool is_empty(const struct gql_definition *d) {
    return d->directives == NULL && d->interfaces == NULL && d->fields == NULL && d->members == NULL && d->values == NULL &&
           d->inputs == NULL && d->roots == NULL;
}

static bool parse_extension_into(struct gql_parser *p, struct gql_definition *d) {
    d->extension = true;
    d->at = p->token.at;
    if (!gql_parser_peek_ahead(p))
        return false;
    /* Directive definitions cannot be extended. */
    if (p->ahead.kind != GQL_TOK_NAME || !gql_definition_keyword(p->ahead.text, &d->kind) || d->kind == GQL_DEF_DIRECTIVE)
        return gql_parser_unexpected(p, &p->ahead);
    if (!gql_parser_advance(p))
        return false;
    if (!gql_parser_advance(p) || !parse_behind_keyword(p, d))
        return false;
    return !is_empty(d) || gql_parser_unexpected(p, &p->token);
}

struct gql_definition *gql_parse_extension(struct gql_parser *p) {
    struct gql_definition *d = GQL_NODE(p, struct gql_definition);
    return d != NULL && parse_extension_into(p, d) ? d : NULL;
}
