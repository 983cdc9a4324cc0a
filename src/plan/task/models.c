/* Models (defang.md 6.8): each of the top-level models:, and each service with provider: {type:
 * model}, becomes a LiteLLM service that speaks OpenAI's protocol and calls Bedrock. Who binds a
 * model, or depends on such a service, gets its address and its model's name as variables.
 *
 * The typed project grows; `root` stays what the files say, so that it prints, freezes and loads as
 * before. */
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind.h"
#include "compose/template.h"
#include "plan/check/check.h"
#include "plan/context.h"
#include "plan/extensions.h"
#include "plan/task/task.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define GATEWAY_IMAGE  "litellm/litellm:v1.92.0"
#define GATEWAY_PORT   "4000"
#define GATEWAY_CPUS   "0.5"
#define GATEWAY_MEMORY "2048m"
#define GATEWAY_NETWORK                                                                            \
    "model_provider_private" /* not default: its port is not open to the internet */
#define GATEWAY_KEY "none"   /* clients insist on one; a gateway without a master key takes any */

bool plan_provides_model(const struct yaml_node *service)
{
    const struct yaml_node *provider = service ? yaml_get(service, "provider") : NULL;
    return text_eq(plan_ext_string(provider, "type"), "model");
}

/* options.model: the loader makes a list of every option. */
static const struct yaml_node *option_model(const struct yaml_node *service)
{
    const struct yaml_node *n =
        yaml_get(yaml_get(yaml_get(service, "provider"), "options"), "model");
    if (n && n->kind == YAML_KIND_SEQUENCE)
        n = n->len == 1 ? n->items[0] : NULL;
    return n && n->kind == YAML_KIND_SCALAR && !text_empty(n->value) ? n : NULL;
}

/* ---- the service in front of Bedrock ---- */
struct tree {
    struct arena *a;
    struct yaml_pos pos;
};

static struct yaml_node *word(const struct tree *t, const char *text)
{
    return yaml_new_scalar(t->a, t->pos, text, true);
}

static void
set(const struct tree *t, struct yaml_node *map, const char *key, struct yaml_node *value)
{
    yaml_map_set(t->a, map, word(t, key), value);
}

/* The mapping at `key`, one of this node's own; empty when there is none. */
static struct yaml_node *own_map(const struct tree *t, struct yaml_node *map, const char *key)
{
    struct yaml_node *old = yaml_get(map, key);
    struct yaml_node *made = old && old->kind == YAML_KIND_MAPPING ? yaml_copy_shallow(t->a, old)
                                                                   : yaml_new_mapping(t->a, t->pos);
    set(t, map, key, made);
    return made;
}

static void
set_missing(const struct tree *t, struct yaml_node *map, const char *key, const char *text)
{
    if (!yaml_get(map, key))
        set(t, map, key, word(t, text));
}

static void set_command(const struct tree *t, struct yaml_node *node, const char *model)
{
    const char *prefix = text_starts(model, "bedrock/") ? "" : "bedrock/";
    const char *words[] = {
        "--model",
        arena_printf(t->a, "%s%s", prefix, model),
        "--port",
        GATEWAY_PORT,
        "--drop_params"};
    struct yaml_node *list = yaml_new_sequence(t->a, t->pos);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        yaml_seq_push(t->a, list, word(t, words[i]));
    set(t, node, "command", list);
}

static void set_port(const struct tree *t, struct yaml_node *node)
{
    struct yaml_node *list = yaml_new_sequence(t->a, t->pos),
                     *port = yaml_new_mapping(t->a, t->pos);
    set(t, port, "target", word(t, GATEWAY_PORT));
    set(t, port, "mode", word(t, "host"));
    set(t, port, "protocol", word(t, "tcp"));
    yaml_seq_push(t->a, list, port);
    set(t, node, "ports", list);
}

static void set_size(const struct tree *t, struct yaml_node *node)
{
    struct yaml_node *deploy = own_map(t, node, "deploy");
    set_missing(t, deploy, "replicas", "1");
    if (yaml_get(deploy, "resources"))
        return;
    struct yaml_node *reservations = own_map(t, own_map(t, deploy, "resources"), "reservations");
    set(t, reservations, "cpus", word(t, GATEWAY_CPUS));
    set(t, reservations, "memory", word(t, GATEWAY_MEMORY));
}

