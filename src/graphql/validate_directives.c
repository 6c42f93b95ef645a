/* Rules on where directives stand: KnownDirectives (5.7.1, 5.7.2) and UniqueDirectivesPerLocation (5.7.3). */
#include "graphql/locations.h"
#include "graphql/validate_internal.h"

void gql_v_known_directive(struct gql_v *v, const struct gql_directive *directive, enum gql_location location) {
    struct lk_slice name = directive->name.text;
    if (v->directive == NULL)
        gql_v_error_at(v, directive->name.at, "Unknown directive \"@%.*s\".", GQL_SHOWN(name));
    else if ((v->directive->locations & (1u << location)) == 0)
        gql_v_error_at(v, directive->name.at, "Directive \"@%.*s\" may not be used on %s.", GQL_SHOWN(name), gql_location_name(location));
}

void gql_v_unique_directives(struct gql_v *v, const struct gql_directive *directives) {
    if (directives == NULL || directives->next == NULL || v->stop)
        return;
    size_t len = 0;
    for (const struct gql_directive *d = directives; d != NULL; d = d->next)
        len++;
    struct lk_slice *names = gql_v_calloc(v, len, sizeof(*names));
    gql_pos *at = gql_v_calloc(v, len, sizeof(*at));
    if (names == NULL || at == NULL)
        return;
    size_t i = 0;
    for (const struct gql_directive *d = directives; d != NULL; d = d->next, i++) {
        names[i] = d->name.text;
        at[i] = d->name.at;
    }
    const size_t *first = gql_v_first_equal(v, names, len);
    for (i = 0; first != NULL && i < len && !v->stop; i++) {
        if (first[i] == i)
            continue;
        const struct gql_directive_def *def = gql_schema_directive(v->schema, names[i]);
        if (def != NULL && !def->repeatable)
            gql_v_error(v, (gql_pos[]){at[first[i]], at[i]}, 2, "The directive \"@%.*s\" can only be used once at this location.",
                        GQL_SHOWN(names[i]));
    }
}
