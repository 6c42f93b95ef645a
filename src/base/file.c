#include "base/file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int lk_sync_directory_of(const char *path) {
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    while (len > 0 && path[len - 1] != '/')
        len--;
    char *dir = len == 0 ? strdup(".") : strndup(path, len);
    if (dir == NULL)
        return ENOMEM;
    int error = 0;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        error = errno;
    if (fd >= 0)
        close(fd);
    free(dir);
    return error;
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
