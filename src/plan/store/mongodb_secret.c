/* What a MongoDB service says of itself, as its image would read it: user, password and TLS; and
 * the way of the password, which CloudFormation does not read from SSM for DocumentDB (mongodb.c).
 *
 * The password is a config value. Before apply the engine copies it into a secret of Secrets
 * Manager, under a version that is a hash of the config's name and mark: set anew, it is another
 * version, and the template changes with it. Credentials of registries go the same way
 * (container/pull.c), and are listed with it. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/config.h"
#include "plan/container/pull.h"
#include "plan/names.h"
#include "plan/registries.h"
#include "plan/store/store.h"
#include <string.h>

const char *plan_mongodb_user(struct arena *a, const struct plan_service *s)
{
    const struct compose_env *e = plan_store_env(s->s, PLAN_MONGODB_USER);
    const char *text = e ? compose_text_literal(a, &e->value) : NULL;

    return text_empty(text) ? "mongo" : text;
}

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

void plan_store_secret(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_service *s,
    struct plan_store_secret *out)
{
    const char *config = plan_mongodb_config(s);
    cleanup_free char *root = plan_derived_path(r->settings, r->project->name);
    cleanup_free char *key =
        xasprintf("%s:%lld", config ? config : "", config ? plan_config_mark(r, config) : 0);
    cleanup_free char *version = plan_hash_hex(key, 32);
    cleanup_free char *service =
        plan_name_fit(s->s->name, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 100, 6);
    *out = (struct plan_store_secret){
        .service = s->s->name,
        .config = config,
        .secret = arena_printf(a, "%s%s/password", root + 1, service),
        .version = arena_strdup(a, version)};
}

static bool is_listed(const struct plan_store_secret *list, size_t count, const char *secret)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].secret, secret) == 0)
            return true;
    return false;
}

/* The credentials of the registry that `s` is pulled from, once for each registry. */
static void add_registry(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_service *s,
    struct plan_store_secret *list,
    size_t *count)
{
    const char *host = plan_pull_registry(a, r, s);
    const char *secret = host ? plan_registry_secret(a, r, host) : NULL;

    if (!host || is_listed(list, *count, secret))
        return;

    const char *config = plan_registry_config(a, host);
    cleanup_free char *key = xasprintf("%s:%lld", config, plan_config_mark(r, config));
    cleanup_free char *version = plan_hash_hex(key, 32);
    list[(*count)++] = (struct plan_store_secret){
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
    *out = arena_array(arena, struct plan_store_secret, v.count + 1);
    *count = 0;
    for (size_t i = 0; i < v.count; i++)
        if (v.services[i].kind == PLAN_MONGODB && plan_mongodb_config(&v.services[i]))
            plan_store_secret(arena, r, &v.services[i], &(*out)[(*count)++]);
        else
            add_registry(arena, r, &v.services[i], *out, count);
}
