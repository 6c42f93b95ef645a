#include "cli/fresh.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A log without its database holds what was committed last, and SQLite would put it into the next database of that name. */
static bool is_left_log(const char *name) {
    return strcmp(name, LK_DATABASE_FILE "-wal") == 0 || strcmp(name, LK_DATABASE_FILE "-journal") == 0;
}

static bool is_ours(const char *name) {
    static const char *const ours[] = {".", "..", "lock", "lost+found", LK_MASTER_KEY_FILE, LK_DATABASE_FILE};
    static const char *const beginnings[] = {LK_MASTER_KEY_FILE ".", CLI_FRESH_DATABASE_FILE, LK_DATABASE_FILE "-"};
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (strcmp(name, ours[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    }
    return false;
}

static int check_contents(const char *dir, struct lk_problem *problem) {
    DIR *stream = opendir(dir);
    if (stream == NULL)
        return errno == ENOENT ? 0 : lk_problem_set(problem, LK_EFORBIDDEN, "Cannot read the directory %s: %s", dir, strerror(errno));
    int code = 0;
    const struct dirent *entry;
    while (code == 0 && (entry = readdir(stream)) != NULL) {
        if (is_left_log(entry->d_name))
            code = lk_problem_set(
                problem, LK_EINVAL,
                "%s holds the log of a database that is gone (%.100s): put the database back beside it, or name another directory. "
                "What is in the log is lost when you remove it",
                dir, entry->d_name);
        else if (!is_ours(entry->d_name))
            code = lk_problem_set(problem, LK_EINVAL, "%s holds other files (%.100s); name a new or empty directory", dir, entry->d_name);
    }
    closedir(stream);
    return code;
}

int cli_fresh_check(const char *dir, struct lk_problem *problem) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s", dir, LK_DATABASE_FILE) < 0)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    int code = access(path, F_OK) != 0 ? 0 : lk_problem_set(problem, LK_ECONFLICT, "%s is already initialised; nothing was changed", dir);
    free(path);
    return code != 0 ? code : check_contents(dir, problem);
}

void cli_fresh_remove(const char *path) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        char *file = NULL;
        if (asprintf(&file, "%s%s", path, suffixes[i]) < 0)
            return;
        unlink(file);
        free(file);
    }
}

/* A log that stayed would be left behind by the new name, with what was committed to it. */
static int check_closed(const char *path, struct lk_problem *problem) {
    char *log = NULL;
    if (asprintf(&log, "%s-wal", path) < 0)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    int code = access(log, F_OK) != 0 ? 0 : lk_problem_set(problem, LK_EIO, "The database %s could not be written as a whole", path);
    free(log);
    return code;
}

int cli_fresh_publish(const char *path, const char *final_path, struct lk_problem *problem) {
    int code = check_closed(path, problem);
    if (code != 0)
        return code;
    if (rename(path, final_path) != 0)
        return lk_problem_set(problem, LK_EIO, "Cannot rename %s: %s", path, strerror(errno));
    int error = lk_sync_directory_of(final_path);
    if (error == 0)
        return 0;
    unlink(final_path);
    return lk_problem_set(problem, LK_EIO, "Cannot sync the directory of %s: %s", final_path, strerror(error));
}
