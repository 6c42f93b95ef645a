/* What time does to keys: old secrets that have ended are forgotten. */
#include "domain/key_rows.h"
#include "domain/rules.h"
#include "store/key_old_secret.h"

int lk_api_keys_sweep(struct lk_call *call, size_t most, bool *ret_more) {
    for (size_t i = 0; i < most; i++) {
        struct lk_id key;
        int code = lk_store_old_secret_ended(call->db, call->now_ms, &key);
        if (code == LK_ENOTFOUND) {
            *ret_more = false;
            return 0;
        }
        if (code == 0)
            code = lk_store_old_secret_clear(call->db, &key, call->now_ms);
        code = code == 0 ? lk_changed(call, LK_CHANGE_KEY_WRITTEN, &key) : lk_fail_store(call, code);
        if (code != 0)
            return code;
    }
    *ret_more = true;
    return 0;
}
