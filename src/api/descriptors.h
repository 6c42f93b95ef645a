/* The system's limit on open files: each connection needs one. */
#ifndef LK_API_DESCRIPTORS_H
#define LK_API_DESCRIPTORS_H

#include <stddef.h>

/* Raises the process's own limit as far as connections_max connections need it and the system lets it; logs a warning with the way out when that
 * is not far enough. How many connections to take: fewer then, so that something is left for all else. At start, before any thread. */
size_t lk_descriptors_make_room(size_t connections_max);

#endif
