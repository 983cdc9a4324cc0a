/* A service: its single values, build, healthcheck, deploy and the managed-store extensions. Lists
 * are in lists.c.
 *
 * Where a setting has an older spelling on the service and a newer one under `deploy`, the newer
 * one is taken when both are there; read/checks.c has seen to it that they do not differ. */
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/bind.h"
#include "compose/template.h"

#include <string.h>

static void bind_build(struct arena *a, const struct yaml_node *n, struct compose_build *b)
{
    b->pos = n->pos;
    b->context = bind_text(a, n, "context");
    b->dockerfile = bind_text(a, n, "dockerfile");
    b->dockerfile_inline = bind_text(a, n, "dockerfile_inline");
    b->target = bind_text(a, n, "target");
    b->args = bind_env(a, bind_map(n, "args"), &b->arg_count);
    b->platforms = bind_texts(a, bind_seq(n, "platforms"), &b->platform_count);
    b->cache_from = bind_texts(a, bind_seq(n, "cache_from"), &b->cache_from_count);
    b->shm_size_bytes = bind_bytes(n, "shm_size", 0);
    b->no_cache = bind_bool(n, "no_cache");
    b->labels = bind_pairs(a, bind_map(n, "labels"), &b->label_count);
    b->contexts = bind_pairs(a, bind_map(n, "additional_contexts"), &b->context_count);
    b->secrets = bind_file_refs(a, bind_seq(n, "secrets"), &b->secret_count);
}

void bind_healthcheck(struct arena *a, const struct yaml_node *n, struct compose_healthcheck *h)
{
    *h = (struct compose_healthcheck){
        .interval_ms = -1,
        .timeout_ms = -1,
        .start_period_ms = -1,
        .start_interval_ms = -1,
        .retries = -1};
    if (!n)
        return;
    h->pos = n->pos;
    h->present = true;
    h->test = bind_texts(a, bind_seq(n, "test"), &h->test_count);
    h->disabled = bind_bool(n, "disable") || (h->test_count && strcmp(h->test[0], "NONE") == 0);
    h->interval_ms = bind_duration_ms(n, "interval", -1);
    h->timeout_ms = bind_duration_ms(n, "timeout", -1);
    h->start_period_ms = bind_duration_ms(n, "start_period", -1);
    h->start_interval_ms = bind_duration_ms(n, "start_interval", -1);
    h->retries = (int)bind_int(n, "retries", -1);
}

static bool has_gpu_capability(const struct yaml_node *device)
{
    const struct yaml_node *all = bind_seq(device, "capabilities");
    for (size_t i = 0; all && i < all->len; i++)
        if (text_eq(all->items[i]->value, "gpu"))
            return true;
    return false;
}

static int count_gpus(const struct yaml_node *devices, bool always)
{
    long long total = 0;

    for (size_t i = 0; devices && i < devices->len; i++) {
        const struct yaml_node *device = devices->items[i], *ids = bind_seq(device, "device_ids"),
                               *count = yaml_get(device, "count");
        if (!always && !has_gpu_capability(device))
            continue;

        long long one = -1; /* as many as there are */
        if (ids)
            one = (long long)ids->len;
        else if (count && !text_eq(count->value, "all"))
            one = bind_int(device, "count", -1);
        if (one < 0)
            return -1;
        total += one;
    }

    return (int)MIN(total, 1024);
}

/* "nvidia.com/gpu=0" is one, "nvidia.com/gpu=all" are all that there are. */
static int count_gpu_devices(const struct yaml_node *devices)
{
    int total = 0;

    for (size_t i = 0; devices && i < devices->len && total < 1024; i++) {
        const struct yaml_node *source = yaml_get(devices->items[i], "source");
        const char *name = source && source->value ? source->value : "";

        if (text_eq(name, COMPOSE_GPU_DEVICE "=all"))
            return -1;
        total += text_starts(name, COMPOSE_GPU_DEVICE "=");
    }
    return total;
}

static void bind_resources(const struct yaml_node *n, struct compose_resources *r)
{
    *r = (struct compose_resources){
        .cpus = bind_float(n, "cpus", 0),
        .memory_bytes = bind_bytes(n, "memory", 0),
        .pids = bind_int(n, "pids", 0),
        .gpu_count = count_gpus(bind_seq(n, "devices"), false)};
}

static void bind_deploy(struct arena *a, const struct yaml_node *service, struct compose_deploy *d)
{
    const struct yaml_node *n = bind_map(service, "deploy"),
                           *resources = n ? bind_map(n, "resources") : NULL;

    d->present = n != NULL;
    d->pos = n ? n->pos : service->pos;
    d->replicas = (int)bind_int(n, "replicas", bind_int(service, "scale", -1));
    d->mode = bind_text(a, n, "mode");
    bind_resources(yaml_get(resources, "reservations"), &d->reservations);
    bind_resources(yaml_get(resources, "limits"), &d->limits);

    /* the older spellings on the service itself */
    if (d->limits.cpus <= 0)
        d->limits.cpus = bind_float(service, "cpus", 0);
    if (!d->limits.memory_bytes)
        d->limits.memory_bytes = bind_bytes(service, "mem_limit", 0);
    if (!d->reservations.memory_bytes)
        d->reservations.memory_bytes = bind_bytes(service, "mem_reservation", 0);
    if (!d->reservations.gpu_count)
        d->reservations.gpu_count = count_gpus(bind_seq(service, "gpus"), true);
    if (!d->reservations.gpu_count)
        d->reservations.gpu_count = count_gpu_devices(bind_seq(service, "devices"));
}

