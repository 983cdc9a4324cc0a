/* Signals as a descriptor: SIGINT, SIGTERM, SIGHUP (and SIGWINCH) are blocked and read from one
 * signalfd, so that every wait can end on them. */
#pragma once

#include <stdbool.h>

/* The same descriptor each time, SIGWINCH only when asked for; < 0 when the system has none. It is
 * readable when one is pending, and never closed. */
int signals_open(bool with_resize);

/* Unblocks them again: for a child before exec. */
void signals_release(void);

/* Waits until `fd` can be read: 0; -EINTR when a signal that ends programs came first. */
int signals_wait_readable(int fd);

/* Number of the next pending signal, 0 when none. */
int signals_take(void);
