/* What is asked of a model: a service or a network by name, the text of a value, the names of all
 * configs.
 *
 * A config is a variable that nothing defined in a place that may take one. Its marks may stand in
 * any text of the tree, so the tree is walked whole; only extensions are left out, as they are
 * nobody's to resolve. Services and networks are sorted, so they are found by halving. */
#include "compose/model.h"

#include "base/str.h"
#include "base/vec.h"
#include "compose/spec/spec.h"
#include "compose/template.h"

#include <stdlib.h>
#include <string.h>

const char *compose_text_literal(struct arena *arena, const struct compose_text *t)
{
    const struct compose_part *first = t->first;

    for (const struct compose_part *p = first; p; p = p->next)
        if (p->is_config)
            return NULL;
    if (!first || !first->next)
        return first ? first->text : "";

    cleanup_str struct str all = STR_INIT;
    for (const struct compose_part *p = first; p; p = p->next)
        str_append(&all, p->text);
    return arena_strdup(arena, str_get(&all));
}

const char *compose_text_bare_config(const struct compose_text *t)
{
    return t->first && t->first->is_config && !t->first->next ? t->first->text : NULL;
}

void compose_project_free(struct compose_project *p)
{
    struct arena *arena = p ? p->arena : NULL;

    arena_wipe_ptr(&arena); /* the project itself lives in it, and values of the caller's */
}

static int compare_service(const void *key, const void *item)
{
    return strcmp(key, ((const struct compose_service *)item)->name);
}

struct compose_service *compose_service_get(const struct compose_project *p, const char *name)
{
    return p->service_count
               ? bsearch(name, p->services, p->service_count, sizeof *p->services, compare_service)
               : NULL;
}

static int compare_network(const void *key, const void *item)
{
    return strcmp(key, ((const struct compose_network *)item)->name);
}

struct compose_network *compose_network_get(const struct compose_project *p, const char *name)
{
    return p->network_count
               ? bsearch(name, p->networks, p->network_count, sizeof *p->networks, compare_network)
               : NULL;
}

typedef VEC(const char *) names;

/* Every mark in a text, wherever it stands; extensions are nobody's to resolve. */
static void add_marked(struct arena *arena, names *out, const struct yaml_node *n)
{
    if (n->kind == YAML_KIND_SCALAR && template_has_parts(n->value)) {
        struct compose_text text = template_to_text(arena, n->value, n->pos);
        for (const struct compose_part *p = text.first; p; p = p->next)
            if (p->is_config)
                vec_push(out, p->text);
    }

    for (size_t i = 0; n->kind == YAML_KIND_SEQUENCE && i < n->len; i++)
        add_marked(arena, out, n->items[i]);
    for (size_t i = 0; n->kind == YAML_KIND_MAPPING && i < n->len; i++)
        if (!spec_is_extension(n->pairs[i].key->value))
            add_marked(arena, out, n->pairs[i].value);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What is external, or of the environment, comes from the config store. */
static void
add_source(names *all, const struct compose_file_source *list, size_t count, const char *name)
{
    for (size_t i = 0; name && i < count; i++) {
        const struct compose_file_source *s = &list[i];
        if (strcmp(s->name, name) != 0 || (!s->external && !s->environment) || s->reference)
            continue;

        const char *external = s->external_name ? s->external_name : name;
        vec_push(all, s->environment ? s->environment : external);
    }
}

/* Sorted, each once, in the project's arena. */
static void
keep_names(const struct compose_project *p, names *all, const char ***out, size_t *count)
{
    if (all->len)
        qsort(all->items, all->len, sizeof *all->items, compare_text);
    *out = arena_array(p->arena, const char *, all->len + 1);
    *count = 0;
    for (size_t i = 0; i < all->len; i++)
        if (!*count || strcmp((*out)[*count - 1], all->items[i]) != 0)
            (*out)[(*count)++] = all->items[i];
    vec_free(all);
}

static void add_build_secrets(names *all, const struct compose_project *p)
{
    for (size_t i = 0; i < p->service_count; i++) {
        const struct compose_build *b = &p->services[i].build;

        for (size_t k = 0; k < b->secret_count; k++)
            add_source(all, p->secrets, p->secret_count, b->secrets[k].source);
    }
}

void compose_build_config_names(const struct compose_project *p, const char ***out, size_t *count)
{
    names all = {0};

    add_build_secrets(&all, p);
    keep_names(p, &all, out, count);
}

void compose_config_names(const struct compose_project *p, const char ***out, size_t *count)
{
    names all = {0};

    add_marked(p->arena, &all, p->root);
    for (size_t i = 0; i < p->service_count; i++) {
        const struct compose_service *s = &p->services[i];
        for (size_t k = 0; k < s->environment_count; k++)
            if (s->environment[k].is_null)
                vec_push(&all, s->environment[k].name);
        for (size_t k = 0; k < s->secret_count; k++)
            add_source(&all, p->secrets, p->secret_count, s->secrets[k].source);
        for (size_t k = 0; k < s->config_count; k++)
            add_source(&all, p->configs, p->config_count, s->configs[k].source);
    }

    add_build_secrets(&all, p);
    keep_names(p, &all, out, count);
}
