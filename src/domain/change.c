#include "domain/change.h"

#include "domain/rules.h"

void lk_domain_observe(struct lk_domain *domain, const struct lk_change_observer *observer) {
    domain->observer = observer;
}

int lk_changed(struct lk_call *call, enum lk_change_kind kind, const struct lk_id *id) {
    struct lk_change *change = LK_ARENA_NEW(call->arena, struct lk_change);
    if (change == NULL)
        return lk_fail_memory(call);
    change->kind = kind;
    change->id = *id;
    if (call->last_change != NULL)
        call->last_change->next = change;
    else
        call->changes = change;
    call->last_change = change;
    return 0;
}
