#include "store/datadir.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct lk_datadir {
    char *path;
    int lock; /* the open file whose flock is the claim */
};

static bool leads_nowhere(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode) && stat(path, &status) != 0;
}

/* With its mode whatever the umask, and its name durable. Nothing when it is there already. */
static int create_directory(const char *path, struct lk_problem *problem) {
    int error = 0;
    if (mkdir(path, 0700) != 0) {
        error = errno;
        if (leads_nowhere(path))
            return lk_problem_set(problem, LK_ENOTFOUND,
                                  "The data directory %s is a symbolic link to what is not there: create the directory that it names first",
                                  path);
        if (error == EEXIST)
            return 0;
    } else if (chmod(path, 0700) != 0) {
        error = errno;
    } else {
        error = lk_sync_directory_of(path);
    }
    if (error == ENOENT)
        return lk_problem_set(problem, LK_ENOTFOUND, "Cannot create the data directory %s: create the directory it lies in first", path);
    return error == 0 ? 0
                      : lk_problem_set(problem, lk_code_of_errno(error), "Cannot create the data directory %s: %s", path, strerror(error));
}

static int open_directory(const char *path, int *ret, struct lk_problem *problem) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT)
            return lk_problem_set(problem, LK_ENOTFOUND, "There is no data directory %s: run latchkey init --data %s", path, path);
        return lk_problem_set(problem, lk_code_of_errno(errno), "Cannot open the data directory %s: %s", path, strerror(errno));
    }
    struct stat status;
    int code = 0;
    if (fstat(fd, &status) != 0)
        code = lk_problem_set(problem, LK_EIO, "Cannot open the data directory %s: %s", path, strerror(errno));
    else if ((status.st_mode & 077) != 0)
        code = lk_problem_set(problem, LK_EFORBIDDEN, "The data directory %s can be reached by other users (mode %04o): run chmod 700 %s",
                              path, (unsigned)status.st_mode & 07777U, path);
    if (code != 0) {
        close(fd);
        return code;
    }
    *ret = fd;
    return 0;
}

/* The holder's process id as it wrote it, or 0. */
static long read_holder(int lock) {
    char text[24] = "";
    ssize_t got = pread(lock, text, sizeof text - 1, 0);
    return got > 0 ? strtol(text, NULL, 10) : 0;
}

/* For the sentence that the next one gets. Nothing depends on it, so a full disk may keep it from being written. */
static void write_holder(int lock) {
    char text[24];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(lock, 0) == 0 && pwrite(lock, text, (size_t)len, 0) < 0)
        return;
}

static int lock_failure(int lock, const char *path, struct lk_problem *problem) {
    if (errno != EWOULDBLOCK)
        return lk_problem_set(problem, LK_EIO, "Cannot lock the data directory %s: %s", path, strerror(errno));
    long holder = read_holder(lock);
    if (holder <= 0)
        return lk_problem_set(problem, LK_EBUSY, "Another latchkey is using the data directory %s: stop it first", path);
    return lk_problem_set(problem, LK_EBUSY, "Another latchkey (process %ld) is using the data directory %s: stop it first", holder, path);
}

/* It is not made anew by itself: a server that runs may hold the one that was removed. */
static int no_lock(int directory, const char *path, struct lk_problem *problem) {
    if (faccessat(directory, LK_DATABASE_FILE, F_OK, 0) == 0)
        return lk_problem_set(
            problem, LK_ENOTFOUND,
            "%s has a database, but its file \"lock\" is gone: make sure that no server runs there, then make an empty file of that name",
            path);
    return lk_problem_set(problem, LK_ENOTFOUND, "%s is not a Latchkey data directory (it has no lock file): run latchkey init --data %s",
                          path, path);
}

/* 0 or an errno. */
static int settle_lock(int lock, const char *path) {
    char *name = NULL;
    if (asprintf(&name, "%s/lock", path) < 0)
        return ENOMEM;
    int error = lk_file_make_private(lock, name);
    free(name);
    return error;
}

/* Opens it and, when that is wanted, makes it: a negative number, with errno, when that cannot be. One that is there is left as it is. */
static int open_lock(int directory, const char *path, bool create) {
    static const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    int made = create ? openat(directory, "lock", flags | O_CREAT | O_EXCL, 0600) : -1;
    if (made < 0 && (!create || errno == EEXIST))
        return openat(directory, "lock", flags);
    int error = made < 0 ? errno : settle_lock(made, path);
    if (made >= 0 && error != 0)
        close(made);
    errno = error;
    return error == 0 ? made : -1;
}

static int take_lock(int directory, const char *path, bool create, int *ret, struct lk_problem *problem) {
    int lock = open_lock(directory, path, create);
    if (lock < 0) {
        if (errno == ENOENT)
            return no_lock(directory, path, problem);
        return lk_problem_set(problem, lk_code_of_errno(errno), "Cannot open %s/lock: %s", path, strerror(errno));
    }
    int code = 0;
    if (flock(lock, LOCK_EX | LOCK_NB) != 0)
        code = lock_failure(lock, path, problem);
    else if (create && (fchmod(lock, 0600) != 0 || fsync(directory) != 0))
        code = lk_problem_set(problem, lk_code_of_errno(errno), "Cannot create %s/lock: %s", path, strerror(errno));
    if (code != 0) {
        close(lock);
        return code;
    }
    write_holder(lock);
    *ret = lock;
    return 0;
}

int lk_datadir_open(const char *dir, bool create, struct lk_datadir **ret, struct lk_problem *problem) {
    struct lk_datadir *datadir = calloc(1, sizeof *datadir);
    if (datadir == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    datadir->path = strdup(dir);
    int directory = -1;
    int code = datadir->path != NULL ? 0 : lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    if (code == 0 && create)
        code = create_directory(dir, problem);
    if (code == 0)
        code = open_directory(dir, &directory, problem);
    if (code == 0) {
        code = take_lock(directory, dir, create, &datadir->lock, problem);
        close(directory);
    }
    if (code != 0) {
        free(datadir->path);
        free(datadir);
        return code;
    }
    *ret = datadir;
    return 0;
}

void lk_datadir_close(struct lk_datadir *datadir) {
    if (datadir == NULL)
        return;
    close(datadir->lock);
    free(datadir->path);
    free(datadir);
}

char *lk_datadir_path(const struct lk_datadir *datadir, const char *name) {
    char *path = NULL;
    return asprintf(&path, "%s/%s", datadir->path, name) < 0 ? NULL : path;
}
