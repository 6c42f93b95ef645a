#include "cli/secret_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Reads up to the end, or to the end of the line at a terminal. */
static int read_all(int fd, bool line, const char *from, char buffer[CLI_SECRET_MAX], size_t *ret_len, struct lk_problem *problem) {
    size_t len = 0;
    for (;;) {
        if (len == CLI_SECRET_MAX)
            return lk_problem_set(problem, LK_ELIMIT, "What %s holds is too long for a key: at most %d bytes", from, CLI_SECRET_MAX);
        ssize_t got = read(fd, buffer + len, CLI_SECRET_MAX - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return lk_problem_set(problem, LK_EIO, "Cannot read a key from %s: %s", from, strerror(errno));
        len += (size_t)got;
        if (got == 0 || (line && buffer[len - 1] == '\n'))
            break;
    }
    *ret_len = len;
    return 0;
}

static int read_terminal(const char *what, char buffer[CLI_SECRET_MAX], size_t *ret_len, struct lk_problem *problem) {
    struct termios shown;
    if (tcgetattr(STDIN_FILENO, &shown) != 0)
        return read_all(STDIN_FILENO, true, "standard input", buffer, ret_len, problem);
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(stderr, "%s: ", what);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    int code = read_all(STDIN_FILENO, true, "standard input", buffer, ret_len, problem);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    fputc('\n', stderr);
    return code;
}

static int read_file(const char *path, char buffer[CLI_SECRET_MAX], size_t *ret_len, struct lk_problem *problem) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return lk_problem_set(problem, LK_EFORBIDDEN, "Cannot read a key from %s: %s", path, strerror(errno));
    int code = read_all(fd, false, path, buffer, ret_len, problem);
    close(fd);
    return code;
}

static int read_environment(const char *env, const char *text, char buffer[CLI_SECRET_MAX], size_t *ret_len, struct lk_problem *problem) {
    size_t len = strlen(text);
    if (len > CLI_SECRET_MAX)
        return lk_problem_set(problem, LK_ELIMIT, "What %s holds is too long for a key: at most %d bytes", env, CLI_SECRET_MAX);
    memcpy(buffer, text, len);
    *ret_len = len;
    return 0;
}

int cli_read_secret(const char *file, const char *env, const char *what, char buffer[CLI_SECRET_MAX], struct lk_slice *ret,
                    struct lk_problem *problem) {
    const char *text = file == NULL ? getenv(env) : NULL;
    size_t len = 0;
    int code;
    if (file != NULL && strcmp(file, "-") != 0)
        code = read_file(file, buffer, &len, problem);
    else if (text != NULL)
        code = read_environment(env, text, buffer, &len, problem);
    else if (isatty(STDIN_FILENO) == 1)
        code = read_terminal(what, buffer, &len, problem);
    else
        code = read_all(STDIN_FILENO, false, "standard input", buffer, &len, problem);
    if (code == 0)
        *ret = lk_slice_trim(lk_slice_make(buffer, len));
    return code;
}
