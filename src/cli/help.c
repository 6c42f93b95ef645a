/* Help, manual page and shell completion, all from the tables of commands and options. */
#include "cli/cli.h"

#define HELP_ARENA_MAX (size_t)(1 << 20)

/* Calls with the options of a command, --help apart. */
static void with_options(const struct cli_command *command, struct lk_buf *out,
                         void (*describe)(struct lk_buf *, const struct cli_option *, size_t)) {
    struct lk_arena arena;
    lk_arena_init(&arena, HELP_ARENA_MAX);
    size_t len = 0;
    const struct cli_option *options = cli_command_options(command, &arena, &len);
    if (options == NULL)
        out->failed = true;
    else if (len > 0)
        describe(out, options, len);
    lk_arena_free(&arena);
}

/* --- help --- */

static void help_options(struct lk_buf *out, const struct cli_option *options, size_t len) {
    lk_buf_add_cstr(out, "\nOptions:\n");
    for (size_t i = 0; i < len; i++) {
        const struct cli_option *option = &options[i];
        lk_buf_addf(out, "  --%s%s%s%s\n      %s\n", option->name, option->value == NULL ? "" : " ",
                    option->value == NULL ? "" : option->value, option->repeat ? " ..." : "", option->help);
    }
}

static void help_list(struct lk_buf *out, const struct cli_command *const *list) {
    lk_buf_add_cstr(out, "\nCommands:\n");
    for (; *list != NULL; list++)
        lk_buf_addf(out, "  %-17s %s\n", (*list)->name, (*list)->summary);
}

static void help_command(struct lk_buf *out, const struct cli_command *command) {
    lk_buf_addf(out, "Usage: latchkey %s%s%s\n\n%s\n", command->name, command->usage[0] == '\0' ? "" : " ", command->usage,
                command->summary);
    if (command->help != NULL)
        lk_buf_addf(out, "\n%s", command->help);
    if (command->examples != NULL)
        lk_buf_addf(out, "\nExamples:\n%s", command->examples);
    if (command->verbs != NULL)
        help_list(out, command->verbs);
    with_options(command, out, help_options);
}

int cli_help(const struct cli_command *command) {
    struct lk_buf out;
    lk_buf_init(&out, 0);
    if (command != NULL) {
        help_command(&out, command);
        return cli_print_and_free(&out);
    }
    lk_buf_add_cstr(&out, "Usage: latchkey COMMAND [OPTION]...\n\nLatchkey is an API-key server.\n");
    help_list(&out, cli_commands());
    lk_buf_add_cstr(
        &out, "\nTo begin:\n  latchkey init --data ./data\n  latchkey serve --data ./data\n\n"
              "`latchkey help COMMAND` explains a command. Behind -- nothing is an option: a name that begins with a dash goes there.\n");
    return cli_print_and_free(&out);
}

/* --- the manual page, in man(7) --- */

/* Text with what roff takes for its own escaped. */
static void roff(struct lk_buf *out, const char *text) {
    bool line_start = true;
    for (; *text != '\0'; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            lk_buf_add_cstr(out, "\\&");
        if (*text == '\\')
            lk_buf_add_cstr(out, "\\e");
        else if (*text == '-')
            lk_buf_add_cstr(out, "\\-");
        else
            lk_buf_add_char(out, *text);
        line_start = *text == '\n';
    }
}

static void manual_options(struct lk_buf *out, const struct cli_option *options, size_t len) {
    for (size_t i = 0; i < len; i++) {
        lk_buf_add_cstr(out, ".TP\n.B ");
        roff(out, "--");
        roff(out, options[i].name);
        if (options[i].value != NULL) {
            lk_buf_add_cstr(out, " \\fI");
            roff(out, options[i].value);
            lk_buf_add_cstr(out, "\\fR");
        }
        lk_buf_add_char(out, '\n');
        roff(out, options[i].help);
        lk_buf_add_char(out, '\n');
    }
}

static void manual_command(struct lk_buf *out, const struct cli_command *command) {
    lk_buf_add_cstr(out, ".SS latchkey ");
    roff(out, command->name);
    lk_buf_add_char(out, ' ');
    roff(out, command->usage);
    lk_buf_add_char(out, '\n');
    roff(out, command->summary);
    lk_buf_add_char(out, '\n');
    if (command->help != NULL) {
        lk_buf_add_cstr(out, ".PP\n");
        roff(out, command->help);
    }
    if (command->verbs == NULL)
        with_options(command, out, manual_options);
    if (command->examples != NULL) {
        lk_buf_add_cstr(out, ".PP\nExamples:\n.PP\n.nf\n");
        roff(out, command->examples);
        lk_buf_add_cstr(out, ".fi\n");
    }
}

