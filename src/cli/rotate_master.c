/*
 * latchkey key rotate-master
 *
 * The order: the new master key in a file beside the present one (FILE.new), then the database, in one transaction, and then the names: the present one is kept as
 * FILE.replaced-TIME, for backups of before, and the new one takes its place. Whenever it is interrupted, one of FILE and FILE.new is the key of the database, and
 * the same command goes on from there.
 */
#include "api/store_open.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/log.h"
#include "cli/session.h"
#include "domain/master_key.h"
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARENA_MAX ((size_t)256 << 20)

/* Keys between two words of progress. */
#define PROGRESS_STEP 100000

struct rotation {
    const char *dir;
    const char *named; /* the master key's file as it was given; NULL: DIR/master.key */
    bool json;

    struct lk_arena arena;
    struct lk_store store;
    struct lk_master *old_master;
    struct lk_master *new_master;
    struct lk_keys *new_keys;
    const char *path; /* of the master key, without symbolic links */
    const char *new_path;
    const char *replaced_path;

    bool finished; /* one that was interrupted */
    int64_t keys;  /* all of the database */
    struct lk_master_rotation result;
};

static int no_memory(struct lk_problem *problem) {
    return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
}

/* --- the names --- */

static int name_files(struct rotation *rotation, struct lk_problem *problem) {
    struct lk_arena *arena = &rotation->arena;
    const char *path = rotation->named != NULL ? rotation->named : lk_arena_printf(arena, "%s/%s", rotation->dir, LK_MASTER_KEY_FILE);
    if (path == NULL)
        return no_memory(problem);
    char *real = realpath(path, NULL);
    rotation->path = lk_arena_printf(arena, "%s", real == NULL ? path : real);
    free(real);
    char time[25];
    lk_clock_format(lk_clock_wall_ms(), time);
    if (rotation->path == NULL || (rotation->new_path = lk_arena_printf(arena, "%s" LK_NEW_MASTER_KEY_SUFFIX, rotation->path)) == NULL ||
        (rotation->replaced_path = lk_arena_printf(arena, "%s" LK_REPLACED_MASTER_KEY_SUFFIX "%s", rotation->path, time)) == NULL)
        return no_memory(problem);
    return 0;
}

/* Whether publish() will be able to, before anything is changed: not where the file is mounted by itself, as in some containers, whose other files are gone
 * when they end. */
static int check_names(const struct rotation *rotation, struct lk_problem *problem) {
    if (link(rotation->path, rotation->replaced_path) == 0 && unlink(rotation->replaced_path) == 0)
        return 0;
    return lk_problem_set(
        problem, lk_code_of_errno(errno),
        "The master key %.300s cannot be given another name beside it, and so not be replaced (%s): nothing was changed. A file that is "
        "mounted by itself is rotated where it comes from",
        rotation->path, strerror(errno));
}

/* Gives the new key its place. The present one has two names for a moment, and is never without one. */
static int publish(const struct rotation *rotation, struct lk_problem *problem) {
    int error = link(rotation->path, rotation->replaced_path) == 0 ? 0 : errno;
    if (error == 0 && rename(rotation->new_path, rotation->path) != 0) {
        error = errno;
        unlink(rotation->replaced_path);
    }
    if (error != 0)
        return lk_problem_set(
            problem, lk_code_of_errno(error),
            "The database belongs to the master key in %.300s now, but that cannot be given the name %.300s (%s): run the "
            "same command again when it can be, which changes nothing else",
            rotation->new_path, rotation->path, strerror(error));
    error = lk_sync_directory_of(rotation->path);
    return error == 0
               ? 0
               : lk_problem_set(problem, lk_code_of_errno(error),
                                "The master key is rotated, but the directory of %.300s cannot be synced (%s): make sure that what is "
                                "there now stays",
                                rotation->path, strerror(error));
}

/* --- the new key --- */

/* 0 or an errno. Synced, as the database may be on another disk. */
static int make_same(int fd, const char *path) {
    struct stat present;
    struct stat made;
    if (stat(path, &present) != 0 || fstat(fd, &made) != 0)
        return errno;
    if ((present.st_uid != made.st_uid || present.st_gid != made.st_gid) && fchown(fd, present.st_uid, present.st_gid) != 0)
        return errno;
    return fchmod(fd, present.st_mode & 0700U) != 0 || fsync(fd) != 0 ? errno : 0;
}

