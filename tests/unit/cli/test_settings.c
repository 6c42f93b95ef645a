#include "../unit.h"

#include "cli/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct lk_arena arena;
static struct lk_settings settings;
static struct lk_problem problem;

static int set_up(void **state) {
    (void)state;
    lk_arena_init(&arena, 1 << 20);
    memset(&settings, 0, sizeof(settings));
    memset(&problem, 0, sizeof(problem));
    unsetenv("LATCHKEY_LOG_LEVEL");
    unsetenv("LATCHKEY_LISTEN");
    unsetenv("LATCHKEY_CONFIG");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    cli_settings_free(&settings);
    lk_arena_free(&arena);
    return 0;
}

/* Loads with these flags. */
static int load(const struct cli_given *given, size_t len) {
    struct cli_given copy[8];
    if (len > 0)
        memcpy(copy, given, len * sizeof(*given));
    const struct cli_args args = {.given = copy, .given_len = len};
    return cli_settings_load(&args, &settings, &problem);
}

static int load_file(const char *text) {
    static char path[] = "/tmp/latchkey-settings-XXXXXX";
    memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    const struct cli_given given[] = {{"config", path}};
    int code = load(given, 1);
    unlink(path);
    return code;
}

static void defaults_are_whole(void **state) {
    (void)state;
    assert_int_equal(load(NULL, 0), 0);
    assert_null(settings.data);
    assert_int_equal(settings.listen.len, 1);
    assert_string_equal(settings.listen.items[0], "127.0.0.1:5390");
    assert_string_equal(settings.ops_listen, "127.0.0.1:5391");
    assert_int_equal(settings.body_max, 2 << 20);
    assert_int_equal(settings.header_timeout_ms, 10000);
    assert_int_equal(settings.graphql_depth, 10);
    assert_true(settings.graphql_introspection);
    assert_false(settings.insecure_listen);
}

/* Every default must be readable by the parser of its own type and lie in its bounds: load would fail otherwise. Names must be spelled so that flag,
 * environment and file agree. */
static void names_are_plain(void **state) {
    (void)state;
    size_t len;
    const struct cli_setting *table = cli_settings_table(&len);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(strspn(table[i].name, "abcdefghijklmnopqrstuvwxyz-"), strlen(table[i].name));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(table[i].name, table[j].name);
            assert_int_not_equal(table[i].offset, table[j].offset);
        }
    }
}

/* Whoever writes 0 may mean none at all or as many as they like: the help says which. */
static void help_says_what_0_means(void **state) {
    (void)state;
    size_t len;
    const struct cli_setting *table = cli_settings_table(&len);
    for (size_t i = 0; i < len; i++) {
        bool counts = table[i].type == CLI_COUNT || table[i].type == CLI_BYTES;
        if (counts && table[i].least == 0 && strstr(table[i].help, "; 0 ") == NULL)
            fail_msg("--%s may be 0, and its help does not say what that is", table[i].name);
    }
}

static void flag_beats_environment_beats_file(void **state) {
    (void)state;
    assert_int_equal(load_file("log-level = debug\n"), 0);
    assert_string_equal(settings.log_level, "debug");
    cli_settings_free(&settings);

    setenv("LATCHKEY_LOG_LEVEL", "warn", 1);
    assert_int_equal(load_file("log-level = debug\n"), 0);
    assert_string_equal(settings.log_level, "warn");
    cli_settings_free(&settings);

    const struct cli_given given[] = {{"log-level", "error"}};
    assert_int_equal(load(given, 1), 0);
    assert_string_equal(settings.log_level, "error");
}

static void lists_are_replaced(void **state) {
    (void)state;
    setenv("LATCHKEY_LISTEN", "127.0.0.1:1, 127.0.0.1:2", 1);
    assert_int_equal(load(NULL, 0), 0);
    assert_int_equal(settings.listen.len, 2);
    assert_string_equal(settings.listen.items[1], "127.0.0.1:2");
    cli_settings_free(&settings);

    const struct cli_given given[] = {{"listen", "127.0.0.1:3"}, {"listen", "[::1]:4"}, {"listen", "unix:/s"}};
    assert_int_equal(load(given, 3), 0);
    assert_int_equal(settings.listen.len, 3);
    assert_string_equal(settings.listen.items[0], "127.0.0.1:3");
}

