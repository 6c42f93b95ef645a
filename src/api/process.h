/* What the system says of the whole process, for metrics. */
#ifndef LK_API_PROCESS_H
#define LK_API_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* Opens what is read later: before the sandbox, in which /proc is not to be had. A descriptor, or -1. */
int lk_process_open(void);

/* Bytes of the process that are in memory, those of its files (the binary, the log of the database) included. False when the system does not say. Any thread. */
bool lk_process_resident(int process, uint64_t *ret);

/* The processor time of all its threads, also those that have ended. Any thread. */
int64_t lk_process_cpu_ms(void);

#endif
