/*
 * What a running server gives up before it takes a request: once its files are open and its addresses bound it needs little of the system, and
 * whoever takes it over should find no more than that.
 *
 * - no new privileges, and no capabilities but the one that its files may need
 * - Landlock: the files of the directories it is given, no other; no TCP connection begun; no signal to another process
 * - seccomp: the system calls of a server at work. What a server never does and an intruder does (execve, ptrace, mount, …) ends the process, so that
 *   the attempt is seen and goes no further; anything else is refused with EPERM, so that a library which tries something new still works.
 *
 * Core dumps and debuggers are crypto/crypto.h's.
 */
#ifndef LK_API_SANDBOX_H
#define LK_API_SANDBOX_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum lk_sandbox_access {
    LK_SANDBOX_READ,   /* files in the directory and below may be read */
    LK_SANDBOX_WRITE,  /* and made, written, renamed and removed */
    LK_SANDBOX_REMOVE, /* files may be removed, no more */
};

/* A directory; a file stands for itself. One that does not exist is left out. */
struct lk_sandbox_path {
    const char *path;
    enum lk_sandbox_access access;
};

/* What came of it. */
struct lk_sandbox_report {
    bool seccomp;
    int landlock;                 /* version of Landlock's interface; 0: it is not in force */
    bool dac_override;            /* kept the capability to open others' files: some of the paths belong to another user, and we are root */
    char missing[LK_PROBLEM_MAX]; /* what this machine or build cannot do, as sentences; empty when nothing is missing */
};

/* Confines the calling thread and those that it will start: call it before any other thread runs. 0, also when parts are missing (ret says which: those that
 * are there are in force); LK_EIO or LK_ENOMEM with a sentence when it failed half-way. It cannot be taken back. */
int lk_sandbox_enter(const struct lk_sandbox_path *paths, size_t len, struct lk_sandbox_report *ret, struct lk_problem *problem);

/* The seccomp part of it: 0 or an errno (ENOSYS, EINVAL: the kernel has none). */
int lk_sandbox_filter_syscalls(void);

#endif
