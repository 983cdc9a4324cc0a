/* Asking the person at the terminal: yes or no, a code without echo.
 *
 * Questions go to /dev/tty, so that they are seen and answered also when streams are redirected.
 * A signal that ends programs ends a question at once and leaves the terminal as it was found. */
#pragma once

#include "client/command.h"

#include <stdbool.h>

/* Whether somebody can be asked: standard input and standard error are a terminal, and the output
 * is not for a program (--json). */
bool ask_possible(const struct client *c);

/* "question [y/N] ": 1 for y or yes in any case, 0 for every other answer and the end of input;
 * -ENOTTY without a terminal, -EINTR after a signal. The question is cleaned of control
 * characters. */
int ask_yes(const char *question);

/* A line without echo; *out is malloc'd, without blanks and control characters, for the caller to
 * wipe. 0; -ENOTTY, -EINTR, -ECANCELED for an empty line. */
int ask_secret(const char *prompt, char **out);
