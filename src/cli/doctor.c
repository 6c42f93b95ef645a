/* latchkey doctor: looks at a data directory, a server or both, and says what is wrong and what to do. */
#include "cli/doctor.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define ARENA_MAX ((size_t)256 << 20)

static struct doctor the_doctor; /* of this run: a session has no room for it */

void doctor_find(struct doctor *doctor, const char *check, const char *remedy, const char *format, ...) {
    char text[LK_PROBLEM_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    char *problem = lk_arena_strdup(&doctor->arena, lk_slice_cstr(text));
    char *action = remedy == NULL ? NULL : lk_arena_strdup(&doctor->arena, lk_slice_cstr(remedy));
    if (doctor->len < DOCTOR_FINDINGS_MAX && problem != NULL && action != NULL)
        doctor->findings[doctor->len++] = (struct doctor_finding){check, problem, action};
}

static void write_people(struct lk_buf *out) {
    const char *many = the_doctor.checks == 1 ? "" : "s";
    for (size_t i = 0; i < the_doctor.len; i++) {
        lk_buf_addf(out, "%s: ", the_doctor.findings[i].check);
        cli_add_printable(out, lk_slice_cstr(the_doctor.findings[i].problem));
        lk_buf_add_cstr(out, "\n    ");
        cli_add_printable(out, lk_slice_cstr(the_doctor.findings[i].remedy));
        lk_buf_add_char(out, '\n');
    }
    if (the_doctor.len == 0)
        lk_buf_addf(out, "Nothing is wrong (%zu check%s).\n", the_doctor.checks, many);
    else
        lk_buf_addf(out, "%zu finding%s (%zu check%s).\n", the_doctor.len, the_doctor.len == 1 ? "" : "s", the_doctor.checks, many);
}

static void write_programs(struct lk_buf *out) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    lk_json_begin_object(&w);
    lk_json_key(&w, "checks");
    lk_json_int(&w, (int64_t)the_doctor.checks);
    lk_json_key(&w, "findings");
    lk_json_begin_array(&w);
    for (size_t i = 0; i < the_doctor.len; i++) {
        lk_json_begin_object(&w);
        lk_json_key(&w, "check");
        lk_json_string(&w, lk_slice_cstr(the_doctor.findings[i].check));
        lk_json_key(&w, "problem");
        cli_write_text(&w, lk_slice_cstr(the_doctor.findings[i].problem));
        lk_json_key(&w, "remedy");
        cli_write_text(&w, lk_slice_cstr(the_doctor.findings[i].remedy));
        lk_json_end_object(&w);
    }
    lk_json_end_array(&w);
    lk_json_end_object(&w);
    lk_buf_add_char(out, '\n');
}

static int look_at_server(const struct cli_command *command, const struct cli_args *args, struct lk_problem *problem) {
    struct cli_session session;
    int code = cli_session_begin(&session, command, args);
    if (code == 0)
        doctor_server(&the_doctor, &session);
    else
        *problem = session.problem;
    cli_session_end(&session);
    return code;
}

static int look(const struct cli_command *command, const struct cli_args *args, const char *dir, struct lk_problem *problem) {
    int code = cli_begin_crypto(problem);
    if (code != 0)
        return code;
    if (dir != NULL)
        doctor_data(&the_doctor, dir, cli_args_or_environment(args, "master-key-file", "LATCHKEY_MASTER_KEY_FILE"));
    doctor_certificate(&the_doctor, cli_args_get(args, "tls-cert"), cli_args_get(args, "tls-key"));
    return cli_names_server(args) ? look_at_server(command, args, problem) : 0;
}

static int tell(const struct cli_args *args) {
    struct lk_buf out;
    lk_buf_init(&out, 0);
    if (cli_args_flag(args, "json"))
        write_programs(&out);
    else
        write_people(&out);
    int printed = cli_print_and_free(&out);
    return the_doctor.len > 0 ? CLI_FAILED : printed;
}

static int run(const struct cli_command *command, const struct cli_args *args) {
    const char *dir = cli_args_or_environment(args, "data", "LATCHKEY_DATA");
    bool files = cli_args_get(args, "tls-cert") != NULL || cli_args_get(args, "tls-key") != NULL;
    if (dir == NULL && !files && !cli_names_server(args))
        return cli_usage_error(command, "Say what to look at: --data DIR, or a server by --url, or both; or a certificate by --tls-cert");
    lk_log_setup(LK_LOG_ERROR, false);
    lk_arena_init(&the_doctor.arena, ARENA_MAX);
    the_doctor.user = geteuid();
    struct lk_problem problem = {0};
    int exit_code = look(command, args, dir, &problem) == 0 ? tell(args) : cli_failed(&problem);
    lk_arena_free(&the_doctor.arena);
    return exit_code;
}

static const struct cli_option options[] = {
    {"data", "DIR", "The data directory. Or LATCHKEY_DATA.", false},
    {"master-key-file", "FILE", "The master key, when it is not DIR/master.key. Or LATCHKEY_MASTER_KEY_FILE.", false},
    {"tls-cert", "FILE", "The server's certificate.", false},
    {"tls-key", "FILE", "Its key.", false},
};

const struct cli_command cli_doctor_command = {
    .name = "doctor",
    .usage = "[--data DIR] [--url URL]",
    .summary = "Look for what is wrong, and say what to do.",
    .help =
        "Of a data directory: who may read its files and whether the server may write them, the room on its disk, the clock, and, of a\n"
        "stopped server, the database and the audit log; of a running one, whether it is confined and not outdated. Of a server that is\n"
        "named, or that an API key is given for: whether it answers, its clock and its certificate; with the key, keys that never expire\n"
        "(but for one that alone can manage the account), that nobody uses, or whose secrets were imported and are easy to guess.\n"
        "Exit code 0 when nothing is wrong, 1 when there are findings.\n",
    .examples =
        "  latchkey doctor --data /var/lib/latchkey\n  LATCHKEY_API_KEY=lk_... latchkey doctor --url https://keys.example.com --json\n",
    .options_kind = CLI_OPTIONS_MAYBE_CLIENT,
    .options = options,
    .options_len = sizeof(options) / sizeof(options[0]),
    .run = run,
};
