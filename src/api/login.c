#include "api/login.h"

#include "api/credential.h"
#include "api/errors.h"
#include "api/login_job.h"
#include "base/json_read.h"
#include "base/json_write.h"

static const char body_sentence[] = "The body must be {\"authorization\":\"Basic …\"} with the base64 of user:password";

static void write_account(struct lk_json_writer *w, const struct lk_login_account *account) {
    lk_json_begin_object(w);
    lk_json_key(w, "accountName");
    lk_json_string(w, account->name);
    lk_json_key(w, "companyName");
    lk_json_string(w, account->name);
    lk_json_key(w, "uuid");
    lk_json_string(w, lk_slice_cstr(lk_id_format(&account->id).text));
    lk_json_end_object(w);
}

static void answer_login(struct lk_login_job *job) {
    const struct lk_login_result *result = &job->result;
    struct lk_json_writer w;
    lk_json_writer_init(&w, http_body(job->request));
    lk_json_begin_object(&w);
    lk_json_key(&w, "resource");
    lk_json_begin_object(&w);
    lk_json_key(&w, "token");
    lk_json_string(&w, result->token);
    lk_json_key(&w, "defaultAccountId");
    lk_json_string(&w, lk_slice_cstr(lk_id_format(&result->accounts[0].id).text));
    lk_json_key(&w, "accounts");
    lk_json_begin_array(&w);
    for (size_t i = 0; i < result->accounts_len; i++)
        write_account(&w, &result->accounts[i]);
    lk_json_end_array(&w);
    lk_json_key(&w, "supportAccounts");
    lk_json_begin_array(&w);
    lk_json_end_array(&w);
    lk_json_end_object(&w);
    lk_json_end_object(&w);
    lk_login_job_send(job, 200);
}

static int log_out(struct lk_login_job *job) {
    return lk_logout(&job->call, job->token);
}

static void answer_logout(struct lk_login_job *job) {
    lk_buf_add_cstr(http_body(job->request), "{\"resource\":{}}");
    lk_login_job_send(job, 200);
}

/* Reads user and password out of "Basic base64(user:password)" (RFC 7617): the first colon is between them. LK_EINVAL, LK_ENOMEM. */
static int read_basic(struct lk_login_job *job, struct lk_slice authorization) {
    static const struct lk_slice scheme = LK_SLICE("Basic ");
    if (authorization.len <= scheme.len || !lk_slice_equal_nocase(lk_slice_make(authorization.ptr, scheme.len), scheme))
        return LK_EINVAL;
    struct lk_slice text = lk_slice_trim(lk_slice_make(authorization.ptr + scheme.len, authorization.len - scheme.len));
    char *bytes = lk_arena_alloc(job->call.arena, text.len + 1);
    if (bytes == NULL)
        return LK_ENOMEM;
    long len = lk_base64_decode(text, (uint8_t *)bytes);
    char *colon = len < 0 ? NULL : memchr(bytes, ':', (size_t)len);
    if (colon == NULL)
        return LK_EINVAL;
    job->email = lk_slice_make(bytes, (size_t)(colon - bytes));
    job->password = lk_slice_make(colon + 1, (size_t)len - job->email.len - 1);
    return 0;
}

void lk_login_handle(struct http_request *request, void *service) {
    struct lk_login_job *job = lk_login_job_new(request, service);
    const struct lk_json *body = job == NULL ? NULL : lk_login_job_body(job, body_sentence);
    if (body == NULL)
        return;
    int code = read_basic(job, lk_json_text(lk_json_get(body, "authorization")));
    if (code == LK_ENOMEM)
        lk_login_job_refuse(job, 503, "The server has no memory for this request", LK_CODE_UNAVAILABLE);
    else if (code != 0)
        lk_login_job_refuse(job, 400, body_sentence, LK_CODE_BAD_USER_INPUT);
    else
        lk_login_job_log_in(job, answer_login);
}

void lk_logout_handle(struct http_request *request, void *service) {
    struct lk_login_job *job = lk_login_job_new(request, service);
    if (job == NULL)
        return;
    struct lk_slice token = lk_bearer_token(http_request_header(request, "authorization"));
    if (token.ptr != NULL && lk_arena_copy(job->call.arena, token, &job->token) != 0)
        lk_login_job_refuse(job, 503, "The server has no memory for this request", LK_CODE_UNAVAILABLE);
    else
        lk_login_job_run(job, log_out, answer_logout);
}
