/* A secret from whoever types it, or from a pipe.
 *
 * On a terminal the line is read a byte at a time (termios(3), ICANON off): the kernel's own line
 * editing cuts a line at 4,095 bytes, and keys in PEM are longer. Erasing works as people expect
 * it: the last character, or all with Ctrl-U. Signals come through the client's descriptor, so the
 * terminal is as it was found however the wait ends. */
#include "client/commands/read_secret.h"

#include "base/limits.h"
#include "base/secret.h"
#include "client/signals.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define CTRL_D    4
#define BACKSPACE 8
#define CTRL_U    21
#define DELETE    127

/* 1: a byte; 0: the end; -EINTR: a signal that ends programs. */
static int next_byte(char *c)
{
    for (;;) {
        int rc = signals_wait_readable(STDIN_FILENO);
        if (rc < 0)
            return rc;

        ssize_t n = read(STDIN_FILENO, c, 1);
        if (n >= 0)
            return (int)n;
        if (errno != EINTR)
            return -errno;
    }
}

/* A character of UTF-8 is its first byte and those that go on with it. */
static void erase_character(struct str *value)
{
    while (value->len > 0) {
        unsigned char last = (unsigned char)value->data[value->len - 1];

        value->data[value->len - 1] = '\0';
        str_truncate(value, value->len - 1);
        if ((last & 0xc0) != 0x80)
            return;
    }
}

/* true: the line has ended. */
static bool take_key(struct str *value, char c)
{
    switch (c) {
    case '\n':
    case '\r':
        return true;
    case CTRL_D:
        return value->len == 0;
    case BACKSPACE:
    case DELETE:
        erase_character(value);
        return false;
    case CTRL_U:
        secret_wipe(value->data, value->len);
        str_clear(value);
        return false;
    default:
        str_append_char(value, c);
        return false;
    }
}

static int read_keys(struct str *value)
{
    char c;
    int rc;

    while ((rc = next_byte(&c)) == 1 && value->len <= LIMIT_CONFIG_VALUE_BYTES)
        if (take_key(value, c))
            return 0;
    return rc < 0 ? rc : 0;
}

static int read_pipe(struct str *value)
{
    char c;
    int rc;

    while ((rc = next_byte(&c)) == 1 && value->len <= LIMIT_CONFIG_VALUE_BYTES)
        str_append_char(value, c);
    while (value->len > 0 && strchr("\r\n", value->data[value->len - 1]))
        str_truncate(value, value->len - 1);
    return rc < 0 ? rc : 0;
}

/* First the echo, then the prompt: setting it drops what was typed, and nobody types before. */
static int read_terminal(const char *what, struct str *value)
{
    struct termios found, quiet;

    if (tcgetattr(STDIN_FILENO, &found) < 0)
        return -errno;
    quiet = found;
    quiet.c_lflag &= (tcflag_t) ~(ECHO | ICANON);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    signals_open(false); /* before the echo goes: a signal from here on is seen */
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    fprintf(stderr, "%s: ", what);

    int rc = read_keys(value);

    tcsetattr(STDIN_FILENO, TCSAFLUSH, &found); /* the rest of what is too long is dropped */
    fputc('\n', stderr);
    return rc;
}

int read_secret(const char *what, struct str *value, struct error *err)
{
    int rc = isatty(STDIN_FILENO) ? read_terminal(what, value) : read_pipe(value);

    if (rc == -EINTR)
        return error_raise(err, ERR_INTERRUPTED, "interrupted");
    if (rc < 0)
        return error_raise_errno(
            err, ERR_USAGE, -rc, "cannot read the %s: %s", what, strerror(-rc));
    return 0;
}
