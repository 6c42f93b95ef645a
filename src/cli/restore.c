/*
 * latchkey restore
 *
 * The order: everything about the file that can be checked without writing, then the directory, then the database under another name, checked in its turn,
 * and only then its name. So a failure leaves no database behind. A stream can be read only once: of it the header is checked without writing, and the rest
 * while the database is written under that other name.
 */
#include "api/keyring_feed.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/fresh.h"
#include "cli/session.h"
#include "domain/audit.h"
#include "domain/backup.h"
#include "domain/backup_file.h"
#include "store/backup.h"
#include "store/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESTORE_ARENA_MAX ((size_t)256 << 20)
#define PIECE_BYTES ((size_t)128 << 10)

static const struct cli_option option_table[] = {
    {"data", "DIR", "The directory to restore into; it holds no database.", false},
    {"master-key-file", "FILE", "The master key, when it is not DIR/master.key. Or LATCHKEY_MASTER_KEY_FILE.", false},
    {"json", NULL, "Prints one line of JSON.", false},
};

struct restore {
    const char *file; /* for sentences, too: "the standard input" */
    bool streamed;    /* it is that */
    const char *dir;
    const char *master_key_file; /* NULL: DIR/master.key */
    bool json;

    int fd;
    struct lk_backup_reader reader;
    struct lk_arena arena;
    struct lk_store store;
    char *database_path;
    char *new_path;

    int64_t accounts;
    int64_t keys;
    int64_t entries;
};

/* --- the file --- */

/* What is wrong with the file is told by who reads it, and what that means here by us. */
static int refuse_file(int code, struct lk_problem *problem) {
    const struct lk_problem found = *problem;
    return code == LK_ECORRUPT ? lk_problem_set(problem, code, "%s; nothing was restored", found.text) : code;
}

static int check_seal(const struct restore *restore, struct lk_problem *problem) {
    return refuse_file(lk_backup_reader_check_seal(&restore->reader, restore->store.keys, problem), problem);
}

static int write_piece(const struct restore *restore, int out, struct lk_slice bytes, struct lk_problem *problem) {
    if (out < 0 || cli_write_all(out, bytes) == 0)
        return 0;
    return lk_problem_set(problem, lk_code_of_errno(errno), "Cannot write %s: %s", restore->new_path, strerror(errno));
}

static int cannot_read(const struct restore *restore, struct lk_problem *problem) {
    return lk_problem_set(problem, LK_EIO, "Cannot read %s: %s", restore->file, strerror(errno));
}

static int read_pieces(struct restore *restore, int out, char *piece, struct lk_problem *problem) {
    for (;;) {
        ssize_t n = cli_read(restore->fd, piece, PIECE_BYTES);
        if (n < 0)
            return cannot_read(restore, problem);
        if (n == 0)
            return lk_backup_reader_end(&restore->reader, problem);
        struct lk_slice database;
        int code = lk_backup_reader_take(&restore->reader, lk_slice_make(piece, (size_t)n), &database, problem);
        if (code == 0)
            code = write_piece(restore, out, database, problem);
        if (code != 0)
            return code;
    }
}

