/* Settings: mode presets (defang.md 4.9, 7.14) under single overrides. */
#include "base/env.h"
#include "base/str.h"
#include "plan/internal.h"
#include <ctype.h>
#include <string.h>

#define KANIKO_IMAGE "ghcr.io/osscontainertools/kaniko:v1.28.3"

struct preset {
    enum plan_nat nat;
    const char *capacity_provider;
    unsigned log_retention_days, min_healthy_percent, backup_days;
    bool deletion_protection;
    const char *kaniko_cpu, *kaniko_memory;
};

static const struct preset PRESETS[] = {
    [PLAN_MODE_UNSET] = {PLAN_NAT_NONE, "FARGATE_SPOT", 1, 0, 0, false, "2048", "8192"},
    [PLAN_AFFORDABLE] = {PLAN_NAT_NONE, "FARGATE_SPOT", 1, 0, 0, false, "2048", "8192"},
    [PLAN_BALANCED] = {PLAN_NAT_SINGLE, "FARGATE_SPOT", 7, 100, 1, false, "2048", "8192"},
    [PLAN_HIGH_AVAILABILITY] = {PLAN_NAT_PER_ZONE, "FARGATE", 30, 100, 7, true, "4096", "16384"},
};

struct word { const char *name; int value; };

static int find_word(const struct word *words, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_eq_nocase(words[i].name, name))
            return words[i].value;
    return -1;
}

