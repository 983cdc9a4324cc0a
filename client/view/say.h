/* What is said to a person: always on stderr. Colour follows --color, NO_COLOR and the terminal,
 * and never carries meaning alone. Text that came from outside is stripped of control characters.
 */
#pragma once

#include "client/command.h"
#include "rpc/client.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum say_style { SAY_PLAIN, SAY_BOLD, SAY_DIM, SAY_GOOD, SAY_WARN, SAY_BAD, SAY_STYLES };

/* Before anything is said. */
void say_init(const struct client *c);

/* Escape sequences around a text for `f`, one of the standard streams; "" without colour. */
const char *say_on(FILE *f, enum say_style style);
const char *say_off(FILE *f);

/* A line. What came from outside is cleaned by the caller. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* With --json one object on standard output too. */
void say_error(const struct client *c, const struct error *err);

/* Its lines, indented; nothing for NULL or "". */
void say_hint(const char *hint);

void say_diagnostics(const struct client *c, Defang__Diagnostic *const *list, size_t n);

/* Those that came with the last error, which becomes their count when there are several mistakes:
 * each is said once. */
void say_wire_diagnostics(const struct client *c, struct rpc_client *rpc, struct error *err);

/* Copies without control characters (tabs become blanks); malloc'd, never NULL. */
char *say_clean(const char *text);

/* "38.2 s", "2 m 11 s", "1 h 02 m" */
void say_elapsed(int64_t ms, char *out, size_t n);

/* "2026-11-22 23:15:30" in local time; `n` at least 20. */
void say_time(int64_t wall_ms, char *out, size_t n);

/* Columns that a valid UTF-8 text takes, and a cut to `columns` with an ellipsis; malloc'd. */
size_t say_width(const char *text);
char *say_fit(const char *text, size_t columns);
