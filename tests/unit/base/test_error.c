#include "../unit.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static void test_every_code_has_words(void **state) {
    (void)state;
    for (int code = LK_OK; code >= LK_EINTERNAL; code--) {
        assert_non_null(lk_error_text(code));
        assert_string_not_equal(lk_error_text(code), "unknown error");
        for (int other = code - 1; other >= LK_EINTERNAL; other--)
            assert_string_not_equal(lk_error_text(code), lk_error_text(other));
    }
    assert_string_equal(lk_error_text(1), "unknown error");
    assert_string_equal(lk_error_text(-1000), "unknown error");
}

static void test_problem(void **state) {
    (void)state;
    struct lk_problem problem = {0};
    assert_int_equal(lk_problem_set(&problem, LK_EINVAL, "name %s is %d", "x", 7), LK_EINVAL);
    assert_int_equal(problem.code, LK_EINVAL);
    assert_string_equal(problem.text, "name x is 7");
    assert_int_equal(lk_problem_set(NULL, LK_EIO, "nobody listens"), LK_EIO);
}

static void test_long_problems_end_at_a_character(void **state) {
    (void)state;
    for (size_t lead = 500; lead <= 516; lead++) {
        char text[600];
        memset(text, 'x', lead);
        strcpy(text + lead, "\xF0\x9F\x94\x91\xF0\x9F\x94\x91\xF0\x9F\x94\x91"); /* U+1F511 three times */
        struct lk_problem problem;
        lk_problem_set(&problem, LK_EINVAL, "%s", text);
        size_t len = strlen(problem.text);
        assert_true(len < LK_PROBLEM_MAX);
        assert_true(lk_utf8_valid(lk_slice_cstr(problem.text)));
        if (lead + 12 < LK_PROBLEM_MAX)
            assert_string_equal(problem.text, text);
        else
            assert_string_equal(problem.text + len - 3, "...");
    }
}

/* What lk_log writes for one message, in a static buffer. */
static const char *logged(bool json, const char *message) {
    static char line[16384];
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    lk_log_setup(LK_LOG_INFO, json);
    lk_log(LK_LOG_DEBUG, "below the level");
    lk_log_set_level(LK_LOG_ERROR);
    lk_log(LK_LOG_WARN, "below the level");
    lk_log_set_level(LK_LOG_WARN);
    errno = EINTR;
    lk_log(LK_LOG_WARN, "%s", message);
    int kept = errno;
    dup2(saved, STDERR_FILENO);
    close(saved);
    assert_int_equal(kept, EINTR);
    rewind(file);
    size_t len = fread(line, 1, sizeof(line) - 1, file);
    line[len] = '\0';
    fclose(file);
    lk_log_setup(LK_LOG_INFO, false);
    return line;
}

static void test_log_lines(void **state) {
    (void)state;
    const char *line = logged(false, "plain \xC3\xA9");
    assert_int_equal(line[4], '-');
    assert_string_equal(line + 24, " warn  plain \xC3\xA9\n");
    assert_string_equal(logged(false, "forged\nline\x1B[1m\x7F") + 24, " warn  forged\\x0aline\\x1b[1m\\x7f\n");
    assert_string_equal(logged(false, "\xFF \xC2\x9B \xC3") + 24, " warn  \\xff \\xc2\\x9b \\xc3\n");
    line = logged(true, "say \"hi\"\n\xFF");
    assert_memory_equal(line, "{\"time\":\"", 9);
    assert_string_equal(line + 33, "\",\"level\":\"warn\",\"message\":\"say \\\"hi\\\"\\\\x0a\\\\xff\"}\n");
}

