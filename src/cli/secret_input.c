#include "cli/secret_input.h"

#include "cli/cli.h"
#include "cli/ending.h"
#include "crypto/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int too_long(const char *from, struct lk_problem *problem) {
    return lk_problem_set(problem, LK_ELIMIT, "What %.200s holds is too long for a key: at most %d bytes", from, CLI_SECRET_MAX);
}

/* Where a secret comes from, and what it is, for sentences. */
struct source {
    int fd;
    const char *name;
    const char *what;
};

/* Reads up to the end, or to the end of the line at a terminal. */
static int read_all(const struct source *from, bool line, char buffer[CLI_SECRET_MAX], size_t *ret_len, struct lk_problem *problem) {
    size_t len = 0;
    for (;;) {
        if (len == CLI_SECRET_MAX)
            return too_long(from->name, problem);
        ssize_t got = cli_read(from->fd, buffer + len, CLI_SECRET_MAX - len);
        if (got < 0)
            return lk_problem_set(problem, LK_EIO, "Cannot read %s from %.200s: %s", from->what, from->name, strerror(errno));
        len += (size_t)got;
        if (got == 0 || (line && buffer[len - 1] == '\n'))
            break;
    }
    *ret_len = len;
    return 0;
}

static const struct source standard_input = {STDIN_FILENO, "standard input", "a key"};

/* What was read without what is around it: white space, and the byte order mark that some programs put before UTF-8. */
static struct lk_slice bare(const char *buffer, size_t len) {
    static const struct lk_slice mark = LK_SLICE("\xEF\xBB\xBF");
    struct lk_slice text = lk_slice_make(buffer, len);
    if (lk_slice_starts_with(text, mark.ptr))
        text = lk_slice_make(text.ptr + mark.len, text.len - mark.len);
    return lk_slice_trim(text);
}

/* --- at a terminal --- */

/* How the terminal was before it stopped showing what is typed. */
static struct termios shown;

static void show(void) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
}

static int read_terminal(const char *what, char buffer[CLI_SECRET_MAX], size_t *ret_len, struct lk_problem *problem) {
    struct cli_ending ending;
    if (tcgetattr(STDIN_FILENO, &shown) != 0)
        return read_all(&standard_input, true, buffer, ret_len, problem);
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(stderr, "%s: ", what);
    cli_ending_begin(show, &ending);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    int code = read_all(&standard_input, true, buffer, ret_len, problem);
    show();
    cli_ending_end(&ending);
    fputc('\n', stderr);
    return code;
}

/* --- elsewhere --- */

static int read_file(const char *path, const char *what, char buffer[CLI_SECRET_MAX], size_t *ret_len, struct lk_problem *problem) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && lk_token_check(lk_slice_cstr(path)) == LK_TOKEN_OURS)
        return lk_problem_set(problem, LK_EINVAL,
                              "The name of a file that holds %s is needed, not a key itself, which others on this machine can see in the "
                              "command line",
                              what);
    if (fd < 0)
        return lk_problem_set(problem, LK_EFORBIDDEN, "Cannot read %s from %.200s: %s", what, path, strerror(errno));
    const struct source from = {fd, path, what};
    int code = read_all(&from, false, buffer, ret_len, problem);
    close(fd);
    return code;
}

int cli_read_secret_file(const char *path, const char *what, char buffer[CLI_SECRET_MAX], struct lk_slice *ret,
                         struct lk_problem *problem) {
    size_t len = 0;
    int code = read_file(path, what, buffer, &len, problem);
    if (code == 0)
        *ret = bare(buffer, len);
    return code;
}

static int read_environment(const char *env, const char *text, char buffer[CLI_SECRET_MAX], size_t *ret_len, struct lk_problem *problem) {
    size_t len = strlen(text);
    if (len > CLI_SECRET_MAX)
        return too_long(env, problem);
    memcpy(buffer, text, len);
    *ret_len = len;
    return 0;
}

int cli_read_secret(const char *file, const char *env, const char *what, char buffer[CLI_SECRET_MAX], struct lk_slice *ret,
                    struct lk_problem *problem) {
    const char *text = file == NULL ? getenv(env) : NULL;
    bool in_environment = text != NULL && text[0] != '\0';
    size_t len = 0;
    int code;
    if (file != NULL && strcmp(file, "-") != 0)
        code = read_file(file, "a key", buffer, &len, problem);
    else if (in_environment)
        code = read_environment(env, text, buffer, &len, problem);
    else if (isatty(STDIN_FILENO) == 1)
        code = read_terminal(what, buffer, &len, problem);
    else
        code = read_all(&standard_input, false, buffer, &len, problem);
    if (code == 0)
        *ret = bare(buffer, len);
    return code;
}
