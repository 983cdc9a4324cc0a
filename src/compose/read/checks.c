/* Consistency: what one service, volume or secret says must not contradict itself. References to
 * others are in refs.c.
 *
 * The checks are the reference loader's, the hints ours. They see the tree after merging, as only
 * then it is known what was said. */
#include "base/str.h"
#include "compose/read/normal.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

struct checks {
    struct loader *l;
    const char *service;
    const struct yaml_node *node;
};

static void
complain(struct checks *c, const struct yaml_node *at, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void
complain(struct checks *c, const struct yaml_node *at, const char *hint, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    cleanup_str struct str text = STR_INIT;
    str_vappendf(&text, fmt, ap);
    va_end(ap);
    compose_diagnose(
        c->l->diags, COMPOSE_ERROR, at->pos, hint, "services.%s%s", c->service, str_get(&text));
}

static const struct yaml_node *dig(const struct yaml_node *n, const char *const *path)
{
    for (; n && *path; path++)
        n = yaml_get(n, *path);
    return n;
}

/* Two spellings of one setting: the older one on the service, the newer one under deploy. */
static void check_spellings(struct checks *c)
{
    static const struct {
        const char *old, *path[5], *shown;
    } PAIRS[] = {
        {"cpus", {"deploy", "resources", "limits", "cpus"}, "deploy.resources.limits.cpus"},
        {"mem_limit",
         {"deploy", "resources", "limits", "memory"},
         "deploy.resources.limits.memory"},
        {"mem_reservation",
         {"deploy", "resources", "reservations", "memory"},
         "deploy.resources.reservations.memory"},
        {"pids_limit", {"deploy", "resources", "limits", "pids"}, "deploy.resources.limits.pids"},
    };

    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        const struct yaml_node *old = yaml_get(c->node, PAIRS[i].old),
                               *new = dig(c->node, PAIRS[i].path);
        double a, b;
        const char *const around[] = {PAIRS[i].path[0], PAIRS[i].path[1], PAIRS[i].path[2], NULL};
        if (!old || yaml_is_null(dig(c->node, around)) || yaml_scalar_float(old, &a) < 0 ||
            (a >= 0 && a <= 0))
            continue;
        if (!new || yaml_scalar_float(new, &b) < 0)
            b = 0;
        if (a >= b && a <= b)
            continue;
        complain(
            c,
            old,
            "Keep only the one under deploy.",
            ": %s and %s differ",
            PAIRS[i].old,
            PAIRS[i].shown);
    }
}

static void check_replicas(struct checks *c)
{
    static const char *const path[] = {"deploy", "replicas", NULL};
    const struct yaml_node *scale = yaml_get(c->node, "scale"),
                           *replicas = scale ? scale : dig(c->node, path),
                           *name = yaml_get(c->node, "container_name");
    long long count;

    if (!replicas || yaml_scalar_int(replicas, &count) < 0)
        return;
    if (count < 0)
        complain(
            c,
            replicas,
            NULL,
            scale ? ".scale must not be negative" : ".deploy.replicas must not be negative");
    else if (count > 1 && name)
        complain(
            c,
            name,
            "Take container_name away.",
            ": a container_name cannot be shared by %lld replicas",
            count);
}

static void check_ranges(struct checks *c)
{
    static const struct {
        const char *key;
        double low, high;
    } RANGES[] = {{"cpu_count", 0, 1e18}, {"cpu_percent", 0, 100}, {"oom_score_adj", -1000, 1000}};

    for (size_t i = 0; i < sizeof RANGES / sizeof *RANGES; i++) {
        const struct yaml_node *n = yaml_get(c->node, RANGES[i].key);
        double value;
        if (n && yaml_scalar_float(n, &value) == 0 &&
            (value < RANGES[i].low || value > RANGES[i].high))
            complain(c, n, NULL, ".%s: %s is out of range", RANGES[i].key, n->value);
    }
}

static void
check_mount(struct checks *c, struct strmap *seen, const struct yaml_node *at, const char *target)
{
    if (strmap_get(seen, target))
        complain(c, at, NULL, ": %s is mounted twice", target);
    strmap_put(c->l->arena, seen, target, 1);
}

static void check_mounts(struct checks *c)
{
    struct strmap seen = {0};
    const struct yaml_node *tmpfs = yaml_get(c->node, "tmpfs"),
                           *volumes = yaml_get(c->node, "volumes");

    for (size_t i = 0; tmpfs && i < tmpfs->len; i++) {
        const char *text = tmpfs->items[i]->value;
        check_mount(
            c, &seen, tmpfs->items[i], arena_strndup(c->l->arena, text, strcspn(text, ":")));
    }

    for (size_t i = 0; volumes && i < volumes->len; i++) {
        const struct yaml_node *target = yaml_get(volumes->items[i], "target");
        if (target && target->kind == YAML_KIND_SCALAR)
            check_mount(c, &seen, target, target->value);
    }
}

