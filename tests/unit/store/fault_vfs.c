#include "fault_vfs.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

struct fault_file {
    sqlite3_file base;
    sqlite3_file *real; /* in the memory behind this struct */
    int error;          /* errno of the last write that failed */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs fault_vfs;
static struct fault_plan plan;
static int counts[4];

int fault_vfs_count(enum fault_operation operation) {
    return counts[operation];
}

void fault_vfs_plan(struct fault_plan next) {
    plan = next;
    for (int i = 0; i < 4; i++)
        counts[i] = 0;
}

/* The result to fail with, or SQLITE_OK. */
static int fault(enum fault_operation operation) {
    int before = counts[operation]++;
    if (plan.operation != operation || before < plan.after || (plan.once && before > plan.after))
        return SQLITE_OK;
    return plan.result;
}

static sqlite3_file *real_of(sqlite3_file *file) {
    return ((struct fault_file *)file)->real;
}

static int file_close(sqlite3_file *file) {
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at) {
    int result = fault(FAULT_READ);
    return result != SQLITE_OK ? result : real_of(file)->pMethods->xRead(real_of(file), bytes, len, at);
}

static int file_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at) {
    int result = fault(FAULT_WRITE);
    if (result != SQLITE_OK) {
        /* What a device may do: half of it arrives. */
        real_of(file)->pMethods->xWrite(real_of(file), bytes, len / 2, at);
        ((struct fault_file *)file)->error = plan.error;
        return result;
    }
    return real_of(file)->pMethods->xWrite(real_of(file), bytes, len, at);
}

static int file_sync(sqlite3_file *file, int flags) {
    int result = fault(FAULT_SYNC);
    return result != SQLITE_OK ? result : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret) {
    return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int file_lock(sqlite3_file *file, int level) {
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level) {
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_reserved(sqlite3_file *file, int *ret) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int file_control(sqlite3_file *file, int operation, void *argument) {
    int error = ((struct fault_file *)file)->error;
    if (operation == SQLITE_FCNTL_LAST_ERRNO && error != 0) {
        *(int *)argument = error;
        return SQLITE_OK;
    }
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector(sqlite3_file *file) {
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/* Version 1: no shared memory and no mapping. The connection must do without. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_characteristics,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags) {
    (void)vfs;
    struct fault_file *mine = (struct fault_file *)file;
    mine->real = (sqlite3_file *)(mine + 1);
    mine->error = 0;
    int result = real_vfs->xOpen(real_vfs, name, mine->real, flags, ret_flags);
    mine->base.pMethods = mine->real->pMethods != NULL ? &methods : NULL;
    return result;
}

int fault_vfs_install(void) {
    if (real_vfs != NULL)
        return 0;
    real_vfs = sqlite3_vfs_find(NULL);
    if (real_vfs == NULL)
        return -1;
    fault_vfs = *real_vfs;
    fault_vfs.zName = "fault";
    fault_vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
    fault_vfs.xOpen = vfs_open;
    return sqlite3_vfs_register(&fault_vfs, 1) == SQLITE_OK ? 0 : -1;
}
