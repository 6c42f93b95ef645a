/*
 * Writing metrics, in either of two formats: Prometheus' text format 0.0.4 and OpenMetrics 1.0. They differ in the names of counters, of which a family has
 * none of the "_total" that its samples end in, and in the mark at the end.
 */
#ifndef LK_API_METRICS_TEXT_H
#define LK_API_METRICS_TEXT_H

#include "base/buf.h"

#include <stdint.h>

struct lk_metrics_writer {
    struct lk_buf *out;
    bool open_metrics;
    const char *prefix; /* of the names of what is written next: "latchkey_" */
    const char *name;   /* of the family */
};

enum lk_metric_type { LK_METRIC_COUNTER, LK_METRIC_GAUGE, LK_METRIC_HISTOGRAM, LK_METRIC_INFO };

/* Begins a family. name is without the prefix and without what its samples end in ("_total", "_info", "_bucket"); help is a sentence without quotes,
 * backslashes and line ends. Both are static. */
void lk_metrics_family(struct lk_metrics_writer *w, enum lk_metric_type type, const char *name, const char *help);

/* A sample of a counter, a gauge, an info. labels is `a="b",c="d"`, or "" for none. */
void lk_metrics_count(struct lk_metrics_writer *w, const char *labels, uint64_t value);
void lk_metrics_count_seconds(struct lk_metrics_writer *w, int64_t milliseconds);
void lk_metrics_gauge(struct lk_metrics_writer *w, uint64_t value);
void lk_metrics_seconds(struct lk_metrics_writer *w, int64_t milliseconds);
void lk_metrics_info(struct lk_metrics_writer *w, const char *labels);

/* A histogram of len buckets, the last without a bound: counts (not cumulated), bounds and sum are in parts, of which unit make 1. */
void lk_metrics_histogram(struct lk_metrics_writer *w, const char *labels, const uint64_t *counts, const int64_t *bounds, size_t len,
                          uint64_t sum, int64_t unit);

void lk_metrics_end(struct lk_metrics_writer *w);

#endif