/* What reads the present one may read the new one. */
static int give_same_owner(const struct rotation *rotation, struct lk_problem *problem) {
    int fd = open(rotation->new_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int error = fd < 0 ? errno : make_same(fd, rotation->path);
    if (fd >= 0)
        close(fd);
    return error == 0 ? 0
                      : lk_problem_set(problem, lk_code_of_errno(error), "Cannot make %.300s as %.300s is: %s", rotation->new_path,
                                       rotation->path, strerror(error));
}

static int derive_new_keys(struct rotation *rotation, struct lk_problem *problem) {
    uint8_t ours[LK_MAC_BYTES];
    uint8_t theirs[LK_MAC_BYTES];
    int code = lk_keys_derive(rotation->new_master, &rotation->new_keys);
    if (code != 0)
        return no_memory(problem);
    lk_keys_check(rotation->store.keys, ours);
    lk_keys_check(rotation->new_keys, theirs);
    if (lk_secret_equal(ours, theirs, sizeof(ours)))
        return lk_problem_set(problem, LK_EINVAL, "%s holds the master key that is in use: remove it", rotation->new_path);
    return 0;
}

/* One that is there already was made by an attempt that came to nothing, or put there by a person, and is used. */
static int make_new_key(struct rotation *rotation, struct lk_problem *problem) {
    int code = lk_master_create(rotation->new_path, &rotation->new_master, problem);
    if (code == LK_ECONFLICT)
        code = lk_master_load(rotation->new_path, &rotation->new_master, problem);
    if (code == 0)
        code = give_same_owner(rotation, problem);
    return code == 0 ? derive_new_keys(rotation, problem) : code;
}

/* --- the database --- */

static void show_progress(void *context, int64_t done) {
    const struct rotation *rotation = context;
    if (done % PROGRESS_STEP == 0)
        fprintf(stderr, "\rSealing API keys anew: %" PRId64 " of %" PRId64, done, rotation->keys);
}

static int rotate_database(struct rotation *rotation, struct lk_problem *problem) {
    struct lk_db *db = rotation->store.db;
    struct lk_call call = {
        .db = db,
        .arena = &rotation->arena,
        .domain = rotation->store.domain,
        .origin = {.url = LK_SLICE("latchkey key rotate-master"), .path = LK_SLICE(""), .method = LK_SLICE(""), .remote = LK_SLICE("")},
        .now_ms = lk_clock_wall_ms(),
        .problem = problem,
    };
    int64_t accounts;
    int code = lk_store_backup_counts(db, &accounts, &rotation->keys);
    if (code == 0)
        code = lk_db_begin(db);
    if (code != 0)
        return lk_problem_set(problem, code, "The database cannot be read: %s", lk_db_message(db));
    bool shows = rotation->keys >= PROGRESS_STEP && isatty(STDERR_FILENO);
    rotation->result = (struct lk_master_rotation){
        .old_master = rotation->old_master,
        .new_keys = rotation->new_keys,
        .progress = shows ? show_progress : NULL,
        .context = rotation,
    };
    code = lk_master_key_rotate(&call, &rotation->result);
    if (shows)
        fputc('\n', stderr);
    if (code != 0) {
        lk_db_rollback(db);
        return code;
    }
    code = lk_db_commit(db);
    return code == 0 ? 0 : lk_problem_set(problem, code, "Cannot write the database: %s", lk_db_message(db));
}

/* --- the steps --- */

static int rotate(struct rotation *rotation, struct lk_problem *problem) {
    int code = lk_master_load(rotation->path, &rotation->old_master, problem);
    if (code == 0)
        code = check_names(rotation, problem);
    if (code == 0)
        code = make_new_key(rotation, problem);
    if (code == 0)
        code = rotate_database(rotation, problem);
    return code == 0 ? publish(rotation, problem) : code;
}

/* The database was committed under the new key, which has not got its name yet. */
static int finish(struct rotation *rotation, struct lk_problem *problem) {
    const struct lk_problem first = *problem;
    struct lk_problem unused = {0};
    if (access(rotation->new_path, F_OK) != 0 || lk_store_open(rotation->dir, rotation->new_path, &rotation->store, &unused) != 0) {
        *problem = first;
        return first.code;
    }
    rotation->finished = true;
    rotation->result.version = lk_keys_version(rotation->store.keys);
    return publish(rotation, problem);
}

static int rotate_or_finish(struct rotation *rotation, struct lk_problem *problem) {
    int code = name_files(rotation, problem);
    if (code != 0)
        return code;
    code = lk_store_open(rotation->dir, rotation->path, &rotation->store, problem);
    if (code == LK_ECORRUPT)
        return finish(rotation, problem);
    return code == 0 ? rotate(rotation, problem) : code;
}

/* --- telling --- */

static void write_json(const struct rotation *rotation, struct lk_buf *out) {
    const struct lk_master_rotation *result = &rotation->result;
    struct lk_json_writer w;
    lk_json_writer_init(&w, out);
    lk_json_begin_object(&w);
    lk_json_key(&w, "masterKeyVersion");
    lk_json_int(&w, result->version);
    lk_json_key(&w, "masterKeyFile");
    cli_write_text(&w, lk_slice_cstr(rotation->path));
    lk_json_key(&w, "replacedMasterKeyFile");
    cli_write_text(&w, lk_slice_cstr(rotation->replaced_path));
    if (!rotation->finished) {
        lk_json_key(&w, "apiKeys");
        lk_json_int(&w, result->keys);
        lk_json_key(&w, "apiKeysNotSealed");
        lk_json_int(&w, result->keys_left);
        lk_json_key(&w, "oldSecrets");
        lk_json_int(&w, result->old_secrets);
    }
    lk_json_end_object(&w);
    lk_buf_add_char(out, '\n');
}

static void add_count(struct lk_buf *out, int64_t count, const char *what) {
    lk_buf_addf(out, "%" PRId64 " %s%s", count, what, count == 1 ? "" : "s");
}

static void write_text(const struct rotation *rotation, struct lk_buf *out) {
    const struct lk_master_rotation *result = &rotation->result;
    if (rotation->finished) {
        lk_buf_addf(out, "The rotation that was interrupted is finished: the database belongs to master key %u.\n", result->version);
    } else {
        lk_buf_addf(out, "The database belongs to master key %u: ", result->version);
        add_count(out, result->keys, "API key");
        lk_buf_add_cstr(out, " sealed anew, sessions ended.\n");
    }
    if (result->old_secrets > 0) {
        add_count(out, result->old_secrets, "old secret");
        lk_buf_add_cstr(out, " of rotated API keys stay good until they end.\n");
    }
    if (result->keys_left > 0) {
        add_count(out, result->keys_left, "API key");
        lk_buf_add_cstr(out, " could not be sealed anew: they stay good, and cannot be revealed. Rotate them (latchkey key rotate).\n");
    }
    lk_buf_add_cstr(out, "\nThe new master key is ");
    cli_add_printable(out, lk_slice_cstr(rotation->path));
    lk_buf_add_cstr(out, ": copy it to where you keep the other one.\nThe other one is ");
    cli_add_printable(out, lk_slice_cstr(rotation->replaced_path));
    lk_buf_add_cstr(out, ": backups of before belong to it. Move it away from here, and\n"
                         "remove it when the last of them is gone.\n\nNext: latchkey serve --data ");
    cli_add_word(out, rotation->dir);
    if (rotation->named != NULL) {
        lk_buf_add_cstr(out, " --master-key-file ");
        cli_add_word(out, rotation->named);
    }
    lk_buf_add_char(out, '\n');
}

static int tell(const struct rotation *rotation, struct lk_problem *problem) {
    struct lk_buf out;
    struct lk_problem why = {0};
    lk_buf_init(&out, 0);
    if (rotation->json)
        write_json(rotation, &out);
    else
        write_text(rotation, &out);
    int code = cli_print(&out, &why);
    lk_buf_free(&out);
    return code == 0 ? 0 : lk_problem_set(problem, code, "%.300s; the master key is rotated all the same", why.text);
}

static int run(const struct cli_command *command, const struct cli_args *args) {
    struct rotation rotation = {
        .dir = cli_args_or_environment(args, "data", "LATCHKEY_DATA"),
        .named = cli_args_or_environment(args, "master-key-file", "LATCHKEY_MASTER_KEY_FILE"),
        .json = cli_args_flag(args, "json"),
    };
    struct lk_problem problem = {0};
    if (rotation.dir == NULL)
        return cli_usage_error(command, "--data DIR is missing");
    lk_log_setup(LK_LOG_WARN, false);
    if (cli_begin_crypto(&problem) != 0)
        return cli_failed(&problem);
    lk_arena_init(&rotation.arena, ARENA_MAX);
    int code = rotate_or_finish(&rotation, &problem);
    if (code == 0)
        code = tell(&rotation, &problem);
    lk_store_close(&rotation.store);
    lk_master_free(rotation.old_master);
    lk_master_free(rotation.new_master);
    lk_keys_free(rotation.new_keys);
    lk_arena_free(&rotation.arena);
    return code == 0 ? CLI_DONE : cli_failed(&problem);
}

static const struct cli_option options[] = {
    {"data", "DIR", "The data directory. Or LATCHKEY_DATA.", false},
    {"master-key-file", "FILE", "The master key, when it is not DIR/master.key. Or LATCHKEY_MASTER_KEY_FILE.", false},
    {"json", NULL, "Prints one line of JSON.", false},
};

const struct cli_command cli_key_rotate_master_command = {
    .name = "key rotate-master",
    .usage = "--data DIR [--master-key-file FILE]",
    .summary = "Give the server another master key, when others may know the present one.",
    .help = "The server must be stopped. Makes a new master key, puts all that is kept under the present one under it, and gives it its\n"
            "place. The one before is kept beside it: backups of before belong to that. API keys stay good and can be revealed, old\n"
            "secrets of rotated ones stay good until they end; sessions end. The audit log of each account says so (ROTATE). When it is\n"
            "interrupted, the same command goes on.\n"
            "Who has had the present master key and the database, or a backup, knows the API keys: rotate those, too.\n",
    .examples = "  latchkey key rotate-master --data /var/lib/latchkey\n",
    .options = options,
    .options_len = sizeof(options) / sizeof(options[0]),
    .run = run,
};
