#include "base/file.h"

#include "base/error.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Entries of an access control list that are looked at; who has a longer one shares. */
#define ACL_MAX 32

/* The directory that path lies in, opened; or -1 with errno. */
static int open_directory_of(const char *path) {
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    while (len > 0 && path[len - 1] != '/')
        len--;
    char *dir = len == 0 ? strdup(".") : strndup(path, len);
    int fd = dir == NULL ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(dir); /* which leaves errno */
    return fd;
}

int lk_sync_directory_of(const char *path) {
    int error = 0;
    int fd = open_directory_of(path);
    if (fd < 0 || fsync(fd) != 0)
        error = errno;
    if (fd >= 0)
        close(fd);
    return error;
}

int lk_file_make_private(int fd, const char *path) {
    struct stat status;
    if (fchmod(fd, 0600) != 0)
        return errno;
    if (geteuid() != 0)
        return 0;
    int dir = open_directory_of(path);
    if (dir < 0)
        return errno;
    int error = fstat(dir, &status) != 0 ? errno : 0;
    close(dir);
    /* Where root may not give it away, as in some containers and network file systems, it stays as it is. */
    if (error == 0 && status.st_uid != 0 && fchown(fd, status.st_uid, status.st_gid) != 0)
        return 0;
    return error;
}

/* Whether an entry gives something to others. Of a file that has a list the group's bits of the mode are the list's mask, which bounds what its entries give:
 * here they are not 0. */
static bool gives_to_others(const struct posix_acl_xattr_entry *entry, uid_t user) {
    if (entry->e_perm == 0)
        return false;
    switch (le16toh(entry->e_tag)) {
    case ACL_USER_OBJ:
    case ACL_MASK: return false;
    case ACL_USER: return le32toh(entry->e_id) != user;
    default: return true;
    }
}

bool lk_file_is_shared(int fd, mode_t mode, uid_t user) {
    struct {
        struct posix_acl_xattr_header header;
        struct posix_acl_xattr_entry entries[ACL_MAX];
    } acl;
    if ((mode & 077) == 0)
        return false;
    ssize_t size = fgetxattr(fd, "system.posix_acl_access", &acl, sizeof acl);
    if (size < (ssize_t)sizeof acl.header || le32toh(acl.header.a_version) != POSIX_ACL_XATTR_VERSION)
        return true; /* there is none: the mode says it all */
    size_t len = ((size_t)size - sizeof acl.header) / sizeof acl.entries[0];
    for (size_t i = 0; i < len; i++) {
        if (gives_to_others(&acl.entries[i], user))
            return true;
    }
    return false;
}

int lk_code_of_errno(int error) {
    switch (error) {
    case ENOENT:
    case ENOTDIR: return LK_ENOTFOUND;
    case EACCES:
    case EPERM:
    case EROFS: return LK_EFORBIDDEN;
    case EEXIST: return LK_ECONFLICT;
    case ENOSPC:
    case EDQUOT: return LK_EFULL;
    case ENOMEM: return LK_ENOMEM;
    default: return LK_EIO;
    }
}
