#include "http/reply.h"

#include "http/loop.h"
#include "http/url.h"

static void say_error(struct http_loop *loop, int status, struct http_reply *reply) {
    struct http_error error = {.body = lk_slice_cstr(http_reason(status)), .content_type = "text/plain; charset=utf-8"};
    if (loop->shared->config.describe_error != NULL)
        loop->shared->config.describe_error(status, &error);
    struct http_answer *answer = &reply->answer;
    answer->status = status;
    answer->has_source = false;
    answer->body = error.body;
    answer->fields = reply->own_fields;
    answer->fields_len = 1 + error.fields_len;
    reply->own_fields[0] = (struct http_answer_field){LK_SLICE("Content-Type"), lk_slice_cstr(error.content_type)};
    for (size_t i = 0; i < error.fields_len; i++)
        reply->own_fields[1 + i] = error.fields[i];
}

void http_reply_error(struct http_loop *loop, int status, struct http_reply *ret) {
    ret->answer = (struct http_answer){.date = http_loop_date(loop)};
    say_error(loop, status, ret);
}

static void compress_body(struct http_loop *loop, const struct http_request *request, struct http_answer *answer) {
    if (request->is_coded) {
        answer->vary = true;
        answer->coding = request->coding;
        return;
    }
    size_t least = loop->shared->config.gzip_min;
    if (least == 0 || answer->body.len < least)
        return;
    answer->vary = true;
    struct lk_slice accept = http_request_header(request, "accept-encoding");
    if (accept.ptr != NULL && http_accept_quality(accept, "gzip") > 0)
        answer->gzip = http_gzip_compress(&loop->gzip, answer->body, &answer->body) == 0;
    if (answer->gzip)
        answer->coding = "gzip";
}

void http_reply_make(struct http_loop *loop, const struct http_request *request, struct http_reply *ret) {
    ret->answer = (struct http_answer){
        .status = request->status,
        .fields = request->answer_fields,
        .fields_len = request->fields_len,
        .body = request->is_fixed ? request->fixed_body : lk_buf_slice(&request->body),
        .date = http_loop_date(loop),
        .head_only = request->head.method_id == HTTP_HEAD,
    };
    if (request->source.read != NULL) {
        ret->answer.body = lk_slice_make(NULL, 0);
        ret->answer.has_source = true;
        ret->answer.source_len = request->source.len;
    }
    if ((!request->is_fixed && request->body.failed) || request->status < 200 || request->status > 599)
        say_error(loop, 500, ret);
    else
        compress_body(loop, request, &ret->answer);
}
