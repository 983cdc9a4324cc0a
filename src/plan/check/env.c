#include "base/str.h"
#include "compose/secrets.h"
#include "plan/check/check.h"
#include "plan/context.h"
#include <string.h>

/* A literal that should be config. */
bool plan_looks_secret(const char *name, const char *value)
{
    return secret_match(name, value) != NULL;
}

static void check_literal(
    struct plan_check *c,
    const struct plan_service *s,
    const struct compose_env *e,
    const char *literal)
{
    if (strstr(literal, "{{resolve:"))
        plan_error(
            &c->diag,
            e->value.pos,
            "Use a config value.",
            "service %s: CloudFormation would replace \"{{resolve:\" in %s and show the value in "
            "the task definition",
            s->s->name,
            e->name);
    else if (plan_looks_secret(e->name, literal)) {
        c->diag.rule = "secret in clear";
        plan_warn(
            &c->diag,
            e->value.pos,
            arena_printf(
                c->a,
                "Write `- %s` with no value, and run: defangctl config set %s",
                e->name,
                e->name),
            "service %s: %s looks like a secret and would be readable in the task definition",
            s->s->name,
            e->name);
    }
    const struct plan_service *silent = plan_names_unreachable(&c->v, literal);
    if (silent)
        plan_warn(
            &c->diag,
            e->value.pos,
            arena_printf(c->a, "Add expose: or ports: to %s.", silent->s->name),
            "service %s: %s names service %s, which has no port and so no address",
            s->s->name,
            e->name,
            silent->s->name);
}

static void
check_variable(struct plan_check *c, const struct plan_service *s, const struct compose_env *e)
{
    if (text_empty(e->name)) {
        plan_warn(
            &c->diag,
            e->value.pos,
            "Remove it.",
            "service %s: a variable without a name is left out",
            s->s->name);
        return;
    }
    for (const struct compose_part *p = e->value.first; p; p = p->next)
        if (p->is_config && !plan_config_name_valid(p->text))
            plan_error(
                &c->diag,
                e->value.pos,
                "Config names are letters, digits and underscores, at most 64, and do not begin "
                "with a digit.",
                "service %s: %s draws from config \"%s\", which is no valid name",
                s->s->name,
                e->name,
                p->text);
    const char *literal =
        compose_text_bare_config(&e->value) ? NULL : compose_text_literal(c->a, &e->value);
    if (literal)
        check_literal(c, s, e, literal);
}

/* ECS hands config over in the environment and nowhere else: in a command it would stand there as
 * text. */
static void check_words(
    struct plan_check *c,
    const struct plan_service *s,
    const char *key,
    const struct compose_text *texts,
    size_t count)
{
    for (size_t i = 0; texts && i < count; i++) {
        const char *literal = compose_text_literal(c->a, &texts[i]);
        if (literal && strstr(literal, "{{resolve:"))
            plan_error(
                &c->diag,
                texts[i].pos,
                "Use an environment variable with a config value.",
                "service %s: CloudFormation would replace \"{{resolve:\" in its %s and show the "
                "value",
                s->s->name,
                key);
        for (const struct compose_part *p = literal ? NULL : texts[i].first; p; p = p->next)
            if (p->is_config)
                plan_error(
                    &c->diag,
                    texts[i].pos,
                    arena_printf(
                        c->a,
                        "Give %s a value in .env or a default (${%s:-…}); for a secret add it to "
                        "environment: and let a shell in the container read $$%s.",
                        p->text,
                        p->text,
                        p->text),
                    "service %s: its %s uses ${%s}, which nothing defines, and a config value "
                    "cannot be put into a %s",
                    s->s->name,
                    key,
                    p->text,
                    key);
    }
}

void plan_check_env(struct plan_check *c, const struct plan_service *s)
{
    size_t bytes = 0;
    check_words(c, s, "command", s->s->command_texts, s->s->command_count);
    check_words(c, s, "entrypoint", s->s->entrypoint_texts, s->s->entrypoint_count);
    for (size_t i = 0; i < s->s->environment_count; i++) {
        const struct compose_env *e = &s->s->environment[i];
        check_variable(c, s, e);
        const char *literal = compose_text_literal(c->a, &e->value);
        bytes += strlen(e->name) + (literal ? strlen(literal) : 128) + 32;
    }
    if (bytes > 60 * 1024)
        plan_error(
            &c->diag,
            s->s->pos,
            "Put large values into a file of the image.",
            "service %s: its environment has %zu bytes, and a task definition holds 64 KiB",
            s->s->name,
            bytes);
}
