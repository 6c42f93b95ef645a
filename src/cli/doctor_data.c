/* latchkey doctor, on the machine itself. */
#include "cli/doctor.h"

#include "api/keyring_feed.h"
#include "api/store_open.h"
#include "base/clock.h"
#include "base/file.h"
#include "domain/audit.h"
#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

/* By its mode alone where the file cannot be opened. */
static bool is_shared(const struct doctor *doctor, const char *path, mode_t mode) {
    int fd = (mode & 077) == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return (mode & 077) != 0;
    bool shared = lk_file_is_shared(fd, mode, doctor->user);
    close(fd);
    return shared;
}

/* A command, which somebody will copy: what to do, and to which file. NULL: out of memory. */
static const char *command_on(struct doctor *doctor, const char *what, const char *path) {
    struct lk_buf command;
    lk_buf_init(&command, 0);
    lk_buf_addf(&command, "%s ", what);
    cli_add_word(&command, path);
    const char *text = command.failed ? NULL : lk_arena_strdup(&doctor->arena, lk_buf_slice(&command));
    lk_buf_free(&command);
    return text;
}

void doctor_private(struct doctor *doctor, const char *path, bool required) {
    struct stat status;
    doctor->checks++;
    if (stat(path, &status) != 0) {
        if (errno != ENOENT || required)
            doctor_find(doctor, "files", "Put it back from a backup, or run doctor as the user that the server runs as.", "%s: %s.", path,
                        strerror(errno));
        return;
    }
    if (is_shared(doctor, path, status.st_mode))
        doctor_find(doctor, "files", command_on(doctor, "chmod go=", path), "Others than its owner may use %s (mode %04o).", path,
                    (unsigned)status.st_mode & 07777);
    if (status.st_mtime > time(NULL) + 3600)
        doctor_find(doctor, "clock", "Set this machine's clock (timedatectl), which expiry and audit rely on.",
                    "%s was last written in the future: the clock is wrong, or was.", path);
}

static void check_in(struct doctor *doctor, const char *dir, const char *name, bool required) {
    const char *path = lk_arena_printf(&doctor->arena, "%s/%s", dir, name);
    if (path != NULL)
        doctor_private(doctor, path, required);
}

/* The server runs as whom its directory belongs to. Root, who runs this, can open what the server cannot: it would look well. */
static void check_usable(struct doctor *doctor, const char *path, mode_t needed) {
    struct stat status;
    if (path == NULL || stat(path, &status) != 0)
        return;
    if (status.st_uid != doctor->user) {
        const char *what = lk_arena_printf(&doctor->arena, "chown %u", (unsigned)doctor->user);
        doctor_find(doctor, "files", what == NULL ? NULL : command_on(doctor, what, path),
                    "%s belongs to another user (%u) than the directory (%u), as whom the server runs.", path, (unsigned)status.st_uid,
                    (unsigned)doctor->user);
    } else if ((status.st_mode & needed) != needed) {
        doctor_find(doctor, "files", command_on(doctor, S_ISDIR(status.st_mode) ? "chmod u=rwx" : "chmod u=rw", path),
                    "Its owner may not read and write %s (mode %04o).", path, (unsigned)status.st_mode & 07777);
    }
}

/* What the server itself writes to: the directory, and the files that it opens in it. */
static void check_writable(struct doctor *doctor, const char *dir) {
    static const char *const names[] = {LK_DATABASE_FILE, LK_DATABASE_FILE "-wal", "lock"};
    check_usable(doctor, dir, 0700);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        check_usable(doctor, lk_arena_printf(&doctor->arena, "%s/%s", dir, names[i]), 0600);
}

/* As much as a backup asks for: with that, changes have room too. */
static void check_room(struct doctor *doctor, const char *dir) {
    struct statvfs room;
    struct stat database;
    const char *path = lk_arena_printf(&doctor->arena, "%s/%s", dir, LK_DATABASE_FILE);
    if (path == NULL || stat(path, &database) != 0 || statvfs(dir, &room) != 0)
        return;
    uint64_t needed = (uint64_t)database.st_size + LK_DB_COPY_MARGIN_BYTES;
    uint64_t available = (uint64_t)room.f_bavail * room.f_frsize;
    doctor->checks++;
    if (room.f_files > 0 && room.f_favail == 0)
        doctor_find(doctor, "disk", "Remove files there, or make a larger file system (df -i).",
                    "No file can be made where %.200s is: its file system has no inode left.", dir);
    if (available < needed)
        doctor_find(doctor, "disk", "Make room there.",
                    "There are %" PRIu64 " MiB free where %.200s is, and %" PRIu64
                    " MiB are needed: without them backups are refused, and when "
                    "nothing is left all changes.",
                    available >> 20, dir, (needed >> 20) + 1);
}

