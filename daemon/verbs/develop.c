/* `develop.watch`: what a client is to watch, and for whom.
 *
 * A rule names a file or a folder, what of it counts (`include`) and what does not (`ignore`). What
 * the context's .dockerignore leaves out is in no image, so it does not count either; a file with
 * exceptions (`!`) is not used: what it takes back cannot be said in a rule. That a deployment
 * finds nothing new is no harm. */
#include "daemon/verbs/develop.h"
#include "daemon/verbs/partial.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/str.h"

#include <string.h>

static void add(struct arena *a, char ***list, size_t *n, const char *text)
{
    if (*n >= LIMIT_WATCH_PATTERNS)
        return;
    (*list)[(*n)++] = verb_text(a, text);
}

static void add_all(struct arena *a, char ***list, size_t *n, const struct yaml_node *from)
{
    for (size_t i = 0; from && from->kind == YAML_KIND_SEQUENCE && i < from->len; i++)
        if (from->items[i]->kind == YAML_KIND_SCALAR)
            add(a, list, n, from->items[i]->value);
}

/* Lines of the context's file, when the rule is about the context. */
static void
add_dockerignore(struct arena *a, char ***list, size_t *n, const char *context, const char *folder)
{
    cleanup_str struct str text = STR_INIT;
    cleanup_free char *path = path_absolute(context, ".dockerignore");
    cleanup_free char *root = path_absolute(context, "");

    if (strcmp(root, folder) != 0 || file_read(path, LIMIT_FILE_BYTES, &text, NULL) < 0)
        return;

    const char *all = str_get(&text);
    if (*all == '!' || strstr(all, "\n!"))
        return;
    for (const char *p = all; *p;) {
        size_t length = strcspn(p, "\r\n");

        if (length && *p != '#')
            add(a, list, n, arena_strndup(a, p, length));
        p += length;
        p += strspn(p, "\r\n");
    }
}

static Defang__WatchRule *
rule_of(struct arena *a, const struct compose_service *s, const struct yaml_node *n)
{
    Defang__WatchRule *rule = arena_make(a, Defang__WatchRule);
    const struct yaml_node *path = yaml_get(n, "path"), *action = yaml_get(n, "action");

    if (!path || path->kind != YAML_KIND_SCALAR || *path->value != '/')
        return NULL;
    cleanup_free char *clean = path_absolute(path->value, "");

    defang__watch_rule__init(rule);
    rule->service = verb_text(a, s->name);
    rule->path = verb_text(a, clean);
    rule->action = verb_text(a, action && action->value ? action->value : "rebuild");
    rule->include = arena_array(a, char *, LIMIT_WATCH_PATTERNS);
    rule->ignore = arena_array(a, char *, LIMIT_WATCH_PATTERNS);
    add_all(a, &rule->include, &rule->n_include, yaml_get(n, "include"));
    add_all(a, &rule->ignore, &rule->n_ignore, yaml_get(n, "ignore"));
    if (s->has_build && s->build.context && *s->build.context == '/')
        add_dockerignore(a, &rule->ignore, &rule->n_ignore, s->build.context, clean);
    return rule;
}

static bool is_chosen(const struct project *p, const char *service)
{
    for (size_t i = 0; i < p->only_count; i++)
        if (strcmp(p->only[i], service) == 0)
            return true;
    return p->only_count == 0;
}

int develop_rules(struct verb_call *v, Defang__UpReply *reply, struct error *err)
{
    const struct compose_project *p = v->project.model;
    struct arena *a = v->project.arena;

    int rc = partial_engine(v, err);
    if (rc < 0)
        return rc;

    reply->watches = arena_array(a, Defang__WatchRule *, LIMIT_WATCH_RULES);
    for (size_t i = 0; i < p->service_count; i++) {
        const struct compose_service *s = &p->services[i];
        const struct yaml_node *develop = s->node ? yaml_get(s->node, "develop") : NULL;
        const struct yaml_node *list = develop ? yaml_get(develop, "watch") : NULL;
        bool counts = list && list->kind == YAML_KIND_SEQUENCE && is_chosen(&v->project, s->name);

        for (size_t k = 0; counts && k < list->len; k++) {
            Defang__WatchRule *rule = rule_of(a, s, list->items[k]);

            if (rule && reply->n_watches < LIMIT_WATCH_RULES)
                reply->watches[reply->n_watches++] = rule;
        }
    }
    if (reply->n_watches)
        return 0;

    rc = error_raise(err, ERR_USAGE, "none of the services says what to watch");
    error_hint(err, "write develop: {watch: [{path: ., action: rebuild}]} at a service with build");
    return rc;
}
