#include "api/backup.h"

#include "api/credential.h"
#include "api/errors.h"
#include "api/peer.h"
#include "api/problem.h"
#include "api/rate_headers.h"
#include "api/refusals.h"
#include "api/verify.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/session_token.h"
#include "domain/backup.h"
#include "domain/backup_file.h"
#include "domain/session.h"
#include "store/backup.h"
#include "store/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_FILE "backup.tmp"

/* Pages that are copied between two transactions: a mebibyte. */
#define STEP_PAGES 256

#define READ_BYTES ((size_t)128 << 10)

/* One request. Lives in the request's arena until it is answered. */
struct backup {
    struct lk_job job; /* first: the executor hands it back */
    struct http_request *request;
    struct lk_backup_service *service;
    struct lk_slice credential;
    struct lk_call call;
    struct lk_ip client_ip; /* of call, where it is known */
    struct lk_problem problem;
    struct lk_rate_state rate; /* when code is LK_ELIMIT: the actor was refused too often */
    int code;
};

/* What is sent. */
struct copy_file {
    struct lk_backup_service *service;
    int fd;
    uint64_t len; /* of the database */
    uint8_t header[LK_BACKUP_HEADER_BYTES];
    uint8_t trailer[LK_BACKUP_TRAILER_BYTES];
};

struct lk_backup_service {
    struct lk_backup_config config;
    char *path; /* of the copy */
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    struct backup *wanted; /* permitted, not begun */
    bool stepped;          /* the store thread has done the step that was asked for */
    bool stopping;
    atomic_bool busy;      /* a backup is permitted, made or sent */
    atomic_bool cancelled; /* the server is stopping */
    /* Of the copy under way: the store thread's while a step is asked for, else the backup thread's. */
    struct lk_job step;
    struct lk_db_copy *copy;
    struct lk_problem problem;
    int step_code;
    int64_t created_at;
};

/* --- answers --- */

static int status_of(int code) {
    switch (code) {
    case LK_EUNAUTH: return 401;
    case LK_EFORBIDDEN: return 403;
    case LK_ECONFLICT: return 409;
    case LK_ELIMIT: return 429;
    default: return 503;
    }
}

/* For an operator: it says what went wrong, where that is not a defect. */
static void answer_failure(struct http_request *request, int code, const struct lk_problem *problem) {
    bool shown = problem->code == code && (!lk_api_is_internal(code) || code == LK_EFULL);
    if (code != LK_EBUSY && lk_api_is_internal(code))
        lk_log(LK_LOG_ERROR, "a backup failed: %s", problem->code == code ? problem->text : lk_error_text(code));
    if (status_of(code) == 401)
        http_add_header(request, "WWW-Authenticate", lk_slice_cstr("Bearer realm=\"latchkey\""));
    if (status_of(code) == 403)
        lk_add_scope_challenge(request);
    http_set_status(request, status_of(code));
    http_add_header(request, "Content-Type", lk_slice_cstr("application/json; charset=utf-8"));
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    if (status_of(code) == 503)
        http_add_header(request, "Retry-After", lk_slice_cstr("10"));
    const char *hidden = code == LK_EBUSY   ? "The server is busy or stopping; try again"
                         : code == LK_EFULL ? "The disk of the database is full: free some of it"
                                            : "The server cannot make a backup now; its log says why";
    lk_api_write_error(http_body(request), shown && code != LK_EBUSY ? problem->text : hidden,
                       code == LK_ELIMIT ? LK_CODE_RATE_LIMITED : lk_api_code(code), NULL);
    http_send(request);
}

/* A backup that was permitted ends without a file. */
static void give_up(struct backup *backup, int code, const struct lk_problem *problem) {
    struct lk_backup_service *service = backup->service;
    struct http_request *request = backup->request;
    struct lk_problem why = *problem; /* the answer takes the arena with it */
    atomic_store(&service->busy, false);
    answer_failure(request, code, &why);
}

/* --- sending --- */

static long read_at(int fd, char *out, size_t len, uint64_t offset) {
    ssize_t n;
    do
        n = pread(fd, out, len, (off_t)offset);
    while (n < 0 && errno == EINTR);
    return n > 0 ? (long)n : -1;
}

