/*
 * A library to preload into the server (LD_PRELOAD) that makes the world fail on command: writes and syncs of files under a directory, allocations, the wall
 * clock. A test steers it through a page that both map, LK_SHIM_CONTROL; LK_SHIM_DIR names the directory. See support/shim.mjs for the other side.
 *
 * Operations on the directory's files are counted from when the test says so; at the Nth, or from it on, the action happens. POWER is what a power failure
 * may do: of what was written since the last sync of its file, all or (by a seed) some is undone, and the process is killed.
 */
/* Both names of each call are defined here. */
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum action { NOTHING, KILL, FAIL_EIO, FAIL_ENOSPC, SHORT, POWER, SHORT_KILL };
enum operation { WRITE = 1, SYNC = 2, TRUNCATE = 4, NAME = 8 };
enum thread_class { IO_THREAD = 1, STORE_THREAD = 2, OTHER_THREAD = 4, MAIN_THREAD = 8 };

/* In the order of support/shim.mjs. */
struct control {
    _Atomic uint64_t ready;
    _Atomic uint64_t io_action, io_mask, io_at, io_sticky, io_count, io_faults;
    _Atomic int64_t wall_offset_ns;
    _Atomic uint64_t mem_at, mem_classes, mem_count, mem_faults;
    _Atomic uint64_t seed;
};

#define CONTROL_BYTES 4096
#define FD_MAX 4096
#define PATH_BYTES 512

static struct control *control;
static char directory[PATH_BYTES];
static size_t directory_len;
static char *paths[FD_MAX]; /* of the open files under the directory */

/* --- what was written and not synced --- */

struct unsynced {
    struct unsynced *next; /* the one before */
    char path[PATH_BYTES];
    off_t at;
    off_t old_size;
    size_t len;    /* of what was there before */
    size_t wanted; /* bytes written */
    char bytes[];
};

static pthread_mutex_t unsynced_lock = PTHREAD_MUTEX_INITIALIZER;
static struct unsynced *unsynced;

static bool is_power_armed(void) {
    return control != NULL && control->io_action == POWER;
}

/* Remembers what a write to [at, at + len) is about to cover. */
static void remember(int fd, off_t at, size_t len) {
    struct stat status;
    if (!is_power_armed() || fstat(fd, &status) != 0)
        return;
    struct unsynced *one = malloc(sizeof(*one) + len);
    if (one == NULL)
        abort();
    strcpy(one->path, paths[fd]);
    one->at = at;
    one->old_size = status.st_size;
    one->wanted = len;
    int reader = (int)syscall(SYS_openat, AT_FDCWD, one->path, O_RDONLY | O_CLOEXEC);
    ssize_t got = reader < 0 ? 0 : syscall(SYS_pread64, reader, one->bytes, len, at);
    if (reader >= 0)
        close(reader);
    one->len = got > 0 ? (size_t)got : 0;
    pthread_mutex_lock(&unsynced_lock);
    one->next = unsynced;
    unsynced = one;
    pthread_mutex_unlock(&unsynced_lock);
}

static void forget(const char *path) {
    pthread_mutex_lock(&unsynced_lock);
    for (struct unsynced **at = &unsynced; *at != NULL;) {
        struct unsynced *one = *at;
        if (strcmp(one->path, path) == 0) {
            *at = one->next;
            free(one);
        } else {
            at = &one->next;
        }
    }
    pthread_mutex_unlock(&unsynced_lock);
}

/* With a seed: whether what was written here had reached the disk by luck. What is written to one place has one fate. */
static bool is_lucky(const struct unsynced *one) {
    uint64_t hash = control->seed ^ UINT64_C(0xcbf29ce484222325) ^ (uint64_t)one->at;
    for (const char *c = one->path; *c != '\0'; c++)
        hash = (hash ^ (uint64_t)*c) * UINT64_C(0x100000001b3);
    hash ^= hash >> 29;
    return control->seed != 0 && hash % 2 == 0;
}

