/* What the fuzz targets share. A property that does not hold ends the process: libFuzzer then keeps the input. */
#ifndef LK_TESTS_FUZZ_H
#define LK_TESTS_FUZZ_H

#include "base/slice.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static inline void holds(bool condition, const char *property) {
    if (!condition) {
        fprintf(stderr, "does not hold: %s\n", property);
        abort();
    }
}

/* Memory of the exact size, so that the sanitizer sees a read past its end. Freed by the caller. */
static inline char *exact_copy(const uint8_t *data, size_t size) {
    char *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

#endif
