/* The resolvers, a table a file; graphql_schema.c binds them to the schema. */
#ifndef LK_API_RESOLVERS_H
#define LK_API_RESOLVERS_H

#include "graphql/schema.h"

struct lk_bindings {
    const struct gql_binding *rows;
    size_t len;
};

struct lk_bindings lk_account_bindings(void);      /* accounts, viewer, pages */
struct lk_bindings lk_key_bindings(void);          /* API keys: what is read */
struct lk_bindings lk_key_change_bindings(void);   /* API keys: what is changed */
struct lk_bindings lk_limits_bindings(void);       /* rates, credits, old secrets */
struct lk_bindings lk_group_bindings(void);        /* user groups: what is read */
struct lk_bindings lk_group_change_bindings(void); /* user groups: what is changed */
struct lk_bindings lk_user_bindings(void);         /* users */
struct lk_bindings lk_application_bindings(void);  /* applications */
struct lk_bindings lk_sso_bindings(void);          /* identity providers */
struct lk_bindings lk_audit_bindings(void);        /* the audit log */
struct lk_bindings lk_login_bindings(void);        /* passwords, the IP allow list */
struct lk_bindings lk_usage_bindings(void);        /* what keys were used for */
struct lk_bindings lk_permission_bindings(void);   /* the permissions of groups, keys and viewers */

#endif
