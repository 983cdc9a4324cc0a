/* A role that wants a code from an MFA device.
 *
 * Nobody but the person at the terminal has it, so it is asked for on /dev/tty itself, which works
 * also when standard input is a pipe, and without echo. A signal at the prompt ends it at once and
 * leaves the terminal as it was found. The code goes into the request's caller, once: a wrong one
 * is the daemon's error, and asking again would hide it. It is wiped with the caller. */
#include "client/mfa.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/secret.h"
#include "client/signals.h"
#include "client/view/say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define CODE_MAX 32

/* Bytes read, 0 at the end of input, -EINTR when a signal that ends programs came first. */
static ssize_t read_line(int tty, char *text, size_t size)
{
    struct pollfd fds[] = {
        {.fd = tty, .events = POLLIN}, {.fd = signals_open(false), .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return -errno;

        for (int s; fds[1].revents && (s = signals_take()) != 0;)
            if (s != SIGWINCH)
                return -EINTR;

        if (fds[0].revents)
            return read(tty, text, size);
    }
}

/* 0; -ENOTTY without a terminal, -EINTR, -ECANCELED for an empty line. The terminal is left as it
 * was found in each case. */
static int ask(const char *serial, char **code)
{
    cleanup_fd int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios saved, quiet;
    char text[CODE_MAX] = "";
    size_t n = 0;

    if (tty < 0 || tcgetattr(tty, &saved) < 0)
        return -ENOTTY;

    cleanup_free char *clean = say_clean(serial);
    dprintf(tty, "Enter MFA code for %s: ", clean);
    quiet = saved;
    quiet.c_lflag &= (tcflag_t)~ECHO;
    tcsetattr(tty, TCSAFLUSH, &quiet);

    ssize_t got = read_line(tty, text, sizeof text - 1);
    tcsetattr(tty, TCSAFLUSH, &saved);
    dprintf(tty, "\n");
    for (ssize_t i = 0; i < got; i++)
        if (text[i] > ' ')
            text[n++] = text[i];

    text[n] = '\0';
    *code = n ? xstrdup(text) : NULL;
    secret_wipe(text, sizeof text);

    if (n)
        return 0;
    return got < 0 ? (int)got : -ECANCELED;
}

/* The request is const to everybody else; its caller is ours, and it is caller_done() that wipes
 * the code. */
bool mfa_code_given(enum rpc_verb_id verb, const ProtobufCMessage *request, struct error *err)
{
    Defang__Caller *caller =
        (Defang__Caller *)(uintptr_t)rpc_verb_caller(rpc_verb_get(verb), request);
    char *code = NULL;

    if (!err->mfa_serial || !caller || *caller->mfa_code)
        return false;

    int rc = ask(err->mfa_serial, &code);
    if (rc < 0) {
        if (rc == -EINTR) {
            error_done(err);
            error_raise(err, ERR_INTERRUPTED, "interrupted");
        }

        return false;
    }

    caller->mfa_code = code; /* caller_done() wipes it */
    error_done(err);

    return true;
}