/* What `node` says already stays, but for what makes it the gateway. What is filled in stands where
 * the node does. */
static void fill(const struct tree *t, struct yaml_node *node, const char *model)
{
    set(t, node, "image", word(t, GATEWAY_IMAGE));
    set_command(t, node, model);
    set_port(t, node);
    set_size(t, node);
    struct yaml_node *networks = own_map(t, node, "networks");
    yaml_map_remove(networks, "default");
    set(t, networks, GATEWAY_NETWORK, word(t, "null"));
    set_missing(t, node, "platform", "linux/amd64");
    set(t, node, "x-defang-llm", word(t, "true"));
}

/* ---- who calls it ---- */
static char *variable(struct arena *a, const char *service, const char *suffix)
{
    char *name = arena_printf(a, "%s_%s", service, suffix);
    for (char *p = name; *p; p++)
        *p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
    return name;
}

static void add_variable(
    struct arena *a,
    struct compose_service *s,
    struct yaml_pos pos,
    const char *name,
    const char *value)
{
    size_t at = 0;
    for (; at < s->environment_count && strcmp(s->environment[at].name, name) <= 0; at++)
        if (strcmp(s->environment[at].name, name) == 0)
            return;
    struct compose_env *more = arena_array(a, struct compose_env, s->environment_count + 1);
    for (size_t i = 0; i < s->environment_count; i++)
        more[i + (i >= at)] = s->environment[i];
    more[at] = (struct compose_env){.name = name, .value = template_to_text(a, value, pos)};
    s->environment = more;
    s->environment_count++;
}

static const struct compose_dependency *dependency(const struct compose_service *s, const char *on)
{
    for (size_t i = 0; i < s->depends_on_count; i++)
        if (strcmp(s->depends_on[i].service, on) == 0)
            return &s->depends_on[i];
    return NULL;
}

static void
add_dependency(struct arena *a, struct compose_service *s, struct yaml_pos pos, const char *on)
{
    if (dependency(s, on))
        return;
    struct compose_dependency *more =
        arena_array(a, struct compose_dependency, s->depends_on_count + 1);
    size_t at = 0;
    for (size_t i = 0; i < s->depends_on_count; i++) {
        at += strcmp(s->depends_on[i].service, on) < 0;
        more[i + (strcmp(s->depends_on[i].service, on) > 0)] = s->depends_on[i];
    }
    more[at] = (struct compose_dependency){
        .pos = pos, .service = on, .condition = COMPOSE_STARTED, .required = true};
    s->depends_on = more;
    s->depends_on_count++;
}

struct gateway {
    const char *name, *model;
};

static const struct yaml_pair *pair_of(const struct yaml_node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == YAML_KIND_MAPPING && i < map->len; i++)
        if (strcmp(map->pairs[i].key->value, key) == 0)
            return &map->pairs[i];
    return NULL;
}

static void introduce(struct arena *a, struct compose_service *s, const struct gateway *g)
{
    const struct yaml_pair *bound = pair_of(s->node ? yaml_get(s->node, "models") : NULL, g->name);
    const struct compose_dependency *waits = dependency(s, g->name);
    if ((!bound && !waits) || strcmp(s->name, g->name) == 0)
        return;
    struct yaml_pos pos = bound ? bound->key->pos : waits->pos;
    const char *url = bound ? plan_ext_string(bound->value, "endpoint_var") : NULL,
               *model = bound ? plan_ext_string(bound->value, "model_var") : NULL;
    add_variable(
        a,
        s,
        pos,
        text_empty(url) ? variable(a, g->name, "URL") : url,
        arena_printf(a, "http://%s:" GATEWAY_PORT "/v1/", g->name));
    if (*g->model)
        add_variable(
            a, s, pos, text_empty(model) ? variable(a, g->name, "MODEL") : model, g->model);
    add_variable(a, s, pos, "OPENAI_API_KEY", GATEWAY_KEY);
    add_dependency(a, s, pos, g->name);
}

