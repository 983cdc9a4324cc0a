/* What the command line says. Options may stand before or after the command's words; `--` ends
 * them. Strings are borrowed from argv. */
#pragma once

#include "base/error.h"
#include "base/vec.h"
#include <stdbool.h>

struct option_row;

struct options {
    VEC(const char *)
    files, env_files, profiles, types, allow_loss, build_args,
        words;                            /* words: the command's own arguments */
    VEC(const struct option_row *) given; /* every option that was said, in any form */
    const char *project_name, *stack, *cwd, *profile, *region, *provider, *mode, *engine, *out,
        *since, *until, *filter, *deployment, *format, *color, *list, *hash, *cd_name, *prefix,
        *username;
    long long from, limit, wait_timeout_s; /* -1 = not said */
    bool any, adopt;
    bool json, detach, follow, force, all, all_regions, help, verbose, no_spawn, if_not_set, random,
        from_env, build, no_interpolate, resolve_image_digests, version, services, images, volumes,
        networks, show_profiles, environment, yes, yes_lose_data, exit_code, no_rollback, as_me,
        no_snapshot, refresh, password_stdin, no_cache, pull, push, plan, no_deps, watch;
};

/* One option: which commands take it stands in the command's own list. */
struct option_row {
    const char *name;     /* "--file" */
    const char *letter;   /* "-f" or NULL */
    const char *argument; /* "FILE", or NULL for a switch */
    const char *help;
};

/* By name or letter; NULL when there is none. */
const struct option_row *option_find(const char *text);

/* ERR_USAGE with the nearest known option for a bad one. */
int options_parse(int argc, char **argv, struct options *o, struct error *err);

void options_done(struct options *o);
