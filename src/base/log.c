#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json_write.h"
#include "base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MESSAGE_MAX 2048
#define PIECE_MAX PIPE_BUF /* a pipe that has room has room for so much */
#define PATIENCE_MS 1000   /* with who reads the log; whoever was that slow is not waited for until lines are taken again */

static _Atomic(enum lk_log_level) least_level = LK_LOG_INFO;
static bool as_json = false;
static bool to_journal = false;

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *const journal_marks[] = {"<7>", "<6>", "<4>", "<3>"};

void lk_log_begin(void) {
    struct stat file;
    char here[64];
    const char *journal = getenv("JOURNAL_STREAM"); /* a child whose standard error was redirected inherits it: hence the comparison */
    if (journal == NULL || fstat(STDERR_FILENO, &file) != 0)
        return;
    snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)file.st_dev, (uintmax_t)file.st_ino);
    to_journal = strcmp(journal, here) == 0;
}

const char *lk_log_mark(enum lk_log_level level) {
    return to_journal ? journal_marks[level] : "";
}

void lk_log_setup(enum lk_log_level least, bool json) {
    lk_log_set_level(least);
    as_json = json;
}

void lk_log_set_level(enum lk_log_level least) {
    atomic_store_explicit(&least_level, least, memory_order_relaxed);
}

/* A message may quote what a client sent: without this, a newline in it would forge a log line, and bytes that are not UTF-8 (or a character that
 * the length limit cut in two) would spoil JSON. Returns the length; out has room for 4 bytes a byte of text. */
static size_t make_printable(struct lk_slice text, char *out) {
    size_t len = 0;
    while (text.len > 0) {
        uint32_t code_point = 0;
        int bytes = lk_utf8_decode(text, &code_point);
        bool plain = bytes > 0 && code_point >= 0x20 && (code_point < 0x7F || code_point > 0x9F);
        if (plain)
            memcpy(out + len, text.ptr, (size_t)bytes);
        else
            snprintf(out + len, 5, "\\x%02x", (unsigned char)text.ptr[0]);
        len += plain ? (size_t)bytes : 4;
        size_t step = plain ? (size_t)bytes : 1;
        text = lk_slice_make(text.ptr + step, text.len - step);
    }
    return len;
}

/* --- the one place that writes --- */

/* Of one thread at a time, which holds `turn`. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static bool stuck = false; /* nobody took what was written last, within PATIENCE_MS */
static bool torn = false;  /* half a line was taken: the next one begins with its end */
static uint64_t lost = 0;  /* lines, since one was taken */
static _Atomic uint64_t lost_ever = 0;

/* Whether standard error takes PIECE_MAX bytes now or soon. To write to a pipe that nobody reads would be to wait for its reader, perhaps for ever. */
static bool takes_more(int patience_ms) {
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
    int ready = 0;
    do
        ready = poll(&room, 1, patience_ms);
    while (ready < 0 && errno == EINTR);
    return ready != 0; /* what is wrong with it is found by write */
}

/* What came of a line. A log that cannot be written at all (a full disk, a closed stream) is no reason to stop the server, and none to remember how much. */
enum fate { TAKEN, NOT_TAKEN, UNWRITABLE };

static enum fate write_bytes(const char *bytes, size_t len) {
    size_t left = len;
    while (left > 0) {
        stuck = !takes_more(stuck ? 0 : PATIENCE_MS);
        ssize_t written = stuck ? 0 : write(STDERR_FILENO, bytes, left < PIECE_MAX ? left : PIECE_MAX);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno != EAGAIN) { /* that one, here: others write there too, and were faster */
            torn = torn || left < len;
            return UNWRITABLE;
        }
        if (written <= 0) {
            torn = torn || left < len;
            return NOT_TAKEN;
        }
        bytes += written;
        left -= (size_t)written;
    }
    return TAKEN;
}

static enum fate write_line(const char *line, size_t len) {
    enum fate fate = torn ? write_bytes("\n", 1) : TAKEN;
    if (fate != TAKEN)
        return fate;
    torn = false;
    return write_bytes(line, len);
}

/* --- lines --- */

static enum fate write_json(enum lk_log_level level, const char *time, struct lk_slice message) {
    struct lk_buf line;
    lk_buf_init(&line, 0);
    lk_buf_add_cstr(&line, lk_log_mark(level));
    struct lk_json_writer w;
    lk_json_writer_init(&w, &line);
    lk_json_begin_object(&w);
    lk_json_key(&w, "time");
    lk_json_string(&w, lk_slice_cstr(time));
    lk_json_key(&w, "level");
    lk_json_string(&w, lk_slice_cstr(level_names[level]));
    lk_json_key(&w, "message");
    lk_json_string(&w, message);
    lk_json_end_object(&w);
    lk_buf_add_char(&line, '\n');
    enum fate fate = line.failed ? TAKEN : write_line(line.ptr, line.len);
    lk_buf_free(&line);
    return fate;
}

static enum fate write_message(enum lk_log_level level, struct lk_slice message) {
    char time[25];
    char line[4 * MESSAGE_MAX + 64];
    lk_clock_format(lk_clock_wall_ms(), time);
    if (as_json)
        return write_json(level, time, message);
    int len = snprintf(line, sizeof(line), "%s%s%-5s %.*s\n", to_journal ? lk_log_mark(level) : time, to_journal ? "" : " ",
                       level_names[level], (int)message.len, message.ptr);
    return len < 0 ? TAKEN : write_line(line, (size_t)len);
}

/* Before the first line that is taken again. */
static void tell_lost(void) {
    char message[80];
    int len = snprintf(message, sizeof(message), "log: %" PRIu64 " line%s before this one %s lost: nobody took them", lost,
                       lost == 1 ? "" : "s", lost == 1 ? "was" : "were");
    if (len > 0 && takes_more(0) && write_message(LK_LOG_WARN, lk_slice_make(message, (size_t)len)) == TAKEN)
        lost = 0;
}

static void take_turn(void) {
    pthread_mutex_lock(&turn);
    if (lost > 0)
        tell_lost();
}

static void end_turn(enum fate fate) {
    lost += fate == NOT_TAKEN;
    atomic_fetch_add_explicit(&lost_ever, fate != TAKEN, memory_order_relaxed);
    pthread_mutex_unlock(&turn);
}

uint64_t lk_log_lost(void) {
    return atomic_load_explicit(&lost_ever, memory_order_relaxed);
}

void lk_log(enum lk_log_level level, const char *format, ...) {
    if (level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;
    int saved_errno = errno;
    char raw[MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    int formatted = vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    char message[4 * MESSAGE_MAX + 1];
    size_t message_len = make_printable(lk_slice_make(raw, formatted < 0 ? 0 : strnlen(raw, sizeof(raw))), message);
    take_turn();
    end_turn(write_message(level, lk_slice_make(message, message_len)));
    errno = saved_errno;
}

void lk_log_end(const char *program, const char *sentence) {
    char message[4 * LK_PROBLEM_MAX];
    char line[sizeof(message) + 64];
    size_t message_len = make_printable(lk_slice_make(sentence, strnlen(sentence, LK_PROBLEM_MAX)), message);
    int len = snprintf(line, sizeof(line), "%s%.40s: %.*s\n", lk_log_mark(LK_LOG_ERROR), program, (int)message_len, message);
    take_turn();
    if (as_json)
        end_turn(write_message(LK_LOG_ERROR, lk_slice_make(message, message_len)));
    else
        end_turn(len < 0 ? TAKEN : write_line(line, (size_t)len));
}
