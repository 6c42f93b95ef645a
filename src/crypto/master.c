#include "crypto/master.h"

#include "base/encode.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct lk_master {
    uint8_t bytes[LK_MASTER_BYTES];
};

void lk_master_free(struct lk_master *master) {
    sodium_free(master);
}

const uint8_t *lk_master_bytes(const struct lk_master *master) {
    return master->bytes;
}

static int write_failure(struct lk_problem *problem, const char *path, int error) {
    if (error == EEXIST)
        return lk_problem_set(problem, LK_ECONFLICT, "%s is there already and is not replaced: without it the data it protects is lost",
                              path);
    return lk_problem_set(problem, lk_code_of_errno(error), "Cannot write the master key %s: %s", path, strerror(error));
}

/* Writes all of it and syncs it. 0 or an errno. */
static int write_all(int fd, const uint8_t *bytes, size_t len) {
    while (len > 0) {
        ssize_t wrote = write(fd, bytes, len);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return wrote < 0 ? errno : EIO;
        bytes += wrote;
        len -= (size_t)wrote;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

/* A whole and synced file under a temporary name first, then a hard link to it: link(2) never replaces, and path never names half a key. */
static int write_file(const char *path, const struct lk_master *master) {
    char *temporary = NULL;
    uint32_t suffix;
    randombytes_buf(&suffix, sizeof suffix);
    if (asprintf(&temporary, "%s.%08x", path, suffix) < 0)
        return ENOMEM;

    int error = 0;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        error = errno;
        goto free_name;
    }
    error = lk_file_make_private(fd, path);
    if (error == 0)
        error = write_all(fd, master->bytes, sizeof master->bytes);
    if (close(fd) != 0 && error == 0)
        error = errno;
    bool linked = error == 0 && link(temporary, path) == 0;
    if (error == 0 && !linked)
        error = errno;
    if (unlink(temporary) != 0 && error == 0)
        error = errno;
    if (error == 0)
        error = lk_sync_directory_of(path);
    if (error != 0 && linked)
        unlink(path);
free_name:
    free(temporary);
    return error;
}

static struct lk_master *allocate(void) {
    return sodium_malloc(sizeof(struct lk_master));
}

int lk_master_create(const char *path, struct lk_master **ret, struct lk_problem *problem) {
    struct lk_master *master = allocate();
    if (master == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    randombytes_buf(master->bytes, sizeof master->bytes);
    int error = write_file(path, master);
    if (error != 0) {
        lk_master_free(master);
        return write_failure(problem, path, error);
    }
    sodium_mprotect_readonly(master);
    if (ret != NULL)
        *ret = master;
    else
        lk_master_free(master);
    return 0;
}

static int check_file(int fd, const char *path, struct lk_problem *problem) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return lk_problem_set(problem, LK_EIO, "Cannot read the master key %s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return lk_problem_set(problem, LK_EFORBIDDEN, "The master key %s is not a regular file", path);
    if (lk_file_is_shared(fd, status.st_mode, geteuid()))
        return lk_problem_set(
            problem, LK_EFORBIDDEN,
            "The master key %s can be reached by other users (mode %04o): run chmod 600 on it, and consider it known if others had access",
            path, (unsigned)status.st_mode & 07777U);
    if (status.st_size != LK_MASTER_BYTES)
        return lk_problem_set(problem, LK_ECORRUPT, "The master key %s has %lld bytes instead of %d: put the right file back", path,
                              (long long)status.st_size, LK_MASTER_BYTES);
    return 0;
}

/* Exactly LK_MASTER_BYTES. */
static int read_file(int fd, const char *path, struct lk_master *master, struct lk_problem *problem) {
    size_t have = 0;
    while (have < sizeof master->bytes) {
        ssize_t got = read(fd, master->bytes + have, sizeof master->bytes - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return lk_problem_set(problem, LK_EIO, "Cannot read the master key %s: %s", path, strerror(errno));
        if (got == 0)
            return lk_problem_set(problem, LK_ECORRUPT, "The master key %s is cut short: put the right file back", path);
        have += (size_t)got;
    }
    /* What a file system shows for a file whose blocks never reached the disk. */
    if (sodium_is_zero(master->bytes, sizeof master->bytes))
        return lk_problem_set(problem, LK_ECORRUPT, "The master key %s holds only zeros: put the right file back", path);
    return 0;
}

int lk_master_load(const char *path, struct lk_master **ret, struct lk_problem *problem) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        int code = lk_code_of_errno(errno);
        if (code == LK_ENOTFOUND)
            return lk_problem_set(problem, code, "There is no master key at %s: put it back, or run latchkey init for a new server", path);
        return lk_problem_set(problem, code, "Cannot read the master key %s: %s", path, strerror(errno));
    }
    struct lk_master *master = allocate();
    if (master == NULL) {
        close(fd);
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    }
    int code = check_file(fd, path, problem);
    if (code == 0)
        code = read_file(fd, path, master, problem);
    close(fd);
    if (code != 0) {
        lk_master_free(master);
        return code;
    }
    sodium_mprotect_readonly(master);
    *ret = master;
    return 0;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static int decode_hex(struct lk_slice text, uint8_t out[LK_MASTER_BYTES]) {
    for (size_t i = 0; i < LK_MASTER_BYTES; i++) {
        int high = hex_value(text.ptr[2 * i]);
        int low = hex_value(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return LK_EINVAL;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

/* What `openssl rand -base64 32` prints: 43 digits of the standard alphabet and one '='. */
static int decode_base64(struct lk_slice text, uint8_t out[LK_MASTER_BYTES]) {
    uint8_t bytes[LK_MASTER_BYTES + 1];
    long len = lk_base64_decode(text, bytes);
    if (len == LK_MASTER_BYTES)
        memcpy(out, bytes, LK_MASTER_BYTES);
    sodium_memzero(bytes, sizeof bytes);
    return len == LK_MASTER_BYTES ? 0 : LK_EINVAL;
}

int lk_master_parse(struct lk_slice text, struct lk_master **ret, struct lk_problem *problem) {
    text = lk_slice_trim(text);
    struct lk_master *master = allocate();
    if (master == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    int code = LK_EINVAL;
    if (text.len == (size_t)2 * LK_MASTER_BYTES)
        code = decode_hex(text, master->bytes);
    else if (text.len == LK_BASE64URL_LEN(LK_MASTER_BYTES))
        code = lk_base64url_decode(text, master->bytes, LK_MASTER_BYTES);
    else if (text.len == 44)
        code = decode_base64(text, master->bytes);
    if (code != 0 || sodium_is_zero(master->bytes, sizeof master->bytes)) {
        lk_master_free(master);
        return lk_problem_set(
            problem, LK_EINVAL,
            "The master key must be 32 random bytes as 43 characters of base64url or 64 hexadecimal digits (openssl rand -hex 32 "
            "makes one)");
    }
    sodium_mprotect_readonly(master);
    *ret = master;
    return 0;
}