static long read_memory(const uint8_t *bytes, size_t len, uint64_t offset, char *out, size_t room) {
    size_t n = len - (size_t)offset < room ? len - (size_t)offset : room;
    memcpy(out, bytes + offset, n);
    return (long)n;
}

/* Of what was written a moment ago: rarely from the disk itself. */
static long read_copy(void *context, uint64_t offset, char *out, size_t room) {
    const struct copy_file *file = context;
    if (offset < LK_BACKUP_HEADER_BYTES)
        return read_memory(file->header, sizeof(file->header), offset, out, room);
    offset -= LK_BACKUP_HEADER_BYTES;
    if (offset >= file->len)
        return read_memory(file->trailer, sizeof(file->trailer), offset - file->len, out, room);
    uint64_t left = file->len - offset;
    return read_at(file->fd, out, left < room ? (size_t)left : room, offset);
}

static void close_copy(void *context) {
    struct copy_file *file = context;
    close(file->fd);
    atomic_store(&file->service->busy, false);
    free(file);
}

static int add_file(struct lk_checksum *checksum, int fd, uint64_t len, struct lk_problem *problem) {
    char *bytes = malloc(READ_BYTES);
    if (bytes == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    int code = 0;
    for (uint64_t at = 0; at < len && code == 0;) {
        long n = read_at(fd, bytes, len - at < READ_BYTES ? (size_t)(len - at) : READ_BYTES, at);
        if (n < 0) {
            code = lk_problem_set(problem, LK_EIO, "The copy of the database cannot be read: %s", strerror(errno));
        } else {
            lk_checksum_add(checksum, lk_slice_make(bytes, (size_t)n));
            at += (uint64_t)n;
        }
    }
    free(bytes);
    return code;
}

static int frame(const struct lk_backup_service *service, struct copy_file *file, struct lk_problem *problem) {
    struct lk_backup_header header = {.schema_version = lk_migrate_version(), .created_at = service->created_at, .database_len = file->len};
    lk_keys_check(service->config.keys, header.keys_check);
    lk_backup_header_write(&header, file->header);
    struct lk_checksum checksum;
    lk_checksum_begin(&checksum);
    lk_checksum_add(&checksum, lk_slice_make((const char *)file->header, sizeof(file->header)));
    int code = add_file(&checksum, file->fd, file->len, problem);
    if (code != 0)
        return code;
    lk_checksum_end(&checksum, file->trailer);
    lk_backup_seal(service->config.keys, file->trailer, file->trailer + LK_CHECKSUM_BYTES);
    return 0;
}

/* The copy as what is sent; its name is gone afterwards, in any case. */
static int open_file(struct lk_backup_service *service, struct copy_file **ret, struct lk_problem *problem) {
    struct stat status;
    int fd = open(service->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int error = fd < 0 || fstat(fd, &status) != 0 ? errno : 0;
    unlink(service->path);
    struct copy_file *file = calloc(1, sizeof(*file));
    int code;
    if (file == NULL) {
        code = lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    } else if (error != 0) {
        code = lk_problem_set(problem, LK_EIO, "The copy of the database cannot be read: %s", strerror(error));
    } else {
        *file = (struct copy_file){.service = service, .fd = fd, .len = (uint64_t)status.st_size};
        code = frame(service, file, problem);
    }
    if (code != 0) {
        if (fd >= 0)
            close(fd);
        free(file);
        return code;
    }
    *ret = file;
    return 0;
}

static void send_file(struct backup *backup, struct copy_file *file) {
    static const char name[] = "attachment; filename=\"latchkey-%.10s.backup\"";
    struct http_request *request = backup->request;
    char time[25];
    lk_clock_format(backup->service->created_at, time);
    char *disposition = lk_arena_printf(http_request_arena(request), name, time);
    if (disposition != NULL)
        http_add_header(request, "Content-Disposition", lk_slice_cstr(disposition));
    http_add_header(request, "Content-Type", lk_slice_cstr("application/octet-stream"));
    http_add_header(request, "Cache-Control", lk_slice_cstr("no-store"));
    const struct http_source source = {read_copy, close_copy, file, LK_BACKUP_HEADER_BYTES + file->len + LK_BACKUP_TRAILER_BYTES};
    http_set_source(request, &source);
    http_send(request);
}

/* --- copying --- */

static void run_nothing(struct lk_job *job, struct lk_db *db) {
    (void)job;
    (void)db;
}

/* On the store thread, after a commit: no transaction is open, which is when a copy may be made. */
static void finish_step(struct lk_job *job, int committed) {
    struct lk_backup_service *service = (struct lk_backup_service *)((char *)job - offsetof(struct lk_backup_service, step));
    int code = 0;
    if (atomic_load(&service->cancelled))
        code = LK_EBUSY;
    else if (committed != 0)
        code = committed;
    else if (service->copy == NULL)
        code = lk_db_copy_begin(service->config.db, service->path, &service->copy, &service->problem);
    if (code == 0)
        code = lk_db_copy_step(service->copy, STEP_PAGES, &service->problem);
    if (code <= 0) {
        service->created_at = lk_clock_wall_ms(); /* all that was answered until now is in it */
        lk_db_copy_end(service->copy);
        service->copy = NULL;
    }
    pthread_mutex_lock(&service->mutex);
    service->step_code = code;
    service->stepped = true;
    pthread_cond_broadcast(&service->changed);
    pthread_mutex_unlock(&service->mutex);
}

/* Asks the store thread for one step and waits for it. As lk_db_copy_step. */
static int make_step(struct lk_backup_service *service) {
    service->step = (struct lk_job){NULL, run_nothing, finish_step};
    service->stepped = false;
    (void)lk_executor_submit(service->config.executor, &service->step); /* not refused: the executor stops only after this thread */
    pthread_mutex_lock(&service->mutex);
    while (!service->stepped)
        pthread_cond_wait(&service->changed, &service->mutex);
    int code = service->step_code;
    pthread_mutex_unlock(&service->mutex);
    return code;
}

static void make_backup(struct lk_backup_service *service, struct backup *backup) {
    int64_t began = lk_clock_mono_ns();
    struct copy_file *file = NULL;
    int code;
    service->problem = (struct lk_problem){0};
    do
        code = make_step(service);
    while (code > 0);
    if (code == 0)
        code = open_file(service, &file, &service->problem);
    else
        unlink(service->path);
    if (code != 0) {
        give_up(backup, code, &service->problem);
        return;
    }
    lk_log(LK_LOG_INFO, "backup of %llu bytes made in %lld ms", (unsigned long long)file->len,
           (long long)((lk_clock_mono_ns() - began) / 1000000));
    send_file(backup, file);
}

static void *run_thread(void *context) {
    struct lk_backup_service *service = context;
    pthread_setname_np(pthread_self(), "backup");
    for (;;) {
        pthread_mutex_lock(&service->mutex);
        while (service->wanted == NULL && !service->stopping)
            pthread_cond_wait(&service->changed, &service->mutex);
        struct backup *backup = service->wanted;
        service->wanted = NULL;
        pthread_mutex_unlock(&service->mutex);
        if (backup == NULL)
            return NULL;
        make_backup(service, backup);
    }
}

/* --- asking --- */

static int authenticate(struct backup *backup) {
    if (lk_session_token_like(backup->credential))
        return lk_authenticate_session(&backup->call, backup->credential, lk_slice_make(NULL, 0));
    return lk_authenticate_key(&backup->call, backup->credential);
}

static int permit(struct backup *backup) {
    struct lk_rate_table *refusals = backup->service->config.refusals;
    int code = authenticate(backup);
    if (code == 0 && lk_refusals_are_too_many(refusals, &backup->call.actor->id, lk_clock_mono_ns(), &backup->rate))
        code = lk_problem_set(&backup->problem, LK_ELIMIT,
                              "Too many requests were refused lately; the Retry-After header says when to try again");
    if (code == 0)
        code = lk_operation_begin(&backup->call);
    if (code != 0)
        return code;
    code = lk_backup_permit(&backup->call);
    if (code == LK_EFORBIDDEN)
        lk_refusals_note(refusals, &backup->call.actor->id, lk_clock_mono_ns());
    if (code == 0 && atomic_load(&backup->service->busy))
        code = lk_problem_set(&backup->problem, LK_ECONFLICT, "A backup is being made or sent already: wait until it is over");
    int ended = lk_operation_end(&backup->call, code != 0);
    return ended != 0 ? ended : code;
}

static void run_permit(struct lk_job *job, struct lk_db *db) {
    struct backup *backup = (struct backup *)job;
    backup->call.db = db;
    backup->code = permit(backup);
    if (backup->code == 0)
        atomic_store(&backup->service->busy, true); /* only this thread takes it */
}

static void finish_permit(struct lk_job *job, int committed) {
    struct backup *backup = (struct backup *)job;
    struct lk_backup_service *service = backup->service;
    lk_turns_give_back(service->config.turns, backup->job.owner);
    if (committed != 0 && backup->code == 0) {
        give_up(backup, committed, &backup->problem);
    } else if (committed != 0 || backup->code != 0) {
        struct lk_problem problem = backup->problem;
        if (committed == 0 && backup->code == LK_ELIMIT)
            lk_add_retry_after(backup->request, &backup->rate);
        answer_failure(backup->request, committed != 0 ? committed : backup->code, &problem);
    } else {
        pthread_mutex_lock(&service->mutex);
        service->wanted = backup;
        pthread_cond_broadcast(&service->changed);
        pthread_mutex_unlock(&service->mutex);
    }
}

void lk_backup_handle(struct http_request *request, void *context) {
    struct lk_backup_service *service = context;
    const struct lk_backup_config *config = &service->config;
    struct backup *backup = LK_ARENA_NEW(http_request_arena(request), struct backup);
    const struct lk_problem none = {0};
    if (backup == NULL ||
        lk_request_call(config->lanes, request, config->domain, &backup->client_ip, &backup->problem, &backup->call) != 0) {
        answer_failure(request, LK_ENOMEM, &none);
        return;
    }
    backup->job = (struct lk_job){NULL, run_permit, finish_permit};
    backup->request = request;
    backup->service = service;
    backup->credential = lk_credential(request);
    backup->code = LK_EBUSY; /* until it has run: where no transaction can be begun it does not */
    struct lk_verify_answer key;
    if (!lk_recognise(config->lanes, request, backup->credential, &key)) {
        lk_problem_set(&backup->problem, LK_EUNAUTH, "Invalid API Key");
        answer_failure(request, LK_EUNAUTH, &backup->problem);
    } else if (!lk_turns_take_of(config->turns, config->lanes, request, backup->credential, &backup->job.owner)) {
        answer_failure(request, LK_EBUSY, &none);
    } else if (lk_executor_submit(config->executor, &backup->job) != 0) {
        lk_turns_give_back(config->turns, backup->job.owner);
        answer_failure(request, LK_EBUSY, &none);
    }
}

/* --- life --- */

static int start_thread(struct lk_backup_service *service) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&service->thread, NULL, run_thread, service);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? 0 : LK_ENOMEM;
}

