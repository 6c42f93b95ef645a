/*
 * Errors. A function that can fail returns 0 (or a documented non-negative value) or one of these negative codes; its out-parameters (ret_*)
 * are untouched on failure. Where a person must learn more than the code, the function also takes a struct lk_problem.
 */
#ifndef LK_BASE_ERROR_H
#define LK_BASE_ERROR_H

enum lk_error {
    LK_OK = 0,
    LK_ENOMEM = -1,     /* memory could not be had; the operation changed nothing */
    LK_EINVAL = -2,     /* what was given is malformed */
    LK_ENOTFOUND = -3,  /* it does not exist (or not for this caller) */
    LK_ECONFLICT = -4,  /* it would break a uniqueness or state rule */
    LK_EFORBIDDEN = -5, /* the caller may not */
    LK_EUNAUTH = -6,    /* the caller is unknown */
    LK_ELIMIT = -7,     /* larger, deeper or more than a limit allows */
    LK_EIO = -8,        /* the operating system or the device failed */
    LK_EFULL = -9,      /* no space left on the device */
    LK_ECORRUPT = -10,  /* stored bytes are not what was stored, or another key sealed them */
    LK_EBUSY = -11,     /* a queue is full, a lock is held, or the server is stopping: try again later */
    LK_EINTERNAL = -12, /* a defect of ours */
};

/* A few plain words for a code ("not found"). Static storage; never NULL. Any thread. */
const char *lk_error_text(int code);

/* Longest problem text kept, NUL included. Longer text is cut at a UTF-8 character boundary and ends in "...". */
#define LK_PROBLEM_MAX 512

/* What went wrong, for a person: one sentence that names what is wrong and what would be right. Holds no secret. */
struct lk_problem {
    int code; /* enum lk_error; 0 while there is none */
    char text[LK_PROBLEM_MAX];
};

/* Records code and the formatted text and returns code, so that `return lk_problem_set(...)` reads well. problem may be NULL. */
int lk_problem_set(struct lk_problem *problem, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
