/* What CloudFormation would only say after minutes: references that lead nowhere, cycles, limits.
 *
 * References are Ref, Fn::GetAtt, Fn::Sub and DependsOn; pseudo parameters (AWS::Region) lead out
 * of the graph. One walk over the properties serves both questions, with another visitor each.
 * Limits are those of
 * docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 * (base/limits.h). */
#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "plan/graph/graph.h"
#include <ctype.h>
#include <string.h>

typedef int visit_fn(void *arg, const char *id, size_t len, struct error *err);

struct walk {
    const struct graph *g;
    const char *where;
    visit_fn *visit;
    void *arg;
};

static int visit_name(const struct walk *w, const char *id, size_t len, struct error *err)
{
    if (len >= 5 && strncmp(id, "AWS::", 5) == 0)
        return 0; /* pseudo parameter */
    return w->visit(w->arg, id, len, err);
}

/* "${Name}", "${Name.Attribute}", "${!literal}"; names bound by the second argument of Fn::Sub are
 * skipped by the caller passing `bound`. */
static int walk_sub(const struct walk *w, const char *text, const json_t *bound, struct error *err)
{
    for (const char *p = strstr(text, "${"); p; p = strstr(p, "${")) {
        p += 2;
        const char *end = strchr(p, '}');
        if (!end)
            break;
        size_t len = (size_t)(end - p);
        if (*p != '!') {
            const char *dot = memchr(p, '.', len);
            size_t name = dot ? (size_t)(dot - p) : len;
            cleanup_free char *key = xstrndup(p, name);
            if (!json_object_get(bound, key)) {
                int rc = visit_name(w, p, name, err);
                if (rc)
                    return rc;
            }
        }
        p = end;
    }
    return 0;
}

static int walk_json(const struct walk *w, const json_t *j, struct error *err);

static int walk_intrinsic(
    const struct walk *w, const char *key, const json_t *v, bool *done, struct error *err)
{
    *done = true;
    if (strcmp(key, "Ref") == 0 && json_is_string(v))
        return visit_name(w, json_string_value(v), json_string_length(v), err);
    if (strcmp(key, "Fn::GetAtt") == 0) {
        const char *id =
            json_is_array(v) ? json_string_value(json_array_get(v, 0)) : json_string_value(v);
        return id ? visit_name(w, id, strcspn(id, "."), err) : 0;
    }
    if (strcmp(key, "Fn::Sub") == 0) {
        if (json_is_string(v))
            return walk_sub(w, json_string_value(v), NULL, err);
        const char *text = json_string_value(json_array_get(v, 0));
        int rc = text ? walk_sub(w, text, json_array_get(v, 1), err) : 0;
        return rc ? rc : walk_json(w, json_array_get(v, 1), err);
    }
    *done = false;
    return 0;
}

static int walk_json(const struct walk *w, const json_t *j, struct error *err)
{
    int rc = 0;

    if (json_is_array(j)) {
        for (size_t i = 0; i < json_array_size(j) && !rc; i++)
            rc = walk_json(w, json_array_get(j, i), err);
        return rc;
    }
    if (!json_is_object(j))
        return 0;
    void *it = json_object_iter((json_t *)j);
    if (it && json_object_size(j) == 1) {
        bool done;
        rc = walk_intrinsic(w, json_object_iter_key(it), json_object_iter_value(it), &done, err);
        if (done || rc)
            return rc;
    }
    for (; it && !rc; it = json_object_iter_next((json_t *)j, it))
        rc = walk_json(w, json_object_iter_value(it), err);
    return rc;
}

static int resolve_name(void *arg, const char *id, size_t len, struct error *err)
{
    cleanup_free char *name = xstrndup(id, len);
    return graph_get(arg, name) ? 0 : -1;
}

bool graph_resolves(const struct graph *g, const json_t *j)
{
    struct walk w = {.g = g, .visit = resolve_name, .arg = (void *)g};
    return walk_json(&w, j, NULL) == 0;
}

/* ---- references and cycles ----
 *
 * First who refers to whom, as numbers, then a walk over those: not one within the other, because a
 * chain of references is as long as a template, and a fiber's stack is not. */

enum { NEW, OPEN, DONE };

struct references {
    const struct graph *g;
    const char *from; /* whose are being collected */
    VEC(size_t) to;
    size_t *first; /* of each resource, in `to`; one more at the end */
};

static int collect(void *arg, const char *id, size_t len, struct error *err)
{
    struct references *refs = arg;
    cleanup_free char *name = xstrndup(id, len);
    const struct graph_resource *r = graph_get(refs->g, name);

    if (!r)
        return error_raise(
            err, ERR_FAILED, "plan: %s refers to %s, which is not in the plan", refs->from, name);
    vec_push(&refs->to, (size_t)(r - refs->g->resources));
    return 0;
}

static int collect_all(struct references *refs, struct error *err)
{
    const struct graph *g = refs->g;
    struct walk w = {.g = g, .visit = collect, .arg = refs};
    int rc = 0;

    for (size_t i = 0; i < g->len && !rc; i++) {
        const struct graph_resource *r = &g->resources[i];

        refs->first[i] = refs->to.len;
        refs->from = r->logical_id;
        rc = walk_json(&w, r->properties, err);
        for (size_t k = 0; k < r->depends_on_count && !rc; k++)
            rc = collect(refs, r->depends_on[k], strlen(r->depends_on[k]), err);
    }
    refs->first[g->len] = refs->to.len;

    for (size_t i = 0; i < g->output_count && !rc; i++) {
        refs->from = g->outputs[i].name;
        rc = walk_json(&w, g->outputs[i].value, err); /* nothing refers to an output */
    }
    return rc;
}

