/* Backups: who may take one, and what it means to restore one. The file is domain/backup_file.h. */
#ifndef DOMAIN_BACKUP_H
#define DOMAIN_BACKUP_H

#include "domain/call.h"

/* Whether the actor may take a backup, which holds every account: it needs the operator's scope. Audited, refused or not: BACKUP, SERVER. */
int lk_backup_permit(struct lk_call *call);

/* In a database that was restored: ends all sessions, and writes into every account's audit log that it is now as it was at backup_at. Needs no actor;
 * within begin and end of an operation. */
int lk_backup_restored(struct lk_call *call, int64_t backup_at);

#endif
