/* What the process does once, before it touches a secret. */
#ifndef LK_CRYPTO_CRYPTO_H
#define LK_CRYPTO_CRYPTO_H

/* Prepares the libraries. Before any other function of crypto/ and before other threads start; again is harmless. 0 or LK_EINTERNAL (no source of
 * randomness, or a library that cannot run here). */
int lk_crypto_init(void);

/* Keeps secrets out of core dumps and away from debuggers of the same user: RLIMIT_CORE 0 and PR_SET_DUMPABLE 0. 0 or LK_EIO; what could be done is
 * done in either case. */
int lk_crypto_protect_process(void);

#endif
