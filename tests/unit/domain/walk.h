/* Random walks through the operations of the domain: what they are made of. Each comes again with its seed. */
#ifndef LK_TESTS_DOMAIN_WALK_H
#define LK_TESTS_DOMAIN_WALK_H

#include "fixture.h"

struct walk {
    struct fixture *f;
    uint64_t random;
    long done, refused;
};

static inline unsigned next(struct walk *w, unsigned below) {
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(w->random >> 33) % below;
}

enum { KEYS, USERS, GROUPS, ADDRESSES };

#define WALK_ANY(table) "SELECT id FROM " table " ORDER BY id LIMIT 1 OFFSET $1 % (SELECT max(1, count(*)) FROM " table ")"

/* One of the ids of a table; false when it is empty. */
static inline bool any_id(struct walk *w, int table, struct lk_id *ret) {
    static const char *const texts[] = {WALK_ANY("api_key"), WALK_ANY("user_account"), WALK_ANY("user_group"), WALK_ANY("ip_allow")};
    struct lk_stmt *stmt = lk_db_stmt(w->f->db, texts[table]);
    lk_bind_int(stmt, 1, next(w, 1000));
    if (lk_step(stmt) != 1)
        return false;
    assert_int_equal(lk_column_id(stmt, 0, ret), 0);
    lk_stmt_reset(stmt);
    return true;
}

/* Ends the operation of a step, and counts it. */
static inline void end_step(struct walk *w, int code) {
    assert_int_equal(lk_operation_end(&w->f->call, code != 0), 0);
    if (code == 0)
        w->done++;
    else
        w->refused++;
}

#endif
