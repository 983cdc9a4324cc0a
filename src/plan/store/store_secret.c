/* What stores are given and CloudFormation does not read from SSM: the password of a DocumentDB
 * cluster (mongodb.c), and the names of users and databases where they are config.
 *
 * Each is a config value. Before apply the engine copies it into a secret of Secrets Manager. A
 * password under a version that is a hash of the config's name and mark: set anew, it is another
 * version, and the template changes with it. A name under none: it never changes, because a store
 * of another name would be another store. Credentials of registries go the same way as passwords
 * (container/pull.c), and are listed with them. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/config.h"
#include "plan/container/pull.h"
#include "plan/names.h"
#include "plan/registries.h"
#include "plan/store/store.h"
#include <string.h>

const char *plan_mongodb_config(const struct plan_service *s)
{
    const struct compose_env *e = plan_store_env(s->s, PLAN_MONGODB_PASSWORD);

    return e ? compose_text_bare_config(&e->value) : NULL;
}

/* "--tlsMode requireTLS" and "--tlsMode=requireTLS" */
bool plan_mongodb_tls(const struct compose_service *s)
{
    for (size_t i = 0; i < s->command_count; i++) {
        const char *word = s->command[i];
        const char *next = i + 1 < s->command_count ? s->command[i + 1] : NULL;
        bool apart = text_eq(word, "--tlsMode") && text_eq(next, "requireTLS");

        if (apart || text_eq(word, "--tlsMode=requireTLS"))
            return true;
    }
    return false;
}

/* "Defang/shop/beta-derived/<service>/<what>" */
static const char *secret_name(
    struct arena *a, const struct plan_request *r, const struct plan_service *s, const char *what)
{
    cleanup_free char *root = plan_derived_path(r->settings, r->project->name);
    cleanup_free char *service =
        plan_name_fit(s->s->name, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 100, 6);

    return arena_printf(a, "%s%s/%s", root + 1, service, what);
}

void plan_store_secret(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_service *s,
    struct plan_store_secret *out)
{
    const char *config = plan_mongodb_config(s);
    cleanup_free char *key =
        xasprintf("%s:%lld", config ? config : "", config ? plan_config_mark(r, config) : 0);
    cleanup_free char *version = plan_hash_hex(key, 32);

    *out = (struct plan_store_secret){
        .service = s->s->name,
        .config = config,
        .secret = secret_name(a, r, s, "password"),
        .version = arena_strdup(a, version),
        .document = true};
}

const char *plan_store_name(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_service *s,
    const char *variable,
    const char *what)
{
    const struct compose_env *e = plan_store_env(s->s, variable);
    const char *config = e ? compose_text_bare_config(&e->value) : NULL;
    const char *text = e && !config ? compose_text_literal(a, &e->value) : NULL;

    if (config)
        return arena_printf(
            a, "{{resolve:secretsmanager:%s:SecretString:::}}", secret_name(a, r, s, what));
    return text_empty(text) ? NULL : text;
}

struct secrets {
    struct plan_store_secret *items;
    size_t len;
};

static void add_name(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_service *s,
    const char *variable,
    const char *what,
    struct secrets *out)
{
    const struct compose_env *e = plan_store_env(s->s, variable);
    const char *config = e ? compose_text_bare_config(&e->value) : NULL;

    if (config)
        out->items[out->len++] = (struct plan_store_secret){
            .service = s->s->name,
            .config = config,
            .secret = secret_name(a, r, s, what),
            .document = s->kind == PLAN_MONGODB};
}

static bool is_listed(const struct secrets *all, const char *secret)
{
    for (size_t i = 0; i < all->len; i++)
        if (strcmp(all->items[i].secret, secret) == 0)
            return true;
    return false;
}

/* The credentials of the registry that `s` is pulled from, once for each registry. */
static void add_registry(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_service *s,
    struct secrets *out)
{
    const char *host = plan_pull_registry(a, r, s);
    const char *secret = host ? plan_registry_secret(a, r, host) : NULL;

    if (!host || is_listed(out, secret))
        return;

    const char *config = plan_registry_config(a, host);
    cleanup_free char *key = xasprintf("%s:%lld", config, plan_config_mark(r, config));
    cleanup_free char *version = plan_hash_hex(key, 32);
    out->items[out->len++] = (struct plan_store_secret){
        .service = s->s->name,
        .config = config,
        .secret = secret,
        .version = arena_strdup(a, version),
        .registry = host};
}

void plan_store_secrets(
    struct arena *arena,
    const struct plan_request *r,
    struct plan_store_secret **out,
    size_t *count)
{
    struct plan_view v;
    plan_view_make(arena, r->project, &v);

    struct secrets all = {.items = arena_array(arena, struct plan_store_secret, 2 * v.count + 1)};
    for (size_t i = 0; i < v.count; i++) {
        const struct plan_service *s = &v.services[i];

        if (!plan_is_store(s))
            add_registry(arena, r, s, &all);
        if (s->kind == PLAN_MONGODB && plan_mongodb_config(s))
            plan_store_secret(arena, r, s, &all.items[all.len++]);
        if (s->kind == PLAN_MONGODB)
            add_name(arena, r, s, PLAN_MONGODB_USER, "user", &all);
        if (s->kind != PLAN_POSTGRES)
            continue;
        add_name(arena, r, s, PLAN_POSTGRES_USER, "user", &all);
        add_name(arena, r, s, PLAN_POSTGRES_DATABASE, "database", &all);
    }
    *out = all.items;
    *count = all.len;
}
