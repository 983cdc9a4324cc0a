/* Settings: mode presets (defang.md 4.9, 7.14) under single overrides.
 *
 * In this order, each over the one before: what holds in every mode, the mode's preset, names and
 * domain from the environment, then the settings one by one (table.c). Last what follows
 * from two of them together. A wrong value is an error and never a default: nobody notices a
 * default. */
#include "plan/settings.h"
#include "base/env.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/image.h"
#include "plan/names.h"
#include "plan/view/adopt.h"
#include "plan/view/extensions.h"
#include "plan/view/view.h"
#include <ctype.h>
#include <string.h>

#define KANIKO_IMAGE "ghcr.io/osscontainertools/kaniko:v1.28.3"

struct preset {
    enum plan_nat nat;
    const char *capacity_provider;
    unsigned log_retention_days, min_healthy_percent, backup_days, deregistration_delay;
    bool deletion_protection;
    enum plan_store_class store_class;
    const char *kaniko_cpu, *kaniko_memory;
};

static const struct preset PRESETS[] = {
    [PLAN_MODE_UNSET] =
        {PLAN_NAT_NONE, "FARGATE_SPOT", 1, 0, 0, 0, false, PLAN_BURSTABLE, "2048", "8192"},
    [PLAN_AFFORDABLE] =
        {PLAN_NAT_NONE, "FARGATE_SPOT", 1, 0, 0, 0, false, PLAN_BURSTABLE, "2048", "8192"},
    [PLAN_BALANCED] =
        {PLAN_NAT_SINGLE, "FARGATE_SPOT", 7, 100, 1, 10, false, PLAN_GENERAL, "2048", "8192"},
    [PLAN_HIGH_AVAILABILITY] =
        {PLAN_NAT_PER_ZONE, "FARGATE", 30, 100, 7, 10, true, PLAN_MEMORY, "4096", "16384"},
};

struct word {
    const char *name;
    int value;
};

static int find_word(const struct word *words, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_eq_nocase(words[i].name, name))
            return words[i].value;
    return -1;
}

const char *plan_mode_name(const struct plan_settings *s)
{
    static const char *const names[] = {
        [PLAN_MODE_UNSET] = "",
        [PLAN_AFFORDABLE] = "affordable",
        [PLAN_BALANCED] = "balanced",
        [PLAN_HIGH_AVAILABILITY] = "high_availability"};

    return names[s->mode];
}

static int parse_mode(const char *text, enum plan_mode *out, struct error *err)
{
    static const struct word words[] = {
        {"affordable", PLAN_AFFORDABLE},
        {"cheap", PLAN_AFFORDABLE},
        {"development", PLAN_AFFORDABLE},
        {"balanced", PLAN_BALANCED},
        {"staging", PLAN_BALANCED},
        {"high_availability", PLAN_HIGH_AVAILABILITY},
        {"high-availability", PLAN_HIGH_AVAILABILITY},
        {"ha", PLAN_HIGH_AVAILABILITY},
        {"production", PLAN_HIGH_AVAILABILITY}};
    int mode = find_word(words, ARRAY_LEN(words), text);

    if (mode < 0) {
        int rc = error_raise(err, ERR_USAGE, "unknown mode \"%s\"", text);
        error_hint(err, "Modes are affordable, balanced and high_availability.");
        return rc;
    }
    *out = (enum plan_mode)mode;
    return 0;
}

/* CloudWatch Logs takes these only. */
static bool retention_ok(unsigned days)
{
    static const unsigned known[] = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                     365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (known[i] == days)
            return true;
    return false;
}

static bool name_ok(const char *s, size_t max, bool lower, bool hyphen)
{
    if (!isalpha((unsigned char)*s) || strlen(s) > max || s[strlen(s) - 1] == '-')
        return false;
    for (; *s; s++)
        if ((!isalnum((unsigned char)*s) && !(hyphen && *s == '-')) ||
            (lower && isupper((unsigned char)*s)))
            return false;
    return true;
}

