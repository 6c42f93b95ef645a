#include "api/confine.h"

#include "api/sandbox.h"
#include "base/log.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATHS_MAX 20

struct paths {
    struct lk_sandbox_path items[PATHS_MAX];
    char *texts[PATHS_MAX]; /* malloc'd; NULL for what is lent */
    size_t len;
};

static void free_paths(struct paths *paths) {
    for (size_t i = 0; i < paths->len; i++)
        free(paths->texts[i]);
}

static int add(struct paths *paths, char *owned, const char *path, enum lk_sandbox_access access) {
    for (size_t i = 0; i < paths->len; i++) {
        if (paths->items[i].access == access && strcmp(paths->items[i].path, path) == 0) {
            free(owned);
            return 0;
        }
    }
    if (paths->len == PATHS_MAX) {
        free(owned);
        return LK_ELIMIT;
    }
    paths->texts[paths->len] = owned;
    paths->items[paths->len++] = (struct lk_sandbox_path){path, access};
    return 0;
}

static int add_directory_of(struct paths *paths, const char *path, enum lk_sandbox_access access) {
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    char *directory = strndup(slash == NULL ? "." : path, len);
    return directory == NULL ? LK_ENOMEM : add(paths, directory, directory, access);
}

/* Certificates, lists of public keys and the settings are renewed by putting new files in their place, so it is their directory that stays readable; and where the
 * name is a symbolic link (as certbot's are), that of the file too. */
static int add_renewed(struct paths *paths, const char *path) {
    if (path == NULL || path[0] == '\0')
        return 0;
    int code = add_directory_of(paths, path, LK_SANDBOX_READ);
    char *real = code == 0 ? realpath(path, NULL) : NULL;
    if (real != NULL)
        code = add_directory_of(paths, real, LK_SANDBOX_READ);
    free(real);
    return code;
}

/* The file of a socket goes when the server stops. */
static int add_socket(struct paths *paths, const char *address) {
    return lk_address_is_unix(address) ? add_directory_of(paths, address + strlen("unix:"), LK_SANDBOX_REMOVE) : 0;
}

static int gather(const struct lk_settings *settings, struct paths *ret) {
    int code = add(ret, NULL, settings->data, LK_SANDBOX_WRITE);
    if (code == 0)
        code = add(ret, NULL, "/dev/urandom", LK_SANDBOX_READ); /* SQLite's, at its first need */
    const char *const renewed[] = {settings->tls_cert, settings->tls_key, settings->tls_client_ca, settings->leak_public_keys,
                                   settings->config};
    for (size_t i = 0; i < sizeof(renewed) / sizeof(renewed[0]) && code == 0; i++)
        code = add_renewed(ret, renewed[i]);
    for (size_t i = 0; i < settings->listen.len && code == 0; i++)
        code = add_socket(ret, settings->listen.items[i]);
    return code == 0 ? add_socket(ret, settings->ops_listen) : code;
}

static void log_report(const struct lk_sandbox_report *report) {
    if (report->missing[0] != '\0')
        lk_log(LK_LOG_WARN, "sandbox: %s", report->missing);
    if (report->dac_override)
        lk_log(LK_LOG_WARN, "sandbox: the data directory, a certificate or the settings file belongs to another user, so the right to open "
                            "others' files is kept: "
                            "run the server as the user that they belong to");
    if (report->seccomp || report->landlock > 0)
        lk_log(LK_LOG_INFO, "sandbox: no new privileges, %s%s, Landlock %s", report->dac_override ? "one capability" : "no capabilities",
               report->seccomp ? ", seccomp" : "", report->landlock > 0 ? "in force" : "missing");
}

int lk_confine(const struct lk_settings *settings, struct lk_problem *problem) {
    if (strcmp(settings->sandbox, "off") == 0) {
        lk_log(LK_LOG_WARN, "sandbox: off, as --sandbox says");
        return 0;
    }
    struct paths paths = {0};
    struct lk_sandbox_report report = {0};
    int code = gather(settings, &paths);
    if (code == LK_ELIMIT)
        lk_problem_set(problem, code,
                       "--listen: too many Unix sockets in different directories for the sandbox; --sandbox off starts without it");
    else if (code != 0)
        lk_problem_set(problem, code, "Out of memory");
    else
        code = lk_sandbox_enter(paths.items, paths.len, &report, problem);
    free_paths(&paths);
    if (code != 0)
        return code;
    if (strcmp(settings->sandbox, "on") == 0 && report.missing[0] != '\0')
        return lk_problem_set(problem, LK_EIO, "--sandbox on: %s Use --sandbox auto to start with what there is", report.missing);
    log_report(&report);
    return 0;
}
