/* What fails from inside the sandbox. Each attempt is a process of its own that enters the sandbox first; how it ends is what is asserted. */
#include "api/sandbox.h"

#include "../unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* How a child says that there is no sandbox to be had here. */
#define UNAVAILABLE 99

static char directory[] = "/tmp/latchkey-sandbox-XXXXXX";
static int status_file = -1;
static char elsewhere[] = "/tmp/latchkey-outside-XXXXXX";

static void path_in(const char *dir, const char *name, char *out, size_t size) {
    snprintf(out, size, "%s/%s", dir, name);
}

static void write_file(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
}

/* Runs attempt inside; the status of its process. Skips the test where the kernel or the build has no sandbox. */
static int inside(int (*attempt)(void)) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct lk_sandbox_path paths[] = {{directory, LK_SANDBOX_WRITE}};
        struct lk_sandbox_report report;
        status_file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
        struct lk_problem problem = {0};
        if (lk_sandbox_enter(paths, 1, &report, &problem) != 0) {
            fprintf(stderr, "%s\n", problem.text);
            _exit(98);
        }
        if (!report.seccomp || report.landlock == 0)
            _exit(UNAVAILABLE);
        _exit(attempt());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == UNAVAILABLE)
        skip();
    return status;
}

static void assert_killed(int (*attempt)(void)) {
    int status = inside(attempt);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

/* The attempt returns the errno that it met, or 0. */
static void assert_errno(int (*attempt)(void), int expected) {
    int status = inside(attempt);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
}

static int set_up(void **state) {
    (void)state;
    char path[128];
    if (mkdtemp(directory) == NULL || mkdtemp(elsewhere) == NULL)
        return -1;
    path_in(elsewhere, "file", path, sizeof(path));
    write_file(path);
    path_in(directory, "file", path, sizeof(path));
    write_file(path);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    static const char *const names[] = {"file", "new"};
    char path[128];
    for (size_t i = 0; i < 2; i++) {
        path_in(directory, names[i], path, sizeof(path));
        unlink(path);
        path_in(elsewhere, names[i], path, sizeof(path));
        unlink(path);
    }
    rmdir(directory);
    rmdir(elsewhere);
    return 0;
}

static int try_exec(void) {
    char *const arguments[] = {(char *)"true", NULL};
    execv("/bin/true", arguments);
    return errno;
}

static int try_ptrace(void) {
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0 ? 0 : errno;
}

static int try_fork(void) {
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0 ? 0 : errno;
}

static int open_for(const char *path, int flags) {
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int try_passwd(void) {
    return open_for("/etc/passwd", O_RDONLY);
}

static int try_read_elsewhere(void) {
    char path[128];
    path_in(elsewhere, "file", path, sizeof(path));
    return open_for(path, O_RDONLY);
}

static int try_make_elsewhere(void) {
    char path[128];
    path_in(elsewhere, "new", path, sizeof(path));
    return open_for(path, O_RDWR | O_CREAT);
}

static int try_out_of_the_directory(void) {
    char path[128];
    path_in(directory, "../../etc/passwd", path, sizeof(path));
    return open_for(path, O_RDONLY);
}

static int try_socket(void) {
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static int try_executable_memory(void) {
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ? 0 : errno;
}

static int try_make_executable(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return 1;
    return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? 0 : errno;
}

static int try_signal(void) {
    return kill(getppid(), 0) == 0 ? 0 : errno;
}

/* What the server does need: its directory, memory, threads, itself. */
static int work(void) {
    char path[128];
    char renamed[128];
    path_in(directory, "new", path, sizeof(path));
    path_in(directory, "other", renamed, sizeof(renamed));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && fgetxattr(fd, "system.posix_acl_access", NULL, 0) < 0 && errno == EPERM) /* who may read a TLS key that is read again */
        return 4;
    if (fd < 0 || write(fd, "abc", 3) != 3 || ftruncate(fd, 1) != 0 || fsync(fd) != 0 || close(fd) != 0)
        return 1;
    if (rename(path, renamed) != 0 || unlink(renamed) != 0)
        return 2;
    free(malloc((size_t)64 << 20));
    return kill(getpid(), 0) == 0 ? 0 : 3;
}

static void *do_work(void *ret) {
    *(int *)ret = work();
    return NULL;
}

static void *read_passwd(void *ret) {
    *(int *)ret = try_passwd();
    return NULL;
}

static int in_thread(void *(*function)(void *)) {
    pthread_t thread;
    int result = 50;
    if (pthread_create(&thread, NULL, function, &result) != 0)
        return 51;
    pthread_join(thread, NULL);
    return result;
}

static int work_in_thread(void) {
    return in_thread(do_work);
}

static int passwd_in_thread(void) {
    return in_thread(read_passwd);
}

static void intruders_are_ended(void **state) {
    (void)state;
    assert_killed(try_exec);
    assert_killed(try_ptrace);
    assert_killed(try_fork);
}

static void other_files_stay_closed(void **state) {
    (void)state;
    assert_errno(try_passwd, EACCES);
    assert_errno(passwd_in_thread, EACCES);
    assert_errno(try_read_elsewhere, EACCES);
    assert_errno(try_make_elsewhere, EACCES);
    assert_errno(try_out_of_the_directory, EACCES);
}

static void the_rest_is_refused(void **state) {
    (void)state;
    assert_errno(try_socket, EPERM);
    assert_errno(try_executable_memory, EPERM);
    assert_errno(try_make_executable, EPERM);
    assert_errno(try_signal, EPERM);
}

static void the_work_goes_on(void **state) {
    (void)state;
    assert_errno(work, 0);
    assert_errno(work_in_thread, 0);
}

/* How many of the sets of capabilities hold any: by a file that was open before. */
static int capabilities_left(void) {
    char text[8192];
    ssize_t len = pread(status_file, text, sizeof(text) - 1, 0);
    if (len <= 0)
        return 50;
    text[len] = '\0';
    int left = 0;
    static const char *const names[] = {"CapInh:", "CapPrm:", "CapEff:", "CapAmb:"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *line = strstr(text, names[i]);
        left += line == NULL || strtoull(line + strlen(names[i]), NULL, 16) != 0;
    }
    return strstr(text, "NoNewPrivs:\t1") == NULL ? 51 : left;
}

static void no_capability_is_left(void **state) {
    (void)state;
    assert_errno(capabilities_left, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intruders_are_ended), cmocka_unit_test(other_files_stay_closed), cmocka_unit_test(the_rest_is_refused),
        cmocka_unit_test(the_work_goes_on),    cmocka_unit_test(no_capability_is_left),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