/* The newest first, so that what there was at last is what there was before all of them. */
static void lose_power(void) {
    pthread_mutex_lock(&unsynced_lock);
    for (struct unsynced *one = unsynced; one != NULL; one = one->next) {
        if (is_lucky(one))
            continue;
        int fd = (int)syscall(SYS_openat, AT_FDCWD, one->path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        static const char zeros[4096];
        struct stat status;
        bool wrote = syscall(SYS_pwrite64, fd, one->bytes, one->len, one->at) == (long)one->len && fstat(fd, &status) == 0;
        /* What lies beyond the old end is gone when all is, and a hole when something after it is not. */
        if (wrote && control->seed == 0 && status.st_size > one->old_size)
            wrote = syscall(SYS_ftruncate, fd, one->old_size) == 0;
        for (size_t at = one->len; wrote && control->seed != 0 && at < one->wanted;) {
            size_t n = one->wanted - at < sizeof(zeros) ? one->wanted - at : sizeof(zeros);
            wrote = syscall(SYS_pwrite64, fd, zeros, n, one->at + (off_t)at) == (long)n;
            at += n;
        }
        close(fd);
        if (!wrote)
            abort();
    }
}

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    syscall(SYS_exit_group, 137);
}

/* --- when it is time --- */

static bool is_under(const char *path) {
    return control != NULL && strncmp(path, directory, directory_len) == 0 && path[directory_len] == '/';
}

static bool is_tracked(int fd) {
    return control != NULL && fd >= 0 && fd < FD_MAX && paths[fd] != NULL;
}

/* Counts an operation. What is to happen instead of it. */
static enum action due(enum operation operation) {
    if (control->io_at == 0 || (control->io_mask & (uint64_t)operation) == 0)
        return NOTHING;
    uint64_t count = atomic_fetch_add(&control->io_count, 1) + 1;
    if (count != control->io_at && !(control->io_sticky != 0 && count > control->io_at))
        return NOTHING;
    enum action action = (enum action)control->io_action;
    atomic_fetch_add(&control->io_faults, 1);
    if (action == POWER)
        lose_power();
    if (action == KILL || action == POWER)
        die();
    return action;
}

/* -1 with errno set when the operation is to fail. */
static int refused(enum operation operation) {
    enum action action = due(operation);
    if (action == FAIL_EIO || action == FAIL_ENOSPC) {
        errno = action == FAIL_EIO ? EIO : ENOSPC;
        return -1;
    }
    return 0;
}

/* --- files --- */

#define REAL(type, name, ...)         \
    static type (*real)(__VA_ARGS__); \
    if (real == NULL)                 \
    *(void **)&real = dlsym(RTLD_NEXT, name)

static ssize_t write_at(int fd, const void *bytes, size_t len, off_t at, bool positioned) {
    long n = len > 0 && is_tracked(fd) ? 0 : -1;
    if (n == 0) {
        switch (due(WRITE)) {
        case FAIL_EIO: errno = EIO; return -1;
        case FAIL_ENOSPC: errno = ENOSPC; return -1;
        case SHORT: len = len > 1 ? len / 2 : len; break;
        case SHORT_KILL:
            syscall(SYS_pwrite64, fd, bytes, len / 2, positioned ? at : lseek(fd, 0, SEEK_CUR));
            die();
            break;
        default: break;
        }
        remember(fd, positioned ? at : lseek(fd, 0, SEEK_CUR), len);
    }
    return positioned ? syscall(SYS_pwrite64, fd, bytes, len, at) : syscall(SYS_write, fd, bytes, len);
}

ssize_t write(int fd, const void *bytes, size_t len) {
    return write_at(fd, bytes, len, 0, false);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) {
    return write_at(fd, bytes, len, at, true);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at) {
    return write_at(fd, bytes, len, at, true);
}

static int sync_file(int fd, long call) {
    if (is_tracked(fd)) {
        if (refused(SYNC) != 0)
            return -1;
        if (is_power_armed())
            forget(paths[fd]);
    }
    return (int)syscall(call, fd);
}

