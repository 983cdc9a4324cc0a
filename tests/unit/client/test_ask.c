/* Questions at a terminal: each is asked by a child on a terminal of its own. */
#include "client/ask.h"
#include "unit/lib/suite.h"

#include <errno.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { YES, SECRET };

static int ask_in_child(int kind)
{
    char *secret = NULL;

    if (kind == YES)
        return ask_yes("Go on?");

    int rc = ask_secret("Code: ", &secret);
    int same = rc == 0 && strcmp(secret, "123456") == 0;
    free(secret);
    return rc < 0 ? rc : same;
}

/* The answer of the question, 0 or 1, or its errno; what was shown is in `shown`. */
static int asked(int kind, const char *typed, char *shown, size_t size)
{
    int master, status;
    pid_t child = forkpty(&master, NULL, NULL, NULL);

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(abs(ask_in_child(kind)));

    size_t n = 0;
    ssize_t got;
    bool answered = false;
    while (n + 1 < size && (got = read(master, shown + n, size - 1 - n)) > 0) {
        n += (size_t)got;
        shown[n] = '\0';
        if (!answered && (strstr(shown, ": ") || strstr(shown, "] "))) {
            answered = true;
            ck_assert_int_eq(write(master, typed, strlen(typed)), (ssize_t)strlen(typed));
        }
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    close(master);
    return WEXITSTATUS(status);
}

static int answer(int kind, const char *typed)
{
    char shown[2048] = "";
    return asked(kind, typed, shown, sizeof shown);
}

START_TEST(test_yes)
{
    ck_assert_int_eq(answer(YES, "y\n"), 1);
    ck_assert_int_eq(answer(YES, " Yes \n"), 1);
    ck_assert_int_eq(answer(YES, "\n"), 0);
    ck_assert_int_eq(answer(YES, "yesterday\n"), 0);
    ck_assert_int_eq(answer(YES, "\x04"), 0); /* end of input */
}
END_TEST

START_TEST(test_secret_is_not_shown)
{
    char shown[2048] = "";

    ck_assert_int_eq(asked(SECRET, "123 456\n", shown, sizeof shown), 1);
    ck_assert_ptr_null(strstr(shown, "123"));
    ck_assert_int_eq(answer(SECRET, "\n"), ECANCELED);
}
END_TEST

/* A line that is longer than any answer is none, though its beginning is one. */
START_TEST(test_too_long)
{
    char line[400];

    memset(line, ' ', sizeof line);
    memcpy(line, "y", 1);
    memcpy(line + sizeof line - 2, "\n", 2);
    ck_assert_int_eq(answer(YES, line), 0);
}
END_TEST

SUITE("client/ask", test_yes, test_secret_is_not_shown, test_too_long)
