/* plan_check(): what can be known before anything is touched (defang.md 6.1 to 6.8). Errors stop
 * the deployment; warnings say what AWS will do otherwise than Compose; notes say what is done
 * without being asked. Deviations from the reference are stated where they are.
 *
 * This file owns the order: the project first, then each service by name, one topic after the
 * other, each in a file of its own. All of them are asked, so that a person sees every finding at
 * once; only when none is an error the whole plan is made for an account that does not exist, which
 * finds what only the resources together show (a stack that is too large, a name that is taken).
 *
 * Each finding has a position in the Compose files, and a hint that says what to do. The format of
 * its text names its rule (diag.h), so texts are not changed lightly. */
#include "plan/check/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/ingress/ingress.h"
#include "plan/make/pretend.h"
#include "plan/names.h"
#include "plan/network/network.h"
#include <string.h>

static const struct yaml_pos NOWHERE = {0};

/* Two services share no name: their tasks are found by it, and resources are called after it. */
static void
check_pair(struct plan_check *c, const struct plan_service *other, const struct plan_service *s)
{
    if (strcmp(other->label, s->label) == 0)
        plan_error(
            &c->diag,
            s->s->pos,
            "Rename one of them.",
            "services %s and %s have the same DNS name \"%s\"",
            other->s->name,
            s->s->name,
            s->label);
    else if (strcmp(other->id, s->id) == 0)
        plan_error(
            &c->diag,
            s->s->pos,
            "Rename one of them.",
            "services %s and %s have the same resource name \"%s\"",
            other->s->name,
            s->s->name,
            s->id);
}

static void check_names(struct plan_check *c)
{
    for (size_t i = 0; i < c->v.count; i++) {
        const struct plan_service *s = &c->v.services[i];

        if (strlen(s->label) > 63)
            plan_error(
                &c->diag,
                s->s->pos,
                "Choose a shorter name.",
                "service %s: a DNS name has at most 63 characters",
                s->s->name);
        for (size_t k = 0; k < i; k++)
            check_pair(c, &c->v.services[k], s);
    }
}

static void check_store(struct plan_check *c, const struct plan_service *s)
{
    if (s->kind == PLAN_POSTGRES)
        plan_check_postgres(c, s);
    else if (s->kind == PLAN_MONGODB)
        plan_check_mongodb(c, s);
    else
        plan_check_redis(c, s);

    if (!text_empty(s->s->domainname))
        plan_error(
            &c->diag,
            s->s->pos,
            "Remove domainname.",
            "service %s: a managed store has no public name",
            s->s->name);
}

static void check_service(struct plan_check *c, const struct plan_service *s)
{
    /* Files behind CloudFront: no task, no size, no network. */
    if (s->kind == PLAN_STATIC) {
        plan_check_keys(c, s);
        plan_check_static(c, s);
        return;
    }

    if (!s->s->image && !s->s->has_build)
        plan_error(
            &c->diag,
            s->s->pos,
            "Add image: or build:.",
            "service %s has neither image nor build",
            s->s->name);
    plan_check_image(c, s);
    plan_check_size(c, s);
    plan_check_gpu(c, s);
    plan_check_keys(c, s);

    if (!plan_is_task(s)) {
        check_store(c, s);
        return;
    }

    if (s->kind == PLAN_SIDECAR)
        plan_check_sidecar(c, s);
    plan_check_task(c, s);
    plan_check_build(c, s);
    plan_check_ports(c, s);
    plan_check_health(c, s);
    plan_check_env(c, s);
    plan_check_depends(c, s);
    plan_check_once(c, s);
}

/* Said where plan_make() found it; it may have been raised without a diagnostic. */
static void tell_failure(struct plan_check *c, int rc, struct error *err)
{
    struct yaml_pos pos = {err->file, err->line, err->column};

    compose_diagnose(c->diag.d, COMPOSE_ERROR, pos, err->hint, "%s", err->message);
    c->diag.rc = rc;
    if (c->diag.err)
        error_move(c->diag.err, err);
}

/* The whole plan, with an account made up: what cannot be planned, or does not fit a stack, is
 * refused before anything is touched. */
static void check_plan(struct plan_check *c)
{
    struct plan_request r;
    cleanup_graph struct graph *g = NULL;
    cleanup_error struct error err = ERROR_INIT;
    struct plan_build *builds;
    size_t count;

    plan_pretend_request(c->a, c->p, c->s, &r);

    int rc = plan_builds(c->a, &r, &builds, &count, &err);
    if (rc == 0)
        rc = plan_make(&r, &g, c->diag.d, &err);
    if (rc < 0)
        tell_failure(c, rc, &err);
}

static void check_networks(struct plan_check *c)
{
    for (size_t i = 0; i < c->p->network_count; i++)
        if (c->p->networks[i].external)
            plan_warn(
                &c->diag,
                c->p->networks[i].pos,
                "Remove external: true.",
                "network %s is external to Compose: on AWS the project has a VPC of its own",
                c->p->networks[i].name);
}

static void check_jobs(struct plan_check *c)
{
    const struct yaml_node *jobs = c->p->root ? yaml_get(c->p->root, "jobs") : NULL;

    if (jobs && jobs->len)
        plan_error(
            &c->diag,
            jobs->pos,
            "Make a service of it, or remove jobs:.",
            "jobs are not supported yet");
}

/* The project's name ends up in DNS and in the paths of its config. */
static void check_project_name(struct plan_check *c)
{
    cleanup_free char *domain = plan_private_domain(c->s, c->p->name);

    if (strcspn(domain, ".") > 63)
        plan_error(
            &c->diag,
            NOWHERE,
            "Choose a shorter name for the project.",
            "project %s: its private zone would be %s, and a DNS name has at most 63 characters "
            "between dots",
            c->p->name,
            domain);
    if (!*c->s->prefix && plan_ssm_reserved(c->p->name))
        plan_error(
            &c->diag,
            NOWHERE,
            "Rename the project, or set DEFANG_PREFIX.",
            "project %s: without a prefix its config would be /%s/…, and SSM takes no parameter "
            "whose name begins with aws or ssm",
            c->p->name,
            c->p->name);
}

static void check_project(struct plan_check *c)
{
    check_networks(c);
    check_jobs(c);
    check_project_name(c);
    if (!c->v.count)
        plan_error(
            &c->diag,
            NOWHERE,
            "Add a service, or name a profile.",
            "project %s has no service to deploy",
            c->p->name);
}

int plan_check(
    const struct compose_project *p,
    const struct plan_settings *s,
    struct compose_diagnostics *d,
    struct error *err)
{
    int rc = plan_bound(p, d, err);
    if (rc < 0)
        return rc;

    cleanup_arena struct arena *a = arena_new();
    struct plan_check c = {.p = p, .s = s, .a = a, .diag = {.d = d, .err = err}};

    plan_view_make(a, p, &c.v);
    plan_view_suffix(a, s, p->name, &c.v);
    plan_doors(a, s, &c.v);
    c.circles = plan_view_circles(a, &c.v);

    check_project(&c);
    plan_check_project_keys(&c);
    plan_check_models(&c);
    plan_check_adopt(&c);
    plan_check_volumes(&c);
    check_names(&c);
    plan_name_notes(a, &c.v, &c.diag);
    plan_check_ingress(&c);
    for (size_t i = 0; i < c.v.count; i++)
        check_service(&c, &c.v.services[i]);

    /* A plan of a project that is wrong already says little that is new. */
    if (!c.diag.rc)
        check_plan(&c);
    return c.diag.rc;
}
