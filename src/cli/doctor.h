/* What `latchkey doctor` finds. One list a run; nothing is changed by any check. */
#ifndef LK_CLI_DOCTOR_H
#define LK_CLI_DOCTOR_H

#include "cli/session.h"

#include <sys/types.h>

#define DOCTOR_FINDINGS_MAX 64
#define DOCTOR_DAY_MS INT64_C(86400000)
#define DOCTOR_EXPIRY_DAYS 30 /* certificates */
#define DOCTOR_UNUSED_DAYS 90 /* keys */
#define DOCTOR_CLOCK_MS 30000

struct doctor_finding {
    const char *check; /* what was looked at: "files", "certificate"; static */
    char *problem;     /* a sentence: what is wrong */
    char *remedy;      /* a sentence: what to do */
};

struct doctor {
    struct lk_arena arena;
    struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
    size_t len;
    size_t checks; /* how many things were looked at */
    uid_t user;    /* the server's: whom the data directory belongs to, or this process's where there is none */
};

/* Adds a finding; remedy is static or in the arena. What finds no room is dropped: there is enough to do. */
void doctor_find(struct doctor *doctor, const char *check, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A data directory, also of a running server: who may read its files and who may write them, whether there is room on its disk, and whether its database and
 * audit log are whole (stopped) or its process confined (running). */
void doctor_data(struct doctor *doctor, const char *dir, const char *master_key_file);

/* A certificate and its key on this machine; NULL for none. */
void doctor_certificate(struct doctor *doctor, const char *cert, const char *key);

/* Is the expiry of a certificate (milliseconds) near, or over? where names it; if_over says what follows from that (", so ..." or ""). */
void doctor_expiry(struct doctor *doctor, const char *where, int64_t expires_at, const char *if_over);

/* A file that only its owner and the server's user may read. required: it must be there. */
void doctor_private(struct doctor *doctor, const char *path, bool required);

/* The server that the session's arguments name: whether it answers, its clock and its certificate; and, where there is a key to ask with, doctor_keys. */
void doctor_server(struct doctor *doctor, struct cli_session *session);

/* The keys that the session's own may read. 0, or negative with the session's problem set when they cannot be asked for. */
int doctor_keys(struct doctor *doctor, struct cli_session *session);

#endif
