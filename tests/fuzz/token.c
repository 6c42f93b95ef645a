/* Tokens, ids and text encodings: what decodes is the one spelling of its value. */
#include "crypto/token.h"
#include "base/id.h"
#include "base/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct lk_slice text = lk_slice_make((const char *)data, size);
    struct lk_id id;
    if (lk_id_parse(text, &id) == 0 && !lk_slice_is(text, lk_id_format(&id).text))
        abort();
    const enum lk_token_kind kind = lk_token_check(text);
    if ((lk_token_parse(text, &id) == 0) != (kind == LK_TOKEN_OURS))
        abort();
    if (lk_token_importable(text) != (kind != LK_TOKEN_MALFORMED) || (kind == LK_TOKEN_OURS && !lk_token_has_form(text)) ||
        (kind == LK_TOKEN_FOREIGN && lk_token_has_form(text)))
        abort();
    const bool begins = lk_slice_starts_with(text, "lk_");
    if (lk_token_is_damaged(text) != (begins && kind != LK_TOKEN_OURS))
        abort();
    if (kind != LK_TOKEN_MALFORMED) {
        char preview[LK_TOKEN_PREVIEW_SIZE];
        lk_token_preview(text, preview);
        if (strlen(preview) != LK_TOKEN_PREVIEW_SIZE - 1 - (begins ? 0 : strlen("lk_")))
            abort();
    }
    uint8_t *bytes = malloc(size + 1);
    if (bytes == NULL)
        abort();
    (void)lk_base64_decode(text, bytes);
    free(bytes);
    (void)lk_utf8_valid(text);
    return 0;
}
