/* One descriptor for all signals that end or resize this program. They stay blocked from the first
 * call on, so that none arrives between two waits and interrupts nothing; whoever waits for
 * something has the descriptor in the same poll(). A child must not inherit that mask: it is
 * released before exec. */
#include "client/signals.h"

#include <errno.h>
#include <poll.h>
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

int signals_wait_readable(int fd)
{
    struct pollfd fds[] = {
        {.fd = fd, .events = POLLIN}, {.fd = signals_open(false), .events = POLLIN}};

    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return -errno;
        for (int s; fds[1].revents && (s = signals_take()) != 0;)
            if (s != SIGWINCH)
                return -EINTR;
        if (fds[0].revents)
            return 0;
    }
}
