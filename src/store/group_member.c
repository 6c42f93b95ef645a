#include "store/group_member.h"

int lk_store_member_add(struct lk_db *db, const struct lk_id *group, const struct lk_id *user) {
    struct lk_stmt *stmt = lk_db_stmt(db, "INSERT INTO group_member (group_id, user_id) VALUES ($1, $2)");
    lk_bind_id(stmt, 1, group);
    lk_bind_id(stmt, 2, user);
    return lk_run(stmt);
}

int lk_store_member_remove(struct lk_db *db, const struct lk_id *group, const struct lk_id *user) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM group_member WHERE group_id = $1 AND user_id = $2");
    lk_bind_id(stmt, 1, group);
    lk_bind_id(stmt, 2, user);
    int code = lk_run(stmt);
    return code == 0 && lk_db_changes(db) == 0 ? LK_ENOTFOUND : code;
}

int lk_store_member_has(struct lk_db *db, const struct lk_id *group, const struct lk_id *user, bool *ret) {
    struct lk_stmt *stmt = lk_db_stmt(db, "SELECT 1 FROM group_member WHERE group_id = $1 AND user_id = $2");
    lk_bind_id(stmt, 1, group);
    lk_bind_id(stmt, 2, user);
    int code = lk_step(stmt);
    if (code < 0)
        return code;
    lk_stmt_reset(stmt);
    *ret = code == 1;
    return 0;
}

int lk_store_member_clear_user(struct lk_db *db, const struct lk_id *user) {
    struct lk_stmt *stmt = lk_db_stmt(db, "DELETE FROM group_member WHERE user_id = $1");
    lk_bind_id(stmt, 1, user);
    return lk_run(stmt);
}