static int parse_mode(const char *text, enum plan_mode *out, struct error *err)
{
    static const struct word words[] = {{"affordable", PLAN_AFFORDABLE},
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

static int parse_nat(const char *text, enum plan_nat *out, struct error *err)
{
    static const struct word words[] = {{"none", PLAN_NAT_NONE},         {"single", PLAN_NAT_SINGLE},  {"per-zone", PLAN_NAT_PER_ZONE},
                                        {"per_zone", PLAN_NAT_PER_ZONE}, {"one", PLAN_NAT_SINGLE},     {"OnePerAz", PLAN_NAT_PER_ZONE}};
    int nat = find_word(words, ARRAY_LEN(words), text);
    if (nat < 0) {
        int rc = error_raise(err, ERR_USAGE, "unknown NAT strategy \"%s\"", text);
        error_hint(err, "Strategies are none, single and per-zone.");
        return rc;
    }
    *out = (enum plan_nat)nat;
    return 0;
}

/* CloudWatch Logs takes these only. */
static bool retention_ok(unsigned days)
{
    static const unsigned known[] = {1,   3,   5,   7,   14,  30,   60,   90,   120,  150,  180, 365,
                                     400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (known[i] == days)
            return true;
    return false;
}

static int parse_count(const struct env *env, const char *name, unsigned min, unsigned max, unsigned *out, struct error *err)
{
    const char *text = env_get_nonempty(env, name);
    long long v;
    if (!text)
        return 0;
    if (text_parse_int(text, min, max, &v) < 0)
        return error_raise(err, ERR_USAGE, "%s must be a number from %u to %u, not \"%s\"", name, min, max, text);
    *out = (unsigned)v;
    return 0;
}

static bool name_ok(const char *s, size_t max, bool lower, bool hyphen)
{
    if (!isalpha((unsigned char)*s) || strlen(s) > max || s[strlen(s) - 1] == '-')
        return false;
    for (; *s; s++)
        if ((!isalnum((unsigned char)*s) && !(hyphen && *s == '-')) || (lower && isupper((unsigned char)*s)))
            return false;
    return true;
}

static int resolve_names(struct arena *arena, const struct env *env, const char *stack_flag, struct plan_settings *out, struct error *err)
{
    const char *prefix = env_get(env, "DEFANG_PREFIX"); /* empty is a value: no prefix */
    const char *stack = !text_empty(stack_flag) ? stack_flag : env_get_nonempty(env, "DEFANG_SUFFIX");
    if (!stack)
        stack = env_get_nonempty(env, "DEFANG_STACK");
    const char *cd = env_get_nonempty(env, "DEFANG_CD_NAME");
    out->prefix = arena_strdup(arena, prefix ? prefix : "Defang");
    out->stack = arena_strdup(arena, stack ? stack : "beta");
    out->cd_name = arena_strdup(arena, cd ? cd : "defang-cd");
    if (*out->prefix && !name_ok(out->prefix, 20, false, true))
        return error_raise(err, ERR_USAGE, "DEFANG_PREFIX \"%s\" must be at most 20 letters, digits and hyphens and begin with a letter",
                           out->prefix);
    if (plan_ssm_reserved(out->prefix))
        return error_raise(err, ERR_USAGE, "DEFANG_PREFIX \"%s\": SSM takes no parameter whose name begins with aws or ssm", out->prefix);
    if (!name_ok(out->stack, 32, true, false))
        return error_raise(err, ERR_USAGE, "stack name \"%s\" must be at most 32 lower-case letters and digits and begin with a letter",
                           out->stack);
    if (!name_ok(out->cd_name, 64, false, true))
        return error_raise(err, ERR_USAGE, "DEFANG_CD_NAME \"%s\" must be at most 64 letters, digits and hyphens and begin with a letter",
                           out->cd_name);
    return 0;
}

static int resolve_overrides(struct arena *arena, const struct compose_project *p, const struct env *env, struct plan_settings *out,
                             struct error *err)
{
    const char *nat = env_get_nonempty(env, "DEFANG_NAT");
    if (!nat && p)
        nat = plan_ext_string(p->extensions, "x-defang-nat");
    int rc = nat ? parse_nat(nat, &out->nat, err) : 0;
    if (!rc)
        rc = parse_count(env, "DEFANG_LOG_RETENTION_DAYS", 1, 3653, &out->log_retention_days, err);
    if (!rc && !retention_ok(out->log_retention_days))
        return error_raise(err, ERR_USAGE, "DEFANG_LOG_RETENTION_DAYS: CloudWatch Logs keeps for 1, 3, 5, 7, 14, 30, 60, 90 … days, not for %u",
                           out->log_retention_days);
    if (!rc)
        rc = parse_count(env, "DEFANG_MIN_HEALTHY_PERCENT", 0, 100, &out->min_healthy_percent, err);
    if (!rc)
        rc = parse_count(env, "DEFANG_BACKUP_DAYS", 0, 35, &out->backup_days, err);
    if (!rc)
        rc = parse_count(env, "DEFANG_ZONES", 2, 4, &out->zones, err);
    const char *provider = env_get_nonempty(env, "DEFANG_CAPACITY_PROVIDER");
    if (!rc && provider && strcmp(provider, "FARGATE") != 0 && strcmp(provider, "FARGATE_SPOT") != 0)
        return error_raise(err, ERR_USAGE, "DEFANG_CAPACITY_PROVIDER must be FARGATE or FARGATE_SPOT, not \"%s\"", provider);
    if (!rc && provider)
        out->capacity_provider = arena_strdup(arena, provider);
    const char *no_cache = env_get_nonempty(env, "DEFANG_NO_CACHE");
    out->no_cache = no_cache && !text_eq(no_cache, "0") && !text_eq_nocase(no_cache, "false");
    const char *image = env_get_nonempty(env, "DEFANG_KANIKO_IMAGE");
    out->kaniko_image = image ? arena_strdup(arena, image) : KANIKO_IMAGE;
    return rc;
}

int plan_settings_resolve(struct arena *arena, const struct compose_project *p, const struct env *env, const char *mode_flag,
                          const char *stack_flag, struct plan_settings *out, struct error *err)
{
    cleanup_env struct env *none = env ? NULL : env_new();
    const struct env *e = env ? env : none;
    *out = (struct plan_settings){.zones = 2};
    const char *mode = !text_empty(mode_flag) ? mode_flag : env_get_nonempty(e, "DEFANG_MODE");
    if (!mode && p)
        mode = plan_ext_string(p->extensions, "x-defang-mode");
    int rc = mode ? parse_mode(mode, &out->mode, err) : 0;
    if (rc)
        return rc;
    const struct preset *preset = &PRESETS[out->mode];
    out->nat = preset->nat;
    out->capacity_provider = preset->capacity_provider;
    out->log_retention_days = preset->log_retention_days;
    out->min_healthy_percent = preset->min_healthy_percent;
    out->backup_days = preset->backup_days;
    out->deletion_protection = preset->deletion_protection;
    out->kaniko_cpu = preset->kaniko_cpu;
    out->kaniko_memory = preset->kaniko_memory;
    rc = resolve_names(arena, e, stack_flag, out, err);
    if (rc == 0)
        rc = plan_settings_ingress(arena, p, e, out, err);
    return rc ? rc : resolve_overrides(arena, p, e, out, err);
}