static int run_manual(const struct cli_command *command, const struct cli_args *args) {
    (void)command;
    (void)args;
    struct lk_buf out;
    lk_buf_init(&out, 0);
    lk_buf_add_cstr(&out, ".TH LATCHKEY 1 \"\" \"latchkey " LK_VERSION "\" \"Latchkey\"\n.SH NAME\nlatchkey \\- an API\\-key server\n"
                          ".SH SYNOPSIS\n.B latchkey\n.I COMMAND\n.RI [ OPTION ]...\n.SH COMMANDS\n");
    for (const struct cli_command *const *at = cli_commands(); *at != NULL; at++) {
        manual_command(&out, *at);
        for (const struct cli_command *const *verb = (*at)->verbs; verb != NULL && *verb != NULL; verb++)
            manual_command(&out, *verb);
    }
    lk_buf_add_cstr(
        &out, ".SH OPTIONS\nThey follow the command, as \\-\\-NAME VALUE or \\-\\-NAME=VALUE. Behind \\-\\- nothing is an option: a name "
              "that begins with a dash goes there.\n");
    lk_buf_add_cstr(&out,
                    ".SH EXIT STATUS\n0: done. 1: refused or failed. 2: the command line is wrong.\n"
                    ".SH ENVIRONMENT\n.TP\n.B LATCHKEY_URL\nThe server that commands talk to.\n.TP\n.B LATCHKEY_API_KEY\n"
                    "The API key to authenticate with.\n.TP\n.B LATCHKEY_KEY\nThe key that key verify and key check are "
                    "about.\n.TP\n.B LATCHKEY_CA, LATCHKEY_CLIENT_CERT, LATCHKEY_CLIENT_KEY\n"
                    "The files of \\-\\-ca, \\-\\-client\\-cert and \\-\\-client\\-key.\n"
                    ".TP\n.B LATCHKEY_DATA, LATCHKEY_MASTER_KEY_FILE\nThe data directory, and the master key when it is not in it.\n.PP\n"
                    "Every option of serve is also a variable: LATCHKEY_, and its name in upper case with _ for \\-.\n");
    return cli_print_and_free(&out);
}

const struct cli_command cli_manual_command = {
    .name = "manual", .usage = "", .summary = "Print the manual page (man -l).", .run = run_manual};

/* --- completion --- */

#define SHELLS "bash zsh fish"

static void words_of_options(struct lk_buf *out, const struct cli_option *options, size_t len) {
    for (size_t i = 0; i < len; i++)
        lk_buf_addf(out, " --%s", options[i].name);
}

static void words_of_verbs(struct lk_buf *out, const struct cli_command *const *list) {
    for (; *list != NULL; list++) {
        const char *space = strrchr((*list)->name, ' ');
        lk_buf_addf(out, " %s", space == NULL ? (*list)->name : space + 1);
    }
}

/* What may follow the name of a command: verbs, or what it takes and its options. */
static void words_after(struct lk_buf *out, const struct cli_command *command) {
    if (command->verbs != NULL)
        words_of_verbs(out, command->verbs);
    else if (command == &cli_help_command)
        words_of_verbs(out, cli_commands());
    else if (command == &cli_completion_command)
        lk_buf_add_cstr(out, " " SHELLS);
    with_options(command, out, words_of_options);
    lk_buf_add_cstr(out, " --help");
}

static void shell_case(struct lk_buf *out, const struct cli_command *command) {
    lk_buf_addf(out, "    '%s') words='", command->name);
    words_after(out, command);
    lk_buf_add_cstr(out, "' ;;\n");
}

/* "'key create') words=' --group ...' ;;" for each command: what bash and zsh choose from. */
static void shell_cases(struct lk_buf *out) {
    for (const struct cli_command *const *at = cli_commands(); *at != NULL; at++) {
        shell_case(out, *at);
        for (const struct cli_command *const *verb = (*at)->verbs; verb != NULL && *verb != NULL; verb++)
            shell_case(out, *verb);
        if ((*at)->verbs == NULL)
            continue;
        lk_buf_addf(out, "    '%s %s') words='", cli_help_command.name, (*at)->name);
        words_of_verbs(out, (*at)->verbs);
        lk_buf_add_cstr(out, "' ;;\n");
    }
    lk_buf_add_cstr(out, "    '') words='");
    words_of_verbs(out, cli_commands());
    lk_buf_add_cstr(out, "' ;;\n");
}

/* The commands after which a word tells what may follow, as a pattern of the shell: "key|group|user|audit|help". */
static void shell_groups(struct lk_buf *out) {
    for (const struct cli_command *const *at = cli_commands(); *at != NULL; at++) {
        if ((*at)->verbs != NULL)
            lk_buf_addf(out, "%s|", (*at)->name);
    }
    lk_buf_add_cstr(out, cli_help_command.name);
}

static void complete_bash(struct lk_buf *out) {
    lk_buf_add_cstr(out,
                    "_latchkey() {\n  local words='' name=''\n  [ \"$COMP_CWORD\" -gt 1 ] && name=${COMP_WORDS[1]}\n  case $name in\n    ");
    shell_groups(out);
    lk_buf_add_cstr(out, ") [ \"$COMP_CWORD\" -gt 2 ] && name=\"$name ${COMP_WORDS[2]}\" ;;\n  esac\n"
                         /* help KEY VERB is all that it takes */
                         "  case $name in 'help '*) [ \"$COMP_CWORD\" -gt 3 ] && name='help -' ;; esac\n  case $name in\n");
    shell_cases(out);
    lk_buf_add_cstr(out, "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")) || :\n}\n"
                         "complete -o default -F _latchkey latchkey\n");
}

