/* One way to ask: the prompt is written to the terminal itself, the answer is a line read from it.
 *
 * The terminal's own line editing stays on, so that a typed answer can be corrected; only the echo
 * of a secret is turned off, and turned on again however the wait ends. Signals come through the
 * client's own descriptor (signals.h) and not as an interrupted read, so none is missed between two
 * calls. An answer longer than the buffer is no answer: nobody types a name of 300 characters, and
 * half of it must not count as the whole. */
#include "client/ask.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "client/signals.h"
#include "client/view/say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#define ANSWER_MAX 320 /* bytes: names of projects and services are shorter */

bool ask_possible(const struct client *c)
{
    return !c->options.json && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* Bytes read, 0 at the end of input, -EINTR when a signal that ends programs came first. */
static ssize_t read_line(int tty, char *text, size_t size)
{
    int rc = signals_wait_readable(tty);

    return rc < 0 ? rc : read(tty, text, size);
}

static void echo(int tty, const struct termios *found, bool on)
{
    struct termios t = *found;

    if (!on)
        t.c_lflag &= (tcflag_t)~ECHO;
    tcsetattr(tty, TCSAFLUSH, &t);
}

/* Bytes of the answer in `text`, which is terminated; -ENOTTY, -EINTR. */
static ssize_t ask_line(const char *prompt, bool secret, char *text, size_t size)
{
    cleanup_fd int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios found;

    *text = '\0';
    if (tty < 0 || tcgetattr(tty, &found) < 0)
        return -ENOTTY;

    /* First the echo, then the prompt: setting it drops what was typed, and nobody types before. */
    cleanup_free char *clean = say_clean(prompt);
    if (secret)
        echo(tty, &found, false);
    dprintf(tty, "%s", clean);

    ssize_t got = read_line(tty, text, size - 1);

    if (secret)
        echo(tty, &found, true);
    if (secret || got <= 0)
        dprintf(tty, "\n"); /* the cursor stands behind the prompt */
    text[got > 0 ? got : 0] = '\0';
    tcflush(tty, TCIFLUSH); /* the rest of a line that is too long is not the shell's to run */

    return got;
}

/* The answer without what surrounds it; "" when it did not end with the line. */
static char *answer_of(char *text)
{
    char *end = strpbrk(text, "\r\n");

    if (!end)
        return text + strlen(text);

    while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    return text + strspn(text, " \t");
}

int ask_yes(const char *question)
{
    char text[ANSWER_MAX];
    cleanup_free char *prompt = xasprintf("%s [y/N] ", question);
    ssize_t got = ask_line(prompt, false, text, sizeof text);

    if (got < 0)
        return (int)got;

    const char *answer = answer_of(text);
    return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

int ask_secret(const char *prompt, char **out)
{
    char text[ANSWER_MAX];
    ssize_t got = ask_line(prompt, true, text, sizeof text);
    size_t n = 0;

    for (ssize_t i = 0; i < got; i++)
        if (text[i] > ' ')
            text[n++] = text[i];
    text[n] = '\0';
    *out = n ? xstrdup(text) : NULL;
    secret_wipe(text, sizeof text);

    if (n)
        return 0;
    return got < 0 ? (int)got : -ECANCELED;
}
