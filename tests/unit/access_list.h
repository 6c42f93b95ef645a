/* Files with an access control list, such as systemd's credentials are. */
#ifndef LK_TESTS_ACCESS_LIST_H
#define LK_TESTS_ACCESS_LIST_H

#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/xattr.h>

/* Bits of 4 (read) and 2 (write). */
struct access_list {
    unsigned owner, user, user_may, group, named_group, others;
};

/* False where the file system has no such lists. */
static inline bool access_list_set(const char *path, const struct access_list *list) {
    const uint32_t nobody = UINT32_MAX;
    const struct {
        struct posix_acl_xattr_header header;
        struct posix_acl_xattr_entry entries[6];
    } acl = {{POSIX_ACL_XATTR_VERSION},
             {{ACL_USER_OBJ, (uint16_t)list->owner, nobody},
              {ACL_USER, (uint16_t)list->user_may, list->user},
              {ACL_GROUP_OBJ, (uint16_t)list->group, nobody},
              {ACL_GROUP, (uint16_t)list->named_group, 12345},
              {ACL_MASK, 6, nobody},
              {ACL_OTHER, (uint16_t)list->others, nobody}}};
    return setxattr(path, "system.posix_acl_access", &acl, sizeof acl, 0) == 0 || errno != EOPNOTSUPP;
}

#endif