/* The number that the process which has a lock left in it; 0: not known. In a container it is another one than out here. */
static long noted_pid(FILE *lock) {
    long pid = 0;
    return fscanf(lock, "%ld", &pid) == 1 ? pid : 0;
}

/* Whether a line of /proc/locks is of this file. Some file systems show another device there than to stat: then the number that the process left tells. */
static bool is_of(const char *line, const struct stat *file, long noted, long *ret_pid) {
    unsigned device = 0;
    unsigned part = 0;
    unsigned long inode = 0;
    if (sscanf(line, "%*d: FLOCK %*s %*s %ld %x:%x:%lu", ret_pid, &device, &part, &inode) != 4 || inode != (unsigned long)file->st_ino)
        return false;
    return *ret_pid == noted || (device == major(file->st_dev) && part == minor(file->st_dev));
}

/* Whom the system knows to hold a lock: none of another container. */
static long holder_pid(FILE *locks, const struct stat *file, long noted) {
    char line[256];
    long pid = 0;
    while (fgets(line, sizeof(line), locks) != NULL) {
        if (is_of(line, file, noted, &pid))
            return pid;
    }
    return 0;
}

/* The process that has the directory open; 0: not known, or not to be seen from here. */
static long running_pid(struct doctor *doctor, const char *dir) {
    struct stat file;
    const char *path = lk_arena_printf(&doctor->arena, "%s/lock", dir);
    FILE *lock = path == NULL ? NULL : fopen(path, "re");
    if (lock == NULL)
        return 0;
    long pid = noted_pid(lock);
    FILE *locks = fopen("/proc/locks", "re");
    if (locks != NULL) {
        pid = fstat(fileno(lock), &file) == 0 ? holder_pid(locks, &file, pid) : 0;
        fclose(locks);
    }
    fclose(lock);
    return pid;
}

/* Only root is told: the server lets nobody else look into it. */
static void check_binary(struct doctor *doctor, long pid) {
    char theirs[4096];
    const char *path = lk_arena_printf(&doctor->arena, "/proc/%ld/exe", pid);
    ssize_t len = path == NULL ? -1 : readlink(path, theirs, sizeof(theirs) - 1);
    if (len <= 0)
        return;
    theirs[len] = '\0';
    doctor->checks++;
    if (strstr(theirs, " (deleted)") != NULL)
        doctor_find(doctor, "version", "Restart the server.",
                    "The server runs a binary that has been replaced since: an upgrade is not in force.");
}

static void check_process(struct doctor *doctor, long pid) {
    char line[256];
    bool seccomp = false;
    bool privileges = false;
    const char *path = lk_arena_printf(&doctor->arena, "/proc/%ld/status", pid);
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    if (file == NULL)
        return;
    while (fgets(line, sizeof(line), file) != NULL) {
        seccomp = seccomp || strcmp(line, "Seccomp:\t2\n") == 0;
        privileges = privileges || strcmp(line, "NoNewPrivs:\t1\n") == 0;
    }
    fclose(file);
    doctor->checks++;
    if (!seccomp || !privileges)
        doctor_find(doctor, "sandbox", "Start it without --sandbox off, and look for `sandbox:` in its log.",
                    "The server (process %ld) is not confined%s.", pid, seccomp ? "" : ": it may make every system call");
    check_binary(doctor, pid);
}

/* What to do about a database that cannot be opened. A backup helps only where the files are not what they should be. */
static const char *remedy_of(int code) {
    switch (code) {
    case LK_ECORRUPT:
    case LK_ENOTFOUND:
    case LK_ECONFLICT: return "Do what the sentence says, or restore a backup.";
    case LK_EFORBIDDEN: return "Run doctor as root or as the user that the server runs as, and let that user read and write what is named.";
    case LK_EIO: return "Look at the disk and at what the system says of it (dmesg); if it is well, restore a backup.";
    default: return "Do what the sentence says, and run doctor again.";
    }
}

