/* GraphQL documents: parsed, validated against the server's own schema, errors written. And the same bytes as a schema. */
#include "base/json_write.h"
#include "graphql/parse.h"
#include "graphql/schema.h"
#include "graphql/validate.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct gql_schema *schema;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    static char text[1 << 20];
    FILE *file = fopen("schema/schema.graphql", "r");
    size_t len = file == NULL ? 0 : fread(text, 1, sizeof(text), file);
    struct lk_arena arena;
    lk_arena_init(&arena, (size_t)1 << 20);
    struct gql_errors errors;
    gql_errors_init(&errors, &arena, NULL);
    if (len == 0 || gql_schema_build(lk_slice_make(text, len), &schema, &errors) != 0)
        abort();
    fclose(file);
    lk_arena_free(&arena);
    return 0;
}

/* A failure says why, and that can be written; success says nothing. */
static void check(int code, const struct gql_errors *errors, struct lk_slice source) {
    if (errors->out_of_memory)
        return;
    if ((code == 0) != (errors->count == 0))
        abort();
    struct lk_buf out = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &out);
    gql_errors_write(errors, source, &w);
    lk_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct lk_slice source = lk_slice_make((const char *)data, size);
    const struct gql_parse_limits parse_limits = {.tokens = 20000, .depth = 200};
    const struct gql_limits limits = {
        .depth = 10, .introspection_depth = 20, .aliases = 100, .root_fields = 50, .directives = 100, .complexity = 250000};
    struct lk_arena arena;
    lk_arena_init(&arena, (size_t)64 << 20);
    struct gql_errors errors;
    gql_errors_init(&errors, &arena, "GRAPHQL_PARSE_FAILED");
    struct gql_document *document = NULL;
    int code = gql_parse(source, &parse_limits, &arena, &document, &errors);
    if (code != LK_ENOMEM)
        check(code, &errors, source);
    if (code == 0) {
        gql_errors_init(&errors, &arena, "GRAPHQL_VALIDATION_FAILED");
        code = gql_validate(schema, document, (data[0] & 1) != 0 ? &limits : NULL, &arena, &errors);
        if (code != LK_ENOMEM)
            check(code, &errors, source);
    }
    if (size < 4096) {
        struct gql_schema *built = NULL;
        gql_errors_init(&errors, &arena, NULL);
        code = gql_schema_build(source, &built, &errors);
        if (code != LK_ENOMEM)
            check(code, &errors, source);
        gql_schema_free(built);
    }
    lk_arena_free(&arena);
    return 0;
}
