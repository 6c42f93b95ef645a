/*
 * The settings of the server: one table, and from it the flag (--NAME), the environment variable (LATCHKEY_NAME, upper case, _ for -), the file key
 * (NAME = value, INI) and the help. A flag beats the environment, which beats the file, which beats the default; lists are replaced as a whole.
 */
#ifndef LK_CLI_SETTINGS_H
#define LK_CLI_SETTINGS_H

#include "api/settings.h"
#include "cli/args.h"

enum cli_setting_type {
    CLI_STRING,
    CLI_CHOICE,    /* one of the words in `value`, separated by | */
    CLI_MODE,      /* of a file, octal */
    CLI_ADDRESS,   /* to listen on; empty: none */
    CLI_ADDRESSES, /* a list, like CLI_PROXIES: given several times, or separated by commas in the environment and the file */
    CLI_PROXIES,   /* addresses, CIDR blocks and "unix" */
    CLI_BOOL,
    CLI_COUNT, /* a whole number */
    CLI_BYTES, /* a whole number, or with KiB, MiB or GiB behind it */
    CLI_TIME,  /* a whole number with ms, s, m or h behind it; 0 without */
    CLI_RATE,  /* a whole number, / and a time of at least a millisecond; empty: none */
};

struct cli_setting {
    const char *name;
    const char *value;    /* what the value is called in the help, or the choices; NULL for a CLI_BOOL */
    const char *fallback; /* the default, as it would be written; NULL: none */
    const char *help;
    size_t offset;       /* in struct lk_settings */
    int64_t least, most; /* bounds of numbers */
    enum cli_setting_type type;
    bool reloadable; /* SIGHUP takes a changed value over */
};

/* The table. */
const struct cli_setting *cli_settings_table(size_t *ret_len);

#define CLI_SETTINGS_MAX 64 /* rows */

/* The row of that name; NULL when there is none. */
const struct cli_setting *cli_settings_find(const char *name);

/* Whether it takes several values. */
bool cli_setting_is_list(const struct cli_setting *setting);

/* Whether it names a place and is never empty: an empty variable does not set it. */
bool cli_setting_is_place(const struct cli_setting *setting);

/* Whether two settings differ in this one. */
bool cli_setting_differs(const struct cli_setting *setting, const struct lk_settings *a, const struct lk_settings *b);

/* The same as command line options, in arena; NULL when out of memory. */
const struct cli_option *cli_settings_options(struct lk_arena *arena, size_t *ret_len);

/* Settings from parsed arguments, the environment and the file that one of them names. Owned by the caller: cli_settings_free. 0; LK_EINVAL with a
 * problem that names the setting and where it was given; LK_ENOTFOUND or LK_EFORBIDDEN when the file cannot be read; LK_ENOMEM. */
int cli_settings_load(const struct cli_args *args, struct lk_settings *ret, struct lk_problem *problem);

#define CLI_VARIABLE_MAX 64

/* Whether a line of the environment ("LATCHKEY_THREAD=2") is no setting but nearly is one, which ret_meant then names. Others that begin like ours are left alone: of
 * a service that is called latchkey Kubernetes makes many. */
bool cli_settings_mistaken(const char *variable, char ret_meant[CLI_VARIABLE_MAX]);

void cli_settings_free(struct lk_settings *settings);

#endif