/* What is damaged may only lie beside another's log. */
static const char *damage_remedy(struct doctor *doctor, const char *dir) {
    struct stat log;
    const char *path = lk_arena_printf(&doctor->arena, "%s/" LK_DATABASE_FILE "-wal", dir);
    if (path == NULL || stat(path, &log) != 0 || log.st_size == 0)
        return "Restore a backup.";
    return "If " LK_DATABASE_FILE " was put there from elsewhere, the log beside it, " LK_DATABASE_FILE
           "-wal, is another's: move that away, and run doctor again. Else "
           "restore a backup.";
}

/* All that a start reads. What was damaged within a value leaves the database sound, and is in no entry of the audit log. */
static void check_load(struct doctor *doctor, const struct lk_store *store) {
    struct lk_problem problem = {0};
    struct lk_keyring_feed feed = {0};
    int code = lk_keyring_feed_open(&feed, store->db, store->keys, NULL, &problem);
    if (code != 0)
        doctor_find(doctor, "database", remedy_of(code), "%s.", problem.text);
    lk_keyring_feed_close(&feed);
}

static void check_stopped(struct doctor *doctor, const char *dir, const struct lk_store *store) {
    struct lk_problem problem = {0};
    struct lk_audit_finding finding = {0};
    struct lk_call call = {
        .db = store->db, .arena = &doctor->arena, .domain = store->domain, .now_ms = lk_clock_wall_ms(), .problem = &problem};
    doctor->checks += 2;
    if (lk_db_check(store->db, &problem) != 0) {
        doctor_find(doctor, "database", damage_remedy(doctor, dir), "%s.", problem.text);
        return;
    }
    check_load(doctor, store);
    if (lk_audit_verify(&call, &finding) != 0)
        doctor_find(doctor, "audit", "Restore a backup, and find out who can write this directory.", "%s.", problem.text);
    else if (!finding.intact)
        doctor_find(doctor, "audit", "Find out who can write this directory; compare with a backup.", "%s.", lk_audit_words(&finding).text);
}

/* Whether there is such a directory, which is then the server's; a finding when not. */
static bool is_there(struct doctor *doctor, const char *dir) {
    struct stat status;
    int error = stat(dir, &status) != 0 ? errno : S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
    if (error == 0) {
        doctor->user = status.st_uid;
        return true;
    }
    doctor->checks++;
    doctor_find(doctor, "files", "Name the data directory of the server, and run doctor as the user that the server runs as.",
                "There is no data directory %.200s: %s.", dir, strerror(error));
    return false;
}

/* Backups of before are opened by it: together with one of them it is all that a thief needs. */
static void check_replaced_keys(struct doctor *doctor, const char *name) {
    char *real = realpath(name, NULL); /* they lie beside the key itself, not beside a link to it */
    const char *key = real == NULL ? name : lk_arena_printf(&doctor->arena, "%s", real);
    free(real);
    if (key == NULL)
        return;
    const char *slash = strrchr(key, '/');
    const char *dir = slash == NULL ? "." : lk_arena_printf(&doctor->arena, "%.*s", (int)(slash - key) + 1, key);
    const char *beginning = lk_arena_printf(&doctor->arena, "%s" LK_REPLACED_MASTER_KEY_SUFFIX, slash == NULL ? key : slash + 1);
    DIR *stream = dir == NULL || beginning == NULL ? NULL : opendir(dir);
    const struct dirent *entry;
    if (stream == NULL)
        return;
    doctor->checks++;
    while ((entry = readdir(stream)) != NULL) {
        if (strncmp(entry->d_name, beginning, strlen(beginning)) == 0)
            doctor_find(doctor, "files", "Move it to where no backup of its time is, and remove it with the last of these.",
                        "The master key %.100s, which was replaced, lies beside the present one.", entry->d_name);
    }
    closedir(stream);
}

void doctor_data(struct doctor *doctor, const char *dir, const char *master_key_file) {
    struct lk_store store;
    struct lk_problem problem = {0};
    if (!is_there(doctor, dir))
        return;
    doctor_private(doctor, dir, true);
    check_in(doctor, dir, LK_DATABASE_FILE, true);
    check_in(doctor, dir, LK_DATABASE_FILE "-wal", false);
    check_writable(doctor, dir);
    check_room(doctor, dir);
    int code = lk_store_look(dir, master_key_file, &store, &problem);
    /* A server that runs has its key, if not from here: a service manager gives it as a credential. */
    if (master_key_file == NULL)
        check_in(doctor, dir, LK_MASTER_KEY_FILE, code != LK_EBUSY);
    else
        doctor_private(doctor, master_key_file, true);
    const char *key = master_key_file != NULL ? master_key_file : lk_arena_printf(&doctor->arena, "%s/" LK_MASTER_KEY_FILE, dir);
    if (key != NULL)
        check_replaced_keys(doctor, key);
    if (code == 0) {
        check_stopped(doctor, dir, &store);
        lk_store_close(&store);
    } else if (code == LK_EBUSY) {
        long pid = running_pid(doctor, dir);
        if (pid > 0)
            check_process(doctor, pid);
    } else {
        doctor_find(doctor, "database", remedy_of(code), "%s.", problem.text);
    }
}

