/* .dockerignore rules, as BuildKit applies them (moby/patternmatcher, with results carried from
 * parent to child).
 *
 * A file of patterns: "#" in the first column starts a comment; patterns are trimmed and cleaned
 * like paths; a leading "/" means nothing. "*" and "?" stop at "/", "**" does not, "[a-z]" and
 * "[^a-z]" are classes, "\" takes the next character literally, "!" re-includes. The last pattern
 * that matches a path or one of its parents wins.
 *
 * Where moby hands a pattern to Go's regexp and gets an accident, we do what the syntax says: "\d"
 * is a "d", "[*]" is a star. */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>

struct ignore;

/* `name` is what errors call the file. A bad pattern is ERR_USAGE with its line. */
int ignore_parse(
    const char *name, const char *text, size_t n, struct ignore **out, struct error *err);
/* What Defang leaves out of a context that has no ignore file (shared/reference/defang.md 4.3). The
 * Defang CLI writes this list into the context as .dockerignore; we do not write into a user's
 * folder, so the builder never sees it, only its effect. */
struct ignore *ignore_default(void);
void ignore_free(struct ignore *ig);
void ignore_free_ptr(struct ignore **ig);
size_t ignore_count(const struct ignore *ig); /* patterns; the length of the arrays below */

/* Is `path` (relative, "/"-separated) ignored? `parent` is what the call for its folder left in
 * `own` (NULL in the root); `own` is filled for the calls below (NULL when path is not a folder).
 * Not for two threads at once. */
bool ignore_match(struct ignore *ig, const char *path, const bool *parent, bool *own);
/* May a "!" pattern bring back something below the ignored folder `dir`? False means: need not
 * look. */
bool ignore_may_reinclude(const struct ignore *ig, const char *dir);

#define cleanup_ignore __attribute__((cleanup(ignore_free_ptr)))
