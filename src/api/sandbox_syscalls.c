/* The system calls of a server at work. A name that this architecture does not have is passed over. */
#include "api/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static const char *const allowed[] = {
    /* sockets that are there already, and new ones that are accepted */
    "accept", "accept4", "recvfrom", "recvmsg", "sendto", "sendmsg", "shutdown", "getsockopt", "setsockopt", "getsockname", "getpeername",
    /* events */
    "epoll_wait", "epoll_pwait", "epoll_pwait2", "epoll_ctl", "poll", "ppoll", "eventfd2",
    /* reading and writing */
    "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "close", "lseek",
    /* files: which ones is Landlock's */
    "open", "openat", "stat", "lstat", "fstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2", "readlink",
    "readlinkat", "getcwd", "getdents64", "unlink", "unlinkat", "rename", "renameat", "renameat2", "ftruncate", "fallocate", "fadvise64",
    "fsync", "fdatasync", "fcntl", "flock", "fchmod", "fchown", "utimensat", "fgetxattr",
    /* memory */
    "brk", "munmap", "mremap", "madvise", "mlock", "mlock2", "munlock", "membarrier",
    /* threads and signals */
    "futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "rt_sigtimedwait", "sigaltstack", "restart_syscall", "exit", "exit_group",
    /* clocks, randomness, who we are */
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "getrandom", "getpid", "gettid", "getuid",
    "geteuid", "getgid", "getegid", "getrusage", "sysinfo", "uname"};

/* What only an intruder does. */
static const char *const hostile[] = {"execve",
                                      "execveat",
                                      "fork",
                                      "vfork",
                                      "ptrace",
                                      "process_vm_readv",
                                      "process_vm_writev",
                                      "pidfd_getfd",
                                      "mount",
                                      "umount2",
                                      "pivot_root",
                                      "chroot",
                                      "move_mount",
                                      "open_tree",
                                      "fsopen",
                                      "setns",
                                      "unshare",
                                      "bpf",
                                      "perf_event_open",
                                      "userfaultfd",
                                      "io_uring_setup",
                                      "init_module",
                                      "finit_module",
                                      "delete_module",
                                      "kexec_load",
                                      "kexec_file_load",
                                      "add_key",
                                      "keyctl",
                                      "request_key",
                                      "open_by_handle_at",
                                      "modify_ldt",
                                      "iopl",
                                      "ioperm",
                                      "reboot",
                                      "swapon",
                                      "setuid",
                                      "setgid",
                                      "setresuid",
                                      "setresgid",
                                      "setgroups",
                                      "capset"};

/* A call that is decided by an argument. */
struct rule {
    const char *name;
    uint32_t action;
    struct scmp_arg_cmp argument;
};

/* 0 or an errno. */
static int add(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned arguments, const struct scmp_arg_cmp *argument) {
    int number = seccomp_syscall_resolve_name(name);
    return number < 0 ? 0 : -seccomp_rule_add_array(filter, action, number, arguments, argument);
}

static int add_all(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t len) {
    int error = 0;
    for (size_t i = 0; i < len && error == 0; i++)
        error = add(filter, action, names[i], 0, NULL);
    return error;
}

/* Memory is never executable; a clone is a thread and not a process; a signal goes to ourselves; terminals are only asked whether they are one. */
static int add_conditional(scmp_filter_ctx filter) {
    const scmp_datum_t self = (scmp_datum_t)getpid();
    const struct rule rules[] = {
        {"mmap", SCMP_ACT_ALLOW, SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
        {"mprotect", SCMP_ACT_ALLOW, SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
        {"clone", SCMP_ACT_ALLOW, SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)},
        {"clone", SCMP_ACT_KILL_PROCESS, SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)},
        {"kill", SCMP_ACT_ALLOW, SCMP_A0_64(SCMP_CMP_EQ, self)},
        {"tgkill", SCMP_ACT_ALLOW, SCMP_A0_64(SCMP_CMP_EQ, self)},
        {"prctl", SCMP_ACT_ALLOW, SCMP_A0_64(SCMP_CMP_EQ, PR_SET_NAME)},
        {"prlimit64", SCMP_ACT_ALLOW, SCMP_A2_64(SCMP_CMP_EQ, 0)},
        {"ioctl", SCMP_ACT_ALLOW, SCMP_A1_64(SCMP_CMP_EQ, TCGETS)},
        {"ioctl", SCMP_ACT_ALLOW, SCMP_A1_64(SCMP_CMP_EQ, FIONBIO)},
        {"ioctl", SCMP_ACT_ALLOW, SCMP_A1_64(SCMP_CMP_EQ, FIONREAD)},
    };
    int error = 0;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && error == 0; i++)
        error = add(filter, rules[i].action, rules[i].name, 1, &rules[i].argument);
    return error;
}

int lk_sandbox_filter_syscalls(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL)
        return ENOMEM;
    int error = -seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (error == 0)
        error = -seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (error == 0)
        error = add_all(filter, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));
    if (error == 0)
        error = add_all(filter, SCMP_ACT_KILL_PROCESS, hostile, sizeof(hostile) / sizeof(hostile[0]));
    if (error == 0)
        error = add_conditional(filter);
    /* Its flags are in memory, where a filter cannot look: without it the C library makes threads with clone. */
    if (error == 0)
        error = add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
    if (error == 0)
        error = -seccomp_load(filter);
    seccomp_release(filter);
    return error;
}
