/* How requests find a service beside its ports: x-defang-routes (paths of a name or a number that
 * it shares with another service), x-defang-sticky and x-defang-idle-timeout; and of the labels of
 * Traefik the one that says the same as the first, "PathPrefix(`/api`)".
 *
 * Read twice: without a word for the view, where what is wrong reads as not there, and with one for
 * the checks (struct plan_diag; NULL for none). */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/compose.h"
#include "plan/diag.h"
#include "plan/view/parts.h"
#include <ctype.h>
#include <string.h>

#define DAY_SECONDS  86400
#define WEEK_SECONDS 604800
#define IDLE_SECONDS 4000 /* the load balancer's most */
#define PATH_CHARS   120  /* of the 128 that a condition has */

struct reader {
    struct arena *a;
    struct plan_diag *g; /* NULL */
    struct plan_service *s;
};

static void refuse(struct reader *r, struct yaml_pos pos, const char *hint, const char *what)
{
    if (r->g)
        plan_error(r->g, pos, hint, "service %s: %s", r->s->s->name, what);
}

/* ---- x-defang-routes ---- */

/* As a path-pattern of the load balancer, but for its wildcards. */
static bool is_path(const char *p)
{
    if (*p != '/' || strlen(p) > PATH_CHARS)
        return false;
    for (; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("_-.$/~\"'@:+&", *p))
            return false;
    return true;
}

/* "/api/", "/api/ *" and "/api" are the same; "" is everything. In the arena. */
static const char *prefix_of(struct arena *a, const char *text)
{
    size_t n = strlen(text);

    if (n && text[n - 1] == '*')
        n--;
    while (n && text[n - 1] == '/')
        n--;
    return arena_strndup(a, text, n);
}

static void add_path(struct reader *r, struct yaml_pos pos, const char *text)
{
    const char *path = prefix_of(r->a, text);
    struct plan_service *s = r->s;

    if (*text != '/' || (*path && !is_path(path))) {
        refuse(
            r,
            pos,
            "As in x-defang-routes: [/api].",
            arena_printf(r->a, "x-defang-routes: \"%s\" is no path", text));
        return;
    }
    for (size_t i = 0; i < s->path_count; i++)
        if (strcmp(s->paths[i], path) == 0)
            return;
    s->paths[s->path_count++] = path;
    s->paths_pos = pos;
}

static void read_routes(struct reader *r, const struct yaml_node *n)
{
    bool one = n->kind == YAML_KIND_SCALAR;
    size_t count = one ? 1 : n->len;

    if (n->kind == YAML_KIND_MAPPING || count > LIMIT_PLAN_PATHS) {
        refuse(
            r,
            n->pos,
            "As in x-defang-routes: [/api].",
            arena_printf(
                r->a, "x-defang-routes must be a list of at most %u paths", LIMIT_PLAN_PATHS));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *item = one ? n : n->items[i];
        const char *text = item->kind == YAML_KIND_SCALAR ? item->value : "";

        add_path(r, item->pos, text);
    }
}

/* ---- labels of Traefik ---- */

/* The path of a rule that is nothing but PathPrefix(`/x`), with or without a Host(`…`) before it;
 * NULL. */
static const char *traefik_path(struct arena *a, const char *rule)
{
    const char *p = rule + strspn(rule, " ");

    if (text_starts(p, "Host(`")) {
        p = strstr(p, "`)");
        if (!p)
            return NULL;
        p += 2 + strspn(p + 2, " ");
        if (!text_starts(p, "&&"))
            return NULL;
        p += 2 + strspn(p + 2, " ");
    }
    if (!text_starts(p, "PathPrefix(`"))
        return NULL;
    p += strlen("PathPrefix(`");

    size_t n = strcspn(p, "`");
    bool ends = text_starts(p + n, "`)") && !p[n + 2 + strspn(p + n + 2, " ")];
    return ends ? arena_strndup(a, p, n) : NULL;
}

static void read_labels(struct reader *r)
{
    const struct compose_service *s = r->s->s;

    for (size_t i = 0; i < s->label_count; i++) {
        const char *key = s->labels[i].key;
        const char *value = s->labels[i].value;

        if (!text_starts(key, "traefik.http.routers.") || !text_ends(key, ".rule") || !value)
            continue;
        const char *path = traefik_path(r->a, value);

        if (path && r->s->path_count < LIMIT_PLAN_PATHS)
            add_path(r, s->labels[i].pos, path);
        if (path && r->g)
            plan_note(
                r->g,
                s->labels[i].pos,
                "Say x-defang-routes for other paths.",
                "service %s: the label %s is taken over: it serves %s of the address that it "
                "shares",
                s->name,
                key,
                path);
    }
}

/* ---- seconds ---- */

/* "3600", "1h"; true is `otherwise`, false 0. */
static unsigned
seconds(struct reader *r, const struct yaml_node *n, const char *key, unsigned otherwise, int max)
{
    const char *text = n->kind == YAML_KIND_SCALAR ? n->value : "";
    long long value;

    if (otherwise && text_eq_nocase(text, "true"))
        return otherwise;
    if (text_eq_nocase(text, "false"))
        return 0;
    if (text_parse_int(text, 1, max, &value) == 0)
        return (unsigned)value;

    int64_t ms = compose_parse_duration_ms(text);
    if (ms >= 1000 && ms <= (int64_t)max * 1000)
        return (unsigned)(ms / 1000);
    refuse(
        r,
        n->pos,
        arena_printf(r->a, "As in %s: 1h.", key),
        arena_printf(r->a, "%s must be a time from 1 second to %d", key, max));
    return 0;
}

void plan_view_routing(struct arena *a, struct plan_service *s, struct plan_diag *g)
{
    const struct yaml_node *x = s->s->extensions;
    const struct yaml_node *routes = x ? yaml_get(x, "x-defang-routes") : NULL;
    const struct yaml_node *sticky = x ? yaml_get(x, "x-defang-sticky") : NULL;
    const struct yaml_node *idle = x ? yaml_get(x, "x-defang-idle-timeout") : NULL;
    struct reader r = {a, g, s};

    s->paths = arena_array(a, const char *, LIMIT_PLAN_PATHS);
    s->path_count = 0;
    if (routes && !yaml_is_null(routes))
        read_routes(&r, routes);
    else
        read_labels(&r);
    if (sticky && !yaml_is_null(sticky))
        s->sticky = seconds(&r, sticky, "x-defang-sticky", DAY_SECONDS, WEEK_SECONDS);
    if (idle && !yaml_is_null(idle))
        s->idle = seconds(&r, idle, "x-defang-idle-timeout", 0, IDLE_SECONDS);
}
