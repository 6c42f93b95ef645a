/* Operations, fragments and selections (2.3 to 2.8). */
#include "graphql/parser.h"

static bool parse_selection_set(struct gql_parser *p, struct gql_selection **ret, gql_pos *ret_at);

static bool parse_optional_selection_set(struct gql_parser *p, struct gql_selection *selection) {
    if (!gql_parser_at(p, GQL_TOK_BRACE_L))
        return true;
    return parse_selection_set(p, &selection->selections, &selection->selections_at);
}

static bool parse_field(struct gql_parser *p, struct gql_selection *field) {
    bool aliased = false;
    field->kind = GQL_SEL_FIELD;
    if (!gql_parse_name(p, &field->name) || !gql_parser_optional(p, GQL_TOK_COLON, &aliased))
        return false;
    if (aliased) {
        field->alias = field->name;
        if (!gql_parse_name(p, &field->name))
            return false;
    }
    return gql_parse_arguments(p, false, &field->arguments) && gql_parse_directives(p, false, &field->directives) &&
           parse_optional_selection_set(p, field);
}

/* Any name but `on`. A string "on" is refused in the same words. */
static bool parse_fragment_name(struct gql_parser *p, struct gql_name *ret) {
    if (lk_slice_is(p->token.text, "on"))
        return gql_parser_unexpected(p, &p->token);
    return gql_parse_name(p, ret);
}

/* A fragment spread or an inline fragment. */
static bool parse_spread(struct gql_parser *p, struct gql_selection *selection) {
    bool condition = false;
    if (!gql_parser_advance(p) || !gql_parser_optional_keyword(p, "on", &condition))
        return false;
    if (!condition && gql_parser_at(p, GQL_TOK_NAME)) {
        selection->kind = GQL_SEL_SPREAD;
        return parse_fragment_name(p, &selection->name) && gql_parse_directives(p, false, &selection->directives);
    }
    selection->kind = GQL_SEL_INLINE;
    return (!condition || gql_parse_name(p, &selection->on)) && gql_parse_directives(p, false, &selection->directives) &&
           parse_selection_set(p, &selection->selections, &selection->selections_at);
}

static bool parse_selection_set(struct gql_parser *p, struct gql_selection **ret, gql_pos *ret_at) {
    struct gql_selection **tail = ret;
    bool closed = false;
    *ret_at = p->token.at;
    if (!gql_parser_expect(p, GQL_TOK_BRACE_L) || !gql_parser_enter(p))
        return false;
    while (!closed) {
        struct gql_selection *selection = GQL_NODE(p, struct gql_selection);
        if (selection == NULL)
            return false;
        selection->at = p->token.at;
        if (!(gql_parser_at(p, GQL_TOK_SPREAD) ? parse_spread(p, selection) : parse_field(p, selection)))
            return false;
        *tail = selection;
        tail = &selection->next;
        if (!gql_parser_optional(p, GQL_TOK_BRACE_R, &closed))
            return false;
    }
    gql_parser_leave(p);
    return true;
}

static bool parse_variable(struct gql_parser *p, struct gql_variable *variable) {
    bool has_default = false;
    variable->at = p->token.at;
    if (!gql_parse_description(p, &variable->description))
        return false;
    gql_pos dollar = p->token.at;
    if (!gql_parser_expect(p, GQL_TOK_DOLLAR) || !gql_parse_name(p, &variable->name) || !gql_parser_expect(p, GQL_TOK_COLON))
        return false;
    variable->name.at = dollar;
    variable->type = gql_parse_type_ref(p);
    if (variable->type == NULL || !gql_parser_optional(p, GQL_TOK_EQUALS, &has_default))
        return false;
    if (has_default) {
        variable->default_value = gql_parse_literal(p, true);
        if (variable->default_value == NULL)
            return false;
    }
    return gql_parse_directives(p, true, &variable->directives);
}

static bool parse_variables(struct gql_parser *p, struct gql_variable **ret) {
    struct gql_variable **tail = ret;
    bool open = false;
    if (!gql_parser_optional(p, GQL_TOK_PAREN_L, &open))
        return false;
    while (open) {
        struct gql_variable *variable = GQL_NODE(p, struct gql_variable);
        bool closed = false;
        if (variable == NULL || !parse_variable(p, variable) || !gql_parser_optional(p, GQL_TOK_PAREN_R, &closed))
            return false;
        *tail = variable;
        tail = &variable->next;
        open = !closed;
    }
    return true;
}

static bool parse_operation_into(struct gql_parser *p, struct gql_operation *operation) {
    operation->at = p->token.at;
    operation->shorthand = gql_parser_at(p, GQL_TOK_BRACE_L);
    if (operation->shorthand)
        return parse_selection_set(p, &operation->selections, &operation->selections_at);
    if (!gql_parse_description(p, &operation->description) || !gql_parse_operation_kind(p, &operation->kind))
        return false;
    if (gql_parser_at(p, GQL_TOK_NAME) && !gql_parse_name(p, &operation->name))
        return false;
    return parse_variables(p, &operation->variables) && gql_parse_directives(p, false, &operation->directives) &&
           parse_selection_set(p, &operation->selections, &operation->selections_at);
}

struct gql_operation *gql_parse_operation(struct gql_parser *p) {
    struct gql_operation *operation = GQL_NODE(p, struct gql_operation);
    return operation != NULL && parse_operation_into(p, operation) ? operation : NULL;
}

static bool parse_fragment_into(struct gql_parser *p, struct gql_fragment *fragment) {
    fragment->at = p->token.at;
    return gql_parse_description(p, &fragment->description) && gql_parser_expect_keyword(p, "fragment") &&
           parse_fragment_name(p, &fragment->name) && gql_parser_expect_keyword(p, "on") && gql_parse_name(p, &fragment->on) &&
           gql_parse_directives(p, false, &fragment->directives) && parse_selection_set(p, &fragment->selections, &fragment->selections_at);
}

struct gql_fragment *gql_parse_fragment(struct gql_parser *p) {
    struct gql_fragment *fragment = GQL_NODE(p, struct gql_fragment);
    return fragment != NULL && parse_fragment_into(p, fragment) ? fragment : NULL;
}
