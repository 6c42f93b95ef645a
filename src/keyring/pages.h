/* Large memory, in huge pages where the system gives them: a look-up in gigabytes otherwise pays for the page tables too. */
#ifndef KEYRING_PAGES_H
#define KEYRING_PAGES_H

#include <stddef.h>

/* bytes zeroed bytes, page-aligned (2 MiB-aligned from that size on), or NULL. */
void *lk_pages_map(size_t bytes);

/* Gives back a mapping or its tail (from a page boundary). */
void lk_pages_unmap(void *pages, size_t bytes);

#endif
