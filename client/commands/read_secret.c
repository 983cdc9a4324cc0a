#include "client/commands/read_secret.h"

#include "base/limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

int read_secret(const char *what, struct str *value, struct error *err)
{
    bool terminal = isatty(STDIN_FILENO);
    struct termios saved, quiet;

    if (terminal) {
        fprintf(stderr, "%s: ", what);
        tcgetattr(STDIN_FILENO, &saved);
        quiet = saved;
        quiet.c_lflag &= (tcflag_t)~ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }

    int rc = 0;
    for (char c; value->len <= LIMIT_CONFIG_VALUE_BYTES;) {
        ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;

        if (n < 0)
            rc = error_raise_errno(
                err, ERR_USAGE, errno, "cannot read the %s: %s", what, strerror(errno));

        if (n <= 0 || (terminal && c == '\n'))
            break;

        str_append_char(value, c);
    }

    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
        fputc('\n', stderr);
    }

    while (!terminal && value->len > 0 &&
           (value->data[value->len - 1] == '\n' || value->data[value->len - 1] == '\r'))
        str_truncate(value, value->len - 1);

    return rc;
}
