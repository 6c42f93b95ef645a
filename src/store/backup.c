#include "store/backup.h"

#include "base/file.h"
#include "store/row.h"
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct lk_db_copy {
    sqlite3 *handle;
    sqlite3_backup *backup;
};

static int copy_problem(struct lk_problem *problem, int code, const char *why) {
    return lk_problem_set(problem, code, "The database cannot be copied for a backup: %s", why);
}

/* Bytes of the database with its log. */
static int database_size(struct lk_db *db, uint64_t *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
    int code = lk_step(stmt);
    if (code < 0)
        return code;
    *ret = (uint64_t)lk_column_int(stmt, 0);
    lk_stmt_reset(stmt);
    return 0;
}

static int check_room(struct lk_db *db, int fd, struct lk_problem *problem) {
    struct statvfs room;
    uint64_t size = 0;
    int code = database_size(db, &size);
    if (code != 0)
        return copy_problem(problem, code, lk_db_message(db));
    if (fstatvfs(fd, &room) != 0)
        return copy_problem(problem, LK_EIO, strerror(errno));
    uint64_t needed = size + LK_DB_COPY_MARGIN_BYTES;
    uint64_t available = (uint64_t)room.f_bavail * room.f_frsize;
    if (available >= needed)
        return 0;
    return lk_problem_set(problem, LK_EFULL,
                          "There is no room for a copy of the database beside it: a backup needs %llu MiB free, %llu MiB are",
                          (unsigned long long)(needed >> 20) + 1, (unsigned long long)(available >> 20));
}

/* The database goes on where its directory has been moved to under the server; a new file is looked for where it was. */
static int no_file(const char *path, struct lk_problem *problem) {
    int code = lk_code_of_errno(errno);
    bool moved = code == LK_ENOTFOUND || code == LK_EFORBIDDEN;
    return lk_problem_set(problem, code, "The database cannot be copied for a backup: %s: %s%s", path, strerror(errno),
                          moved ? "; if the data directory was moved, start the server again where it is now" : "");
}

static int make_file(struct lk_db *db, const char *path, struct lk_problem *problem) {
    unlink(path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return no_file(path, problem);
    int code = fchmod(fd, 0600) == 0 ? check_room(db, fd, problem) : copy_problem(problem, lk_code_of_errno(errno), strerror(errno));
    close(fd);
    if (code != 0)
        unlink(path);
    return code;
}

/* Nobody needs the copy after a crash, so it has neither journal nor syncs. */
static int open_copy(struct lk_db *db, const char *path, struct lk_db_copy *copy) {
    static const char *const settings = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE";
    int result = sqlite3_open_v2(path, &copy->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_exec(copy->handle, settings, NULL, NULL, NULL);
    if (result != SQLITE_OK)
        return result;
    copy->backup = sqlite3_backup_init(copy->handle, "main", db->handle, "main");
    return copy->backup != NULL ? SQLITE_OK : sqlite3_errcode(copy->handle);
}

static int code_of(int result) {
    switch (result & 0xFF) {
    case SQLITE_FULL: return LK_EFULL;
    case SQLITE_NOMEM: return LK_ENOMEM;
    default: return LK_EIO;
    }
}

int lk_db_copy_begin(struct lk_db *db, const char *path, struct lk_db_copy **ret, struct lk_problem *problem) {
    struct lk_db_copy *copy = calloc(1, sizeof(*copy));
    if (copy == NULL)
        return copy_problem(problem, LK_ENOMEM, "out of memory");
    int code = make_file(db, path, problem);
    if (code == 0) {
        int result = open_copy(db, path, copy);
        if (result != SQLITE_OK) {
            code = copy_problem(problem, code_of(result), sqlite3_errstr(result));
            unlink(path);
        }
    }
    if (code != 0) {
        lk_db_copy_end(copy);
        return code;
    }
    *ret = copy;
    return 0;
}

int lk_db_copy_step(struct lk_db_copy *copy, int pages, struct lk_problem *problem) {
    int result = sqlite3_backup_step(copy->backup, pages);
    if (result == SQLITE_OK)
        return 1;
    if (result == SQLITE_DONE) {
        result = sqlite3_backup_finish(copy->backup);
        copy->backup = NULL;
    }
    return result == SQLITE_OK ? 0 : copy_problem(problem, code_of(result), sqlite3_errstr(result));
}

void lk_db_copy_end(struct lk_db_copy *copy) {
    if (copy == NULL)
        return;
    sqlite3_backup_finish(copy->backup);
    sqlite3_close(copy->handle);
    free(copy);
}

int lk_store_backup_counts(struct lk_db *db, int64_t *ret_accounts, int64_t *ret_keys) {
    int64_t accounts;
    int code = lk_row_count(lk_db_stmt(db, "SELECT count(*) FROM account"), &accounts);
    if (code == 0)
        code = lk_row_count(lk_db_stmt(db, "SELECT count(*) FROM api_key"), ret_keys);
    if (code == 0)
        *ret_accounts = accounts;
    return code;
}
