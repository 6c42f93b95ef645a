#include "api/console.h"

#include "api/console_assets.h"
#include "api/errors.h"
#include "api/router.h"
#include "http/url.h"

#include <stdlib.h>

#define PREFIX "/console/"
#define HASHED "assets/"

/* What a page may load and do: its own files and this server, nothing inline, in nobody's frame. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

static int compare(const void *path, const void *asset) {
    const struct lk_slice *wanted = path;
    const char *name = ((const struct lk_console_asset *)asset)->path;
    size_t len = strlen(name);
    int order = memcmp(wanted->ptr, name, wanted->len < len ? wanted->len : len);
    return order != 0 ? order : (wanted->len > len) - (wanted->len < len);
}

static const struct lk_console_asset *find(struct lk_slice path) {
    return bsearch(&path, lk_console_assets, lk_console_assets_len, sizeof(lk_console_assets[0]), compare);
}

/* The smallest body that the client takes. */
static const struct lk_console_body *choose(const struct http_request *request, const struct lk_console_asset *asset) {
    struct lk_slice accept = http_request_header(request, "accept-encoding");
    const struct lk_console_body *body = asset->bodies;
    for (; body->coding != NULL; body++) {
        if (body->bytes.ptr != NULL && accept.ptr != NULL && http_accept_quality(accept, body->coding) > 0)
            break;
    }
    return body;
}

/* Whether If-None-Match has the tag (RFC 9110 section 13.1.2, by the weak comparison). */
static bool has_tag(struct lk_slice list, const char *etag) {
    while (list.len > 0) {
        const char *end = memchr(list.ptr, ',', list.len);
        size_t len = end == NULL ? list.len : (size_t)(end - list.ptr);
        struct lk_slice tag = lk_slice_trim(lk_slice_make(list.ptr, len));
        if (lk_slice_starts_with(tag, "W/"))
            tag = lk_slice_make(tag.ptr + 2, tag.len - 2);
        if (lk_slice_is(tag, etag) || lk_slice_is(tag, "*"))
            return true;
        len += end != NULL;
        list = lk_slice_make(list.ptr + len, list.len - len);
    }
    return false;
}

static void add(struct http_request *request, const char *name, const char *value) {
    http_add_header(request, name, lk_slice_cstr(value));
}

static void send_asset(struct http_request *request, const struct lk_console_asset *asset) {
    const struct lk_console_body *body = choose(request, asset);
    add(request, "ETag", body->etag);
    add(request, "Cache-Control", asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    add(request, "X-Content-Type-Options", "nosniff");
    add(request, "Cross-Origin-Resource-Policy", "same-origin");
    http_set_coding(request, body->coding);
    if (has_tag(http_request_header(request, "if-none-match"), body->etag)) {
        http_set_status(request, 304);
    } else {
        add(request, "Content-Type", asset->type);
        http_set_body(request, body->bytes);
    }
    http_send(request);
}

static void send_page(struct http_request *request, const char *file) {
    const struct lk_console_asset *page = find(lk_slice_cstr(file));
    if (page == NULL) {
        lk_answer_error(request, 404, "This latchkey was built without its console: `make build` builds both", LK_CODE_NOT_FOUND);
        return;
    }
    add(request, "Content-Security-Policy", policy);
    add(request, "Referrer-Policy", "no-referrer");
    add(request, "X-Frame-Options", "DENY");
    add(request, "Cross-Origin-Opener-Policy", "same-origin");
    add(request, "Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()");
    send_asset(request, page);
}

static void redirect(struct http_request *request, const char *target) {
    http_set_status(request, 302);
    add(request, "Location", target);
    add(request, "Cache-Control", "no-cache");
    http_send(request);
}

void lk_console_handle_root(struct http_request *request, void *context) {
    (void)context;
    redirect(request, PREFIX);
}

static bool is_page(const struct lk_console_asset *asset) {
    size_t len = strlen(asset->path);
    return len >= 5 && strcmp(asset->path + len - 5, ".html") == 0;
}

void lk_console_handle(struct http_request *request, void *context) {
    (void)context;
    struct lk_slice path = http_request_path(request);
    if (path.len < strlen(PREFIX)) {
        redirect(request, PREFIX);
        return;
    }
    path = lk_slice_make(path.ptr + strlen(PREFIX), path.len - strlen(PREFIX));
    const struct lk_console_asset *asset = find(path);
    if (asset != NULL && !is_page(asset))
        send_asset(request, asset);
    else if (lk_slice_starts_with(path, HASHED))
        lk_answer_error(request, 404, "There is nothing at this path", LK_CODE_NOT_FOUND);
    else
        send_page(request, "index.html");
}

void lk_console_handle_explorer(struct http_request *request, void *context) {
    (void)context;
    send_page(request, "explorer.html");
}
