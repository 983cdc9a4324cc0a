#include "client/signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int descriptor = -1;

/* Made once, and the mask grows only: a second descriptor would take signals away from the
 * first. */
int signals_open(bool with_resize)
{
    static sigset_t set;

    if (descriptor < 0) {
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGHUP);
    }

    if (with_resize)
        sigaddset(&set, SIGWINCH);
    sigprocmask(SIG_BLOCK, &set, NULL);
    descriptor = signalfd(descriptor, &set, SFD_CLOEXEC | SFD_NONBLOCK);

    return descriptor;
}

/* The mask is inherited over exec: a daemon that blocks SIGTERM could not be ended. */
void signals_release(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* One at a time, so that each is acted on. */
int signals_take(void)
{
    struct signalfd_siginfo info;

    if (descriptor < 0 || read(descriptor, &info, sizeof info) != (ssize_t)sizeof info)
        return 0;

    return (int)info.ssi_signo;
}