/* Depth first from one resource; `next` is the reference of each that is followed next. */
static int follow(
    const struct references *refs,
    size_t start,
    char *colour,
    size_t *way,
    size_t *next,
    struct error *err)
{
    size_t depth = 0;

    way[depth++] = start;
    colour[start] = OPEN;
    while (depth) {
        size_t at = way[depth - 1];

        if (next[at] == refs->first[at + 1]) {
            colour[at] = DONE;
            depth--;
            continue;
        }

        size_t to = refs->to.items[next[at]++];
        if (colour[to] == OPEN)
            return error_raise(
                err,
                ERR_FAILED,
                "plan: %s depends on itself (a cycle through %s)",
                refs->g->resources[to].logical_id,
                refs->g->resources[at].logical_id);
        if (colour[to] == NEW) {
            way[depth++] = to;
            colour[to] = OPEN;
        }
    }
    return 0;
}

static int check_references(const struct graph *g, struct error *err)
{
    cleanup_free char *colour = xcalloc(g->len + 1, 1);
    cleanup_free size_t *way = xcalloc(g->len + 1, sizeof *way);
    cleanup_free size_t *next = xcalloc(g->len + 1, sizeof *next);
    cleanup_free size_t *first = xcalloc(g->len + 1, sizeof *first);
    struct references refs = {.g = g, .first = first};
    int rc = collect_all(&refs, err);

    memcpy(next, first, g->len * sizeof *next);
    for (size_t i = 0; i < g->len && !rc; i++)
        if (colour[i] == NEW)
            rc = follow(&refs, i, colour, way, next, err);
    vec_free(&refs.to);
    return rc;
}

/* ---- limits ---- */
static void count_groups(const struct graph *g, struct str *out)
{
    for (size_t i = 0; i < g->len; i++) {
        const char *group = g->resources[i].group;
        size_t n = 0;
        bool first = true;
        for (size_t k = 0; k < g->len; k++) {
            if (strcmp(g->resources[k].group, group) != 0)
                continue;
            n++;
            first = first && k >= i;
        }
        if (first)
            str_appendf(out, "%s%s %zu", out->len ? ", " : "", group, n);
    }
}

static size_t count_dynamic(const json_t *j)
{
    size_t n = 0;

    if (json_is_string(j)) {
        for (const char *p = json_string_value(j); (p = strstr(p, "{{resolve:")); p++)
            n++;
    } else if (json_is_array(j)) {
        for (size_t i = 0; i < json_array_size(j); i++)
            n += count_dynamic(json_array_get(j, i));
    } else if (json_is_object(j)) {
        const char *key;
        json_t *v;
        json_object_foreach((json_t *)j, key, v)
            n += count_dynamic(v);
    }
    return n;
}

/* Before all else: what follows need not look at more than a template holds. */
static int check_count(const struct graph *g, struct error *err)
{
    cleanup_str struct str counts = STR_INIT;

    if (g->len <= LIMIT_PLAN_RESOURCES)
        return 0;
    count_groups(g, &counts);
    error_raise(
        err,
        ERR_REFUSED,
        "the project needs %zu resources, and a CloudFormation stack holds %d",
        g->len,
        LIMIT_PLAN_RESOURCES);
    error_hint(err, "Split it into several projects. Resources by part: %s.", str_get(&counts));
    return error_kind_errno(ERR_REFUSED);
}

static int check_limits(const struct graph *g, struct error *err)
{
    if (g->output_count > LIMIT_PLAN_OUTPUTS)
        return error_raise(
            err,
            ERR_REFUSED,
            "the project needs %zu outputs, and a CloudFormation stack holds %d",
            g->output_count,
            LIMIT_PLAN_OUTPUTS);
    size_t dynamic = 0;
    for (size_t i = 0; i < g->len; i++)
        dynamic += count_dynamic(g->resources[i].properties);
    if (dynamic > LIMIT_PLAN_DYNAMIC_REFERENCES)
        return error_raise(
            err,
            ERR_REFUSED,
            "the project needs %zu dynamic references, and a template holds %d",
            dynamic,
            LIMIT_PLAN_DYNAMIC_REFERENCES);
    cleanup_free char *text = graph_template_text(g);
    size_t bytes = strlen(text);
    if (bytes > LIMIT_PLAN_TEMPLATE_BYTES)
        return error_raise(
            err,
            ERR_REFUSED,
            "the project's template has %zu bytes, and CloudFormation takes %zu",
            bytes,
            LIMIT_PLAN_TEMPLATE_BYTES);
    return 0;
}

static int check_ids(const struct graph *g, struct error *err)
{
    for (size_t i = 0; i < g->len; i++) {
        const char *id = g->resources[i].logical_id;
        size_t n = strlen(id);
        for (size_t k = 0; k < n; k++)
            if (!isalnum((unsigned char)id[k]))
                return error_raise(err, ERR_FAILED, "plan: \"%s\" is no logical id", id);
        if (!n || n > 255)
            return error_raise(err, ERR_FAILED, "plan: a logical id of %zu characters", n);
    }
    return 0;
}

int graph_check(const struct graph *g, struct error *err)
{
    int rc = check_count(g, err);

    if (!rc)
        rc = check_ids(g, err);
    if (!rc)
        rc = check_references(g, err);
    return rc ? rc : check_limits(g, err);
}
