/*
 * The log: one line a message on standard error, as text for people or as JSON for collectors. One thread writes at a
 * time, a line by one write(2) unless it has more than 4 KiB, so lines never mix. Callers never pass secrets: there is no place that filters them out afterwards.
 */
#ifndef LK_BASE_LOG_H
#define LK_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum lk_log_level { LK_LOG_DEBUG, LK_LOG_INFO, LK_LOG_WARN, LK_LOG_ERROR };

/* Finds out whether standard error is systemd's journal, which reads a line's priority at its beginning (sd-daemon(3)) and has a time of its own: lines
 * are marked for it then, and those in text go without the time. Once, at the start of a program; without it nothing is marked. */
void lk_log_begin(void);

/* What a line about such a matter begins with on standard error: "<4>" and the like for the journal, "" for anybody else. Static. */
const char *lk_log_mark(enum lk_log_level level);

/* Sets the least level that is written and the form. Before any other thread starts; the default is INFO and text. */
void lk_log_setup(enum lk_log_level least, bool json);

/* Sets the least level alone. Any thread. */
void lk_log_set_level(enum lk_log_level least);

/* Writes one line. Control characters are escaped; longer than 2 KiB is cut. Where nobody reads standard error any more (a full pipe) it waits a second, once,
 * and then no line is waited for until one is taken again, which says how many were lost. Any thread; errno is preserved. */
void lk_log(enum lk_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Lines that nobody took, or that could not be written. Any thread. */
uint64_t lk_log_lost(void);

/* Writes why a program that logs has ended: as "PROGRAM: SENTENCE" for people, and as a line like any other where they are JSON. */
void lk_log_end(const char *program, const char *sentence);

#endif
