/* Signals as a descriptor: SIGINT, SIGTERM, SIGHUP (and SIGWINCH) are blocked and read from one
 * signalfd, so that every wait can end on them. */
#pragma once

#include <stdbool.h>

int signals_open(bool with_resize); /* the same descriptor each time, SIGWINCH only when asked for;
                                       < 0 when the system has none */
void signals_release(void);         /* unblocks them again: for a child before exec */
int signals_take(void);             /* number of the next pending signal, 0 when none */
