/* What models: and provider: {type: model} say: before they become services (expand/models.c),
 * so on the nodes of the files and not on the typed project.
 *
 * The gateway is told its model by its command, so the name must be known when it starts. */
#include "plan/expand/models.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/template.h"
#include "plan/check/check.h"
#include <string.h>

/* The model's name goes into the gateway's command, so it must be known when the service is made.
 */
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

/* Some service names the model under its own models:. */
static bool is_bound(const struct compose_project *p, const char *model)
{
    for (size_t i = 0; i < p->service_count; i++)
        if (plan_model_binding(p->services[i].node, model))
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
    const struct yaml_node *provider = yaml_get(service, "provider");
    const struct yaml_node *options = yaml_get(provider, "options");

    check_model(c, "service", name, provider->pos, plan_provider_model(service));
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

static void check_bindings(struct plan_check *c, const char *name, const struct yaml_node *service)
{
    const struct yaml_node *bound = yaml_get(service, "models");

    if (!bound || bound->kind != YAML_KIND_MAPPING)
        return;
    for (size_t i = 0; i < bound->len; i++)
        check_binding(c, name, &bound->pairs[i]);
}

void plan_check_models(struct plan_check *c)
{
    const struct yaml_node *models = plan_models_of(c->p);
    const struct yaml_node *services = c->p->root ? yaml_get(c->p->root, "services") : NULL;

    for (size_t i = 0; models && i < models->len; i++)
        check_top(c, &models->pairs[i]);

    for (size_t i = 0; services && i < services->len; i++) {
        const char *name = services->pairs[i].key->value;
        const struct yaml_node *service = services->pairs[i].value;

        if (plan_provides_model(service))
            check_provider(c, name, service);
        check_bindings(c, name, service);
    }
}