static void test_long_log_lines_are_cut_and_stay_one_line(void **state) {
    (void)state;
    char text[5000];
    for (int json = 0; json < 2; json++) {
        for (size_t shift = 0; shift < 3; shift++) {
            memset(text, 'x', shift);
            for (size_t i = shift; i < sizeof(text) - 1; i++)
                text[i] = "\xE2\x82\xAC"[(i - shift) % 3]; /* the euro sign, cut at each of its bytes */
            text[sizeof(text) - 1] = '\0';
            const char *line = logged(json == 1, text);
            size_t len = strlen(line);
            assert_int_equal(strchr(line, '\n') - line, len - 1);
            assert_true(lk_utf8_valid(lk_slice_make(line, len)));
            assert_in_range(len, 2048, 2200);
        }
    }
    memset(text, 1, sizeof(text) - 1); /* every byte takes four */
    const char *line = logged(false, text);
    assert_in_range(strlen(line), 8000, 8300);
    assert_int_equal(line[strlen(line) - 1], '\n');
}

/* Leads standard error into a new pipe; *ret_reader is what is read from. What standard error was. */
static int lead_into_pipe(int *ret_reader) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[0], F_SETPIPE_SZ, 8192) >= 8192);
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    *ret_reader = ends[0];
    return saved;
}

static void test_a_log_that_nobody_reads_is_not_waited_for(void **state) {
    (void)state;
    char text[16384];
    int reader = -1;
    int saved = lead_into_pipe(&reader);
    memset(text, 1, 2000); /* every byte takes four: of the first of these lines the pipe holds a half */
    text[2000] = '\0';
    lk_log(LK_LOG_ERROR, "taken");
    int64_t began = lk_clock_mono_ns();
    for (int i = 0; i < 9; i++)
        lk_log(LK_LOG_ERROR, "%s", text);
    int64_t waited = (lk_clock_mono_ns() - began) / 1000000;
    ssize_t held = read(reader, text, sizeof(text));
    lk_log(LK_LOG_ERROR, "again");
    lk_log(LK_LOG_ERROR, "and again");
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t len = read(reader, text, sizeof(text) - 1);
    close(reader);
    assert_in_range(waited, 500, 5000); /* once, not for each */
    assert_in_range(held, 4096, 8000);
    assert_true(len > 0);
    text[len] = '\0';
    assert_int_equal(text[0], '\n'); /* the end of the line that was taken in part */
    assert_non_null(strstr(text, " warn  log: 9 lines before this one were lost: nobody took them\n"));
    assert_non_null(strstr(text, " error again\n"));
    assert_non_null(strstr(text, " error and again\n"));
    assert_null(strstr(strstr(text, "were lost") + 1, "were lost")); /* said once */
}

/* A file has room for half a line, none for the next, and then room again. */
static void test_a_line_after_a_full_disk_is_one_of_its_own(void **state) {
    (void)state;
    char path[] = "/tmp/latchkey-log-XXXXXX";
    char text[1024];
    int file = mkstemp(path);
    assert_true(file >= 0);
    unlink(path);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit full = {.rlim_cur = 60, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    int saved = dup(STDERR_FILENO);
    dup2(file, STDERR_FILENO);
    const uint64_t lost = lk_log_lost();
    setrlimit(RLIMIT_FSIZE, &full);
    lk_log(LK_LOG_ERROR, "%060d", 0);
    lk_log(LK_LOG_ERROR, "lost");
    setrlimit(RLIMIT_FSIZE, &before);
    lk_log(LK_LOG_ERROR, "again");
    dup2(saved, STDERR_FILENO);
    close(saved);
    signal(SIGXFSZ, handler);
    ssize_t len = pread(file, text, sizeof(text) - 1, 0);
    close(file);
    assert_in_range(len, 70, 110);
    text[len] = '\0';
    assert_int_equal(text[60], '\n');
    assert_string_equal(text + 60 + 25, " error again\n");
    assert_int_equal(lk_log_lost() - lost, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_has_words),
        cmocka_unit_test(test_problem),
        cmocka_unit_test(test_long_problems_end_at_a_character),
        cmocka_unit_test(test_log_lines),
        cmocka_unit_test(test_long_log_lines_are_cut_and_stay_one_line),
        cmocka_unit_test(test_a_log_that_nobody_reads_is_not_waited_for),
        cmocka_unit_test(test_a_line_after_a_full_disk_is_one_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
