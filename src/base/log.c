#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MESSAGE_MAX 2048

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

static void write_line(const char *line, size_t len) {
    while (len > 0) {
        ssize_t written = write(STDERR_FILENO, line, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* a log that cannot be written must not stop the server */
        line += written;
        len -= (size_t)written;
    }
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

    const char *mark = lk_log_mark(level);
    char time[25];
    lk_clock_format(lk_clock_wall_ms(), time);
    if (as_json) {
        struct lk_buf line;
        lk_buf_init(&line, 0);
        lk_buf_add_cstr(&line, mark);
        struct lk_json_writer w;
        lk_json_writer_init(&w, &line);
        lk_json_begin_object(&w);
        lk_json_key(&w, "time");
        lk_json_string(&w, lk_slice_cstr(time));
        lk_json_key(&w, "level");
        lk_json_string(&w, lk_slice_cstr(level_names[level]));
        lk_json_key(&w, "message");
        lk_json_string(&w, lk_slice_make(message, message_len));
        lk_json_end_object(&w);
        lk_buf_add_char(&line, '\n');
        if (!line.failed)
            write_line(line.ptr, line.len);
        lk_buf_free(&line);
    } else {
        char line[sizeof(message) + 64];
        int len = snprintf(line, sizeof(line), "%s%s%-5s %.*s\n", to_journal ? mark : time, to_journal ? "" : " ", level_names[level],
                           (int)message_len, message);
        write_line(line, len < 0 ? 0 : (size_t)len);
    }
    errno = saved_errno;
}