int lk_backup_service_start(const struct lk_backup_config *config, struct lk_backup_service **ret) {
    struct lk_backup_service *service = calloc(1, sizeof(*service));
    if (service == NULL)
        return LK_ENOMEM;
    service->config = *config;
    int code = LK_ENOMEM;
    if (asprintf(&service->path, "%s/" COPY_FILE, config->data) < 0)
        goto free_service;
    unlink(service->path); /* what a server that was killed may have left */
    if (pthread_mutex_init(&service->mutex, NULL) != 0)
        goto free_path;
    if (pthread_cond_init(&service->changed, NULL) != 0)
        goto destroy_mutex;
    code = start_thread(service);
    if (code != 0)
        goto destroy_condition;
    *ret = service;
    return 0;

destroy_condition:
    pthread_cond_destroy(&service->changed);
destroy_mutex:
    pthread_mutex_destroy(&service->mutex);
free_path:
    free(service->path);
free_service:
    free(service);
    return code;
}

void lk_backup_service_cancel(struct lk_backup_service *service) {
    if (service != NULL)
        atomic_store(&service->cancelled, true);
}

void lk_backup_service_stop(struct lk_backup_service *service) {
    if (service == NULL)
        return;
    pthread_mutex_lock(&service->mutex);
    service->stopping = true;
    pthread_cond_broadcast(&service->changed);
    pthread_mutex_unlock(&service->mutex);
    pthread_join(service->thread, NULL);
}

void lk_backup_service_free(struct lk_backup_service *service) {
    if (service == NULL)
        return;
    pthread_cond_destroy(&service->changed);
    pthread_mutex_destroy(&service->mutex);
    free(service->path);
    free(service);
}
