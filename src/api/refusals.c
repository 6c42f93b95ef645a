#include "api/refusals.h"

static const struct lk_rate rate = {LK_REFUSALS_AN_HOUR, 3600000};

/* Ids are random in their last bytes. */
static size_t set_of(const struct lk_id *actor) {
    return actor->bytes[LK_ID_BYTES - 1] % LK_REFUSALS_SETS;
}

bool lk_refusals_are_too_many(const struct lk_refusals *refusals, const struct lk_id *actor, int64_t now_ns, struct lk_rate_state *ret) {
    for (size_t i = 0; i < LK_REFUSALS_WAYS; i++) {
        if (!lk_id_equal(&refusals->places[set_of(actor)][i].actor, actor))
            continue;
        _Atomic uint64_t word = refusals->places[set_of(actor)][i].word;
        return !lk_rate_take(&word, &rate, 1, now_ns, ret);
    }
    return false;
}

void lk_refusals_note(struct lk_refusals *refusals, const struct lk_id *actor, size_t count, int64_t now_ns) {
    size_t set = set_of(actor);
    size_t place = 0;
    for (size_t i = 0; i < LK_REFUSALS_WAYS; i++) {
        if (lk_id_equal(&refusals->places[set][i].actor, actor)) {
            place = i;
            break;
        }
        if (refusals->places[set][i].word < refusals->places[set][place].word)
            place = i;
    }
    if (!lk_id_equal(&refusals->places[set][place].actor, actor)) {
        refusals->places[set][place].actor = *actor;
        refusals->places[set][place].word = 0;
    }
    struct lk_rate_state state;
    _Atomic uint64_t *word = &refusals->places[set][place].word;
    lk_rate_take(word, &rate, 0, now_ns, &state);
    lk_rate_take(word, &rate, count < state.remaining ? (uint32_t)count : state.remaining, now_ns, &state);
}