static void units_are_understood(void **state) {
    (void)state;
    assert_int_equal(load_file("body-max = 64KiB\nidle-timeout=2m\nheader-timeout = 500ms\ndrain-timeout = 0\nbody-timeout = 1h"), 0);
    assert_int_equal(settings.body_max, 65536);
    assert_int_equal(settings.idle_timeout_ms, 120000);
    assert_int_equal(settings.header_timeout_ms, 500);
    assert_int_equal(settings.body_timeout_ms, 3600000);
    assert_int_equal(settings.drain_timeout_ms, 0);
}

static void files_have_comments_and_lists(void **state) {
    (void)state;
    assert_int_equal(load_file("# a comment\n; another\n\n  listen = 127.0.0.1:1, [::]:2\nlisten = unix:/s\ntrusted-proxy = "
                               "10.0.0.0/8,unix\ninsecure-listen = true"),
                     0);
    assert_int_equal(settings.listen.len, 3);
    assert_true(settings.insecure_listen);
    assert_int_equal(settings.trusted_proxies.len, 2);
}

static void a_byte_order_mark_is_skipped(void **state) {
    (void)state;
    assert_int_equal(load_file("\xEF\xBB\xBFlog-level = debug\r\n"), 0);
    assert_string_equal(settings.log_level, "debug");
    assert_int_equal(load_file("\xEF\xBB\xBF\xEF\xBB\xBFlog-level = debug\n"), LK_EINVAL);
    assert_int_equal(load_file("\xEF\xBB"), LK_EINVAL);
}

static void refuse(const char *name, const char *value, const char *message) {
    const struct cli_given given[] = {{name, value}};
    assert_int_equal(load(given, 1), LK_EINVAL);
    assert_string_equal(problem.text, message);
}

static void bad_values_are_named(void **state) {
    (void)state;
    refuse("threads", "many", "--threads: \"many\" is not a whole number");
    refuse("threads", "-1", "--threads: -1 is out of bounds: from 0 to 256");
    refuse("threads", "-", "--threads: \"-\" is not a whole number");
    refuse("threads", "1s", "--threads: \"1s\" is not a whole number");
    refuse("threads", "999", "--threads: 999 is out of bounds: from 0 to 256");
    refuse("body-max", "99999999999999999999", "--body-max: 99999999999999999999 is out of bounds: from 1KiB to 1GiB");
    refuse("body-max", "9223372036854775807GiB", "--body-max: 9223372036854775807GiB is out of bounds: from 1KiB to 1GiB");
    refuse("body-max", "2MB", "--body-max: \"2MB\" is not a number of bytes, such as 4096, 64KiB or 2MiB");
    refuse("log-level", "loud", "--log-level: \"loud\" is none of debug|info|warn|error");
    refuse("log-level", "debug|info", "--log-level: \"debug|info\" is none of debug|info|warn|error");
    refuse("insecure-listen", "yes", "--insecure-listen: \"yes\" is not true or false");
}

/* Whoever left the unit out meant seconds, or minutes, hardly ever milliseconds. */
static void a_time_needs_its_unit(void **state) {
    (void)state;
    refuse("header-timeout", "30", "--header-timeout: \"30\" has no unit; a time needs its unit: 500ms, 30s, 5m or 1h");
    refuse("header-timeout", "0", "--header-timeout: 0 is out of bounds: from 10ms to 1h");
    refuse("header-timeout", "-5s", "--header-timeout: -5s is out of bounds: from 10ms to 1h");
    refuse("idle-timeout", "25h", "--idle-timeout: 25h is out of bounds: from 10ms to 24h");
    refuse("drain-timeout", "2h", "--drain-timeout: 2h is out of bounds: from 0 to 1h");
    refuse("session-ttl", "10ms", "--session-ttl: 10ms is out of bounds: from 1s to 8784h");
    refuse("idle-timeout", "1d", "--idle-timeout: \"1d\" is not a time, such as 500ms, 30s, 5m or 1h");
    refuse("login-rate", "30/60", "--login-rate: \"30/60\" has no unit; a time needs its unit: 30/1m or 1/1s");
}