static void check_ports(struct checks *c)
{
    const struct yaml_node *ports = yaml_get(c->node, "ports");

    for (size_t i = 0; ports && i < ports->len; i++) {
        const struct yaml_node *ip = yaml_get(ports->items[i], "host_ip");
        struct in6_addr v6;
        struct in_addr v4;
        if (ip && inet_pton(AF_INET, ip->value, &v4) != 1 &&
            inet_pton(AF_INET6, ip->value, &v6) != 1)
            complain(c, ip, NULL, ".ports[%zu]: \"%s\" is not an IP address", i, ip->value);
    }
}

static void check_devices(struct checks *c, const struct yaml_node *list, const char *where)
{
    for (size_t i = 0; list && list->kind == YAML_KIND_SEQUENCE && i < list->len; i++)
        if (yaml_get(list->items[i], "count") && yaml_get(list->items[i], "device_ids"))
            complain(
                c,
                list->items[i],
                "Keep one of the two.",
                ".%s[%zu]: count and device_ids exclude each other",
                where,
                i);
}

static void check_build(struct checks *c)
{
    const struct yaml_node *build = yaml_get(c->node, "build"),
                           *inline_file = yaml_get(build, "dockerfile_inline");

    if (inline_file && yaml_get(build, "dockerfile"))
        complain(
            c,
            inline_file,
            "Keep one of the two.",
            ".build: dockerfile and dockerfile_inline exclude each other");
    const struct yaml_node *platforms = yaml_get(build, "platforms"),
                           *platform = yaml_get(c->node, "platform");
    bool found = !platforms || !platforms->len || !platform;
    for (size_t i = 0; !found && i < platforms->len; i++)
        found = text_eq(platforms->items[i]->value, platform->value);
    if (!found)
        complain(
            c,
            platforms,
            NULL,
            ".build.platforms does not hold the service's platform, %s",
            platform->value);
}

static void check_test(struct checks *c)
{
    static const char *const path[] = {"healthcheck", "test", NULL};
    const struct yaml_node *test = dig(c->node, path),
                           *form = test && test->len ? test->items[0] : NULL;

    if (form && !text_eq(form->value, "CMD") && !text_eq(form->value, "CMD-SHELL") &&
        !text_eq(form->value, "NONE"))
        complain(
            c,
            form,
            "Write CMD for a program with arguments, CMD-SHELL for a shell line.",
            ".healthcheck.test must start with CMD, CMD-SHELL or NONE, not \"%s\"",
            form->value);
}

static void check_container_name(struct checks *c)
{
    const struct yaml_node *name = yaml_get(c->node, "container_name");
    bool good = !name || (isalnum((unsigned char)name->value[0]) && name->value[1]);

    for (const char *p = name && good ? name->value + 1 : ""; *p; p++)
        good = good && (isalnum((unsigned char)*p) || strchr("_.-", *p));
    if (!good)
        complain(
            c,
            name,
            "Use two or more letters, digits, '_', '.' and '-', starting with a letter or a digit.",
            ".container_name: \"%s\" is not a container name",
            name->value);
}

static bool is_period(const char *text) /* every_12h, every_1d12h */
{
    size_t digits, n = 0;

    for (; *text; text += digits + 1, n++) {
        digits = strspn(text, "0123456789");
        if (!digits || !text[digits] || !strchr("wdhms", text[digits]))
            return false;
    }

    return n > 0;
}

static void check_pull_policy(struct checks *c)
{
    static const char *const words[] = {
        "always", "never", "build", "missing", "refresh", "daily", "weekly", NULL};
    const struct yaml_node *policy = yaml_get(c->node, "pull_policy");

    if (!policy ||
        (text_starts(policy->value, "every_") && is_period(policy->value + strlen("every_"))))
        return;
    for (const char *const *w = words; *w; w++)
        if (text_eq(policy->value, *w))
            return;
    complain(
        c,
        policy,
        "Use always, never, missing, build, refresh, daily, weekly or every_<duration>.",
        ".pull_policy: \"%s\" is not known",
        policy->value);
}

static void check_watches(struct checks *c)
{
    static const char *const path[] = {"develop", "watch", NULL};
    const struct yaml_node *list = dig(c->node, path);

    for (size_t i = 0; list && i < list->len; i++) {
        const struct yaml_node *action = yaml_get(list->items[i], "action"),
                               *path_node = yaml_get(list->items[i], "path");
        if (path_node && !*path_node->value)
            complain(c, path_node, NULL, ".develop.watch[%zu].path is empty", i);
        if (action && !yaml_get(list->items[i], "target") && !text_eq(action->value, "rebuild") &&
            !text_eq(action->value, "restart"))
            complain(
                c,
                list->items[i],
                NULL,
                ".develop.watch[%zu]: \"target\" is missing for %s",
                i,
                action->value);
    }
}

