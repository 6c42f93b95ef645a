#include "api/health.h"

static void answer_text(struct http_request *request, int status, const char *text) {
    http_set_status(request, status);
    http_add_header(request, "Content-Type", lk_slice_cstr("text/plain; charset=utf-8"));
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    http_set_body(request, lk_slice_cstr(text));
    http_send(request);
}

void lk_health_live(struct http_request *request, void *health) {
    (void)health;
    answer_text(request, 200, "ok\n");
}

void lk_health_ready(struct http_request *request, void *health) {
    const struct lk_health *h = health;
    if (atomic_load_explicit(&h->ready, memory_order_relaxed))
        answer_text(request, 200, "ready\n");
    else
        answer_text(request, 503, "not ready\n");
}
