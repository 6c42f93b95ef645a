/* Schemas: what is refused has a reason that can be written; what is built can be built again from the same text. */
#include "fuzz.h"

#include "base/json_write.h"
#include "graphql/schema.h"

/* Builds; whether it could be. */
static bool build(struct lk_slice source) {
    struct lk_arena arena;
    struct gql_errors errors;
    struct gql_schema *schema = NULL;
    lk_arena_init(&arena, (size_t)64 << 20);
    gql_errors_init(&errors, &arena, NULL);
    int code = gql_schema_build(source, &schema, &errors);
    if (code != LK_ENOMEM && !errors.out_of_memory) {
        holds((code == 0) == (errors.count == 0), "a refusal has a reason, and a success none");
        struct lk_buf out = {0};
        struct lk_json_writer w;
        lk_json_writer_init(&w, &out);
        gql_errors_write(&errors, source, &w);
        lk_buf_free(&out);
    }
    gql_schema_free(schema);
    lk_arena_free(&arena);
    return code == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 8192)
        return 0;
    char *copy = exact_copy(data, size);
    struct lk_slice source = lk_slice_make(copy, size);
    holds(build(source) == build(source), "the same text has the same outcome");
    free(copy);
    return 0;
}
