/* How a scope is spelled: the name of a permission that only its users know the meaning of. */
#ifndef BASE_SCOPE_H
#define BASE_SCOPE_H

#include "base/slice.h"

#include <stdbool.h>

#define LK_SCOPE_BYTES_MAX 255

/* Whether a text is made as a scope is: of 1 to LK_SCOPE_BYTES_MAX letters, digits and `._-:/`, not beginning with a dot; it may end in `.*`, or be `*`. */
bool lk_scope_is_spelled(struct lk_slice scope);

/* Whether permission expressions read it as something else, so that no group may give it: AND, OR, NOT, and what begins with `app:`. (And the names of
 * account permissions, where there are such.) */
bool lk_scope_is_reserved(struct lk_slice scope);

#endif
