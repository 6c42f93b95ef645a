#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_write.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define MESSAGE_MAX 2048

static enum lk_log_level least_level = LK_LOG_INFO;
static bool as_json = false;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void lk_log_setup(enum lk_log_level least, bool json) {
    least_level = least;
    as_json = json;
}

/* A message may quote what a client sent: without this, a newline in it would forge a log line. */
static size_t escape_controls(const char *text, char *out, size_t size) {
    size_t len = 0;
    for (; *text != '\0' && len + 5 < size; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c != 0x7F)
            out[len++] = (char)c;
        else
            len += (size_t)snprintf(out + len, size - len, "\\x%02x", c);
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
    if (level < least_level)
        return;
    int saved_errno = errno;
    char message[MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);

    char time[25];
    lk_clock_format(lk_clock_wall_ms(), time);
    if (as_json) {
        struct lk_buf line;
        lk_buf_init(&line, 0);
        struct lk_json_writer w;
        lk_json_writer_init(&w, &line);
        lk_json_begin_object(&w);
        lk_json_key(&w, "time");
        lk_json_string(&w, lk_slice_cstr(time));
        lk_json_key(&w, "level");
        lk_json_string(&w, lk_slice_cstr(level_names[level]));
        lk_json_key(&w, "message");
        lk_json_string(&w, lk_slice_cstr(message));
        lk_json_end_object(&w);
        lk_buf_add_char(&line, '\n');
        if (!line.failed)
            write_line(line.ptr, line.len);
        lk_buf_free(&line);
    } else {
        char line[4 * MESSAGE_MAX + 64];
        size_t len = (size_t)snprintf(line, sizeof(line), "%s %-5s ", time, level_names[level]);
        len += escape_controls(message, line + len, sizeof(line) - len - 1);
        line[len++] = '\n';
        write_line(line, len);
    }
    errno = saved_errno;
}
