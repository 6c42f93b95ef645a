#include "client2.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct client_stream *find(struct client *client, int32_t id) {
    for (size_t i = 0; i < client->len; i++) {
        if (client->streams[i].id == id)
            return &client->streams[i];
    }
    return NULL;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *context) {
    (void)session;
    (void)flags;
    struct client_stream *stream = find(context, frame->hd.stream_id);
    assert_non_null(stream);
    if (name_len == 7 && memcmp(name, ":status", 7) == 0) {
        stream->informed |= value[0] == '1';
        stream->status = atoi((const char *)value);
    }
    size_t len = strlen(stream->fields);
    snprintf(stream->fields + len, sizeof(stream->fields) - len, "%.*s: %.*s\n", (int)name_len, (const char *)name, (int)value_len,
             (const char *)value);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *context) {
    (void)session;
    (void)flags;
    struct client_stream *stream = find(context, id);
    stream->body = realloc(stream->body, stream->body_len + len + 1);
    assert_non_null(stream->body);
    memcpy(stream->body + stream->body_len, data, len);
    stream->body_len += len;
    stream->body[stream->body_len] = '\0';
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *context) {
    (void)session;
    struct client_stream *stream = find(context, id);
    stream->closed = true;
    stream->error = error;
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
    (void)session;
    struct client *client = context;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        client->goaway = true;
        client->goaway_error = frame->goaway.error_code;
        client->goaway_last = frame->goaway.last_stream_id;
    }
    return 0;
}

void client_start(struct client *client, int fd, SSL *ssl, bool manual) {
    *client = (struct client){.fd = fd, .ssl = ssl, .manual = manual};
    client->streams = calloc(CLIENT_STREAMS_MAX, sizeof(client->streams[0]));
    assert_non_null(client->streams);
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
    assert_int_equal(nghttp2_option_new(&option), 0);
    nghttp2_option_set_no_auto_window_update(option, manual);
    nghttp2_option_set_peer_max_concurrent_streams(option, CLIENT_STREAMS_MAX);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_option_set_no_http_messaging(option, 1); /* the tests send what no client should */
    assert_int_equal(nghttp2_session_client_new2(&client->session, callbacks, client, option), 0);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    assert_int_equal(nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, NULL, 0), 0);
}

void client_stop(struct client *client) {
    nghttp2_session_del(client->session);
    for (size_t i = 0; i < client->len; i++)
        free(client->streams[i].body);
    free(client->streams);
    SSL_free(client->ssl);
    close(client->fd);
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *out, size_t room, uint32_t *flags, nghttp2_data_source *source,
                         void *context) {
    (void)session;
    (void)id;
    (void)context;
    const char **at = source->ptr;
    size_t left = strlen(*at);
    size_t n = left < room ? left : room;
    memcpy(out, *at, n);
    *at += n;
    if (n == left) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        free(source->ptr);
    }
    return (ssize_t)n;
}

static nghttp2_nv field_of(const char *name, const char *value) {
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

static size_t note(struct client *client, int32_t id) {
    assert_true(id > 0);
    assert_true(client->len < CLIENT_STREAMS_MAX);
    client->streams[client->len].id = id;
    return client->len++;
}

size_t client_ask(struct client *client, const char *method, const char *path, const char *body, const char *const *extra) {
    nghttp2_nv fields[200];
    size_t len = 0;
    fields[len++] = field_of(":method", method);
    fields[len++] = field_of(":scheme", "http");
    fields[len++] = field_of(":authority", "a.example");
    fields[len++] = field_of(":path", path);
    for (; extra != NULL && *extra != NULL; extra += 2)
        fields[len++] = field_of(extra[0], extra[1]);
    nghttp2_data_provider provider = {.read_callback = read_body};
    if (body != NULL) {
        const char **at = malloc(sizeof(*at));
        *at = body;
        provider.source.ptr = at;
    }
    return note(client, nghttp2_submit_request(client->session, NULL, fields, len, body == NULL ? NULL : &provider, NULL));
}

size_t client_ask_raw(struct client *client, const char *const *extra, bool open) {
    nghttp2_nv fields[200];
    size_t len = 0;
    for (; *extra != NULL; extra += 2)
        fields[len++] = field_of(extra[0], extra[1]);
    return note(client,
                nghttp2_submit_headers(client->session, open ? NGHTTP2_FLAG_NONE : NGHTTP2_FLAG_END_STREAM, -1, NULL, fields, len, NULL));
}

void client_send(struct client *client) {
    char all[1 << 16];
    size_t len = 0;
    for (;;) {
        const uint8_t *data = NULL;
        ssize_t n = nghttp2_session_mem_send(client->session, &data);
        assert_true(n >= 0);
        if (n > 0) {
            assert_true((size_t)n <= sizeof(all));
        }
        if (n == 0 || len + (size_t)n > sizeof(all)) { /* many frames in one write: the server reads them at once */
            if (len > 0 && client->ssl != NULL)
                SSL_write(client->ssl, all, (int)len);
            else if (len > 0)
                client->ended |= sendto(client->fd, all, len, MSG_NOSIGNAL, NULL, 0) < 0; /* send counts as the server's */
            len = 0;
        }
        if (n == 0)
            return;
        memcpy(all + len, data, (size_t)n);
        len += (size_t)n;
    }
}

void client_read(struct client *client) {
    char bytes[1 << 16];
    client_send(client);
    ssize_t n = client->ssl != NULL ? SSL_read(client->ssl, bytes, sizeof(bytes)) : read(client->fd, bytes, sizeof(bytes));
    if (n <= 0) {
        client->ended = true;
        return;
    }
    client->reads++;
    assert_int_equal(nghttp2_session_mem_recv(client->session, (uint8_t *)bytes, (size_t)n), n);
}

void client_wait(struct client *client, size_t index) {
    while (!client->ended && !client->streams[index].closed)
        client_read(client);
}

void client_wait_end(struct client *client) {
    while (!client->ended)
        client_read(client);
}

void client_expect(struct client *client, size_t index, int status, const char *body) {
    client_wait(client, index);
    assert_int_equal(client->streams[index].status, status);
    if (body != NULL)
        assert_string_equal(client->streams[index].body == NULL ? "" : client->streams[index].body, body);
}
