/* What must not stay behind when a signal ends a command: a terminal that shows nothing, a file that is half there. */
#ifndef LK_CLI_ENDING_H
#define LK_CLI_ENDING_H

#include <signal.h>

#define CLI_ENDINGS 4

struct cli_ending {
    struct sigaction before[CLI_ENDINGS];
};

/* From now on a signal that would end the command calls undo first, which may do nothing but what a signal handler may. One at a time. */
void cli_ending_begin(void (*undo)(void), struct cli_ending *ret);

/* No more. */
void cli_ending_end(const struct cli_ending *ending);

#endif