static void complete_zsh(struct lk_buf *out) {
    lk_buf_add_cstr(out, "#compdef latchkey\n_latchkey() {\n  local name=''\n"
                         "  (( CURRENT > 2 )) && name=${words[2]}\n  case $name in\n    ");
    shell_groups(out);
    lk_buf_add_cstr(out, ") (( CURRENT > 3 )) && name=\"$name ${words[3]}\" ;;\n  esac\n"
                         "  case $name in 'help '*) (( CURRENT > 4 )) && name='help -' ;; esac\n  _latchkey_words \"$name\"\n"
                         "  compadd -- ${=REPLY}\n  [[ $name == help* ]] || _files\n}\n_latchkey_words() {\n  local words\n  case $1 in\n");
    shell_cases(out);
    lk_buf_add_cstr(out, "  esac\n  REPLY=$words\n}\n"
                         /* Loaded as the function _latchkey from $fpath, the file is run to complete at once; sourced, it registers. */
                         "if [[ ${funcstack[1]} == _latchkey ]]; then _latchkey \"$@\"; else compdef _latchkey latchkey; fi\n");
}

/* Text between the single quotes of fish, in which only \\ and ' are special. */
static void fish_text(struct lk_buf *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '\'')
            lk_buf_add_char(out, '\\');
        lk_buf_add_char(out, *text);
    }
}

/* A line that ends in the description of what it completes. */
static void fish_end(struct lk_buf *out, const char *description) {
    lk_buf_add_cstr(out, " -d '");
    fish_text(out, description);
    lk_buf_add_cstr(out, "'\n");
}

/* Options complete when the command's words stand before the cursor. */
static void fish_options(struct lk_buf *out, const struct cli_command *command) {
    struct lk_arena arena;
    lk_arena_init(&arena, HELP_ARENA_MAX);
    size_t len = 0;
    const struct cli_option *options = cli_command_options(command, &arena, &len);
    for (size_t i = 0; options != NULL && i < len; i++) {
        lk_buf_addf(out, "complete -c latchkey -n 'string match -q -- \"latchkey %s *\" (commandline -cp)' -l %s%s", command->name,
                    options[i].name, options[i].value == NULL ? "" : " -r");
        fish_end(out, options[i].help);
    }
    lk_arena_free(&arena);
}

/* What completes as the next word where words stand before it, the program the first and these two (NULL: one) among them. */
static void fish_word(struct lk_buf *out, int words, const char *first, const char *second, const char *word, const char *description) {
    lk_buf_addf(out, "complete -c latchkey -f -n 'test (count (commandline -opc)) -eq %d; and __fish_seen_subcommand_from %s", words,
                first);
    if (second != NULL)
        lk_buf_addf(out, "; and __fish_seen_subcommand_from %s", second);
    lk_buf_addf(out, "' -a %s", word);
    fish_end(out, description);
}

static void fish_verbs(struct lk_buf *out, const struct cli_command *group) {
    for (const struct cli_command *const *verb = group->verbs; *verb != NULL; verb++) {
        const char *word = strrchr((*verb)->name, ' ') + 1;
        fish_word(out, 2, group->name, NULL, word, (*verb)->summary);
        fish_word(out, 3, cli_help_command.name, group->name, word, (*verb)->summary);
        fish_options(out, *verb);
    }
}

static void complete_fish(struct lk_buf *out) {
    for (const struct cli_command *const *at = cli_commands(); *at != NULL; at++) {
        lk_buf_addf(out, "complete -c latchkey -f -n __fish_use_subcommand -a %s", (*at)->name);
        fish_end(out, (*at)->summary);
        fish_word(out, 2, cli_help_command.name, NULL, (*at)->name, (*at)->summary);
        if ((*at)->verbs == NULL)
            fish_options(out, *at);
        else
            fish_verbs(out, *at);
    }
    fish_word(out, 2, cli_completion_command.name, NULL, "'" SHELLS "'", "A shell");
}

static int run_completion(const struct cli_command *command, const struct cli_args *args) {
    const char *shell = args->words_len == 1 ? args->words[0] : "";
    struct lk_buf out;
    lk_buf_init(&out, 0);
    if (strcmp(shell, "bash") == 0)
        complete_bash(&out);
    else if (strcmp(shell, "zsh") == 0)
        complete_zsh(&out);
    else if (strcmp(shell, "fish") == 0)
        complete_fish(&out);
    else
        return cli_usage_error(command, "Name a shell: bash, zsh or fish");
    return cli_print_and_free(&out);
}

const struct cli_command cli_completion_command = {
    .name = "completion",
    .usage = "bash|zsh|fish",
    .summary = "Print a script that completes commands and options in a shell.",
    .examples = "  source <(latchkey completion bash)\n  latchkey completion fish > ~/.config/fish/completions/latchkey.fish\n",
    .words = 1,
    .run = run_completion,
};
