/* Rates, credits and refills as they are written on the command line, separated by line ends: a usage error, or JSON whose numbers were not cut or wrapped. */
#include "fuzz.h"

#include "cli/key_command.h"

static const struct cli_command command = {.name = "key create", .usage = "", .summary = "."};

static void check_number(const struct lk_json *value, const char *path, const char *text) {
    const struct lk_json *number = cli_at(value, path);
    if (number == NULL)
        return;
    size_t digits = strspn(text, "0123456789");
    holds(digits >= 1 && digits <= 16 && strtoll(text, NULL, 10) == number->integer, "a number is the one that was written");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"rate", "credits", "refill"};
    char *text = malloc(size + 1);
    if (text == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    struct cli_given given[3];
    size_t len = 0;
    for (char *at = text; at != NULL && len < 3; len++) {
        char *line = strsep(&at, "\n");
        given[len] = (struct cli_given){.name = names[len], .value = line};
    }
    const struct cli_args args = {.given = given, .given_len = len};
    struct cli_session session = {.command = &command, .args = &args};
    struct lk_buf out;
    struct lk_json_writer w;
    lk_arena_init(&session.arena, 1 << 20);
    lk_buf_init(&out, 0);
    lk_json_writer_init(&w, &out);
    lk_json_begin_object(&w);
    FILE *terminal = stderr;
    stderr = fopen("/dev/null", "w");                             /* usage errors are for people */
    int code = cli_key_write_limits(&session, size % 2 != 0, &w); /* as for a new key, and for a change */
    fclose(stderr);
    stderr = terminal;
    lk_json_end_object(&w);
    holds(code == 0 || code == CLI_USAGE, "it is right, or a usage error");
    if (code == 0) {
        struct lk_json *value;
        struct lk_problem problem = {0};
        holds(lk_json_parse(lk_buf_slice(&out), &session.arena, &value, &problem) == 0, "it is JSON");
        check_number(value, "rateLimit.limit", len > 0 ? given[0].value : "");
        check_number(value, "credits.remaining", len > 1 ? given[1].value : "");
        check_number(value, "credits.refill.amount", len > 2 ? given[2].value : "");
    }
    lk_buf_free(&out);
    lk_arena_free(&session.arena);
    free(text);
    return 0;
}
