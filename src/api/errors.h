/* How errors look to a GraphQL client: extensions.code, and whole answers that carry one error. */
#ifndef LK_API_ERRORS_H
#define LK_API_ERRORS_H

#include "base/buf.h"
#include "base/error.h"

#define LK_CODE_UNAUTHENTICATED "UNAUTHENTICATED"
#define LK_CODE_FORBIDDEN "FORBIDDEN"
#define LK_CODE_BAD_USER_INPUT "BAD_USER_INPUT"
#define LK_CODE_NOT_FOUND "NOT_FOUND"
#define LK_CODE_CONFLICT "CONFLICT"
#define LK_CODE_RATE_LIMITED "RATE_LIMITED"
#define LK_CODE_PARSE_FAILED "GRAPHQL_PARSE_FAILED"
#define LK_CODE_VALIDATION_FAILED "GRAPHQL_VALIDATION_FAILED"
#define LK_CODE_UNAVAILABLE "UNAVAILABLE"
#define LK_CODE_INTERNAL "INTERNAL"

/* The extensions.code of an enum lk_error. Static; INTERNAL for anything that is not the client's doing and will not pass by itself. */
const char *lk_api_code(int error);

/* Whether error says nothing about what the client sent: the client gets a general sentence, the log the details. */
bool lk_api_is_internal(int error);

/* Stars out what looks like an API key of ours or a session token, also one that lacks some characters or was cut: who mistook a secret for another value must not
 * find it in the logs of whoever keeps error messages. */
void lk_conceal_tokens(char *message);

/* Appends {"errors":[{"message":…,"extensions":{"code":…}}]}; with a requestId member in extensions unless request_id is NULL. */
void lk_api_write_error(struct lk_buf *out, const char *message, const char *code, const char *request_id);

#endif
