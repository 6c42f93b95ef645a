/* latchkey backup */
#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/ending.h"
#include "cli/session.h"
#include "domain/backup_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH "/v1/backup"

/* What the server sends, and where it goes. */
struct download {
    struct lk_problem *problem;
    const char *name; /* where it goes, for sentences */
    int fd;
    struct lk_backup_reader reader;
};

static int take(void *context, struct lk_slice bytes) {
    struct download *download = context;
    struct lk_slice database;
    int code = cli_write_all(download->fd, bytes);
    if (code != 0)
        return lk_problem_set(download->problem, code, "Cannot write %s: %s", download->name, strerror(errno));
    return lk_backup_reader_take(&download->reader, bytes, &database, download->problem);
}

static int check(struct download *download) {
    if (download->reader.received < LK_BACKUP_HEADER_BYTES)
        return lk_problem_set(download->problem, LK_ECORRUPT, "The server sent no backup; is it a Latchkey server?");
    int code = lk_backup_reader_end(&download->reader, download->problem);
    return code == 0 ? 0 : lk_problem_set(download->problem, code, "The backup did not arrive whole; try again");
}

static int fetch(struct cli_session *session, struct download *download) {
    long status = 0;
    struct lk_buf body;
    lk_backup_reader_init(&download->reader, "What the server sent");
    int code = cli_client_get(session->client, PATH, take, download, &status, &body, &session->problem);
    if (code != 0)
        return code;
    code = status == 200 ? check(download) : cli_answer_problem(session, PATH, status, &body);
    lk_buf_free(&body);
    return code;
}

/* --- telling --- */

static int tell(struct cli_session *session, const struct download *download) {
    char time[25];
    lk_clock_format(download->reader.header.created_at, time);
    if (download->fd == STDOUT_FILENO) {
        fprintf(stderr, "The backup is whole: %llu bytes, as of %s.\n", (unsigned long long)download->reader.received, time);
        return 0;
    }
    struct lk_buf out;
    lk_buf_init(&out, 0);
    if (session->json) {
        struct lk_json_writer w;
        lk_json_writer_init(&w, &out);
        lk_json_begin_object(&w);
        lk_json_key(&w, "file");
        cli_write_text(&w, lk_slice_cstr(download->name));
        lk_json_key(&w, "bytes");
        lk_json_int(&w, (int64_t)download->reader.received);
        lk_json_key(&w, "backupAt");
        lk_json_string(&w, lk_slice_cstr(time));
        lk_json_end_object(&w);
        lk_buf_add_char(&out, '\n');
    } else {
        lk_buf_addf(&out, "Backed up to %s: %llu bytes, checked, as of %s.\n", download->name,
                    (unsigned long long)download->reader.received, time);
        lk_buf_add_cstr(&out, "The master key is not in it. Keep a copy of it apart: without it the backup opens nothing.\n");
    }
    int code = cli_print(&out, &session->problem);
    lk_buf_free(&out);
    return code;
}

/* --- the file --- */

static int to_standard_output(struct cli_session *session, struct download *download) {
    if (isatty(STDOUT_FILENO) == 1)
        return lk_problem_set(&session->problem, LK_EINVAL,
                              "A backup is nothing for a terminal: name a file, or lead the output to a program");
    download->name = "the standard output";
    download->fd = STDOUT_FILENO;
    return fetch(session, download);
}

static int publish(struct download *download, const char *temporary, const char *path) {
    if (fchmod(download->fd, 0600) != 0 || fsync(download->fd) != 0)
        return lk_problem_set(download->problem, LK_EIO, "Cannot write %s: %s", temporary, strerror(errno));
    if (rename(temporary, path) != 0)
        return lk_problem_set(download->problem, LK_EIO, "Cannot rename %s to %s: %s", temporary, path, strerror(errno));
    int error = lk_sync_directory_of(path);
    return error == 0 ? 0 : lk_problem_set(download->problem, LK_EIO, "Cannot sync the directory of %s: %s", path, strerror(error));
}

static bool is_backup(const char *path) {
    uint8_t head[LK_BACKUP_HEADER_BYTES];
    struct lk_backup_header header;
    struct lk_problem ignored = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool is = fd >= 0 && read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) && lk_backup_header_read(head, path, &header, &ignored) == 0;
    if (fd >= 0)
        close(fd);
    return is;
}

/* Only a backup is replaced by a backup: not a device, nor the database or the master key of a server, whose directory the user may be in. */
static int check_target(const char *path, struct lk_problem *problem) {
    struct stat status;
    if (lstat(path, &status) != 0)
        return 0;
    if (!S_ISREG(status.st_mode))
        return lk_problem_set(problem, LK_EINVAL, "%s is not a regular file; name a file to make or replace", path);
    if (status.st_size == 0 || is_backup(path))
        return 0;
    return lk_problem_set(problem, LK_ECONFLICT, "%s is there and is no backup: name another file, or remove it first", path);
}

/* Where a backup is written that is not whole yet. */
static char *unfinished;

static void remove_unfinished(void) {
    unlink(unfinished);
}

static int fetch_to(struct cli_session *session, struct download *download, const char *path) {
    struct cli_ending ending;
    cli_ending_begin(remove_unfinished, &ending);
    int code = fetch(session, download);
    if (code == 0)
        code = publish(download, unfinished, path);
    if (code != 0)
        remove_unfinished();
    cli_ending_end(&ending);
    return code;
}

static int to_file(struct cli_session *session, struct download *download, const char *path) {
    int code = check_target(path, &session->problem);
    if (code != 0)
        return code;
    if (asprintf(&unfinished, "%s.XXXXXX", path) < 0)
        return lk_problem_set(&session->problem, LK_ENOMEM, "Out of memory");
    download->name = path;
    download->fd = mkostemp(unfinished, O_CLOEXEC);
    if (download->fd >= 0)
        code = fetch_to(session, download, path);
    else
        code = lk_problem_set(&session->problem, lk_code_of_errno(errno), "Cannot make a file beside %s: %s", path, strerror(errno));
    if (download->fd >= 0)
        close(download->fd);
    download->fd = -1;
    free(unfinished);
    return code;
}

static int backup(struct cli_session *session) {
    int code = cli_need_word(session, "FILE");
    if (code == 0)
        code = cli_connect(session);
    if (code != 0)
        return code;
    const char *path = session->args->words[0];
    struct download download = {.problem = &session->problem, .fd = -1};
    code = strcmp(path, "-") == 0 ? to_standard_output(session, &download) : to_file(session, &download, path);
    return code == 0 ? tell(session, &download) : code;
}

const struct cli_command cli_backup_command = {
    .name = "backup",
    .usage = "FILE",
    .summary = "Back up a running server to a file.",
    .help = "Takes the whole database, consistent, with every account, while the server goes on serving; so the key must hold the scope\n"
            "latchkey.operator, as the first account's administrators do. FILE is replaced only when the new backup is whole and checked; "
            "- is\n"
            "the standard output. The master key is not in it: keep a copy of it apart.\n",
    .examples = "  latchkey backup /var/backups/latchkey.backup\n  latchkey backup - | age -R recipients.txt > latchkey.backup.age\n",
    .words = 1,
    .options_kind = CLI_OPTIONS_CLIENT,
    .act = backup,
};
