/* A file of settings: refused with a sentence, or every value is in its bounds. */
#include "fuzz.h"

#include "cli/settings.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int file = -1;
    static char path[40];
    if (file < 0) {
        file = memfd_create("settings", 0);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    }
    holds(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size, "the file can be written");
    struct cli_given given[] = {{.name = "config", .value = path}};
    const struct cli_args args = {.given = given, .given_len = 1};
    struct lk_settings settings;
    struct lk_problem problem = {0};
    if (cli_settings_load(&args, &settings, &problem) != 0) {
        holds(problem.code != 0 && problem.text[0] != '\0', "a refusal has a reason");
        return 0;
    }
    size_t len;
    const struct cli_setting *table = cli_settings_table(&len);
    for (size_t i = 0; i < len; i++) {
        if (table[i].type != CLI_COUNT && table[i].type != CLI_BYTES && table[i].type != CLI_TIME)
            continue;
        int64_t value;
        memcpy(&value, (const char *)&settings + table[i].offset, sizeof(value));
        holds(value >= table[i].least && value <= table[i].most, "a number is in its bounds");
    }
    cli_settings_free(&settings);
    return 0;
}
