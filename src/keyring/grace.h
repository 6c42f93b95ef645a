/* Grace periods: the quiescent states of liburcu's QSBR, with what the thread sanitizer must be told (it does not see into the library). */
#ifndef KEYRING_GRACE_H
#define KEYRING_GRACE_H

/* Writer. Returns when every reader that was online has passed a quiescent point since. What was unlinked before may be used again after. */
void lk_grace_wait(void);

#endif