/* ---- the project ---- */
static int by_service(const void *a, const void *b)
{
    return strcmp(
        ((const struct compose_service *)a)->name, ((const struct compose_service *)b)->name);
}

static int by_network(const void *a, const void *b)
{
    return strcmp(
        ((const struct compose_network *)a)->name, ((const struct compose_network *)b)->name);
}

static void add_network(struct compose_project *p, struct yaml_pos pos)
{
    if (compose_network_get(p, GATEWAY_NETWORK))
        return;
    struct compose_network *more =
        arena_array(p->arena, struct compose_network, p->network_count + 1);
    if (p->network_count)
        memcpy(more, p->networks, p->network_count * sizeof *more);
    more[p->network_count++] = (struct compose_network){.name = GATEWAY_NETWORK, .pos = pos};
    qsort(more, p->network_count, sizeof *more, by_network);
    p->networks = more;
}

/* A service of its own for what nobody runs: neither image nor build. */
static bool may_provide(const struct compose_service *s)
{
    return plan_provides_model(s->node) && !s->image && !s->has_build;
}

static void become(
    struct compose_project *p,
    struct compose_service *s,
    const struct yaml_pair *pair,
    const char *model)
{
    struct tree t = {p->arena, pair->value->pos};
    fill(&t, pair->value, model);
    bind_service(p->arena, pair, s);
    add_network(p, s->pos);
}

/* A model's own extensions (x-defang-autoscaling, x-defang-policies) are its service's. */
static struct yaml_node *model_node(struct compose_project *p, const struct yaml_pair *model)
{
    struct yaml_node *extensions = bind_extensions(p->arena, model->value);
    return extensions ? extensions : yaml_new_mapping(p->arena, model->value->pos);
}

static const struct yaml_node *models_of(const struct compose_project *p)
{
    const struct yaml_node *models = p->root ? yaml_get(p->root, "models") : NULL;
    return models && models->kind == YAML_KIND_MAPPING ? models : NULL;
}

void plan_models_expand(struct compose_project *p)
{
    const struct yaml_node *models = models_of(p);
    size_t max = p->service_count + (models ? models->len : 0), count = 0;
    struct gateway *gateways = arena_array(p->arena, struct gateway, max + 1);
    struct compose_service *all = arena_array(p->arena, struct compose_service, max + 1);
    for (size_t i = 0; i < p->service_count; i++) {
        all[i] = p->services[i];
        if (!may_provide(&all[i]))
            continue;
        const struct yaml_node *model = option_model(all[i].node);
        const struct yaml_pair pair = {
            yaml_new_scalar(p->arena, all[i].pos, all[i].name, true),
            yaml_copy_shallow(p->arena, all[i].node)};
        gateways[count++] =
            (struct gateway){all[i].name, model ? template_plain(p->arena, model->value) : ""};
        become(p, &all[i], &pair, gateways[count - 1].model);
    }
    size_t total = p->service_count;
    for (size_t i = 0; models && i < models->len; i++) {
        const char *name = models->pairs[i].key->value,
                   *model = plan_ext_string(models->pairs[i].value, "model");
        if (compose_service_get(p, name))
            continue;
        const struct yaml_pair pair = {models->pairs[i].key, model_node(p, &models->pairs[i])};
        gateways[count++] = (struct gateway){name, model ? model : ""};
        become(p, &all[total++], &pair, gateways[count - 1].model);
    }
    if (!count)
        return;
    for (size_t i = 0; i < total; i++)
        for (size_t k = 0; k < count; k++)
            introduce(p->arena, &all[i], &gateways[k]);
    qsort(all, total, sizeof *all, by_service);
    p->services = all;
    p->service_count = total;
}

