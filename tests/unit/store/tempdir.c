#include "tempdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

int tempdir_setup(void **state) {
    struct tempdir *dir = calloc(1, sizeof *dir);
    if (dir == NULL)
        return -1;
    snprintf(dir->path, sizeof dir->path, "/tmp/latchkey-test-XXXXXX");
    if (mkdtemp(dir->path) == NULL) {
        free(dir);
        return -1;
    }
    snprintf(dir->file, sizeof dir->file, "%s/latchkey.db", dir->path);
    *state = dir;
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int tempdir_teardown(void **state) {
    struct tempdir *dir = *state;
    int result = nftw(dir->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(dir);
    return result;
}
