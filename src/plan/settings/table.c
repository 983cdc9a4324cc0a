/* Single settings over the mode's presets (defang.md 7.14): each may stand in the project's
 * `x-defang-settings` under its recipe key and in the environment as DEFANG_…, which counts more.
 * What a recipe key of the reference that is not here would set does not exist in our plans:
 * records are always overwritten by their owner only, zones are emptied by who fills them,
 * parameters have one path. */
#include "base/env.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/settings.h"
#include "plan/view/extensions.h"
#include "plan/view/view.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum kind { COUNT, SWITCH, WORD, NUMBERED, WINDOW };

struct word {
    const char *name;
    unsigned value;
    const char *text;
}; /* text: what a WORD keeps */

struct row {
    const char *key, *alias, *env, *top; /* recipe key, its long name in the reference, variable,
                                            older key at the top of the file */
    enum kind kind;
    size_t offset;
    unsigned min, max;
    const struct word *words; /* up to a NULL name */
    const char *hint;
};

static const struct word NAT[] = {
    {"none", PLAN_NAT_NONE, NULL},
    {"single", PLAN_NAT_SINGLE, NULL},
    {"one", PLAN_NAT_SINGLE, NULL},
    {"per-zone", PLAN_NAT_PER_ZONE, NULL},
    {"per_zone", PLAN_NAT_PER_ZONE, NULL},
    {"OnePerAz", PLAN_NAT_PER_ZONE, NULL},
    {NULL, 0, NULL}};
static const struct word PROVIDER[] = {
    {"FARGATE", 0, "FARGATE"}, {"FARGATE_SPOT", 0, "FARGATE_SPOT"}, {NULL, 0, NULL}};
static const struct word REDIRECT[] = {
    {"HTTP_301", 0, "HTTP_301"},
    {"HTTP_302", 0, "HTTP_302"},
    {"301", 0, "HTTP_301"},
    {"302", 0, "HTTP_302"},
    {NULL, 0, NULL}};
static const struct word CLASS[] = {
    {"burstable", PLAN_BURSTABLE, NULL},
    {"general", PLAN_GENERAL, NULL},
    {"memory", PLAN_MEMORY, NULL},
    {NULL, 0, NULL}};
static const struct word DISCOVERY[] = {
    {"cloud-map", PLAN_CLOUD_MAP, NULL}, {"sidecar", PLAN_SIDECAR_RECORDS, NULL}, {NULL, 0, NULL}};
static const struct word RESOLVE[] = {
    {"deployment", PLAN_RESOLVE_DEPLOYMENT, NULL},
    {"digest", PLAN_RESOLVE_DIGEST, NULL},
    {"tag", PLAN_RESOLVE_TAG, NULL},
    {NULL, 0, NULL}};
static const struct word PRICE[] = {
    {"100", 0, "PriceClass_100"},
    {"200", 0, "PriceClass_200"},
    {"all", 0, "PriceClass_All"},
    {NULL, 0, NULL}};
static const struct word ENGINE[] = {{"elasticache", 0, NULL}, {NULL, 0, NULL}};

