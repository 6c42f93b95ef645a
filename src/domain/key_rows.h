/* Keys from their rows, for the other files of this room. */
#ifndef DOMAIN_KEY_ROWS_H
#define DOMAIN_KEY_ROWS_H

#include "domain/api_key.h"
#include "store/api_key.h"

/* As shown; texts are shared with the row. */
int lk_to_key(struct lk_call *call, const struct lk_key_row *row, struct lk_api_key *ret);

/* A key of the actor's account by its id as text. LK_ENOTFOUND "API key does not exist". */
int lk_find_key(struct lk_call *call, struct lk_slice id, struct lk_key_row *ret);

/* What reading keys of the actor's account needs. LK_EFORBIDDEN. */
int lk_require_read_keys(struct lk_call *call);

#endif