static void check_service(struct checks *c, const struct yaml_node *key)
{
    static const char *const devices[] = {"deploy", "resources", "reservations", "devices", NULL};
    const struct yaml_node *n = c->node, *mode = yaml_get(n, "network_mode"),
                           *nets = yaml_get(n, "networks");
    const struct yaml_node *image = yaml_get(n, "image");

    if (!yaml_get(n, "build") && (!image || !*image->value) && !yaml_get(n, "provider") &&
        !yaml_get(n, "x-defang-static-files")) /* files are served, nothing runs */
        complain(c, key, "Say `image:` or `build:`.", " has neither an image nor a build");
    if (mode && nets && nets->len)
        complain(c, mode, "Keep one of the two.", ": network_mode and networks exclude each other");
    check_container_name(c);
    check_pull_policy(c);
    check_watches(c);
    check_build(c);
    check_test(c);
    check_spellings(c);
    check_ranges(c);
    check_replicas(c);
    check_mounts(c);
    check_ports(c);
    check_devices(c, dig(n, devices), "deploy.resources.reservations.devices");
    check_devices(c, yaml_get(n, "gpus"), "gpus");
}

static void
check_file_sources(struct loader *l, const struct yaml_node *all, const char *what, bool content)
{
    for (size_t i = 0; all && all->kind == YAML_KIND_MAPPING && i < all->len; i++) {
        const struct yaml_node *one = all->pairs[i].value, *key = all->pairs[i].key;
        const char *name = key->value, *more = content ? ", content" : "";
        int n = (yaml_get(one, "file") != NULL) + (yaml_get(one, "environment") != NULL) +
                (yaml_get(one, "content") != NULL);
        /* the reference takes a config that says external: false, but no secret by a driver alone
         */
        if (l->canonical)
            continue;
        if (n == 0 &&
            (content ? !yaml_get(one, "external") : !yaml_scalar_bool(yaml_get(one, "external"))))
            compose_diagnose(
                l->diags,
                COMPOSE_ERROR,
                key->pos,
                NULL,
                "%s \"%s\" must say file, environment%s or external: true",
                what,
                name,
                more);
        else if (n > 1)
            compose_diagnose(
                l->diags,
                COMPOSE_ERROR,
                key->pos,
                "Keep one of them.",
                "%s \"%s\": file, environment%s exclude each other",
                what,
                name,
                more);
    }
}

/* What is external is made by others: nothing but its name can be said here. */
static void check_external(struct loader *l, const struct yaml_node *all, const char *what)
{
    for (size_t i = 0; all && all->kind == YAML_KIND_MAPPING && i < all->len; i++) {
        const struct yaml_node *one = all->pairs[i].value;
        if (!yaml_scalar_bool(yaml_get(one, "external")))
            continue;
        for (size_t k = 0; k < one->len; k++) {
            const struct yaml_node *key = one->pairs[k].key;
            if (!text_eq(key->value, "name") && !text_eq(key->value, "external") &&
                !spec_is_extension(key->value))
                compose_diagnose(
                    l->diags,
                    COMPOSE_ERROR,
                    key->pos,
                    "Take it away, or take `external` away.",
                    "%s \"%s\" is external, so \"%s\" cannot be said here",
                    what,
                    all->pairs[i].key->value,
                    key->value);
        }
    }
}

static void check_jobs(struct loader *l, const struct yaml_node *jobs)
{
    for (size_t i = 0; jobs && jobs->kind == YAML_KIND_MAPPING && i < jobs->len; i++) {
        const struct yaml_node *triggers = yaml_get(jobs->pairs[i].value, "triggers");
        if (triggers && !yaml_get(triggers, "manual") && !yaml_get(triggers, "schedule"))
            compose_diagnose(
                l->diags,
                COMPOSE_ERROR,
                triggers->pos,
                "Say `manual: true` or a schedule.",
                "jobs.%s.triggers names no trigger",
                jobs->pairs[i].key->value);
    }
}

void checks_run(struct loader *l, const struct yaml_node *root)
{
    const struct yaml_node *services = yaml_get(root, "services");

    check_file_sources(l, yaml_get(root, "secrets"), "secret", false);
    check_file_sources(l, yaml_get(root, "configs"), "config", true);
    check_external(l, yaml_get(root, "volumes"), "volume");
    check_jobs(l, yaml_get(root, "jobs"));
    for (size_t i = 0; services && services->kind == YAML_KIND_MAPPING && i < services->len; i++) {
        struct checks c = {
            .l = l, .service = services->pairs[i].key->value, .node = services->pairs[i].value};
        check_service(&c, services->pairs[i].key);
    }
}
