#include "cli/args.h"

#include <stdlib.h>
#include <string.h>

#define WORD_MAX 48

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of neighbours) that make one word of the other; WORD_MAX when one is too long to be a name of ours. */
static unsigned distance(const char *a, const char *b) {
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    if (a_len >= WORD_MAX || b_len >= WORD_MAX)
        return WORD_MAX;
    unsigned rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *before = rows[(i - 1) % 3];
        unsigned *now = rows[i % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned replaced = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            now[j] = least(replaced, least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

const char *cli_nearest(const char *text, const void *words, size_t len, size_t stride) {
    const char *best = NULL;
    unsigned best_distance = least((unsigned)strlen(text) / 3 + 1, 4) + 1;
    for (size_t i = 0; i < len; i++) {
        const char *word;
        memcpy(&word, (const char *)words + i * stride, sizeof(word));
        unsigned d = distance(text, word);
        if (d < best_distance) {
            best = word;
            best_distance = d;
        }
    }
    return best;
}

static const struct cli_option help_option = {"help", NULL, "Shows this help.", false};

static const struct cli_option *find_option(const char *name, size_t len, const struct cli_option *options, size_t options_len) {
    for (size_t i = 0; i < options_len; i++) {
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
            return &options[i];
    }
    return len == strlen(help_option.name) && memcmp(name, help_option.name, len) == 0 ? &help_option : NULL;
}

static int unknown_option(const char *name, size_t len, const struct cli_option *options, size_t options_len, struct lk_problem *problem) {
    char text[WORD_MAX];
    size_t kept = len < sizeof(text) - 1 ? len : sizeof(text) - 1;
    memcpy(text, name, kept);
    text[kept] = '\0';
    const char *near = cli_nearest(text, options, options_len, sizeof(*options));
    if (near != NULL)
        return lk_problem_set(problem, LK_EINVAL, "Unknown option --%s; did you mean --%s?", text, near);
    return lk_problem_set(problem, LK_EINVAL, "Unknown option --%s", text);
}

static int add_option(struct cli_args *args, const struct cli_option *option, const char *value, struct lk_problem *problem) {
    if (!option->repeat && cli_args_get(args, option->name) != NULL)
        return lk_problem_set(problem, LK_EINVAL, "Option --%s is given twice", option->name);
    args->given[args->given_len++] = (struct cli_given){option->name, value};
    return 0;
}

int cli_args_parse(int argc, char **argv, const struct cli_option *options, size_t options_len, struct lk_arena *arena,
                   struct cli_args *ret, struct lk_problem *problem) {
    struct cli_args args = {0};
    size_t room = argc > 0 ? (size_t)argc : 0;
    args.given = lk_arena_calloc(arena, room, sizeof(*args.given));
    args.words = lk_arena_calloc(arena, room, sizeof(*args.words));
    if (args.given == NULL || args.words == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        const char *arg = argv[i];
        if (only_words || arg[0] != '-' || arg[1] == '\0') {
            args.words[args.words_len++] = arg;
            continue;
        }
        if (strcmp(arg, "--") == 0) {
            only_words = true;
            continue;
        }
        if (strcmp(arg, "-h") == 0)
            arg = "--help";
        if (arg[1] != '-')
            return lk_problem_set(problem, LK_EINVAL,
                                  "Unknown option %.40s; options begin with two dashes, and a word that begins with a dash comes after --",
                                  arg);
        const char *name = arg + 2;
        size_t len = strcspn(name, "=");
        const struct cli_option *option = find_option(name, len, options, options_len);
        if (option == NULL)
            return unknown_option(name, len, options, options_len, problem);
        const char *value = name[len] == '=' ? name + len + 1 : NULL;
        if (option->value == NULL) {
            if (value == NULL)
                value = "true";
            else if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
                return lk_problem_set(problem, LK_EINVAL, "Option --%s takes no value but true or false", option->name);
        } else if (value == NULL) {
            if (i + 1 >= argc)
                return lk_problem_set(problem, LK_EINVAL, "Option --%s needs a value: --%s %s", option->name, option->name, option->value);
            value = argv[++i];
        }
        int code = add_option(&args, option, value, problem);
        if (code != 0)
            return code;
    }
    *ret = args;
    return 0;
}

const char *cli_args_get(const struct cli_args *args, const char *name) {
    for (size_t i = args->given_len; i > 0; i--) {
        if (strcmp(args->given[i - 1].name, name) == 0)
            return args->given[i - 1].value;
    }
    return NULL;
}

const char *cli_args_or_environment(const struct cli_args *args, const char *name, const char *variable) {
    const char *value = cli_args_get(args, name);
    if (value == NULL)
        value = getenv(variable);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool cli_args_flag(const struct cli_args *args, const char *name) {
    const char *value = cli_args_get(args, name);
    return value != NULL && strcmp(value, "true") == 0;
}