#define AT(field) offsetof(struct plan_settings, field)
static const struct row ROWS[] = {
    {"access-logs",
     NULL,
     "DEFANG_ACCESS_LOGS",
     "x-defang-access-logs",
     SWITCH,
     AT(access_logs),
     0,
     0,
     NULL,
     NULL},
    {"alarms", NULL, "DEFANG_ALARMS", NULL, SWITCH, AT(alarms), 0, 0, NULL, NULL},
    {"allow-burstable",
     NULL,
     "DEFANG_ALLOW_BURSTABLE",
     NULL,
     SWITCH,
     AT(allow_burstable),
     0,
     0,
     NULL,
     NULL},
    {"allow-downgrade",
     NULL,
     "DEFANG_ALLOW_DOWNGRADE",
     NULL,
     SWITCH,
     AT(allow_downgrade),
     0,
     0,
     NULL,
     NULL},
    {"backup-days",
     "backup-retention-days",
     "DEFANG_BACKUP_DAYS",
     NULL,
     COUNT,
     AT(backup_days),
     0,
     35,
     NULL,
     NULL},
    {"backup-window",
     NULL,
     "DEFANG_BACKUP_WINDOW",
     NULL,
     WINDOW,
     AT(backup_window),
     0,
     0,
     NULL,
     "As in 04:00-05:00, UTC, 30 minutes or more."},
    {"build-memory",
     NULL,
     "DEFANG_BUILD_MEMORY",
     NULL,
     COUNT,
     AT(build_memory),
     4,
     120,
     NULL,
     NULL},
    {"build-storage",
     NULL,
     "DEFANG_BUILD_STORAGE",
     NULL,
     COUNT,
     AT(build_storage),
     21,
     200,
     NULL,
     NULL},
    {"capacity-provider",
     "fargate-capacity-provider",
     "DEFANG_CAPACITY_PROVIDER",
     NULL,
     WORD,
     AT(capacity_provider),
     0,
     0,
     PROVIDER,
     "FARGATE or FARGATE_SPOT."},
    {"deletion-protection",
     NULL,
     "DEFANG_DELETION_PROTECTION",
     NULL,
     SWITCH,
     AT(deletion_protection),
     0,
     0,
     NULL,
     NULL},
    {"deregistration-delay",
     NULL,
     "DEFANG_DEREGISTRATION_DELAY",
     NULL,
     COUNT,
     AT(deregistration_delay),
     0,
     3600,
     NULL,
     NULL},
    {"discovery",
     NULL,
     "DEFANG_DISCOVERY",
     NULL,
     NUMBERED,
     AT(discovery),
     0,
     0,
     DISCOVERY,
     "cloud-map or sidecar: docs/SERVICE_DISCOVERY.md."},
    {"force-destroy-bucket",
     NULL,
     "DEFANG_FORCE_DESTROY_BUCKET",
     NULL,
     SWITCH,
     AT(force_destroy),
     0,
     0,
     NULL,
     NULL},
    {"health-check-interval",
     NULL,
     "DEFANG_HEALTH_CHECK_INTERVAL",
     NULL,
     COUNT,
     AT(health_interval),
     5,
     300,
     NULL,
     NULL},
    {"health-check-threshold",
     NULL,
     "DEFANG_HEALTH_CHECK_THRESHOLD",
     NULL,
     COUNT,
     AT(health_threshold),
     2,
     10,
     NULL,
     NULL},
    {"http-redirect-to-https",
     NULL,
     "DEFANG_HTTP_REDIRECT_TO_HTTPS",
     NULL,
     WORD,
     AT(redirect_code),
     0,
     0,
     REDIRECT,
     "HTTP_301 or HTTP_302."},
    {"log-retention-days",
     NULL,
     "DEFANG_LOG_RETENTION_DAYS",
     NULL,
     COUNT,
     AT(log_retention_days),
     1,
     3653,
     NULL,
     NULL},
    {"min-healthy-percent",
     NULL,
     "DEFANG_MIN_HEALTHY_PERCENT",
     NULL,
     COUNT,
     AT(min_healthy_percent),
     0,
     100,
     NULL,
     NULL},
    {"nat",
     "nat-gateway-strategy",
     "DEFANG_NAT",
     "x-defang-nat",
     NUMBERED,
     AT(nat),
     0,
     0,
     NAT,
     "none, single or per-zone."},
    {"price-class",
     NULL,
     "DEFANG_PRICE_CLASS",
     NULL,
     WORD,
     AT(price_class),
     0,
     0,
     PRICE,
     "100, 200 or all."},
    {"redis-engine",
     NULL,
     "DEFANG_REDIS_ENGINE",
     NULL,
     NUMBERED,
     AT(redis_engine),
     0,
     0,
     ENGINE,
     "elasticache: MemoryDB is not supported."},
    {"rds-node-type",
     NULL,
     "DEFANG_RDS_NODE_TYPE",
     NULL,
     NUMBERED,
     AT(store_class),
     0,
     0,
     CLASS,
     "burstable, general or memory."},
    {"resolve",
     NULL,
     "DEFANG_RESOLVE",
     NULL,
     NUMBERED,
     AT(resolve),
     0,
     0,
     RESOLVE,
     "deployment, digest or tag: docs/TASKS.md."},
    {"route53-sidecar-logs",
     NULL,
     "DEFANG_SIDECAR_LOGS",
     NULL,
     SWITCH,
     AT(sidecar_logs),
     0,
     0,
     NULL,
     NULL},
    {"zones",
     "number-of-availability-zones",
     "DEFANG_ZONES",
     NULL,
     COUNT,
     AT(zones),
     2,
     4,
     NULL,
     NULL},
};

static const struct word *find_word(const struct word *words, const char *name)
{
    for (; words->name; words++)
        if (text_eq_nocase(words->name, name))
            return words;
    return NULL;
}