/* --- certificates --- */

void doctor_expiry(struct doctor *doctor, const char *where, int64_t expires_at, const char *if_over) {
    char time[25];
    int64_t left = expires_at - lk_clock_wall_ms();
    lk_clock_format(expires_at, time);
    doctor->checks++;
    if (left <= 0)
        doctor_find(doctor, "certificate", "Renew it, and send the server SIGHUP.", "The certificate of %s expired at %.19sZ%s.", where,
                    time, if_over);
    else if (left < DOCTOR_EXPIRY_DAYS * DOCTOR_DAY_MS)
        doctor_find(doctor, "certificate", "Renew it, and send the server SIGHUP.", "The certificate of %s expires in %d day%s.", where,
                    (int)(left / DOCTOR_DAY_MS), left / DOCTOR_DAY_MS == 1 ? "" : "s");
}

/* NULL for what is no file, too: no pipe is waited for. */
static FILE *open_file(const char *path) {
    struct stat status;
    return stat(path, &status) != 0 || !S_ISREG(status.st_mode) ? NULL : fopen(path, "re");
}

/* The first certificate of a file; NULL when there is none. */
static X509 *read_certificate(const char *path) {
    FILE *file = open_file(path);
    X509 *certificate = file == NULL ? NULL : PEM_read_X509(file, NULL, NULL, NULL);
    if (file != NULL)
        fclose(file);
    return certificate;
}

/* A key with a passphrase, which the server does not take either, would be asked for it on the terminal. */
static int no_passphrase(char *out, int size, int writing, void *context) { /* NOLINT(readability-non-const-parameter): OpenSSL's type */
    (void)out;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static EVP_PKEY *read_key(const char *path) {
    FILE *file = open_file(path);
    EVP_PKEY *key = file == NULL ? NULL : PEM_read_PrivateKey(file, NULL, no_passphrase, NULL);
    if (file != NULL)
        fclose(file);
    return key;
}

/* Milliseconds; 0: cannot be read. */
static int64_t ms_of(const ASN1_TIME *time) {
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) * 1000 : 0;
}

static void check_dates(struct doctor *doctor, const char *cert, const X509 *certificate) {
    char time[25];
    int64_t begin = ms_of(X509_get0_notBefore(certificate));
    doctor_expiry(doctor, cert, ms_of(X509_get0_notAfter(certificate)), "");
    if (begin <= lk_clock_wall_ms())
        return;
    lk_clock_format(begin, time);
    doctor_find(doctor, "certificate", "Set this machine's clock (timedatectl), or give the server a certificate that is valid already.",
                "The certificate of %s is not valid before %.19sZ.", cert, time);
}

static void check_key(struct doctor *doctor, const char *cert, const X509 *certificate, const char *path) {
    struct stat status;
    doctor_private(doctor, path, true);
    if (cert == NULL || stat(path, &status) != 0)
        return;
    EVP_PKEY *key = read_key(path);
    if (key == NULL)
        doctor_find(doctor, "certificate",
                    "Name the file that --tls-key of the server names, and write its key without a passphrase (openssl pkey).",
                    "%s holds no key in PEM form that needs no passphrase, or cannot be read.", path);
    else if (certificate != NULL && X509_check_private_key(certificate, key) != 1)
        doctor_find(doctor, "certificate", "Put the certificate and the key of one renewal there: the server takes no others.",
                    "The key %s does not belong to the certificate of %s.", path, cert);
    EVP_PKEY_free(key);
}

void doctor_certificate(struct doctor *doctor, const char *cert, const char *key) {
    X509 *certificate = cert == NULL ? NULL : read_certificate(cert);
    if (certificate != NULL)
        check_dates(doctor, cert, certificate);
    else if (cert != NULL)
        doctor_find(doctor, "certificate", "Name the file that --tls-cert of the server names.",
                    "%s holds no certificate in PEM form, or cannot be read.", cert);
    if (key != NULL)
        check_key(doctor, cert, certificate, key);
    X509_free(certificate);
}
