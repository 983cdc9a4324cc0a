/* Models (defang.md 6.8): each of the top-level models:, and each service with provider: {type:
 * model}, becomes a LiteLLM service that speaks OpenAI's protocol and calls Bedrock. Who binds a
 * model, or depends on such a service, gets its address and its model's name as variables.
 *
 * The service is written as a file would have it, as YAML nodes, and bound as one: so everything
 * that holds for a service holds for it, and what its author says already (its size, say) stays.
 *
 * The typed project grows; `root` stays what the files say, so that it prints, freezes and loads as
 * before. */
#include "plan/expand/models.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/bind.h"
#include "compose/template.h"
#include "plan/plan.h"
#include "plan/view/extensions.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define GATEWAY_IMAGE   "litellm/litellm:v1.92.0"
#define GATEWAY_PORT    "4000"
#define GATEWAY_CPUS    "0.5"
#define GATEWAY_MEMORY  "2048m"
#define GATEWAY_NETWORK "model_provider_private" /* not default: its port is not open to all */
#define GATEWAY_KEY     "none" /* clients insist on one; a gateway without a master key takes any */

/* ---- what names a model ---- */

bool plan_provides_model(const struct yaml_node *service)
{
    const struct yaml_node *provider = service ? yaml_get(service, "provider") : NULL;

    return text_eq(plan_ext_string(provider, "type"), "model");
}

/* The loader makes a list of every option. */
const struct yaml_node *plan_provider_model(const struct yaml_node *service)
{
    const struct yaml_node *options = yaml_get(yaml_get(service, "provider"), "options");
    const struct yaml_node *n = yaml_get(options, "model");

    if (n && n->kind == YAML_KIND_SEQUENCE)
        n = n->len == 1 ? n->items[0] : NULL;
    return n && n->kind == YAML_KIND_SCALAR && !text_empty(n->value) ? n : NULL;
}

const struct yaml_node *plan_models_of(const struct compose_project *p)
{
    const struct yaml_node *models = p->root ? yaml_get(p->root, "models") : NULL;

    return models && models->kind == YAML_KIND_MAPPING ? models : NULL;
}

const struct yaml_pair *plan_model_binding(const struct yaml_node *service, const char *model)
{
    const struct yaml_node *models = service ? yaml_get(service, "models") : NULL;

    if (!models || models->kind != YAML_KIND_MAPPING)
        return NULL;
    for (size_t i = 0; i < models->len; i++)
        if (strcmp(models->pairs[i].key->value, model) == 0)
            return &models->pairs[i];
    return NULL;
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
    bool there = old && old->kind == YAML_KIND_MAPPING;
    struct yaml_node *made = there ? yaml_copy_shallow(t->a, old) : yaml_new_mapping(t->a, t->pos);

    set(t, map, key, made);
    return made;
}

static void
set_missing(const struct tree *t, struct yaml_node *map, const char *key, const char *text)
{
    if (!yaml_get(map, key))
        set(t, map, key, word(t, text));
}

/* --drop_params: parameters of OpenAI's that a model does not know are left out, not refused. */
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

/* For callers within the VPC: nobody else needs the gateway. */
static void set_port(const struct tree *t, struct yaml_node *node)
{
    struct yaml_node *list = yaml_new_sequence(t->a, t->pos);
    struct yaml_node *port = yaml_new_mapping(t->a, t->pos);

    set(t, port, "target", word(t, GATEWAY_PORT));
    set(t, port, "mode", word(t, "host"));
    set(t, port, "protocol", word(t, "tcp"));

    yaml_seq_push(t->a, list, port);
    set(t, node, "ports", list);
}

/* As its author says; unsaid, what the gateway itself needs. */
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

/* "my-model", "URL" → "MY_MODEL_URL" */
static char *variable(struct arena *a, const char *service, const char *suffix)
{
    char *name = arena_printf(a, "%s_%s", service, suffix);

    for (char *p = name; *p; p++) {
        unsigned char letter = (unsigned char)*p;

        *p = isalnum(letter) ? (char)toupper(letter) : '_';
    }
    return name;
}

