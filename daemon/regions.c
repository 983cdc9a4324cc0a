/* `cd ls`: what is deployed, in the session's region or in all that the account has enabled.
 *
 * All regions are asked side by side, LIMIT_REGIONS_AT_ONCE at a time, each with a session of its
 * own that takes over the keys that are resolved already: with seventeen regions nobody is asked
 * for a code seventeen times. A region that cannot be asked (an organisation may forbid it) is a
 * line of its own in the reply, and the others are still listed. */
#include "daemon/regions.h"

#include "aws/settings/region.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/account/stacks.h"
#include "engine/context.h"
#include "loop/fiber.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct region {
    struct verb_call *v;
    const struct aws_credentials *credentials; /* NULL: the session is the caller's own */
    const char *profile, *name;
    struct flow_stacks stacks;
    struct error error;
    int rc;
};

/* The stacks that `aws` sees in its region. */
static int list_with(struct region *r, struct aws_session *aws, struct error *err)
{
    struct engine_context c = verb_context(r->v, NULL);

    c.aws = aws;
    return flow_stacks_list(&c, &r->stacks, err);
}

/* A session of its own for the region, with the keys that are resolved already: nobody is asked for
 * a code seventeen times. */
static int list_region(void *arg, struct error *err)
{
    struct region *r = arg;
    struct aws_session_options o = {
        .loop = r->v->daemon->loop,
        .http = r->v->daemon->http,
        .env = r->v->session->env,
        .profile = r->profile,
        .region = r->name,
        .profiles = r->v->daemon->profiles};

    struct aws_session *aws = NULL;

    (void)err;
    r->rc = aws_session_open(&o, &aws, &r->error);

    if (r->rc == 0) {
        aws_session_replace_credentials(aws, r->credentials);
        r->rc = list_with(r, aws, &r->error);
    }

    aws_session_free(aws);

    return fiber_is_canceled() ? -ECANCELED : 0;
}

/* One project in several regions stands together. */
static int by_project(const void *a, const void *b)
{
    const Defang__CdStack *x = *(Defang__CdStack *const *)a;
    const Defang__CdStack *y = *(Defang__CdStack *const *)b;
    int order = strcmp(x->project, y->project);
    if (order == 0)
        order = strcmp(x->stack, y->stack);
    return order ? order : strcmp(x->region, y->region);
}

static Defang__CdStack *
message_of(struct arena *arena, const struct flow_stack *s, const char *region)
{
    Defang__CdStack *m = arena_make(arena, Defang__CdStack);

    defang__cd_stack__init(m);
    m->project = verb_text(arena, s->project);
    m->stack = verb_text(arena, s->stack);
    m->engine = verb_text(arena, s->engine->name);
    m->region = verb_text(arena, region);
    m->status = verb_text(arena, s->status);
    m->name = verb_text(arena, s->name);
    m->changed_ms = s->changed_ms;
    m->pending = s->pending;

    return m;
}

/* All stacks, then what could not be asked. */
static void
fill_reply(struct arena *arena, const struct region *regions, size_t count, Defang__CdReply *reply)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += regions[i].stacks.len;
    reply->stacks = arena_array(arena, Defang__CdStack *, total + 1);
    reply->failures = arena_array(arena, Defang__CdFailure *, count + 1);

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < regions[i].stacks.len; k++)
            reply->stacks[reply->n_stacks++] =
                message_of(arena, &regions[i].stacks.items[k], regions[i].name);

        if (regions[i].rc == 0)
            continue;

        Defang__CdFailure *f = reply->failures[reply->n_failures++] =
            arena_make(arena, Defang__CdFailure);
        defang__cd_failure__init(f);
        f->region = verb_text(arena, regions[i].name);
        f->message = verb_text(
            arena, regions[i].error.message ? regions[i].error.message : strerror(-regions[i].rc));
    }

    qsort(reply->stacks, reply->n_stacks, sizeof *reply->stacks, by_project);
}

/* The names are borrowed from `names`, the keys are wiped at the end. */
static int list_all(
    struct verb_call *v,
    const Defang__Caller *caller,
    const json_t *names,
    Defang__CdReply *reply,
    struct error *err)
{
    struct aws_credentials credentials = {0};
    int rc = aws_session_credentials(v->session->aws, &credentials, err);
    if (rc < 0)
        return rc;

    size_t count = json_array_size(names);
    struct region *regions = xcalloc(count + 1, sizeof *regions);
    struct fiber_group *g = fiber_group_new(v->daemon->loop, LIMIT_REGIONS_AT_ONCE);

    for (size_t i = 0; i < count; i++) {
        regions[i] = (struct region){
            .v = v,
            .credentials = &credentials,
            .profile = text_empty(caller->profile) ? NULL : caller->profile,
            .name = json_string_value(json_array_get(names, i)),
            .error = ERROR_INIT};
        fiber_group_spawn(g, regions[i].name, list_region, &regions[i]);
    }

    rc = fiber_group_wait(g, err);
    fiber_group_free(g);
    if (rc == 0)
        fill_reply(v->project.arena, regions, count, reply);

    for (size_t i = 0; i < count; i++) {
        flow_stacks_done(&regions[i].stacks);
        error_done(&regions[i].error);
    }

    free(regions);
    aws_credentials_done(&credentials);

    return rc;
}

int regions_list(
    struct verb_call *v,
    const Defang__Caller *caller,
    bool all,
    Defang__CdReply *reply,
    struct error *err)
{
    struct engine_context c = verb_context(v, NULL);
    struct region here = {.v = v, .name = aws_session_region(v->session->aws), .error = ERROR_INIT};
    cleanup_json json_t *names = NULL;

    if (text_empty(here.name)) {
        return aws_region_missing(aws_session_profile(v->session->aws), err);
    }

    int rc = all ? flow_regions(&c, &names, err) : list_with(&here, v->session->aws, err);
    if (rc == 0 && all)
        rc = list_all(v, caller, names, reply, err);
    else if (rc == 0)
        fill_reply(v->project.arena, &here, 1, reply);

    flow_stacks_done(&here.stacks);

    return rc;
}