static int resolve_names(
    struct arena *arena,
    const struct env *env,
    const char *stack_flag,
    struct plan_settings *out,
    struct error *err)
{
    const char *prefix = env_get(env, "DEFANG_PREFIX"); /* empty is a value: no prefix */
    const char *stack =
        !text_empty(stack_flag) ? stack_flag : env_get_nonempty(env, "DEFANG_SUFFIX");

    if (!stack)
        stack = env_get_nonempty(env, "DEFANG_STACK");
    const char *cd = env_get_nonempty(env, "DEFANG_CD_NAME");
    out->prefix = arena_strdup(arena, prefix ? prefix : "Defang");
    out->stack = arena_strdup(arena, stack ? stack : "beta");
    out->cd_name = arena_strdup(arena, cd ? cd : "defang-cd");
    if (*out->prefix && !name_ok(out->prefix, 20, false, true))
        return error_raise(
            err,
            ERR_USAGE,
            "DEFANG_PREFIX \"%s\" must be at most 20 letters, digits and hyphens and begin with a "
            "letter",
            out->prefix);
    if (plan_ssm_reserved(out->prefix))
        return error_raise(
            err,
            ERR_USAGE,
            "DEFANG_PREFIX \"%s\": SSM takes no parameter whose name begins with aws or ssm",
            out->prefix);
    if (!name_ok(out->stack, 32, true, false))
        return error_raise(
            err,
            ERR_USAGE,
            "stack name \"%s\" must be at most 32 lower-case letters and digits and begin with a "
            "letter",
            out->stack);
    if (!name_ok(out->cd_name, 64, false, true))
        return error_raise(
            err,
            ERR_USAGE,
            "DEFANG_CD_NAME \"%s\" must be at most 64 letters, digits and hyphens and begin with a "
            "letter",
            out->cd_name);
    return 0;
}

/* An image that the environment names for a program of ours; `fallback` when it names none. It goes
 * into templates, so that what is no name of an image is refused here. */
static int take_image(
    struct arena *arena,
    const struct env *env,
    const char *variable,
    const char *fallback,
    const char **out,
    struct error *err)
{
    const char *said = env_get_nonempty(env, variable);
    struct image_name name;

    *out = said ? arena_strdup(arena, said) : fallback;
    if (!said)
        return 0;

    int rc = image_name_parse(arena, said, &name, err);
    return rc < 0 ? error_wrap(err, "%s", variable) : 0;
}

/* A task on an instance with a GPU has no public address: without NAT it reaches nothing. Where
 * nobody said how, it gets one gateway; the check says so (check/gpu.c). */
static void give_nat(struct arena *a, const struct compose_project *p, struct plan_settings *out)
{
    struct plan_view v;

    if (!p || out->nat != PLAN_NAT_NONE)
        return;
    plan_view_make(a, p, &v);
    for (size_t i = 0; i < v.count && !v.adopt.vpc.value; i++) {
        const struct plan_service *s = &v.services[i];
        const struct compose_deploy *d = &s->s->deploy;
        bool gpu = d->reservations.gpu_count || d->limits.gpu_count;

        if (gpu && plan_is_task(s) && !plan_task_of(s)->isolated && !plan_task_of(s)->once)
            out->nat_for_gpu = true;
    }
    if (out->nat_for_gpu)
        out->nat = PLAN_NAT_SINGLE;
}

static int resolve_overrides(
    struct arena *arena,
    const struct compose_project *p,
    const struct env *env,
    struct plan_settings *out,
    struct error *err)
{
    const enum plan_nat unsaid = (enum plan_nat)(PLAN_NAT_PER_ZONE + 1);
    enum plan_nat preset = out->nat;

    out->nat = unsaid;
    int rc = plan_settings_table(arena, p, env, out, err);
    if (out->nat == unsaid) {
        out->nat = preset;
        give_nat(arena, p, out);
    }

