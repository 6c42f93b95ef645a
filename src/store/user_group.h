/* Rows of user_group. Contract: see store/account.h. */
#ifndef STORE_USER_GROUP_H
#define STORE_USER_GROUP_H

#include "base/arena.h"
#include "store/db.h"

struct lk_group_row {
    struct lk_id id;
    struct lk_id account_id;
    struct lk_slice name;
    struct lk_slice description; /* ptr NULL for none */
    struct lk_slice permissions; /* document */
    bool manages;                /* whether permissions suffice to manage users and groups */
    bool has_provider;
    struct lk_id provider_id; /* identity provider that it is linked to */
    struct lk_slice settings; /* document */
    int64_t created_at;
    int64_t updated_at;
};

/* What an actor or a check needs of a group. */
struct lk_group_permissions_row {
    struct lk_id id;
    struct lk_slice name;
    struct lk_slice permissions;
};

/* insert and update: LK_ECONFLICT when the account has a group of that name. update writes name, description, permissions, manages, provider, settings, updated_at. */
int lk_store_group_insert(struct lk_db *db, const struct lk_group_row *row);
int lk_store_group_update(struct lk_db *db, const struct lk_group_row *row);

/* Also takes it from its keys and users. LK_ENOTFOUND. */
int lk_store_group_delete(struct lk_db *db, const struct lk_id *id);

int lk_store_group_find(struct lk_db *db, const struct lk_id *account, const struct lk_id *id, struct lk_arena *arena,
                        struct lk_group_row *ret);
int lk_store_group_find_by_name(struct lk_db *db, const struct lk_id *account, struct lk_slice name, struct lk_arena *arena,
                                struct lk_group_row *ret);

/* In order of name. */
int lk_store_group_list(struct lk_db *db, const struct lk_id *account, int64_t limit, int64_t offset, struct lk_arena *arena,
                        struct lk_group_row **ret, size_t *ret_len);
int lk_store_group_count(struct lk_db *db, const struct lk_id *account, int64_t *ret);
int lk_store_group_list_of_key(struct lk_db *db, const struct lk_id *key, int64_t limit, int64_t offset, struct lk_arena *arena,
                               struct lk_group_row **ret, size_t *ret_len);
int lk_store_group_count_of_key(struct lk_db *db, const struct lk_id *key, int64_t *ret);
int lk_store_group_list_of_user(struct lk_db *db, const struct lk_id *user, int64_t limit, int64_t offset, struct lk_arena *arena,
                                struct lk_group_row **ret, size_t *ret_len);
int lk_store_group_count_of_user(struct lk_db *db, const struct lk_id *user, int64_t *ret);

/* All groups of a key or user, in order of id. */
int lk_store_group_permissions_of_key(struct lk_db *db, const struct lk_id *key, struct lk_arena *arena,
                                      struct lk_group_permissions_row **ret, size_t *ret_len);
int lk_store_group_permissions_of_user(struct lk_db *db, const struct lk_id *user, struct lk_arena *arena,
                                       struct lk_group_permissions_row **ret, size_t *ret_len);

/* Called with groups; what it is given is lent for the call, in which it may not use the database. A result other than 0 ends the reading and becomes its
 * result. */
typedef int (*lk_group_each)(void *context, const struct lk_group_permissions_row *row);

/* All groups of an account, the oldest first. */
int lk_store_group_each(struct lk_db *db, const struct lk_id *account, lk_group_each each, void *context);

/* By whom a group's permissions are held: users with a password, and enabled keys. Of these, some or all that are limited: users by the addresses that the
 * account lets them log in from (store/ip_allow.h), keys by an expiry that is after now_ms, or by a list of addresses. */
enum lk_keepers {
    LK_KEEPERS_UNLIMITED, /* nobody who is limited */
    LK_KEEPERS_USERS,     /* users, limited or not, and keys that are not */
    LK_KEEPERS_ALL,
};

/* Groups of an account that may hold a right of domain/lockout.h (a superset, to look into), and in which is one of the keepers; except: a key that is none (NULL:
 * no such). Those that manage users come first. */
int lk_store_group_each_keeper(struct lk_db *db, const struct lk_id *account, enum lk_keepers keepers, const struct lk_id *except,
                               int64_t now_ms, lk_group_each each, void *context);

/* Ids of the groups of an account whose permissions may name an application (its 22 characters): a superset, to look into. */
int lk_store_group_list_naming(struct lk_db *db, const struct lk_id *account, struct lk_slice application, struct lk_arena *arena,
                               struct lk_id **ret, size_t *ret_len);

#endif