/* Reads what is left of the file; what it holds of the database goes to out unless that is -1. */
static int read_rest(struct restore *restore, int out, struct lk_problem *problem) {
    char *piece = malloc(PIECE_BYTES);
    if (piece == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    int code = refuse_file(read_pieces(restore, out, piece, problem), problem);
    free(piece);
    return code;
}

/* The same of all of it. */
static int read_through(struct restore *restore, int out, struct lk_problem *problem) {
    lk_backup_reader_init(&restore->reader, restore->file);
    if (lseek(restore->fd, 0, SEEK_SET) != 0)
        return cannot_read(restore, problem);
    return read_rest(restore, out, problem);
}

static int check_kind(const struct restore *restore, struct lk_problem *problem) {
    struct stat status;
    if (fstat(restore->fd, &status) != 0)
        return cannot_read(restore, problem);
    if (S_ISFIFO(status.st_mode))
        return lk_problem_set(
            problem, LK_EINVAL,
            "%s is a pipe: save the backup to a file first, or lead it to the standard input, which `latchkey restore -` reads",
            restore->file);
    if (!S_ISREG(status.st_mode))
        return lk_problem_set(problem, LK_EINVAL, "%s is not a regular file", restore->file);
    return 0;
}

static int check_schema(const struct restore *restore, struct lk_problem *problem) {
    if (restore->reader.header.schema_version <= lk_migrate_version())
        return 0;
    return lk_problem_set(
        problem, LK_ECONFLICT,
        "The backup is of a database at version %u, this latchkey knows versions up to %u: restore it with the newer latchkey",
        restore->reader.header.schema_version, lk_migrate_version());
}

/* The header alone, so that nothing is made for what belongs to another master key or is no backup. */
static int read_header(struct restore *restore, struct lk_problem *problem) {
    uint8_t bytes[LK_BACKUP_HEADER_BYTES];
    struct lk_slice database;
    int code = 0;
    while (code == 0 && restore->reader.received < sizeof(bytes)) {
        ssize_t n = cli_read(restore->fd, bytes, sizeof(bytes) - (size_t)restore->reader.received);
        if (n < 0)
            return cannot_read(restore, problem);
        if (n == 0 && restore->reader.received == 0)
            return lk_problem_set(problem, LK_EINVAL,
                                  "Nothing came by the standard input: did the program fail that was to send the backup?");
        code = n == 0 ? lk_backup_reader_end(&restore->reader, problem)
                      : lk_backup_reader_take(&restore->reader, lk_slice_make((const char *)bytes, (size_t)n), &database, problem);
    }
    return code;
}

static int open_stream(struct restore *restore, struct lk_problem *problem) {
    if (isatty(STDIN_FILENO) == 1)
        return lk_problem_set(problem, LK_EINVAL,
                              "A backup does not come from a terminal: name a file, or lead the output of a program here (... | latchkey "
                              "restore -)");
    restore->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    if (restore->fd < 0)
        return cannot_read(restore, problem);
    lk_backup_reader_init(&restore->reader, "The standard input");
    int code = refuse_file(read_header(restore, problem), problem);
    return code == 0 ? check_schema(restore, problem) : code;
}

static int open_file(struct restore *restore, struct lk_problem *problem) {
    restore->fd = open(restore->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* what is no file is found so, not waited for */
    if (restore->fd < 0)
        return lk_problem_set(problem, lk_code_of_errno(errno), "Cannot read %s: %s", restore->file, strerror(errno));
    int code = check_kind(restore, problem);
    if (code == 0)
        code = read_through(restore, -1, problem);
    return code == 0 ? check_schema(restore, problem) : code;
}

/* --- the key --- */

static int no_key(const struct restore *restore, const char *path, struct lk_problem *problem) {
    if (restore->master_key_file != NULL)
        return LK_ENOTFOUND;
    return lk_problem_set(
        problem, LK_ENOTFOUND,
        "There is no %s: put the master key that belongs to the backup there (directory mode 0700, file mode 0600), or name it "
        "with --master-key-file",
        path);
}

static int load_keys(struct restore *restore, struct lk_problem *problem) {
    const char *path = restore->master_key_file;
    if (path == NULL)
        path = lk_arena_printf(&restore->arena, "%s/%s", restore->dir, LK_MASTER_KEY_FILE);
    if (path == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    struct lk_master *master;
    int code = lk_master_load(path, &master, problem);
    if (code == LK_ENOTFOUND)
        return no_key(restore, path, problem);
    if (code != 0)
        return code;
    code = lk_keys_derive(master, &restore->store.keys);
    lk_master_free(master);
    if (code != 0)
        return lk_problem_set(problem, code, "Cannot derive the server's keys: %s", lk_error_text(code));
    uint8_t check[LK_MAC_BYTES];
    lk_keys_check(restore->store.keys, check);
    if (!lk_secret_equal(check, restore->reader.header.keys_check, sizeof(check)))
        return lk_problem_set(problem, LK_ECORRUPT,
                              "%s is not the master key that the backup belongs to; nothing was restored. Name the right one with "
                              "--master-key-file",
                              path);
    return 0;
}

/* --- the directory --- */

static int open_directory(struct restore *restore, struct lk_problem *problem) {
    int code = lk_datadir_open(restore->dir, true, &restore->store.datadir, problem);
    if (code == 0)
        code = cli_fresh_check(restore->dir, problem); /* again, now that nobody else can be at it */
    if (code != 0)
        return code;
    restore->database_path = lk_datadir_path(restore->store.datadir, LK_DATABASE_FILE);
    restore->new_path = lk_datadir_path(restore->store.datadir, CLI_FRESH_DATABASE_FILE);
    if (restore->database_path == NULL || restore->new_path == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    cli_fresh_remove(restore->new_path);
    return 0;
}

static int write_database(struct restore *restore, struct lk_problem *problem) {
    int fd = open(restore->new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return lk_problem_set(problem, lk_code_of_errno(errno), "Cannot make %s: %s", restore->new_path, strerror(errno));
    int code = restore->streamed ? read_rest(restore, fd, problem) : read_through(restore, fd, problem);
    if (code == 0)
        code = check_seal(restore, problem); /* a file may have changed since */
    int error = code != 0 ? 0 : lk_file_make_private(fd, restore->new_path);
    if (code == 0 && error == 0 && fsync(fd) != 0)
        error = errno;
    if (error != 0)
        code = lk_problem_set(problem, LK_EIO, "Cannot write %s: %s", restore->new_path, strerror(error));
    close(fd);
    return code;
}

/* --- the database --- */

static int check_audit(struct restore *restore, struct lk_call *call) {
    struct lk_audit_finding finding;
    int code = lk_audit_verify(call, &finding);
    if (code != 0)
        return code;
    restore->entries = finding.entries;
    if (finding.intact)
        return 0;
    return lk_problem_set(call->problem, LK_ECORRUPT, "%s (in the backup); nothing was restored", lk_audit_words(&finding).text);
}

/* What is sealed and sound may have been damaged where the backup was made, within a value that only a start reads. */
static int check_load(const struct restore *restore, struct lk_problem *problem) {
    struct lk_keyring_feed feed = {0};
    struct lk_problem found = {0};
    int code = lk_keyring_feed_open(&feed, restore->store.db, restore->store.keys, NULL, &found);
    lk_keyring_feed_close(&feed);
    return code == 0 ? 0 : lk_problem_set(problem, code, "%s (in the backup); nothing was restored", found.text);
}

static int record(struct restore *restore, struct lk_call *call) {
    struct lk_db *db = restore->store.db;
    int code = lk_db_begin(db);
    if (code == 0)
        code = lk_operation_begin(call);
    if (code == 0) {
        code = lk_backup_restored(call, restore->reader.header.created_at);
        int ended = lk_operation_end(call, code != 0);
        code = code == 0 ? ended : code;
    }
    if (code != 0) {
        lk_db_rollback(db);
        return call->problem->code == code ? code : lk_problem_set(call->problem, code, "Cannot write the database: %s", lk_db_message(db));
    }
    code = lk_db_commit(db);
    return code == 0 ? 0 : lk_problem_set(call->problem, code, "Cannot write the database: %s", lk_db_message(db));
}

static int check_database(struct restore *restore, struct lk_problem *problem) {
    struct lk_call call = {
        .arena = &restore->arena,
        .origin = {.url = LK_SLICE("latchkey restore"), .path = LK_SLICE(""), .method = LK_SLICE(""), .remote = LK_SLICE("")},
        .now_ms = lk_clock_wall_ms(),
        .problem = problem,
    };
    int code = lk_store_open_database(&restore->store, restore->new_path, false, problem);
    if (code != 0)
        return code;
    call.db = restore->store.db;
    call.domain = restore->store.domain;
    code = lk_db_check(call.db, problem);
    if (code == 0)
        code = check_audit(restore, &call);
    if (code == 0)
        code = check_load(restore, problem);
    if (code == 0 && lk_store_backup_counts(call.db, &restore->accounts, &restore->keys) != 0)
        code = lk_problem_set(problem, LK_EIO, "The database cannot be read: %s", lk_db_message(call.db));
    return code == 0 ? record(restore, &call) : code;
}

static void close_database(struct restore *restore) {
    lk_domain_close(restore->store.domain);
    lk_db_close(restore->store.db);
    restore->store.domain = NULL;
    restore->store.db = NULL;
}

/* --- telling --- */

static void write_json(const struct restore *restore, const char *time, struct lk_buf *out) {
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    lk_json_begin_object(&w);
    lk_json_key(&w, "data");
    cli_write_text(&w, lk_slice_cstr(restore->dir));
    lk_json_key(&w, "backupAt");
    lk_json_string(&w, lk_slice_cstr(time));
    lk_json_key(&w, "accounts");
    lk_json_int(&w, restore->accounts);
    lk_json_key(&w, "apiKeys");
    lk_json_int(&w, restore->keys);
    lk_json_key(&w, "auditEntries");
    lk_json_int(&w, restore->entries);
    lk_json_end_object(&w);
    lk_buf_add_char(out, '\n');
}

static void write_text(const struct restore *restore, const char *time, struct lk_buf *out) {
    lk_buf_add_cstr(out, "Restored ");
    cli_add_printable(out, lk_slice_cstr(restore->dir));
    lk_buf_add_cstr(out, " from ");
    cli_add_printable(out, lk_slice_cstr(restore->file));
    lk_buf_addf(out, ": %" PRId64 " account%s, %" PRId64 " API key%s, %" PRId64 " audit entries; all checked.\n\n", restore->accounts,
                restore->accounts == 1 ? "" : "s", restore->keys, restore->keys == 1 ? "" : "s", restore->entries);
    lk_buf_addf(
        out,
        "Everything is as it was at %s. What was done after that is undone: keys that were deleted, disabled\n"
        "or changed since then are BACK AS THEY WERE. Delete or disable them again before you serve it to others. The audit log of\n"
        "each account says so (RESTORE); a log of the old server, if you still have it, lists what to repeat:\n"
        "latchkey audit list --since %s\n\n"
        "Sessions of users were ended.\n\nNext: latchkey serve --data ",
        time, time);
    cli_add_word(out, restore->dir);
    if (restore->master_key_file != NULL) {
        lk_buf_add_cstr(out, " --master-key-file ");
        cli_add_word(out, restore->master_key_file);
    }
    lk_buf_add_char(out, '\n');
}

static int tell(const struct restore *restore, struct lk_problem *problem) {
    char time[25];
    struct lk_buf out;
    lk_clock_format(restore->reader.header.created_at, time);
    lk_buf_init(&out, 0);
    if (restore->json) {
        write_json(restore, time, &out);
        fprintf(stderr, "latchkey: keys deleted, disabled or changed after %s are back as they were then\n", time);
    } else {
        write_text(restore, time, &out);
    }
    struct lk_problem why = {0};
    int code = cli_print(&out, &why);
    lk_buf_free(&out);
    return code == 0 ? 0 : lk_problem_set(problem, code, "%.300s; %.200s is restored all the same", why.text, restore->dir);
}

/* --- the steps --- */

static int restore_all(struct restore *restore, struct lk_problem *problem) {
    int code = cli_fresh_check(restore->dir, problem);
    if (code == LK_ECONFLICT)
        return lk_problem_set(
            problem, code,
            "%s is not empty; nothing was changed. Restore into a new directory, and give it the place of the old one when "
            "no server runs",
            restore->dir);
    if (code == 0)
        code = restore->streamed ? open_stream(restore, problem) : open_file(restore, problem);
    if (code == 0)
        code = load_keys(restore, problem);
    if (code == 0 && !restore->streamed)
        code = check_seal(restore, problem);
    if (code == 0)
        code = open_directory(restore, problem);
    if (code != 0)
        return code;
    code = write_database(restore, problem);
    if (code == 0)
        code = check_database(restore, problem);
    close_database(restore);
    if (code == 0)
        code = cli_fresh_publish(restore->new_path, restore->database_path, problem);
    if (code != 0)
        cli_fresh_remove(restore->new_path);
    return code;
}

static void clean_up(struct restore *restore) {
    if (restore->fd >= 0)
        close(restore->fd);
    lk_store_close(&restore->store);
    lk_arena_free(&restore->arena);
    free(restore->database_path);
    free(restore->new_path);
}

static int run(const struct cli_command *command, const struct cli_args *args) {
    struct restore restore = {
        .file = args->words_len > 0 ? args->words[0] : NULL,
        .dir = cli_args_get(args, "data"),
        .master_key_file = cli_args_or_environment(args, "master-key-file", "LATCHKEY_MASTER_KEY_FILE"),
        .json = cli_args_flag(args, "json"),
        .fd = -1,
    };
    if (restore.file == NULL || restore.file[0] == '\0')
        return cli_usage_error(command, "FILE is missing: the backup to restore");
    if (restore.dir == NULL)
        return cli_usage_error(command, "--data DIR is missing: the directory to restore into");
    restore.streamed = strcmp(restore.file, "-") == 0;
    if (restore.streamed)
        restore.file = "the standard input";
    struct lk_problem problem = {0};
    lk_log_setup(LK_LOG_WARN, false);
    if (cli_begin_crypto(&problem) != 0)
        return cli_failed(&problem);
    lk_arena_init(&restore.arena, RESTORE_ARENA_MAX);
    int code = restore_all(&restore, &problem);
    if (code == 0)
        code = tell(&restore, &problem);
    clean_up(&restore);
    return code == 0 ? CLI_DONE : cli_failed(&problem);
}

const struct cli_command cli_restore_command = {
    .name = "restore",
    .usage = "FILE --data DIR [--master-key-file FILE]",
    .summary = "Make a data directory from a backup.",
    .help =
        "Checks the backup's checksum, that it belongs to the master key and was not altered, then the database and its audit log, before\n"
        "DIR has a database. DIR is a new directory, or one that holds nothing but master.key; FILE - is the standard input. Keys that\n"
        "were deleted, disabled or changed after the backup are back as they were: it says so, and so does every account's audit log.\n",
    .examples = "  latchkey restore latchkey.backup --data ./restored --master-key-file /safe/master.key\n"
                "  age -d latchkey.backup.age | latchkey restore - --data ./restored --master-key-file /safe/master.key\n",
    .words = 1,
    .options = option_table,
    .options_len = sizeof(option_table) / sizeof(option_table[0]),
    .run = run,
};
