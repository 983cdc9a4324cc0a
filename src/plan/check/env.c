/* The environment, and the words of a command (defang.md 6.3): what is no secret, what cannot be
 * config, and what does not fit.
 *
 * Refused: "{{resolve:", which CloudFormation would replace by a secret that then stands in the
 * task definition for all to read; a config name that is not valid; config in a command, which ECS
 * hands over in the environment and nowhere else; an environment that a task definition cannot
 * hold. Warned of: a literal that looks like a secret, a variable without a name. (What values
 * name is asked in names.c.) */
#include "base/str.h"
#include "compose/bind/secrets.h"
#include "plan/check/check.h"
#include "plan/container/words.h"
#include <string.h>

/* Of the 64 KiB that a task definition has, the rest is for everything else in it. */
#define ENVIRONMENT_BYTES ((size_t)60 * 1024)

/* What stands around a variable in the JSON, and about what a config value takes: its ARN. */
#define VARIABLE_BYTES 32
#define CONFIG_BYTES   128

const struct compose_env *plan_check_variable(const struct compose_service *s, const char *name)
{
    for (size_t i = 0; i < s->environment_count; i++)
        if (strcmp(s->environment[i].name, name) == 0)
            return &s->environment[i];
    return NULL;
}

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
}

static void
check_config_names(struct plan_check *c, const struct plan_service *s, const struct compose_env *e)
{
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

    check_config_names(c, s, e);

    /* One config value alone is not in the template: ECS fetches it. */
    bool only_config = compose_text_bare_config(&e->value) != NULL;
    const char *literal = only_config ? NULL : compose_text_literal(c->a, &e->value);
    if (literal)
        check_literal(c, s, e, literal);
}

static void refuse_config(
    struct plan_check *c,
    const struct plan_service *s,
    const char *key,
    struct yaml_pos pos,
    const char *name)
{
    plan_error(
        &c->diag,
        pos,
        arena_printf(
            c->a,
            "Give %s a value in .env or a default (${%s:-…}); for a secret add it to "
            "environment: and let a shell in the container read $$%s.",
            name,
            name,
            name),
        "service %s: its %s uses ${%s}, which nothing defines, and a config value "
        "cannot be put into a %s",
        s->s->name,
        key,
        name,
        key);
}

static bool option_is_secret(const char *option)
{
    return secret_named(option) || text_ends(option, "pass");
}

/* A word that holds a secret, or one behind an option that is called so (--requirepass x). */
static bool word_is_secret(const char *before, const char *word)
{
    const struct secret_rule *rule = secret_match(NULL, word);
    const char *option = before ? before + strspn(before, "-") : NULL;
    bool named = option && option > before && !strchr(option, '=') && option_is_secret(option);
    bool is_value = *word && !strchr("-$/<{%", *word);

    return (rule && rule->severity != COMPOSE_NOTE) || (named && is_value);
}

static void warn_of_secret(
    struct plan_check *c, const struct plan_service *s, const char *key, struct yaml_pos pos)
{
    c->diag.rule = "secret in clear";
    plan_warn(
        &c->diag,
        pos,
        "Add a variable with no value to environment:, keep the secret with defangctl config set, "
        "and let a shell in the container read it.",
        "service %s: its %s has a secret in clear, which would be readable in the task definition",
        s->s->name,
        key);
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
    const char *before = NULL;
    bool warned = false;

    for (size_t i = 0; texts && i < count; i++) {
        const char *literal = compose_text_literal(c->a, &texts[i]);
        bool secret = literal && word_is_secret(before, literal);

        if (secret && !warned)
            warn_of_secret(c, s, key, texts[i].pos);
        warned = warned || secret;
        before = literal;

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
                refuse_config(c, s, key, texts[i].pos, p->text);
    }
}

/* Without a command the image's CMD is to run alone, and no key of ECS's says so. */
static void check_reset(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *n = s->s->node ? yaml_get(s->s->node, "entrypoint") : NULL;

    if (!plan_resets_entrypoint(s->s) || s->s->command_count)
        return;
    plan_error(
        &c->diag,
        n ? n->pos : s->s->pos,
        "Add command: with the words of the image's CMD (docker image inspect shows them), or take "
        "entrypoint away.",
        "service %s: an empty entrypoint leaves the image's CMD to run alone, and ECS knows it "
        "only when it is said",
        s->s->name);
}

/* Labels are text of the task definition like any other. */
static void check_labels(struct plan_check *c, const struct plan_service *s)
{
    for (size_t i = 0; i < s->s->label_count; i++) {
        const struct compose_kv *label = &s->s->labels[i];

        if (label->value && strstr(label->value, "{{resolve:"))
            plan_error(
                &c->diag,
                label->pos,
                "Remove the label.",
                "service %s: CloudFormation would replace \"{{resolve:\" in the label %s and show "
                "the value",
                s->s->name,
                label->key);
    }
}

static size_t environment_bytes(struct plan_check *c, const struct plan_service *s)
{
    size_t bytes = 0;

    for (size_t i = 0; i < s->s->environment_count; i++) {
        const struct compose_env *e = &s->s->environment[i];
        const char *literal = compose_text_literal(c->a, &e->value);

        bytes += strlen(e->name) + VARIABLE_BYTES;
        bytes += literal ? strlen(literal) : CONFIG_BYTES;
    }
    return bytes;
}

void plan_check_env(struct plan_check *c, const struct plan_service *s)
{
    check_words(c, s, "command", s->s->command_texts, s->s->command_count);
    check_words(c, s, "entrypoint", s->s->entrypoint_texts, s->s->entrypoint_count);
    for (size_t i = 0; i < s->s->environment_count; i++)
        check_variable(c, s, &s->s->environment[i]);

    check_reset(c, s);
    check_labels(c, s);

    size_t bytes = environment_bytes(c, s);
    if (bytes > ENVIRONMENT_BYTES)
        plan_error(
            &c->diag,
            s->s->pos,
            "Put large values into a file of the image.",
            "service %s: its environment has %zu bytes, and a task definition holds 64 KiB",
            s->s->name,
            bytes);
}
