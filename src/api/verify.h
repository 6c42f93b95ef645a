/* Verification as a service (docs/openapi.yaml): keys:verify and keys:batchVerify. */
#ifndef LK_API_VERIFY_H
#define LK_API_VERIFY_H

#include "api/lanes.h"

#define LK_BATCH_MAX 1000

struct lk_verify_service {
    const struct lk_lanes *lanes;
    struct lk_expression *may_verify; /* what a caller must hold */
};

/* LK_ENOMEM. close: a zeroed one is fine. */
int lk_verify_service_open(const struct lk_lanes *lanes, struct lk_verify_service *ret);
void lk_verify_service_close(struct lk_verify_service *service);

/* Verifies the key of who asks, without counting it or taking from its limits. require NULL: any valid key. */
enum lk_verify_code lk_verify_caller(const struct lk_lanes *lanes, const struct http_request *request, struct lk_slice token,
                                     const struct lk_expression *require, struct lk_verify_answer *ret);

/* Whether a credential may be somebody's, by what the keyring knows. What a bad key asks for is refused by this, on the I/O thread: then it costs no reading and the store
 * thread nothing, whether there is such a key or not, and so the time of a refusal does not tell. The store thread asks again, in the transaction, and more: from
 * where the key may be used. Sessions are known there only; of those it is asked whether they have the form. ret->known: it is a key. */
bool lk_recognise(const struct lk_lanes *lanes, const struct http_request *request, struct lk_slice credential,
                  struct lk_verify_answer *ret);

/* The same before the request is read, for lk_route.admits, and without a trace: whether it is worth its body. */
bool lk_may_be_recognised(const struct lk_lanes *lanes, const struct http_request *request, bool *ret_known);

/* Whether a key is there, enabled and not expired, whatever else came of its verification. */
bool lk_is_recognised(enum lk_verify_code code);

/* An lk_route.admits, and http_handlers, whose context is a struct lk_verify_service. */
bool lk_verify_admits(const struct http_request *request, void *service, bool *ret_known);
void lk_verify_handle(struct http_request *request, void *service);
void lk_verify_handle_batch(struct http_request *request, void *service);

#endif
