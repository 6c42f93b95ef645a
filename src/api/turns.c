#include "api/turns.h"

#include "api/rate_table.h"
#include "crypto/session_token.h"

/* FNV-1a. Nobody else knows a credential, and so with whose another would share its turns. Not 0, which is the server itself. */
static uint32_t owner_of(struct lk_slice credential, uint32_t seed) {
    uint32_t hash = 2166136261U ^ seed;
    for (size_t i = 0; i < credential.len; i++)
        hash = (hash ^ (unsigned char)credential.ptr[i]) * 16777619U;
    return 1 + (hash ^ hash >> 16) % LK_JOB_OWNERS;
}

bool lk_turns_take(struct lk_turns *turns, struct lk_slice credential, uint32_t *ret_owner) {
    uint32_t owner = owner_of(credential, turns->seed);
    if (atomic_fetch_add_explicit(&turns->waiting[owner], 1, memory_order_relaxed) < LK_TURNS_MAX) {
        *ret_owner = owner;
        return true;
    }
    lk_turns_give_back(turns, owner);
    return false;
}

bool lk_turns_take_of(struct lk_turns *turns, const struct lk_lanes *lanes, const struct http_request *request, struct lk_slice credential,
                      uint32_t *ret_owner) {
    struct lk_ip ip;
    if (credential.ptr != NULL && !lk_session_token_like(credential))
        return lk_turns_take(turns, credential, ret_owner);
    const struct lk_id subject = lk_rate_subject_of_ip(lk_client_ip(lanes, request, &ip) ? &ip : NULL);
    return lk_turns_take(turns, lk_slice_make((const char *)subject.bytes, sizeof(subject.bytes)), ret_owner);
}

void lk_turns_give_back(struct lk_turns *turns, uint32_t owner) {
    atomic_fetch_sub_explicit(&turns->waiting[owner], 1, memory_order_relaxed);
}
