/*
 * GET /v1/backup: the whole database, consistent, as one file (domain/backup_file.h), for who holds the operator's scope.
 *
 * A thread of its own has the store thread copy the database into a file in the data directory, some pages after each of its transactions, so that neither
 * changes nor verification wait long; it then reckons the checksum, and the file is sent while it is read. It has no name any more by then, so nothing is
 * left of it whatever happens. One backup at a time, from the copy to the last byte sent.
 */
#ifndef LK_API_BACKUP_H
#define LK_API_BACKUP_H

#include "api/lanes.h"
#include "api/rate_table.h"
#include "api/turns.h"
#include "domain/call.h"
#include "http/server.h"
#include "store/executor.h"

struct lk_backup_service;

struct lk_backup_config {
    struct lk_db *db;
    struct lk_executor *executor;
    struct lk_domain *domain;
    const struct lk_keys *keys;
    const struct lk_lanes *lanes;   /* open before the first request */
    struct lk_rate_table *refusals; /* api/refusals.h */
    struct lk_turns *turns;
    const char *data; /* the data directory; all are lent until free */
};

/* Starts the thread. LK_ENOMEM. */
int lk_backup_service_start(const struct lk_backup_config *config, struct lk_backup_service **ret);

/* Gives up a copy under way (503) and every later one. Before the HTTP server stops, which waits for what is unanswered. NULL is fine. */
void lk_backup_service_cancel(struct lk_backup_service *service);

/* Ends the thread; before the executor stops. NULL is fine. */
void lk_backup_service_stop(struct lk_backup_service *service);

/* After the HTTP server is freed, which closes what is being sent. NULL is fine. */
void lk_backup_service_free(struct lk_backup_service *service);

/* An http_handler; context is the struct lk_backup_service. */
void lk_backup_handle(struct http_request *request, void *context);

#endif
