/*
 * The log: one line a message on standard error, as text for people or as JSON for collectors. One write(2) a line, so lines of several
 * threads never mix. Callers never pass secrets: there is no place that filters them out afterwards.
 */
#ifndef LK_BASE_LOG_H
#define LK_BASE_LOG_H

#include <stdbool.h>

enum lk_log_level { LK_LOG_DEBUG, LK_LOG_INFO, LK_LOG_WARN, LK_LOG_ERROR };

/* Sets the least level that is written and the form. Before any other thread starts; the default is INFO and text. */
void lk_log_setup(enum lk_log_level least, bool json);

/* Writes one line. Control characters are escaped; longer than 2 KiB is cut. Any thread; errno is preserved. */
void lk_log(enum lk_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
