/* Passwords of managed stores that stand in the Compose file: plan_literals_take().
 *
 * Docker's own examples write them so, and a store of AWS's cannot have them so: a template is read
 * by many. So the value becomes a config of the project, here in the model already, and from then
 * on it is one like any other: what is planned, frozen, explained and rolled back knows its name
 * and no value. The caller keeps the values (project->taken) before it deploys.
 *
 *     POSTGRES_PASSWORD: example      ─▶ config DB_POSTGRES_PASSWORD, of service "db"
 *     POSTGRES_PASSWORD_FILE: /run/secrets/db    ─▶ the config behind that secret, or its file's
 *                                                    content as above
 *
 * Who else says the same password, as a whole value or in a URL behind "user:", draws from that
 * config too; other texts that happen to contain it are left alone, because nobody knows whether
 * they mean it. A password that the store would not take stays where it is: the checks refuse it.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/secrets.h"
#include "compose/template.h"
#include "plan/names.h"
#include "plan/passwords.h"
#include "plan/store/store.h"
#include <ctype.h>
#include <string.h>

#define SECRETS_FOLDER "/run/secrets/"

static const char *password_of(const struct compose_service *s)
{
    if (s->postgres.enabled)
        return PLAN_POSTGRES_PASSWORD;
    return s->mongodb.enabled ? PLAN_MONGODB_PASSWORD : NULL;
}

static struct compose_env *variable(struct compose_service *s, const char *name)
{
    for (size_t i = 0; i < s->environment_count; i++)
        if (text_eq(s->environment[i].name, name))
            return &s->environment[i];
    return NULL;
}

/* Both faces of a model, the typed one and the tree, which is what gets frozen. `marked` is text
 * with parts (compose/template.h). */
static void draw_from(
    struct compose_project *p, struct compose_service *s, struct compose_env *e, const char *marked)
{
    struct yaml_node *all = s->node ? yaml_get(s->node, "environment") : NULL;
    struct yaml_node *n = all ? yaml_get(all, e->name) : NULL;

    e->value = template_to_text(p->arena, marked, e->value.pos);
    e->is_null = false;
    e->taken = true;
    if (n && n->kind == YAML_KIND_SCALAR)
        *n = *yaml_new_scalar(p->arena, n->pos, marked, false);
}

static const char *mark(struct arena *a, const char *config)
{
    return arena_printf(a, "%c%s%c", PART_BEGIN, config, PART_END);
}

/* ---- the config's name ---- */

static bool is_config(const struct compose_project *p, const char *name)
{
    const char **names;
    size_t count;

    compose_config_names(p, &names, &count);
    for (size_t i = 0; i < count; i++)
        if (text_eq(names[i], name))
            return true;
    return false;
}

