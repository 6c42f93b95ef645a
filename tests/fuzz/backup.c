/* The header of a backup: refused with a sentence, or read for what it is: written anew it is the same. */
#include "fuzz.h"

#include "domain/backup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct lk_backup_header header = {0};
    struct lk_problem problem = {0};
    if (size != LK_BACKUP_HEADER_BYTES)
        return 0;
    char *copy = exact_copy(data, size);
    int code = lk_backup_header_read((const uint8_t *)copy, "it", &header, &problem);
    free(copy);
    if (code != 0) {
        holds(code == LK_EINVAL && problem.code == code && strncmp(problem.text, "it is ", 6) == 0, "a refusal has a reason");
        return 0;
    }
    uint8_t written[LK_BACKUP_HEADER_BYTES];
    lk_backup_header_write(&header, written);
    holds(memcmp(written, data, size) == 0, "a header has one spelling");
    return 0;
}
