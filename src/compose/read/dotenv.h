/* .env files: `NAME=value`, `NAME: value`, `export NAME=value`, bare `NAME` (taken from the
 * lookup), comments, quotes, escapes, values over several lines, interpolation. Source: the grammar
 * of the reference loader's dotenv package. */
#pragma once

#include "base/error.h"
#include "compose/template.h"

struct dotenv_entry {
    const char *name;
    const char *value; /* NULL: a bare name that nothing defines; may hold config parts */
    struct yaml_pos pos;
};

struct dotenv {
    struct dotenv_entry *items; /* in file order; a name may come twice, the last counts */
    size_t len, cap;
};

/* `lookup` sees names before the file's own. raw: values are taken as written, no quotes, no
 * interpolation. Everything in the arena. -EINVAL with err at file:line. */
int dotenv_parse(
    struct arena *arena,
    const char *file,
    const char *text,
    bool raw,
    template_lookup_fn *lookup,
    void *lookup_arg,
    struct dotenv *out,
    struct error *err);
