/* Errors of /v1 as RFC 9457 problem details, and the JSON that its requests bring. */
#ifndef LK_API_PROBLEM_H
#define LK_API_PROBLEM_H

#include "base/json_read.h"
#include "http/server.h"
#include "keyring/expression.h"

/* Answers with a problem and sends it: status, a code for programs ("BAD_USER_INPUT") and a sentence. On 401 with WWW-Authenticate. */
void lk_answer_problem(struct http_request *request, int status, const char *code, const char *detail);

/* The same for a permission expression that is none (400): with its offset and column. where comes before the sentence: "requests[3]: ", or "". */
void lk_answer_expression_problem(struct http_request *request, const char *where, const struct lk_expression_error *error);

/* Out of memory: 413 when the request has used up most of what one may have, 503 when there is none for anybody. */
void lk_answer_no_memory(struct http_request *request);

/* Adds the WWW-Authenticate of a 403: the credential is good, and a permission is lacking (RFC 6750 section 3.1). */
void lk_add_scope_challenge(struct http_request *request);

/* Whether there is room for the body that is written beside the answers that others have not taken yet. If not, it is gone. */
bool lk_body_has_room(struct http_request *request);

/* The body as JSON, in the request's arena; NULL when the answer that says why not has been sent. */
const struct lk_json *lk_json_body(struct http_request *request);

#endif
