/* A container's environment (defang.md section 5): literals with names of services rewritten,
 * config values by the ARN of their SSM parameter. */
#include "plan/task/environment.h"
#include "base/str.h"
#include "plan/config.h"
#include "plan/context.h"
#include "plan/route.h"
#include <string.h>

char *plan_config_arn_sub(const struct plan_ctx *c, const char *name)
{
    return arena_printf(
        c->a,
        "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter%s%s",
        c->config_path,
        name);
}

struct entry {
    const char *name;
    json_t *value;
    bool secret;
};

struct entries {
    struct entry *items;
    size_t len;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void put(struct entries *e, const char *name, json_t *value, bool secret)
{
    for (size_t i = 0; i < e->len; i++)
        if (strcmp(e->items[i].name, name) == 0) {
            json_decref(e->items[i].value);
            e->items[i] = (struct entry){name, value, secret};
            return;
        }
    e->items[e->len++] = (struct entry){name, value, secret};
}

static void put_derived(
    struct plan_ctx *c,
    const struct plan_service *s,
    const struct compose_env *v,
    struct entries *e)
{
    struct plan_derived d;
    plan_derive(c->a, c->r, &c->v, s, v, &d);
    put(e,
        v->name,
        graph_sub(
            "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter%s", d.parameter),
        true);
}

static void put_environment(struct plan_ctx *c, const struct plan_service *s, struct entries *e)
{
    for (size_t i = 0; i < s->s->environment_count; i++) {
        const struct compose_env *v = &s->s->environment[i];
        const char *config = compose_text_bare_config(&v->value);
        const char *literal = config ? NULL : compose_text_literal(c->a, &v->value);
        if (text_empty(v->name) || (config && plan_config_name_reserved(config)))
            continue;
        if (config)
            put(e, v->name, graph_sub("%s", plan_config_arn_sub(c, config)), true);
        else if (literal)
            put(e, v->name, json_string(plan_rewrite(c->a, &c->v, literal)), false);
        else
            put_derived(c, s, v, e);
    }
}

/* `secrets:` that live in the config store become variables of the same name. */
static void put_secrets(struct plan_ctx *c, const struct plan_service *s, struct entries *e)
{
    for (size_t i = 0; i < s->s->secret_count; i++) {
        const char *name = s->s->secrets[i].source;
        for (size_t k = 0; k < c->p->secret_count; k++) {
            const struct compose_file_source *from = &c->p->secrets[k];
            if (strcmp(from->name, name) == 0 && from->external)
                put(e,
                    name,
                    graph_sub(
                        "%s",
                        plan_config_arn_sub(c, from->external_name ? from->external_name : name)),
                    true);
        }
    }
}

static void put_injected(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, struct entries *e)
{
    put(e, "DEFANG_SERVICE", json_string(s->s->name), false);
    put(e, "DEFANG_ETAG", json_string(deployment), false);
    const char *public = plan_public_name(c, s);
    if (public)
        put(e, "DEFANG_FQDN", json_string(public), false);
    else if (s->port_count)
        put(e, "DEFANG_FQDN", json_string(arena_printf(c->a, "%s.%s", s->label, c->domain)), false);
}

void plan_environment(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *deployment,
    json_t **environment,
    json_t **secrets)
{
    struct entries e = {
        .items = arena_array(c->a, struct entry, s->s->environment_count + s->s->secret_count + 3)};
    put_environment(c, s, &e);
    put_secrets(c, s, &e);
    put_injected(c, s, deployment, &e);
    qsort(e.items, e.len, sizeof *e.items, by_name);
    *environment = json_array();
    *secrets = json_array();
    for (size_t i = 0; i < e.len; i++)
        json_push(
            e.items[i].secret ? *secrets : *environment,
            plan_json(
                "{s:s,s:o}",
                "Name",
                e.items[i].name,
                e.items[i].secret ? "ValueFrom" : "Value",
                e.items[i].value));
}
