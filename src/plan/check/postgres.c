/* Managed Postgres: what RDS does not take, or takes for more money.
 *
 * Refused: no password or one that RDS does not take, a name of a user or database that RDS does
 * not have, a version that cannot be made any more, a port below 1150, a size that no instance
 * class has. Warned of: no version, a version past its standard support, settings in the command
 * that RDS does not take so, an image that does not look like Postgres. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/passwords.h"
#include "plan/store/store.h"
#include <stdlib.h>
#include <string.h>

static void tell_clear(
    struct plan_check *c,
    const struct plan_service *s,
    const struct compose_env *e,
    const char *config)
{
    c->diag.rule = "secret in clear";
    plan_warn(
        &c->diag,
        e->value.pos,
        arena_printf(
            c->a,
            "When it is deployed, write `%s: ${%s}` instead: the value is there then.",
            e->name,
            config),
        "service %s: %s stands in the files in clear; `up` keeps it as config %s, and no template "
        "has it",
        s->s->name,
        e->name,
        config);
}

/* RDS could keep a password of its own in Secrets Manager, but then no other service of the project
 * would know it: the config store is the place that all read. */
void plan_check_password(
    struct plan_check *c, const struct plan_service *s, const char *name, const char *store)
{
    const char *hint = arena_printf(
        c->a, "Write `%s: ${%s}` and run: defangctl config set %s --random", name, name, name);
    const struct compose_env *e = plan_check_variable(s->s, name);
    const char *config = e ? compose_text_bare_config(&e->value) : NULL;
    const char *literal = e && !config ? compose_text_literal(c->a, &e->value) : NULL;

    if (!e)
        plan_error(
            &c->diag,
            s->s->pos,
            hint,
            "service %s: a managed %s needs %s from config",
            s->s->name,
            store,
            name);
    else if (literal)
        plan_error(
            &c->diag,
            e->value.pos,
            hint,
            "service %s: AWS takes no such %s, it wants 8 to 128 printable ASCII characters "
            "without / \" @ and space, and the one in the files has %zu characters",
            s->s->name,
            name,
            strlen(literal));
    else if (!config)
        plan_error(
            &c->diag,
            e->value.pos,
            hint,
            "service %s: %s must be one value, and not text around a config",
            s->s->name,
            name);
    else if (!plan_config_name_valid(config))
        plan_error(
            &c->diag,
            e->value.pos,
            hint,
            "service %s: %s draws from \"%s\", which is no valid config name",
            s->s->name,
            name,
            config);
    else if (e->taken)
        tell_clear(c, s, e, config);
}

bool plan_check_name_of_config(
    struct plan_check *c, const struct plan_service *s, const struct compose_env *e)
{
    const char *config = compose_text_bare_config(&e->value);

    if (!config)
        return false;
    if (!plan_config_name_valid(config))
        plan_error(
            &c->diag,
            e->value.pos,
            "Use letters, digits and underscores, no digit first.",
            "service %s: %s draws from \"%s\", which is no valid config name",
            s->s->name,
            e->name,
            config);
    else
        plan_note(
            &c->diag,
            e->value.pos,
            NULL,
            "service %s: its %s is what config %s says when the store is made; a later value "
            "changes nothing",
            s->s->name,
            e->name,
            config);
    return true;
}

static void check_identifier(struct plan_check *c, const struct plan_service *s, const char *name)
{
    const struct compose_env *e = plan_check_variable(s->s, name);
    const char *text = e ? compose_text_literal(c->a, &e->value) : NULL;

    if (!e || plan_check_name_of_config(c, s, e))
        return;
    if (!text)
        plan_error(
            &c->diag,
            e->value.pos,
            "Write one name, or ${NAME} alone.",
            "service %s: %s mixes text with config",
            s->s->name,
            name);
    else if (*text && !plan_store_name_suits(text, false))
        plan_error(
            &c->diag,
            e->value.pos,
            "Use letters, digits and underscores, a letter first, at most 63; not admin.",
            "service %s: RDS does not take %s \"%s\"",
            s->s->name,
            name,
            text);
}

