/* Names of services in values, as the private zone knows them (defang.md 6.9): `my_db` becomes
 * `my-db`, and every name becomes a whole one where the VPC's search domain is not ours
 * (plan_view_suffix). Every host of a value, and no word of it that is none (host_words.h).
 *
 * Results live in the arena, or are what was given where nothing is to be written otherwise. */
#pragma once

#include "plan/view/view.h"

/* Whose value it is, and which: a variable, or with NULL a word of a command behind `before`. */
struct plan_value {
    const struct plan_service *asker;
    const char *variable, *before;
};

const char *plan_rewrite(
    struct arena *a, const struct plan_view *v, const struct plan_value *of, const char *text);

/* The same of a value that mixes text with config. */
const struct compose_part *plan_rewrite_parts(
    struct arena *a,
    const struct plan_view *v,
    const struct plan_value *of,
    const struct compose_part *first);

/* A command's or an entrypoint's words. */
const char **plan_rewrite_words(
    struct arena *a,
    const struct plan_view *v,
    const struct plan_service *asker,
    const char **words,
    size_t count);

/* A host of a value that is a name of the project's. */
struct plan_name_use {
    const struct plan_alias *name;
    const char *written; /* what stands there instead; NULL: the name stays */
    bool sure;           /* it is a host; not sure: the whole value, which may be another thing */
};

/* Calls `each` for every one. */
typedef void plan_name_fn(void *arg, const struct plan_name_use *use);
void plan_names_in(
    struct arena *a,
    const struct plan_view *v,
    const struct plan_value *of,
    const struct compose_part *first,
    plan_name_fn *each,
    void *arg);
