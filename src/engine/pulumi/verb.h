/* One verb of cd_task.sh on the project's stack, from opening the place to the end of the task.
 * Private to the room. */
#pragma once

#include "engine/pulumi/run.h"

struct pulumi_verb {
    struct engine_context *c;
    struct pulumi_place place;
    struct pulumi_bundle bundle;
    struct pulumi_events events; /* graph and rows are for the caller to set */
    char *key;                   /* of the journal: "pulumi.<phase>" */
    bool unclean;
};

/* verb_done() is due even when it fails. */
int pulumi_verb_open(
    struct pulumi_verb *v, struct engine_context *c, const char *phase, struct error *err);
void pulumi_verb_done(struct pulumi_verb *v);

/* ERR_REFUSED where CloudFormation has the project and stack. */
int pulumi_refuse_other_engine(struct engine_context *c, struct error *err);

/* ERR_REFUSED without a CD stack that can run Pulumi. */
int pulumi_verb_need_cd(const struct pulumi_verb *v, struct error *err);

/* Runs `verb`, or attaches to the task that an earlier life of the daemon started. `g` NULL: a
 * program without resources. */
int pulumi_verb_run(
    struct pulumi_verb *v,
    const char *verb,
    const struct graph *g,
    bool unprotect,
    struct error *err);