static int parse_switch(const char *name, const char *text, bool *out, struct error *err)
{
    static const char *const yes[] = {"1", "true", "yes", "on"}, *const no[] = {
                                                                     "0", "false", "no", "off"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        if (text_eq_nocase(text, yes[i]) || text_eq_nocase(text, no[i])) {
            *out = text_eq_nocase(text, yes[i]);
            return 0;
        }
    return error_raise(err, ERR_USAGE, "%s must be true or false, not \"%s\"", name, text);
}

/* RDS takes 30 minutes or more, within a day. */
static bool window_ok(const char *text)
{
    unsigned h[4], from, to;
    char end;
    if (strlen(text) != 11 ||
        sscanf(text, "%2u:%2u-%2u:%2u%c", &h[0], &h[1], &h[2], &h[3], &end) != 4)
        return false;
    from = h[0] * 60 + h[1], to = h[2] * 60 + h[3];
    return h[0] < 24 && h[2] < 24 && h[1] < 60 && h[3] < 60 && (to + 1440 - from) % 1440 >= 30;
}

static int
set(struct arena *a,
    const struct row *r,
    const char *name,
    const char *text,
    struct plan_settings *out,
    struct error *err)
{
    void *at = (char *)out + r->offset;
    const struct word *word = r->words ? find_word(r->words, text) : NULL;
    long long v = 0;
    int rc = 0;
    if (r->kind == SWITCH)
        return parse_switch(name, text, at, err);
    if (r->kind == COUNT && text_parse_int(text, r->min, r->max, &v) < 0)
        return error_raise(
            err,
            ERR_USAGE,
            "%s must be a number from %u to %u, not \"%s\"",
            name,
            r->min,
            r->max,
            text);
    if (r->kind == COUNT)
        *(unsigned *)at = (unsigned)v;
    else if (r->kind == WINDOW && window_ok(text))
        *(const char **)at = arena_strdup(a, text);
    else if (r->kind == WORD && word)
        *(const char **)at = word->text;
    else if (r->kind == NUMBERED && word)
        *(unsigned *)at = word->value;
    else {
        rc = error_raise(err, ERR_USAGE, "%s cannot be \"%s\"", name, text);
        error_hint(err, "%s", r->hint);
    }
    return rc;
}

static int located(struct error *err, const struct yaml_node *n, int rc)
{
    if (rc && n->pos.file)
        error_at(err, n->pos.file, n->pos.line, n->pos.column);
    return rc;
}

static const struct row *find_row(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++)
        if (strcmp(ROWS[i].key, key) == 0 || text_eq(ROWS[i].alias, key))
            return &ROWS[i];
    return NULL;
}

static int unknown(const struct yaml_node *key, struct error *err)
{
    const char *names[ARRAY_LEN(ROWS) + 1] = {NULL};
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++)
        names[i] = ROWS[i].key;
    const char *near = text_nearest(key->value, names);
    int rc = error_raise(err, ERR_USAGE, "x-defang-settings has no setting \"%s\"", key->value);
    if (near)
        error_hint(err, "Did you mean %s?", near);
    else
        error_hint(err, "The settings are listed in docs/SETTINGS.md.");
    return located(err, key, rc);
}

static int from_project(
    struct arena *a, const struct yaml_node *map, struct plan_settings *out, struct error *err)
{
    if (yaml_is_null(map))
        return 0;
    if (map->kind != YAML_KIND_MAPPING) {
        int rc = error_raise(err, ERR_USAGE, "x-defang-settings must be a mapping of settings");
        error_hint(err, "As in x-defang-settings: {log-retention-days: 30}.");
        return located(err, map, rc);
    }
    for (size_t i = 0; i < map->len; i++) {
        const struct yaml_node *key = map->pairs[i].key, *value = map->pairs[i].value;
        const struct row *row = find_row(key->value);
        if (!row)
            return unknown(key, err);
        const char *text = value->kind == YAML_KIND_SCALAR && value->value ? value->value : "";
        int rc = set(a, row, arena_printf(a, "x-defang-settings.%s", key->value), text, out, err);
        if (rc)
            return located(err, value, rc);
    }
    return 0;
}

int plan_settings_table(
    struct arena *a,
    const struct compose_project *p,
    const struct env *env,
    struct plan_settings *out,
    struct error *err)
{
    for (size_t i = 0; p && i < ARRAY_LEN(ROWS); i++) {
        const char *text = ROWS[i].top ? plan_ext_string(p->extensions, ROWS[i].top) : NULL;
        int rc = text ? set(a, &ROWS[i], ROWS[i].top, text, out, err) : 0;
        if (rc)
            return rc;
    }
    int rc = p && p->extensions
                 ? from_project(a, yaml_get(p->extensions, "x-defang-settings"), out, err)
                 : 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(ROWS); i++) {
        const char *text = env_get_nonempty(env, ROWS[i].env);
        rc = text ? set(a, &ROWS[i], ROWS[i].env, text, out, err) : 0;
    }
    return rc;
}
