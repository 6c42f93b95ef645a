/*
 * Order: capabilities, because the test whether the files can do without them comes first; no new privileges, which the two others ask for;
 * Landlock, whose own system calls the filter then forbids; the filter.
 */
#include "api/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What Landlock learnt after the headers of Debian 12; each version knows what the ones before it know. */
#define FS_REFER (UINT64_C(1) << 13)     /* 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)  /* 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* 5 */
#define NET_ALL UINT64_C(3)              /* 4: bind and connect TCP */
#define SCOPE_ALL UINT64_C(3)            /* 6: abstract Unix sockets, signals */
#define FS_FIRST (FS_REFER - 1)          /* 1 */

struct ruleset {
    uint64_t fs, net, scoped;
};

static void note(struct lk_sandbox_report *report, const char *sentence) {
    size_t len = strlen(report->missing);
    snprintf(report->missing + len, sizeof(report->missing) - len, "%s%s", len > 0 ? " " : "", sentence);
}

/* --- capabilities --- */

static int set_capabilities(uint64_t effective, uint64_t permitted) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    for (unsigned i = 0; i < 2; i++) {
        data[i].effective = (uint32_t)(effective >> (32 * i));
        data[i].permitted = (uint32_t)(permitted >> (32 * i));
    }
    return syscall(SYS_capset, &header, data) == 0 ? 0 : errno;
}

static int get_permitted(uint64_t *ret) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    if (syscall(SYS_capget, &header, data) != 0)
        return errno;
    *ret = data[0].permitted | (uint64_t)data[1].permitted << 32;
    return 0;
}

static bool can_use(const struct lk_sandbox_path *path) {
    int mode = path->access == LK_SANDBOX_WRITE ? R_OK | W_OK : R_OK;
    return path->access == LK_SANDBOX_REMOVE || faccessat(AT_FDCWD, path->path, mode, AT_EACCESS) == 0 || errno == ENOENT;
}

/* Drops all, but for the one that a root needs whose files belong to another user. */
static int drop_capabilities(const struct lk_sandbox_path *paths, size_t len, struct lk_sandbox_report *report) {
    uint64_t permitted = 0;
    int error = get_permitted(&permitted);
    if (error != 0 || permitted == 0)
        return error;
    error = set_capabilities(0, permitted);
    if (error != 0)
        return error;
    for (size_t i = 0; i < len; i++)
        report->dac_override = report->dac_override || !can_use(&paths[i]);
    uint64_t keep = report->dac_override ? permitted & UINT64_C(1) << CAP_DAC_OVERRIDE : 0;
    /* What a program that we start could have again; one fails where there is none, or where the right to drop it is missing, and then exec is the kernel's. */
    if (permitted & UINT64_C(1) << CAP_SETPCAP && set_capabilities(permitted, permitted) == 0) {
        for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
            prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return set_capabilities(keep, keep);
}

/* --- Landlock --- */

static uint64_t rights(enum lk_sandbox_access access, bool directory) {
    uint64_t read = LANDLOCK_ACCESS_FS_READ_FILE;
    uint64_t write = LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
    if (directory) {
        read |= LANDLOCK_ACCESS_FS_READ_DIR;
        write |= LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE;
    }
    switch (access) {
    case LK_SANDBOX_WRITE: return read | write;
    case LK_SANDBOX_REMOVE: return directory ? LANDLOCK_ACCESS_FS_REMOVE_FILE : 0;
    default: return read;
    }
}

static int allow_path(int ruleset, const struct lk_sandbox_path *path, uint64_t handled) {
    int fd = open(path->path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : errno;
    struct stat status;
    int error = fstat(fd, &status) == 0 ? 0 : errno;
    if (error == 0) {
        struct landlock_path_beneath_attr beneath = {.allowed_access = rights(path->access, S_ISDIR(status.st_mode)) & handled,
                                                     .parent_fd = fd};
        if (beneath.allowed_access != 0 && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0)
            error = errno;
    }
    close(fd);
    return error;
}

static struct ruleset handled_by(int version, size_t *ret_size) {
    struct ruleset all = {.fs = FS_FIRST};
    all.fs |= (version >= 2 ? FS_REFER : 0) | (version >= 3 ? FS_TRUNCATE : 0) | (version >= 5 ? FS_IOCTL_DEV : 0);
    all.net = version >= 4 ? NET_ALL : 0;
    all.scoped = version >= 6 ? SCOPE_ALL : 0;
    *ret_size = version >= 6 ? sizeof(all) : version >= 4 ? offsetof(struct ruleset, scoped) : offsetof(struct ruleset, net);
    return all;
}

static int restrict_files(const struct lk_sandbox_path *paths, size_t len, struct lk_sandbox_report *report) {
    int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) {
        note(report, "This kernel has no Landlock (or it is off): the files that the server may open are not limited.");
        return 0;
    }
    size_t size;
    struct ruleset handled = handled_by(version, &size);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, size, 0);
    if (ruleset < 0)
        return errno;
    int error = 0;
    for (size_t i = 0; i < len && error == 0; i++)
        error = allow_path(ruleset, &paths[i], handled.fs);
    if (error == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        error = errno;
    close(ruleset);
    if (error == 0)
        report->landlock = version;
    return error;
}

/* --- all --- */

/* The sanitizers' run-time libraries stop and inspect the process, and counters of coverage are written among the sources: that is what is forbidden. */
static bool is_instrumented(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(LK_COVERAGE)
    return true;
#else
    return false;
#endif
}

static int failed(struct lk_problem *problem, const char *what, int error) {
    return lk_problem_set(problem, error == ENOMEM ? LK_ENOMEM : LK_EIO,
                          "The sandbox failed: cannot %s: %s; --sandbox off starts without it", what, strerror(error));
}

int lk_sandbox_enter(const struct lk_sandbox_path *paths, size_t len, struct lk_sandbox_report *ret, struct lk_problem *problem) {
    struct lk_sandbox_report report = {0};
    if (is_instrumented()) {
        note(&report, "This build has a sanitizer or counts coverage, which cannot be done in the sandbox.");
        *ret = report;
        return 0;
    }
    int error = drop_capabilities(paths, len, &report);
    if (error != 0)
        return failed(problem, "drop capabilities", error);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failed(problem, "give up new privileges", errno);
    error = restrict_files(paths, len, &report);
    if (error != 0)
        return failed(problem, "restrict files (Landlock)", error);
    error = lk_sandbox_filter_syscalls();
    if (error == 0)
        report.seccomp = true;
    else if (error == ENOSYS || error == EINVAL)
        note(&report, "This kernel has no seccomp filters: system calls are not limited.");
    else
        return failed(problem, "filter system calls (seccomp)", error);
    *ret = report;
    return 0;
}