/* x-defang-…: true, "true", nothing behind the key, or a mapping of settings. */
static void bind_managed(
    struct arena *a, const struct yaml_node *service, const char *key, struct compose_managed *m)
{
    const struct yaml_node *n = yaml_get(service, key);

    if (!n)
        return;
    m->pos = n->pos;
    m->enabled = yaml_is_null(n) || n->kind == YAML_KIND_MAPPING ||
                 (n->kind == YAML_KIND_SCALAR && text_eq_nocase(n->value, "true"));
    m->allow_downtime = bind_bool(n, "allow-downtime");
    m->from_snapshot = bind_text(a, n, "from-snapshot");
}

static void bind_words(
    struct arena *a,
    const struct yaml_node *n,
    const char *key,
    const char ***words,
    size_t *count,
    bool *has,
    struct compose_text **texts)
{
    const struct yaml_node *seq = bind_seq(n, key);
    *has = seq != NULL;
    *words = bind_texts(a, seq, count);
    *texts = arena_array(a, struct compose_text, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*texts)[i] = template_to_text(a, seq->items[i]->value, seq->items[i]->pos);
}

/* A text that is empty says nothing: it is what is left of `${PLATFORM:-}`. */
static const char *bind_said(struct arena *a, const struct yaml_node *n, const char *key)
{
    const char *text = bind_text(a, n, key);

    return text_empty(text) ? NULL : text;
}

/* As the deployment says it, which counts where both are there. */
static const char *restart_of(struct arena *a, const struct yaml_node *service)
{
    const struct yaml_node *deploy = bind_map(service, "deploy"),
                           *policy = deploy ? bind_map(deploy, "restart_policy") : NULL;
    const char *condition = policy ? bind_text(a, policy, "condition") : NULL;

    if (text_eq(condition, "none"))
        return "no";
    if (text_eq(condition, "any"))
        return "always";
    return text_empty(condition) ? bind_said(a, service, "restart") : condition;
}

static void bind_values(struct arena *a, const struct yaml_node *n, struct compose_service *s)
{
    s->image = bind_said(a, n, "image");
    s->platform = bind_said(a, n, "platform");
    s->restart = restart_of(a, n);
    s->shm_size_bytes = bind_bytes(n, "shm_size", 0);
    s->working_dir = bind_said(a, n, "working_dir");
    s->user = bind_said(a, n, "user");
    s->network_mode = bind_said(a, n, "network_mode");
    s->domainname = bind_said(a, n, "domainname");
    s->container_name = bind_said(a, n, "container_name");
    s->stop_signal = bind_said(a, n, "stop_signal");
    s->hostname = bind_said(a, n, "hostname");
    s->pull_policy = bind_said(a, n, "pull_policy");
    s->stop_grace_period_ms = bind_duration_ms(n, "stop_grace_period", -1);
    s->read_only = bind_bool(n, "read_only");
    s->init = bind_bool(n, "init");
    s->tty = bind_bool(n, "tty");
    s->stdin_open = bind_bool(n, "stdin_open");
    s->privileged = bind_bool(n, "privileged");
}

void bind_service(struct arena *a, const struct yaml_pair *pair, struct compose_service *s)
{
    struct yaml_node *n = pair->value;
    *s = (struct compose_service){.name = pair->key->value, .pos = pair->key->pos, .node = n};
    bind_values(a, n, s);
    const struct yaml_node *build = bind_map(n, "build");
    s->has_build = build != NULL;
    if (build)
        bind_build(a, build, &s->build);
    bind_words(a, n, "command", &s->command, &s->command_count, &s->has_command, &s->command_texts);
    bind_words(
        a,
        n,
        "entrypoint",
        &s->entrypoint,
        &s->entrypoint_count,
        &s->has_entrypoint,
        &s->entrypoint_texts);
    s->environment = bind_env(a, bind_map(n, "environment"), &s->environment_count);
    bind_healthcheck(a, bind_map(n, "healthcheck"), &s->healthcheck);
    bind_deploy(a, n, &s->deploy);
    bind_managed(a, n, "x-defang-postgres", &s->postgres);
    bind_managed(a, n, "x-defang-redis", &s->redis);
    bind_managed(a, n, "x-defang-mongodb", &s->mongodb);
    bind_service_lists(a, n, s);
    s->extensions = bind_extensions(a, n);
}
