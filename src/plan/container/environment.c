/* A container's environment (defang.md section 5): literals with names of services rewritten,
 * config values by the ARN of their SSM parameter, so that no secret stands in a template.
 *
 * A variable comes from one of three: the service's `environment`, its external `secrets`, and what
 * every container is told about itself. A later one of the same name takes the place of an earlier
 * one. What mixes text with config is a parameter of its own (derived.c).
 *
 * The lists are sorted by name: the same service gives the same task definition, whatever the order
 * of its file. */
#include "plan/container/environment.h"
#include "base/str.h"
#include "plan/common/rewrite.h"
#include "plan/common/route.h"
#include "plan/container/derived.h"
#include "plan/container/references.h"
#include <string.h>

#define INJECTED_MAX 3 /* DEFANG_SERVICE, DEFANG_ETAG, DEFANG_FQDN */

json_t *plan_parameter_arn(const char *parameter)
{
    return graph_sub(
        "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter%s", parameter);
}

json_t *plan_config_arn(const struct plan_ctx *c, const char *name)
{
    return plan_parameter_arn(arena_printf(c->a, "%s%s", c->config_path, name));
}

struct entry {
    const char *name;
    json_t *value;
    bool secret; /* value: where it is kept */
};

struct entries {
    struct entry *items;
    size_t len;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* A variable of that name gives way. */
static void put(struct entries *e, struct entry entry)
{
    for (size_t i = 0; i < e->len; i++) {
        if (strcmp(e->items[i].name, entry.name) != 0)
            continue;
        json_decref(e->items[i].value);
        e->items[i] = entry;
        return;
    }
    e->items[e->len++] = entry;
}

static void put_text(struct entries *e, const char *name, const char *text)
{
    put(e, (struct entry){.name = name, .value = json_string(text)});
}

static void put_secret(struct entries *e, const char *name, json_t *arn)
{
    put(e, (struct entry){.name = name, .value = arn, .secret = true});
}

/* Of the three kinds of value: a config value alone is named by its parameter, text alone stands in
 * the template, and the two mixed are a parameter of their own. Reserved names are no config that
 * anybody sets, so there is no parameter to name. */
static void put_variable(
    struct plan_ctx *c,
    const struct plan_service *s,
    const struct compose_env *v,
    struct entries *e)
{
    const struct plan_value of = {.asker = s, .variable = v->name};
    const char *config = compose_text_bare_config(&v->value);
    const char *literal = config ? NULL : compose_text_literal(c->a, &v->value);

    if (config) {
        if (!plan_config_name_reserved(config))
            put_secret(e, v->name, plan_config_arn(c, config));
    } else if (literal) {
        put_text(e, v->name, plan_rewrite(c->a, &c->v, &of, literal));
    } else {
        struct plan_derived d;

        plan_derive(c->a, c->r, &c->v, s, v, &d);
        put_secret(e, v->name, plan_parameter_arn(d.parameter));
    }
}

static void put_environment(struct plan_ctx *c, const struct plan_service *s, struct entries *e)
{
    for (size_t i = 0; i < s->s->environment_count; i++) {
        const struct compose_env *v = &s->s->environment[i];

        if (!text_empty(v->name))
            put_variable(c, s, v, e);
    }
}

/* `secrets:` that live in the config store become variables of the same name. */
static void put_secrets(struct plan_ctx *c, const struct plan_service *s, struct entries *e)
{
    for (size_t i = 0; i < s->s->secret_count; i++) {
        const char *name = s->s->secrets[i].source;

        for (size_t k = 0; k < c->p->secret_count; k++) {
            const struct compose_file_source *from = &c->p->secrets[k];
            const char *config = from->external_name ? from->external_name : name;

            if (strcmp(from->name, name) != 0 || !from->external)
                continue;
            put_secret(
                e,
                name,
                from->reference ? plan_reference_value(from->reference)
                                : plan_config_arn(c, config));
        }
    }
}

/* What every container is told about itself. Its name is the public one where it has one, else the
 * one that others in the VPC reach it by. */
static void put_injected(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, struct entries *e)
{
    const char *public = plan_public_name(c, s);

    put_text(e, "DEFANG_SERVICE", s->s->name);
    put_text(e, "DEFANG_ETAG", deployment);
    if (public)
        put_text(e, "DEFANG_FQDN", public);
    else if (plan_has_name(s))
        put_text(e, "DEFANG_FQDN", arena_printf(c->a, "%s.%s", s->label, c->domain));
}

void plan_environment(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *deployment,
    json_t **environment,
    json_t **secrets)
{
    size_t most = s->s->environment_count + s->s->secret_count + INJECTED_MAX;
    struct entries e = {.items = arena_array(c->a, struct entry, most)};

    put_environment(c, s, &e);
    put_secrets(c, s, &e);
    put_injected(c, s, deployment, &e);
    qsort(e.items, e.len, sizeof *e.items, by_name);

    *environment = array();
    *secrets = array();
    for (size_t i = 0; i < e.len; i++) {
        const struct entry *item = &e.items[i];

        if (item->secret)
            json_push(*secrets, object(key("Name", item->name), key("ValueFrom", item->value)));
        else
            json_push(*environment, object(key("Name", item->name), key("Value", item->value)));
    }
}