/* ---- checks: of what the files say ---- */
static void check_model(
    struct plan_check *c,
    const char *what,
    const char *name,
    struct yaml_pos pos,
    const struct yaml_node *model)
{
    const char *part = model ? template_first_part(c->a, model->value) : NULL;
    if (!model || text_empty(model->value))
        plan_error(
            &c->diag,
            pos,
            "As in model: anthropic.claude-3-haiku-20240307-v1:0.",
            "%s %s names no model",
            what,
            name);
    else if (part)
        plan_error(
            &c->diag,
            model->pos,
            arena_printf(c->a, "Give %s a value in .env or a default (${%s:-…}).", part, part),
            "%s %s: its model is drawn from ${%s}, which nothing defines, and config is not known "
            "when the gateway starts",
            what,
            name,
            part);
    else if (text_starts(model->value, "ai/") || text_starts(model->value, "hf.co/"))
        plan_warn(
            &c->diag,
            model->pos,
            "Name a model or an inference profile of Bedrock, as in ${MODEL:-…} to have another "
            "one here.",
            "%s %s: %s is a model of Docker's runner, and Bedrock has none of that name",
            what,
            name,
            model->value);
}

static bool is_bound(const struct compose_project *p, const char *model)
{
    for (size_t i = 0; i < p->service_count; i++)
        if (p->services[i].node && pair_of(yaml_get(p->services[i].node, "models"), model))
            return true;
    return false;
}

static void check_top(struct plan_check *c, const struct yaml_pair *pair)
{
    static const char *const ignored[] = {"context_size", "runtime_flags"};
    const char *name = pair->key->value;
    const struct yaml_node *service = yaml_get(yaml_get(c->p->root, "services"), name);
    check_model(c, "model", name, pair->key->pos, yaml_get(pair->value, "model"));
    if (service)
        plan_error(
            &c->diag,
            pair->key->pos,
            "Rename one of them.",
            "\"%s\" is both a service and a model, and a model becomes a service of its name",
            name);
    else if (!is_bound(c->p, name))
        plan_warn(
            &c->diag,
            pair->key->pos,
            "Remove it, or name it under a service's models:.",
            "model %s: no service names it, and its gateway runs all the same",
            name);
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++) {
        const struct yaml_node *n = yaml_get(pair->value, ignored[i]);
        if (n && !yaml_is_null(n))
            plan_warn(
                &c->diag,
                n->pos,
                "Remove it.",
                "model %s: %s is ignored, Bedrock has its own",
                name,
                ignored[i]);
    }
}

static void check_provider(struct plan_check *c, const char *name, const struct yaml_node *service)
{
    const struct yaml_node *provider = yaml_get(service, "provider"),
                           *options = yaml_get(provider, "options");
    check_model(c, "service", name, provider->pos, option_model(service));
    if (yaml_get(service, "image") || yaml_get(service, "build"))
        plan_error(
            &c->diag,
            provider->pos,
            "Remove image: and build:, or provider:.",
            "service %s has a provider and an image",
            name);
    for (size_t i = 0; options && options->kind == YAML_KIND_MAPPING && i < options->len; i++)
        if (strcmp(options->pairs[i].key->value, "model") != 0)
            plan_warn(
                &c->diag,
                options->pairs[i].key->pos,
                "Remove it.",
                "service %s: provider option %s is ignored",
                name,
                options->pairs[i].key->value);
}

static void
check_binding(struct plan_check *c, const char *service, const struct yaml_pair *binding)
{
    static const char *const keys[] = {"endpoint_var", "model_var"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const struct yaml_node *n = yaml_get(binding->value, keys[i]);
        if (n && !yaml_is_null(n) && !template_is_name(n->value))
            plan_error(
                &c->diag,
                n->pos,
                "Use letters, digits and underscores.",
                "service %s: model %s: %s is no name of a variable",
                service,
                binding->key->value,
                keys[i]);
    }
}

void plan_check_models(struct plan_check *c)
{
    const struct yaml_node *models = models_of(c->p),
                           *services = c->p->root ? yaml_get(c->p->root, "services") : NULL;
    for (size_t i = 0; models && i < models->len; i++)
        check_top(c, &models->pairs[i]);
    for (size_t i = 0; services && i < services->len; i++) {
        const struct yaml_node *service = services->pairs[i].value,
                               *bound = yaml_get(service, "models");
        if (plan_provides_model(service))
            check_provider(c, services->pairs[i].key->value, service);
        for (size_t k = 0; bound && bound->kind == YAML_KIND_MAPPING && k < bound->len; k++)
            check_binding(c, services->pairs[i].key->value, &bound->pairs[k]);
    }
}
