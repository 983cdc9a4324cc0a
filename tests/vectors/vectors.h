/* What the vector tests share: finding ../shared/vectors, loading cases, counting. A missing folder
 * is said loudly and makes the test exit with 77 (meson: skipped). Each program ends with "vectors
 * <name>: N passed, N failed, N not applicable". */
#pragma once

#include "data/json.h"
#include <stdbool.h>
#include <stddef.h>

struct vectors {
    const char *name;
    unsigned passed, failed, not_applicable;
};

/* The path of a file or folder below shared/vectors; malloc'd. Exits with 77 when shared/vectors
 * itself is not there. */
char *vectors_path(const char *relative);
json_t *vectors_json(const char *relative);      /* exits with 1 when it cannot be read */
char *vectors_text(const char *path, size_t *n); /* NULL when there is no such file; '\r' stays */
/* Names in a folder, sorted, NULL-terminated; malloc'd. */
char **vectors_list(const char *relative);
void vectors_list_free(char **names);

void vectors_pass(struct vectors *v);
void vectors_fail(struct vectors *v, const char *id, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Listed in tests/vectors/NOT_APPLICABLE.md with its reason. */
void vectors_not_applicable(struct vectors *v, const char *id, const char *reason);
/* Compares texts; a difference is a failure that shows both. */
bool vectors_equal(
    struct vectors *v, const char *id, const char *what, const char *expected, const char *actual);
/* Equal JSON, numbers by value (1 and 1.0 are equal). */
bool vectors_json_equal(const json_t *a, const json_t *b);
int vectors_end(const struct vectors *v); /* prints the counts; the exit code */
