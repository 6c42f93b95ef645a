/* What every unit test includes: cmocka and the headers it needs first. */
#ifndef LK_TESTS_UNIT_H
#define LK_TESTS_UNIT_H

/* clang-format off: cmocka.h needs these before it */
#include <cmocka.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* clang-format on */

#endif
