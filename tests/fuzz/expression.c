/* Permission expressions: a refusal points into the text; what compiles compiles again from its own text, and NOT of it is its opposite. */
#include "fuzz.h"

#include "api/keyring_feed.h"
#include "domain/permission.h"
#include "keyring/expression.h"

static const struct lk_permission_set empty;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = exact_copy(data, size);
    struct lk_slice text = lk_slice_make(copy, size);
    struct lk_expression *expression;
    struct lk_expression_error error = {0};
    int code = lk_expression_compile(lk_keyring_vocabulary(), text, &expression, &error);
    if (code != 0) {
        holds(error.offset <= size && error.column == error.offset + 1, "an error points into the text");
        holds(memchr(error.expected, '\0', sizeof(error.expected)) != NULL && error.expected[0] != '\0', "an error says what is expected");
        for (const char *at = error.found; *at != '\0'; at++)
            holds((unsigned char)*at >= 0x20 && *at != 0x7f, "what was found is shown in printable characters");
        free(copy);
        return 0;
    }
    holds(lk_slice_equal(lk_expression_text(expression), text), "an expression keeps its text");
    char *opposite = malloc(size + 8);
    holds(opposite != NULL, "there is memory");
    int len = snprintf(opposite, size + 8, "NOT (%.*s)", (int)size, copy);
    struct lk_expression *negated;
    if (lk_expression_compile(lk_keyring_vocabulary(), lk_slice_make(opposite, (size_t)len), &negated, NULL) == 0) {
        holds(lk_expression_holds(negated, &empty) != lk_expression_holds(expression, &empty), "NOT is the opposite");
        lk_expression_free(negated);
    }
    free(opposite);
    lk_expression_free(expression);
    free(copy);
    return 0;
}