int fsync(int fd) {
    return sync_file(fd, SYS_fsync);
}

int fdatasync(int fd) {
    return sync_file(fd, SYS_fdatasync);
}

static int truncate_file(int fd, off_t size) {
    if (is_tracked(fd) && refused(TRUNCATE) != 0)
        return -1;
    return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate(int fd, off_t size) {
    return truncate_file(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    return truncate_file(fd, size);
}

int rename(const char *from, const char *to) {
    if (is_under(to) && refused(NAME) != 0)
        return -1;
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path) {
    if (is_under(path) && refused(NAME) != 0)
        return -1;
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static int opened(int fd, const char *path) {
    struct stat status;
    if (fd >= 0 && fd < FD_MAX) {
        free(paths[fd]);
        bool ours = is_under(path) && strlen(path) < PATH_BYTES && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
        paths[fd] = ours ? strdup(path) : NULL;
    }
    return fd;
}

static int open_file(const char *path, int flags, unsigned mode) {
    return opened((int)syscall(SYS_openat, AT_FDCWD, path, flags, mode), path);
}

#define MODE_OF(flags, mode)                      \
    unsigned mode = 0;                            \
    if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
        va_list list;                             \
        va_start(list, flags);                    \
        mode = va_arg(list, unsigned);            \
        va_end(list);                             \
    }

int open(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_file(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_file(path, flags | O_LARGEFILE, mode);
}

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags) {
    return open_file(path, flags, 0);
}

int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags) {
    return open_file(path, flags, 0);
}

int close(int fd) {
    if (fd >= 0 && fd < FD_MAX && paths[fd] != NULL) {
        free(paths[fd]);
        paths[fd] = NULL;
    }
    return (int)syscall(SYS_close, fd);
}

/* --- the wall clock --- */

int clock_gettime(clockid_t clock, struct timespec *ret) {
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int result = real(clock, ret);
    if (result == 0 && control != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t now = (int64_t)ret->tv_sec * 1000000000 + ret->tv_nsec + control->wall_offset_ns;
        ret->tv_sec = now / 1000000000;
        ret->tv_nsec = now % 1000000000;
    }
    return result;
}

/* --- memory --- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static _Thread_local uint64_t class __attribute__((tls_model("initial-exec"))); /* of this thread, once it is known */

/* Each thread but the main one and those of I/O gives itself a name. Later it could not be asked for: the server's filter of system calls refuses that. */
int pthread_setname_np(pthread_t thread, const char *name) {
    REAL(int, "pthread_setname_np", pthread_t, const char *);
    class = strcmp(name, "store") == 0 ? STORE_THREAD : OTHER_THREAD;
    return real(thread, name);
}

static uint64_t this_thread(void) {
    if (class == 0)
        class = syscall(SYS_gettid) == getpid() ? MAIN_THREAD : IO_THREAD;
    return class;
}

static bool no_memory(void) {
    if (control == NULL || control->mem_at == 0 || (control->mem_classes & this_thread()) == 0)
        return false;
    if (atomic_fetch_add(&control->mem_count, 1) + 1 != control->mem_at)
        return false;
    atomic_fetch_add(&control->mem_faults, 1);
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size) {
    return no_memory() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return no_memory() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    return no_memory() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return no_memory() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size) {
    void *memory = no_memory() ? NULL : __libc_memalign(alignment, size);
    if (memory == NULL)
        return ENOMEM;
    *ret = memory;
    return 0;
}

/* --- the beginning --- */

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("LK_SHIM_CONTROL");
    const char *dir = getenv("LK_SHIM_DIR");
    if (file == NULL || dir == NULL || strlen(dir) >= sizeof(directory))
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC);
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, CONTROL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        syscall(SYS_close, fd);
    if (page == MAP_FAILED)
        abort();
    strcpy(directory, dir);
    directory_len = strlen(dir);
    control = page;
    control->ready = 1;
}
