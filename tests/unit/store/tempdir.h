/* A directory of the test's own, removed with all it holds. */
#ifndef LK_TESTS_STORE_TEMPDIR_H
#define LK_TESTS_STORE_TEMPDIR_H

struct tempdir {
    char path[64];
    char file[96]; /* path/latchkey.db */
};

/* cmocka fixtures: *state becomes a struct tempdir. */
int tempdir_setup(void **state);
int tempdir_teardown(void **state);

#endif
