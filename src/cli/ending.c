#include "cli/ending.h"

static const int signals[CLI_ENDINGS] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

static void (*the_undo)(void);

static void undo_and_end(int number) {
    the_undo();
    raise(number); /* which does now what it did before, once this has returned */
}

void cli_ending_begin(void (*undo)(void), struct cli_ending *ret) {
    const struct sigaction action = {.sa_handler = undo_and_end, .sa_flags = (int)SA_RESETHAND};
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
