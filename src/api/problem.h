/* Errors of /v1 as RFC 9457 problem details. */
#ifndef LK_API_PROBLEM_H
#define LK_API_PROBLEM_H

#include "http/server.h"
#include "keyring/expression.h"

/* Answers with a problem and sends it: status, a code for programs ("BAD_USER_INPUT") and a sentence. On 401 with WWW-Authenticate. */
void lk_answer_problem(struct http_request *request, int status, const char *code, const char *detail);

/* The same for a permission expression that is none (400): with its offset and column. */
void lk_answer_expression_problem(struct http_request *request, const struct lk_expression_error *error);

#endif