static void addresses_proxies_and_modes_are_checked(void **state) {
    (void)state;
    refuse("listen", "foo", "--listen foo is not an address to listen on: write 127.0.0.1:5390 or [::1]:5390, or unix:/path");
    refuse("listen", "127.0.0.1:1,::1", "--listen ::1 is not an address to listen on: write 127.0.0.1:5390 or [::1]:5390, or unix:/path");
    refuse("ops-listen", "1:1:1", "--ops-listen 1:1:1 is not an address to listen on: write 127.0.0.1:5390 or [::1]:5390");
    refuse("trusted-proxy", "10.0.0.0/8,foo", "--trusted-proxy: \"foo\" is no IPv4 or IPv6 address");
    refuse("socket-mode", "999", "--socket-mode: \"999\" is not a mode such as 0660");
    refuse("socket-mode", "", "--socket-mode: \"\" is not a mode such as 0660");
    assert_int_equal(load_file("\ntrusted-proxy = 10.0.0.1/8\n"), LK_EINVAL);
    assert_non_null(strstr(problem.text, "line 2: trusted-proxy: "));
    const struct cli_given nowhere[] = {{"ops-listen", ""}};
    assert_int_equal(load(nowhere, 1), 0);
}

static void places_are_not_empty(void **state) {
    (void)state;
    refuse("config", "", "--config is empty: name a file, or leave it out");
    refuse("data", "", "--data is empty: name a directory, or leave it out");
    refuse("master-key-file", "", "--master-key-file is empty: name a file, or leave it out");
    assert_int_equal(load_file("master-key-file =\n"), LK_EINVAL);
    assert_non_null(strstr(problem.text, "line 1: master-key-file is empty: name a file, or leave it out"));
    const struct cli_given given[] = {{"tls-cert", ""}};
    setenv("LATCHKEY_CONFIG", "", 1);
    setenv("LATCHKEY_MASTER_KEY_FILE", "", 1);
    assert_int_equal(load(given, 1), 0);
    unsetenv("LATCHKEY_MASTER_KEY_FILE");
    assert_null(settings.config);
    assert_null(settings.master_key_file);
}

static void a_long_path_of_a_socket_is_named(void **state) {
    (void)state;
    char address[114];
    memset(address, 'a', sizeof(address));
    memcpy(address, "unix:/", 6);
    address[112] = '\0';
    const struct cli_given given[] = {{"listen", address}};
    assert_int_equal(load(given, 1), 0);
    cli_settings_free(&settings);
    address[112] = 'a';
    address[113] = '\0';
    assert_int_equal(load(given, 1), LK_EINVAL);
    assert_non_null(strstr(problem.text, "is too long: the path of a Unix socket may have 107 bytes, and this one has 108"));
}

static void bad_files_are_named(void **state) {
    (void)state;
    assert_int_equal(load_file("log-level debug\n"), LK_EINVAL);
    assert_non_null(strstr(problem.text, "line 1: a setting is written NAME = value"));
    assert_int_equal(load_file("\nlog-levle = debug\n"), LK_EINVAL);
    assert_non_null(strstr(problem.text, "line 2: unknown setting \"log-levle\"; did you mean \"log-level\"?"));
    assert_int_equal(load_file("log-level = debug\nlog-level = info\n"), LK_EINVAL);
    assert_non_null(strstr(problem.text, "line 2: log-level is given twice"));
    assert_int_equal(load_file("threads = x\n"), LK_EINVAL);
    assert_non_null(strstr(problem.text, "line 1: threads: \"x\" is not a whole number"));
    assert_int_equal(load_file("\nconfig = x\n"), LK_EINVAL);
    assert_non_null(strstr(problem.text, "line 2: a file cannot name another: give --config or LATCHKEY_CONFIG"));
    const struct cli_given given[] = {{"config", "/nonexistent/latchkey.conf"}};
    assert_int_equal(load(given, 1), LK_ENOTFOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_are_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_plain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(help_says_what_0_means, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flag_beats_environment_beats_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_are_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(units_are_understood, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_have_comments_and_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_values_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_byte_order_mark_is_skipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_time_needs_its_unit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(addresses_proxies_and_modes_are_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(places_are_not_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_path_of_a_socket_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_files_are_named, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
