#include "cli/ending.h"

static const int signals[CLI_ENDINGS] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

static void (*the_undo)(void);

/* The signal is blocked in here, so that one more of its kind waits for the end. It may do what it did before only from here on: SA_RESETHAND would let the
 * second of two (timeout(1) sends them so) end the process before this has begun. */
static void undo_and_end(int number) {
    the_undo();
    signal(number, SIG_DFL);
    raise(number); /* which ends the process once this has returned */
}

void cli_ending_begin(void (*undo)(void), struct cli_ending *ret) {
    struct sigaction action = {.sa_handler = undo_and_end};
    sigfillset(&action.sa_mask);
    the_undo = undo;
    for (unsigned i = 0; i < CLI_ENDINGS; i++) {
        sigaction(signals[i], NULL, &ret->before[i]);
        if (ret->before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
}

void cli_ending_end(const struct cli_ending *ending) {
    for (unsigned i = 0; i < CLI_ENDINGS; i++)
        sigaction(signals[i], &ending->before[i], NULL);
}