/* "db" → "DB_POSTGRES_PASSWORD"; another one where the project draws from that already. */
static const char *
name_config(const struct compose_project *p, const char *service, const char *password)
{
    cleanup_str struct str name = STR_INIT;

    if (isdigit((unsigned char)*service))
        str_append_char(&name, '_');
    for (const char *c = service; *c && name.len < 30; c++)
        str_append_char(&name, isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_');
    str_appendf(&name, "_%s", password);
    while (is_config(p, str_get(&name)) && name.len < 60)
        str_append_char(&name, '_');
    return arena_strdup(p->arena, str_get(&name));
}

/* ---- others that say the same ---- */

/* The password of a URL at `at`, which is "://": where it begins, when it is `password`. */
static const char *in_url(const char *at, const char *password)
{
    const char *user = at + strlen("://");
    const char *last = memrchr(user, '@', strcspn(user, "/?# \t\n\"'"));
    const char *colon = last ? memchr(user, ':', (size_t)(last - user)) : NULL;
    size_t n = strlen(password);

    if (!colon || (size_t)(last - colon - 1) != n || strncmp(colon + 1, password, n) != 0)
        return NULL;
    return colon + 1;
}

/* The text with each such password as a part; NULL when there is none. */
static const char *
without(struct arena *a, const char *text, const char *password, const char *config)
{
    cleanup_str struct str out = STR_INIT;
    bool found = false;

    for (const char *at; (at = strstr(text, "://"));) {
        const char *begin = in_url(at, password);
        const char *next = begin ? begin + strlen(password) : at + strlen("://");

        str_append_bytes(&out, text, (size_t)((begin ? begin : next) - text));
        if (begin)
            str_append(&out, mark(a, config));
        found = found || begin;
        text = next;
    }
    str_append(&out, text);
    return found ? arena_strdup(a, str_get(&out)) : NULL;
}

/* "postgres" is a password, a user and a database in many a file: then only a variable whose name
 * says so means the password. */
static bool is_name_too(struct arena *a, const struct compose_service *store, const char *password)
{
    for (size_t i = 0; i < store->environment_count; i++)
        if (text_eq(compose_text_literal(a, &store->environment[i].value), password))
            return true;
    return false;
}

static void take_from(
    struct compose_project *p,
    struct compose_service *s,
    const char *password,
    const char *config,
    bool ambiguous)
{
    for (size_t i = 0; i < s->environment_count; i++) {
        struct compose_env *e = &s->environment[i];
        const char *literal = compose_text_literal(p->arena, &e->value);
        const char *marked = NULL;

        if (text_empty(literal))
            continue;

        bool whole = text_eq(literal, password) && (!ambiguous || secret_named(e->name));
        marked = whole ? mark(p->arena, config) : without(p->arena, literal, password, config);
        if (marked)
            draw_from(p, s, e, marked);
    }
}

/* ---- a store's own ---- */

static void take(
    struct compose_project *p,
    struct compose_service *store,
    struct compose_env *e,
    const char *password,
    struct yaml_pos pos)
{
    const char *config = name_config(p, store->name, e->name);

    p->taken[p->taken_count++] = (struct compose_taken){
        .service = store->name, .config = config, .value = password, .pos = pos};
    draw_from(p, store, e, mark(p->arena, config));
    bool ambiguous = text_eq(password, "postgres") || is_name_too(p->arena, store, password);
    for (size_t i = 0; i < p->service_count; i++)
        take_from(p, &p->services[i], password, config, ambiguous);
}

static const struct compose_file_source *
secret_at(const struct compose_project *p, const struct compose_service *s, const char *path)
{
    for (size_t i = 0; i < s->secret_count; i++) {
        const struct compose_file_ref *r = &s->secrets[i];
        const char *target = text_empty(r->target) ? r->source : r->target;
        const char *name = *target == '/' || !text_starts(path, SECRETS_FOLDER)
                               ? path
                               : path + strlen(SECRETS_FOLDER);

        for (size_t k = 0; k < p->secret_count && text_eq(name, target); k++)
            if (text_eq(p->secrets[k].name, r->source))
                return &p->secrets[k];
    }
    return NULL;
}

/* As the images read it: without the newlines at its end. NULL when it cannot be read. */
static const char *content_of(struct arena *a, const char *path)
{
    cleanup_error struct error ignored = ERROR_INIT;
    struct str text = STR_INIT;
    const char *content = NULL;

    if (path && file_read(path, LIMIT_CONFIG_VALUE_BYTES, &text, &ignored) == 0) {
        while (text.len && str_get(&text)[text.len - 1] == '\n')
            str_truncate(&text, text.len - 1);
        content = arena_strdup(a, str_get(&text));
    }
    str_wipe(&text);
    return content;
}

/* "…_FILE" becomes the variable itself: nothing of AWS's reads a file. */
static void
read_file(struct compose_project *p, struct compose_service *store, struct compose_env *e)
{
    const char *path = compose_text_literal(p->arena, &e->value);
    const struct compose_file_source *from = path ? secret_at(p, store, path) : NULL;
    struct yaml_node *all = yaml_get(store->node, "environment");
    struct yaml_pair *pair = NULL;

    for (size_t i = 0; all && all->kind == YAML_KIND_MAPPING && i < all->len; i++)
        if (text_eq(all->pairs[i].key->value, e->name))
            pair = &all->pairs[i];
    if (!from || from->reference || !pair)
        return;

    const char *content =
        from->external || from->environment ? NULL : content_of(p->arena, from->file);
    const char *name = password_of(store);
    const char *config = from->environment ? from->environment : from->name;

    if (from->external && from->external_name)
        config = from->external_name;
    if (!content && !from->external && !from->environment)
        return;

    pair->key = yaml_new_scalar(p->arena, pair->key->pos, name, true);
    all->index = NULL; /* a key is another */
    e->name = name;
    if (!content)
        draw_from(p, store, e, mark(p->arena, config));
    else if (plan_password_suits(content))
        take(p, store, e, content, from->pos);
    else
        e->value = template_to_text(p->arena, content, from->pos);
}

void plan_literals_take(struct compose_project *p)
{
    p->taken = arena_array(p->arena, struct compose_taken, p->service_count + 1);
    for (size_t i = 0; i < p->service_count; i++) {
        struct compose_service *store = &p->services[i];
        const char *name = password_of(store);
        struct compose_env *e = name ? variable(store, name) : NULL;

        if (name && !e) {
            cleanup_free char *file_name = xasprintf("%s_FILE", name);
            struct compose_env *file = variable(store, file_name);

            if (file)
                read_file(p, store, file);
            continue;
        }

        const char *literal = e ? compose_text_literal(p->arena, &e->value) : NULL;
        if (literal && plan_password_suits(literal))
            take(p, store, e, literal, e->value.pos);
    }
}
