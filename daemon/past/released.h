/* A release in the place of a folder: its frozen model becomes the call's project. */
#pragma once

#include "daemon/verb.h"

/* What a rollback begins with. Texts in the call's arena. */
struct released {
    long long number, current; /* current: that runs now; 0: not known */
    const char *mode;
    json_t *env, *files; /* of its inputs; borrowed of `inputs` */
    json_t *inputs, *record;
};

void released_done(struct released *r);

/* The CD bucket and the entries of the caller's project and stack; v has its session. *bucket NULL
 * and no entries where there is no CD stack. In the call's arena but for *entries. */
int released_list(
    struct verb_call *v,
    const Defang__Caller *caller,
    const char **bucket,
    json_t **entries,
    struct error *err);

/* `which`: a number, an id, or "" or "previous" for the last good one before what runs. Checks that
 * it can run again (its images are there, its config is). v->project is it afterwards, v->engine
 * its engine; what cannot go back is in the project's diagnostics. ERR_NOT_FOUND lists what there
 * is. Suspends. */
int released_open(
    struct verb_call *v,
    const Defang__Caller *caller,
    const char *which,
    struct released *out,
    struct error *err);
