/*
 * The register of accounts: every account that ever was, so that the audit log of none can go unnoticed, with its account or after it.
 *
 * It is a chain as an account's log is (domain/audit.h). A row says that an account was created, or that it was deleted and with which entry its log
 * ends. Row n carries MAC(audit key, previous MAC || row); the last one's position and MAC are kept under a seal of their own. Who has not the audit
 * key can add no row, so a deletion that was no deletion is found as well.
 */
#ifndef DOMAIN_ACCOUNT_REGISTER_H
#define DOMAIN_ACCOUNT_REGISTER_H

#include "domain/call.h"
#include "store/account.h"

/* Appends that the account was created, or deleted (its row as it was last). LK_ECORRUPT when the register's end is not as it was written: it must not
 * be made good by going on from there. */
int lk_register_created(struct lk_call *call, const struct lk_id *account);
int lk_register_deleted(struct lk_call *call, const struct lk_account_row *account);

/* Makes the register of a database that has never had one, of the accounts that there are and of those whose audit entries alone are left; takes the logs as
 * they are: what was done to them before stays as it is, found or not. In the transaction of the migration that makes the tables. LK_ECORRUPT when
 * the database has had a register. problem is set on failure. */
int lk_register_adopt(struct lk_db *db, const struct lk_keys *keys, struct lk_problem *problem);

#endif