/* In its place of the sorted list; one that the service has stays as it is. */
static void add_variable(
    struct arena *a,
    struct compose_service *s,
    struct yaml_pos pos,
    const char *name,
    const char *value)
{
    size_t at = 0;

    for (; at < s->environment_count; at++) {
        int order = strcmp(s->environment[at].name, name);

        if (order == 0)
            return;
        if (order > 0)
            break;
    }

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

/* In its place of the sorted list. */
static void
add_dependency(struct arena *a, struct compose_service *s, struct yaml_pos pos, const char *on)
{
    if (dependency(s, on))
        return;

    struct compose_dependency *more =
        arena_array(a, struct compose_dependency, s->depends_on_count + 1);
    size_t at = 0;

    for (size_t i = 0; i < s->depends_on_count; i++) {
        bool before = strcmp(s->depends_on[i].service, on) < 0;

        at += before;
        more[i + !before] = s->depends_on[i];
    }
    more[at] = (struct compose_dependency){
        .pos = pos, .service = on, .condition = COMPOSE_STARTED, .required = true};
    s->depends_on = more;
    s->depends_on_count++;
}

struct gateway {
    const char *name, *model; /* model "": it names none */
};

/* Tells the service of the gateway, when it binds the model or waits for the gateway. */
static void introduce(struct arena *a, struct compose_service *s, const struct gateway *g)
{
    const struct yaml_pair *bound = plan_model_binding(s->node, g->name);
    const struct compose_dependency *waits = dependency(s, g->name);
    bool concerned = bound || waits;

    if (!concerned || strcmp(s->name, g->name) == 0)
        return;

    struct yaml_pos pos = bound ? bound->key->pos : waits->pos;
    const char *url = bound ? plan_ext_string(bound->value, "endpoint_var") : NULL;
    const char *model = bound ? plan_ext_string(bound->value, "model_var") : NULL;
    const char *address = arena_printf(a, "http://%s:" GATEWAY_PORT "/v1/", g->name);

    if (text_empty(url))
        url = variable(a, g->name, "URL");
    if (text_empty(model))
        model = variable(a, g->name, "MODEL");

    add_variable(a, s, pos, url, address);
    if (*g->model)
        add_variable(a, s, pos, model, g->model);
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

/* Binds the service anew from its nodes, now that they say all of it. */
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

/* What is made of a project: its services and those that it gains, and all gateways among them. */
struct growth {
    struct compose_service *services;
    size_t service_count;
    struct gateway *gateways;
    size_t gateway_count;
};

/* Services with a provider become gateways where they stand. */
static void grow_providers(struct compose_project *p, struct growth *g)
{
    for (size_t i = 0; i < p->service_count; i++) {
        struct compose_service *s = &g->services[g->service_count++];

        *s = p->services[i];
        if (!may_provide(s))
            continue;

        const struct yaml_node *named = plan_provider_model(s->node);
        const char *model = named ? template_plain(p->arena, named->value) : "";
        const struct yaml_pair pair = {
            yaml_new_scalar(p->arena, s->pos, s->name, true), yaml_copy_shallow(p->arena, s->node)};

        g->gateways[g->gateway_count++] = (struct gateway){s->name, model};
        become(p, s, &pair, model);
    }
}

/* Each of models: is a service more, unless one of its name is there: the checks refuse that. */
static void grow_models(struct compose_project *p, const struct yaml_node *models, struct growth *g)
{
    for (size_t i = 0; models && i < models->len; i++) {
        const struct yaml_pair *said = &models->pairs[i];
        const char *name = said->key->value;
        const char *model = plan_ext_string(said->value, "model");

        if (compose_service_get(p, name))
            continue;
        if (!model)
            model = "";

        const struct yaml_pair pair = {said->key, model_node(p, said)};
        g->gateways[g->gateway_count++] = (struct gateway){name, model};
        become(p, &g->services[g->service_count++], &pair, model);
    }
}

/* Gateways first, all of them: a service may bind a model of any name, and gateways may wait for
 * each other. */
void plan_models_expand(struct compose_project *p)
{
    const struct yaml_node *models = plan_models_of(p);
    size_t most = p->service_count + (models ? models->len : 0);
    struct growth g = {
        .services = arena_array(p->arena, struct compose_service, most + 1),
        .gateways = arena_array(p->arena, struct gateway, most + 1)};

    grow_providers(p, &g);
    grow_models(p, models, &g);
    if (!g.gateway_count)
        return;

    for (size_t i = 0; i < g.service_count; i++)
        for (size_t k = 0; k < g.gateway_count; k++)
            introduce(p->arena, &g.services[i], &g.gateways[k]);

    qsort(g.services, g.service_count, sizeof *g.services, by_service);
    p->services = g.services;
    p->service_count = g.service_count;
}