    if (!rc && !retention_ok(out->log_retention_days))
        return error_raise(
            err,
            ERR_USAGE,
            "log-retention-days (DEFANG_LOG_RETENTION_DAYS): CloudWatch Logs keeps for 1, 3, 5, 7, "
            "14, 30, 60, 90 … days, not for %u",
            out->log_retention_days);
    if (!out->allow_burstable && out->store_class == PLAN_BURSTABLE)
        out->store_class = PLAN_GENERAL;
    const char *no_cache = env_get_nonempty(env, "DEFANG_NO_CACHE");
    out->no_cache = no_cache && !text_eq(no_cache, "0") && !text_eq_nocase(no_cache, "false");
    if (rc == 0)
        rc = take_image(arena, env, "DEFANG_KANIKO_IMAGE", KANIKO_IMAGE, &out->kaniko_image, err);
    if (rc == 0)
        rc = take_image(arena, env, "DEFANG_PULUMI_IMAGE", NULL, &out->pulumi_image, err);
    return rc;
}

static int resolve_domain(
    struct arena *arena, const struct env *env, struct plan_settings *out, struct error *err)
{
    const char *domain = env_get_nonempty(env, "DEFANG_DOMAIN");

    out->domain = domain ? plan_shape_take(arena, PLAN_SHAPE_DOMAIN, domain) : NULL;
    if (domain && !out->domain)
        return error_raise(
            err, ERR_USAGE, "DEFANG_DOMAIN \"%s\" is no domain, as in shop.example.com", domain);
    return 0;
}

static void apply_preset(struct plan_settings *out)
{
    const struct preset *preset = &PRESETS[out->mode];

    out->nat = preset->nat;
    out->capacity_provider = preset->capacity_provider;
    out->log_retention_days = preset->log_retention_days;
    out->min_healthy_percent = preset->min_healthy_percent;
    out->backup_days = preset->backup_days;
    out->deletion_protection = preset->deletion_protection;
    out->deregistration_delay = preset->deregistration_delay;
    out->store_class = preset->store_class;
    out->kaniko_cpu = preset->kaniko_cpu;
    out->kaniko_memory = preset->kaniko_memory;
    /* A permanent redirect is remembered by browsers for good: for those who mean it. */
    out->redirect_code = out->mode == PLAN_HIGH_AVAILABILITY ? "HTTP_301" : "HTTP_302";
    /* What is stored costs a little: not where the mode is for trying out. */
    out->access_logs = out->mode == PLAN_BALANCED || out->mode == PLAN_HIGH_AVAILABILITY;
    out->force_destroy = !preset->deletion_protection;
    out->price_class = out->mode == PLAN_HIGH_AVAILABILITY ? "PriceClass_All" : "PriceClass_100";
}

int plan_settings_resolve(
    struct arena *arena,
    const struct compose_project *p,
    const struct env *env,
    const char *mode_flag,
    const char *stack_flag,
    struct plan_settings *out,
    struct error *err)
{
    cleanup_env struct env *none = env ? NULL : env_new();
    const struct env *e = env ? env : none;

    *out = (struct plan_settings){
        .zones = 2,
        .allow_burstable = true,
        .health_interval = 5,
        .health_threshold = 2,
        .backup_window = PLAN_BACKUP_WINDOW};
    const char *mode = !text_empty(mode_flag) ? mode_flag : env_get_nonempty(e, "DEFANG_MODE");
    if (!mode && p)
        mode = plan_ext_string(p->extensions, "x-defang-mode");
    int rc = mode ? parse_mode(mode, &out->mode, err) : 0;
    if (rc)
        return rc;
    apply_preset(out);
    rc = resolve_names(arena, e, stack_flag, out, err);
    if (rc == 0)
        rc = resolve_domain(arena, e, out, err);
    return rc ? rc : resolve_overrides(arena, p, e, out, err);
}
