/* Moments as people write them. */
#ifndef LK_CLI_WHEN_H
#define LK_CLI_WHEN_H

#include <stdint.h>

/* Milliseconds since 1970 of "2026-12-31" (its beginning in UTC), "2026-12-31T18:00Z", "2026-12-31T18:00:00.5+02:00", or of a span such as "30d", "12h" or
 * "1d12h" (s, m, h, d, w) counted from now_ms: forward when direction is 1, back when it is -1. A time of day without its offset from UTC is refused: it
 * could mean two moments. 0 or LK_EINVAL. */
int cli_when_parse(const char *text, int64_t now_ms, int direction, int64_t *ret);

#endif
