/* Settings that are read again from a file that changes. */
#include "../unit.h"

#include "cli/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
    char path[48];
    struct cli_given given[2];
    struct cli_args args;
    struct lk_settings start;
    struct cli_reload reload;
    struct lk_problem problem;
};

static void write_file(const struct fixture *f, const char *text) {
    FILE *file = fopen(f->path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void start(struct fixture *f, const char *text) {
    *f = (struct fixture){.path = "/tmp/latchkey-reload-XXXXXX"};
    close(mkstemp(f->path));
    write_file(f, text);
    f->given[0] = (struct cli_given){"config", f->path};
    f->given[1] = (struct cli_given){"data", "/data"};
    f->args = (struct cli_args){.given = f->given, .given_len = 2};
    assert_int_equal(cli_reload_load(&f->args, &f->start, &f->problem), 0);
    f->reload = (struct cli_reload){.args = &f->args, .start = &f->start};
}

static void stop(struct fixture *f) {
    cli_reload_free(&f->reload);
    cli_settings_free(&f->start);
    unlink(f->path);
}

/* What is read after the file was changed to text. */
static const struct lk_settings *again(struct fixture *f, const char *text) {
    const struct lk_settings *settings = NULL;
    write_file(f, text);
    f->problem = (struct lk_problem){0};
    int code = cli_reload_again(&f->reload, &settings, &f->problem);
    assert_int_equal(code, f->problem.code);
    assert_true((code == 0) == (settings != NULL));
    return settings;
}

/* What was taken stays readable, whatever is read and refused after it, until something else is taken. */
static void what_is_taken_stays(void **state) {
    (void)state;
    struct fixture f;
    start(&f, "auth-rate-status = 403\n");
    assert_null(again(&f, "nonsense\n"));
    const struct lk_settings *first = again(&f, "auth-rate-status = 429\n");
    cli_reload_taken(&f.reload);
    assert_null(again(&f, "nonsense\n"));
    assert_null(again(&f, "tls-key = /key\n"));
    assert_int_equal(f.problem.code, LK_EINVAL);
    assert_non_null(again(&f, "auth-rate-status = 403\n")); /* and not taken */
    assert_string_equal(first->auth_rate_status, "429");
    const struct lk_settings *second = again(&f, "trusted-proxy = unix\n");
    assert_string_equal(first->auth_rate_status, "429");
    cli_reload_taken(&f.reload);
    assert_string_equal(second->trusted_proxies.items[0], "unix");
    stop(&f);
}

static void without_a_file_nothing_is_read(void **state) {
    (void)state;
    struct fixture f;
    const struct lk_settings *settings = &f.start;
    start(&f, "");
    f.start.config = NULL;
    assert_int_equal(cli_reload_again(&f.reload, &settings, &f.problem), 0);
    assert_null(settings);
    stop(&f);
}

/* Every type of setting is compared by its value. */
static void differences_are_seen(void **state) {
    (void)state;
    static const struct {
        const char *name, *line;
    } cases[] = {
        {"master-key-file", "master-key-file = /k\n"},
        {"log-level", "log-level = debug\n"},
        {"socket-mode", "socket-mode = 600\n"},
        {"ops-listen", "ops-listen =\n"},
        {"listen", "listen = 127.0.0.1:5390,127.0.0.1:1\n"},
        {"trusted-proxy", "trusted-proxy = unix\n"},
        {"graphql-suggestions", "graphql-suggestions = false\n"},
        {"threads", "threads = 3\n"},
        {"body-max", "body-max = 1MiB\n"},
        {"idle-timeout", "idle-timeout = 76s\n"},
        {"login-rate", "login-rate = 120/2m\n"},
    };
    struct fixture f;
    start(&f, "");
    size_t len;
    const struct cli_setting *table = cli_settings_table(&len);
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        const struct lk_settings *now = again(&f, cases[c].line);
        assert_non_null(now);
        for (size_t i = 0; i < len; i++) {
            bool differs = cli_setting_differs(&table[i], &f.start, now);
            assert_int_equal(differs, strcmp(table[i].name, cases[c].name) == 0);
            assert_int_equal(cli_setting_differs(&table[i], now, &f.start), differs);
        }
    }
    stop(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_stays),
        cmocka_unit_test(without_a_file_nothing_is_read),
        cmocka_unit_test(differences_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