/* Settings that the command gives (-c name=value, --name=value) become a parameter group. */
static void check_parameters(struct plan_check *c, const struct plan_service *s)
{
    for (size_t i = 0; i < s->s->command_count; i++) {
        const char *name, *value, *word = s->s->command[i];
        bool is_setting = text_starts(word, "--") || (i && text_eq(s->s->command[i - 1], "-c"));

        if (!is_setting)
            continue;
        if (!plan_postgres_parameter(c->a, s->s, i, &name, &value))
            plan_warn(
                &c->diag,
                s->s->pos,
                "Give a plain number in RDS's unit, or leave it to RDS.",
                "service %s: \"%s\" in the command is ignored, RDS does not take it so",
                s->s->name,
                word);
    }
}

/* What there is none of is refused, with the nearest; what is old costs Extended Support by the
 * vCPU and hour, more than the instance itself when that is small. */
static void check_version(struct plan_check *c, const struct plan_service *s)
{
    const char *version = plan_postgres_version(s->s->image);
    struct plan_postgres_offer offer;

    if (!version) {
        plan_warn(
            &c->diag,
            s->s->pos,
            "Name the major version, as in postgres:16.",
            "service %s: the image names no version, RDS chooses it",
            s->s->name);
        return;
    }

    plan_postgres_offer(version, &offer);
    if (!offer.version)
        plan_error(
            &c->diag,
            s->s->pos,
            arena_printf(c->a, "Use postgres:%lld.", offer.nearest < 14 ? 16 : offer.nearest),
            "service %s: RDS has no Postgres %s%s",
            s->s->name,
            version,
            strtoll(version, NULL, 10) < offer.nearest ? " any more" : "");
    else if (!offer.exact)
        plan_warn(
            &c->diag,
            s->s->pos,
            "Name the major version alone, as in postgres:16.",
            "service %s: RDS has no Postgres %s, it gets %s",
            s->s->name,
            version,
            offer.version);
    if (offer.version && plan_postgres_is_extended(strtoll(version, NULL, 10)))
        plan_warn(
            &c->diag,
            s->s->pos,
            "Use postgres:16 or later.",
            "service %s: Postgres %s is past AWS's standard support, RDS charges Extended Support "
            "for every vCPU and hour",
            s->s->name,
            version);
    check_parameters(c, s);
}

static void check_port(struct plan_check *c, const struct plan_service *s)
{
    if (s->ports[0].target < 1150)
        plan_error(
            &c->diag,
            s->s->pos,
            "Use 5432.",
            "service %s: RDS listens on ports from 1150 on, not on %u",
            s->s->name,
            s->ports[0].target);
}

static void check_size(struct plan_check *c, const struct plan_service *s)
{
    if (!plan_rds_class(c->s, NULL, s->vcpus, s->memory_mib))
        plan_error(
            &c->diag,
            s->s->pos,
            "Ask for less.",
            "service %s: no RDS class has %g vCPU and %.0f MiB",
            s->s->name,
            s->vcpus,
            s->memory_mib);
}

static void check_image(struct plan_check *c, const struct plan_service *s)
{
    const char *image = s->s->image;

    if (image && !strstr(image, "postgres") && !strstr(image, "pg"))
        plan_warn(
            &c->diag,
            s->s->pos,
            NULL,
            "service %s: image %s does not look like Postgres",
            s->s->name,
            image);
}

void plan_check_postgres(struct plan_check *c, const struct plan_service *s)
{
    plan_check_password(c, s, PLAN_POSTGRES_PASSWORD, "Postgres");
    check_version(c, s);
    check_port(c, s);
    check_identifier(c, s, "POSTGRES_USER");
    check_identifier(c, s, "POSTGRES_DB");
    check_size(c, s);
    check_image(c, s);
}
