#include "api/metrics_text.h"

#include <inttypes.h>

void lk_metrics_family(struct lk_metrics_writer *w, enum lk_metric_type type, const char *name, const char *help) {
    static const struct {
        const char *plain, *open, *suffix;
    } types[] = {
        [LK_METRIC_COUNTER] = {"counter", "counter", "_total"},
        [LK_METRIC_GAUGE] = {"gauge", "gauge", ""},
        [LK_METRIC_HISTOGRAM] = {"histogram", "histogram", ""},
        [LK_METRIC_INFO] = {"gauge", "info", "_info"},
    };
    const char *suffix = w->open_metrics ? "" : types[type].suffix;
    lk_buf_addf(w->out, "# HELP %s%s%s %s\n# TYPE %s%s%s %s\n", w->prefix, name, suffix, help, w->prefix, name, suffix,
                w->open_metrics ? types[type].open : types[type].plain);
    w->name = name;
}

static void sample(struct lk_metrics_writer *w, const char *suffix, const char *labels) {
    lk_buf_addf(w->out, "%s%s%s", w->prefix, w->name, suffix);
    if (labels[0] != '\0')
        lk_buf_addf(w->out, "{%s}", labels);
    lk_buf_add_char(w->out, ' ');
}

static void number(struct lk_metrics_writer *w, uint64_t value) {
    lk_buf_addf(w->out, "%" PRIu64 "\n", value);
}

void lk_metrics_count(struct lk_metrics_writer *w, const char *labels, uint64_t value) {
    sample(w, "_total", labels);
    number(w, value);
}

void lk_metrics_gauge(struct lk_metrics_writer *w, uint64_t value) {
    sample(w, "", "");
    number(w, value);
}

static void seconds(struct lk_metrics_writer *w, int64_t milliseconds) {
    lk_buf_addf(w->out, "%" PRId64 ".%03d\n", milliseconds / 1000, (int)(milliseconds % 1000));
}

void lk_metrics_seconds(struct lk_metrics_writer *w, int64_t milliseconds) {
    sample(w, "", "");
    seconds(w, milliseconds);
}

void lk_metrics_count_seconds(struct lk_metrics_writer *w, int64_t milliseconds) {
    sample(w, "_total", "");
    seconds(w, milliseconds);
}

void lk_metrics_info(struct lk_metrics_writer *w, const char *labels) {
    sample(w, "_info", labels);
    number(w, 1);
}

void lk_metrics_histogram(struct lk_metrics_writer *w, const char *labels, const uint64_t *counts, const int64_t *bounds, size_t len,
                          uint64_t sum, int64_t unit) {
    uint64_t count = 0;
    for (size_t i = 0; i < len; i++) {
        count += counts[i];
        lk_buf_addf(w->out, "%s%s_bucket{%s%sle=\"", w->prefix, w->name, labels, labels[0] != '\0' ? "," : "");
        if (i + 1 == len)
            lk_buf_add_cstr(w->out, "+Inf");
        else if (unit == 1)
            lk_buf_addf(w->out, "%" PRId64 ".0", bounds[i]);
        else
            lk_buf_addf(w->out, "%g", (double)bounds[i] / (double)unit);
        lk_buf_addf(w->out, "\"} %" PRIu64 "\n", count);
    }
    sample(w, "_sum", labels);
    if (unit == 1)
        number(w, sum);
    else
        lk_buf_addf(w->out, "%.9f\n", (double)sum / (double)unit);
    sample(w, "_count", labels);
    number(w, count);
}

void lk_metrics_end(struct lk_metrics_writer *w) {
    if (w->open_metrics)
        lk_buf_add_cstr(w->out, "# EOF\n");
}
