/* What an `up` or a `down` would lose or move, one entry each, and what was allowed beforehand.
 *
 * An entry is for a person who did not mean it: which thing, what becomes of it, which key of the
 * files asks for that and what it was before, and how to keep what is there. The key is found from
 * the property that differs; where the files no longer name the thing there is no position, and the
 * text says so.
 * allowed.c says what was allowed of it. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/consent.h"
#include "plan/names.h"
#include "plan/view/extensions.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_SERVICE "service/"

/* What a property is called in the files. With several that differ the first row counts: a snapshot
 * brings its own user and database. */
static const struct {
    const char *type, *property, *key;
} KEYS[] = {
    {"AWS::DocDB::DBCluster", "SnapshotIdentifier", "from-snapshot"},
    {"AWS::DocDB::DBCluster", "MasterUsername", "MONGO_INITDB_ROOT_USERNAME"},
    {"AWS::ElastiCache::ReplicationGroup", "SnapshotName", "from-snapshot"},
    {"AWS::ElastiCache::ReplicationGroup", "Port", "port"},
    {"AWS::RDS::DBInstance", "DBSnapshotIdentifier", "from-snapshot"},
    {"AWS::RDS::DBInstance", "DBName", "POSTGRES_DB"},
    {"AWS::RDS::DBInstance", "MasterUsername", "POSTGRES_USER"},
    {"AWS::Logs::LogGroup", "RetentionInDays", "log-retention-days"},
};

static const struct {
    const char *type, *what;
    bool store;
} KINDS[] = {
    {"AWS::CloudFront::Distribution", "the CloudFront distribution", false},
    {"AWS::DocDB::DBCluster", "the MongoDB store", true},
    {"AWS::EC2::EIP", "the elastic address", false},
    {"AWS::ECR::Repository", "the images of earlier deployments", false},
    {"AWS::EFS::FileSystem", "the volume", false},
    {"AWS::ElastiCache::ReplicationGroup", "the Redis store", true},
    {"AWS::ElasticLoadBalancingV2::LoadBalancer", "the load balancer", false},
    {"AWS::KMS::Key", "the key of what is encrypted with it", false},
    {"AWS::Logs::LogGroup", "the logs", false},
    {"AWS::RDS::DBInstance", "the Postgres database", true},
    {"AWS::S3::Bucket", "the bucket", false},
    {"AWS::SSM::Parameter", "the parameter", false},
    {"AWS::SecretsManager::Secret", "the secret", false},
};

static const char *what_is(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
        if (text_eq(KINDS[i].type, type))
            return KINDS[i].what;
    return type;
}

static bool is_store(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
        if (text_eq(KINDS[i].type, type))
            return KINDS[i].store;
    return false;
}

/* "db" of "service/db"; NULL when it belongs to no service. */
static const char *service_of(const char *group)
{
    return text_starts(group, GROUP_SERVICE) ? group + strlen(GROUP_SERVICE) : NULL;
}

/* ---- which key asks for it ---- */

static bool differs(const struct graph_change *c, const char *property)
{
    for (size_t i = 0; i < c->property_count; i++)
        if (text_eq(c->properties[i], property))
            return true;
    return false;
}

/* NULL when none of them is a key of the files. */
static const char *key_of(const struct graph_change *c, const char **property)
{
    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++)
        if (text_eq(KEYS[i].type, c->type) && differs(c, KEYS[i].property)) {
            *property = KEYS[i].property;
            return KEYS[i].key;
        }
    return NULL;
}

static struct yaml_pos managed_pos(const struct compose_service *s)
{
    if (s->postgres.enabled)
        return s->postgres.pos;
    if (s->redis.enabled)
        return s->redis.pos;
    return s->mongodb.enabled ? s->mongodb.pos : s->pos;
}

/* A key that is left out has the place of the service. */
static struct yaml_pos pos_of_key(const struct compose_service *s, const char *key)
{
    for (size_t i = 0; key && i < s->environment_count; i++)
        if (text_eq(s->environment[i].name, key))
            return s->environment[i].value.pos;
    if (text_eq(key, "from-snapshot"))
        return managed_pos(s);
    if (text_eq(key, "port") && s->port_count)
        return s->ports[0].pos;
    return s->pos;
}

static char *value_text(struct arena *a, const json_t *value)
{
    if (!value)
        return "nothing";
    if (json_is_string(value))
        return arena_strdup(a, json_string_value(value));
    cleanup_free char *text = json_print(value, false, true);
    return arena_strdup(a, text);
}

/* Of those that are read from a key of the files, else the first that differs. Values are names,
 * ports and numbers: no secret stands in a template. */
static void find_cause(
    struct arena *a,
    const struct plan_request *r,
    const struct graph *g,
    const struct graph_change *c,
    const json_t *before,
    struct plan_loss *loss)
{
    const struct graph_resource *now = graph_get(g, c->logical_id);
    const char *service = service_of(c->group);
    const struct compose_service *s = service ? compose_service_get(r->project, service) : NULL;
    const char *property = NULL;
    const char *key = key_of(c, &property);

    if (s)
        loss->pos = pos_of_key(s, key);
    if (!key || !now) {
        loss->because = c->property_count ? arena_printf(a, "%s changes", c->properties[0]) : "";
        return;
    }

    char *old = value_text(a, json_object_get(before, property));
    char *new = value_text(a, json_object_get(now->properties, property));
    loss->because = arena_printf(a, "%s: %s → %s", key, old, new);
    loss->keep = arena_printf(a, "leave %s as it was (%s)", key, old);
}

static void find_removal(
    struct arena *a,
    const struct plan_request *r,
    const struct graph_change *c,
    struct plan_loss *loss)
{
    const char *service = service_of(c->group);
    const struct compose_service *s = service ? compose_service_get(r->project, service) : NULL;

    if (s) {
        loss->pos = managed_pos(s);
        loss->because = arena_printf(a, "service %s is of another kind now", service);
        loss->keep = arena_printf(a, "leave service %s as it was", service);
    } else if (service) {
        loss->because = arena_printf(a, "service %s is not in the files any more", service);
        loss->keep = arena_printf(a, "put service %s back", service);
    } else {
        loss->because = "nothing in the files needs it any more";
    }
}

static const char *what_of(struct arena *a, const char *type, const char *group, const char *id)
{
    const char *service = service_of(group);

    return service ? arena_printf(a, "%s of service %s", what_is(type), service)
                   : arena_printf(a, "%s %s", what_is(type), id);
}

/* The volume's name in the files, from the tag by which the next `up` finds it; NULL for other
 * things. */
static const char *volume_of(struct arena *a, const json_t *old)
{
    size_t i;
    json_t *tag;

    json_array_foreach(json_at(old, "Properties.FileSystemTags"), i, tag) {
        const char *value = json_str(tag, "Value");
        const char *slash = value ? strrchr(value, '/') : NULL;
        if (text_eq(json_str(tag, "Key"), PLAN_VOLUME_TAG) && slash)
            return arena_strdup(a, slash + 1);
    }
    return NULL;
}

static struct yaml_pos volume_pos(const struct compose_project *p, const char *name)
{
    for (size_t i = 0; i < p->volume_count; i++)
        if (text_eq(p->volumes[i].name, name))
            return p->volumes[i].pos;
    return (struct yaml_pos){0};
}

/* ---- up ---- */

static void add_loss(
    struct arena *a,
    const struct plan_request *r,
    const struct graph *g,
    const struct graph_change *c,
    const struct plan_effect *e,
    struct plan_losses *out)
{
    cleanup_free char *path = xasprintf("Resources.%s", c->logical_id);
    const json_t *old = json_at(r->previous, path);
    const char *type = arena_strdup(a, json_str_or(old, "Type", c->type));
    const char *group = arena_strdup(a, json_str_or(old, "Metadata.Group", c->group));
    const char *id = arena_strdup(a, c->logical_id);
    const char *service = service_of(group);
    struct plan_loss *loss = &out->items[out->len++];

    *loss = (struct plan_loss){
        .name = service ? service : id,
        .logical_id = id,
        .type = type,
        .group = group,
        .kind = e->kind,
        .what = what_of(a, type, group, id),
        .text = e->text ? e->text : "",
        .because = "",
        .keep = "",
        .holds = ""};

    if (c->action == GRAPH_REMOVE)
        find_removal(a, r, c, loss);
    else
        find_cause(a, r, g, c, json_object_get(old, "Properties"), loss);

    const char *volume = volume_of(a, old);
    if (volume) {
        loss->name = volume;
        loss->what = arena_printf(a, "volume %s (%s)", volume, id);
        loss->pos = volume_pos(r->project, volume);
    }
}

static int by_name(const void *x, const void *y)
{
    const struct plan_loss *a = x, *b = y;
    int order = strcmp(a->name, b->name);

    return order ? order : strcmp(a->logical_id, b->logical_id);
}

void plan_losses_find(
    struct arena *a, const struct plan_request *r, const struct graph *g, struct plan_losses *out)
{
    struct graph_diff d;

    *out = (struct plan_losses){0};
    if (!r->previous)
        return;

    graph_diff(r->previous, g, &d);
    out->items = arena_array(a, struct plan_loss, d.len + 1);
    for (size_t i = 0; i < d.len; i++) {
        struct plan_effect e;
        plan_effect_of(r, &d.changes[i], r->previous, g, &e);
        if (e.kind >= PLAN_MOVES)
            add_loss(a, r, g, &d.changes[i], &e, out);
    }
    graph_diff_done(&d);
    qsort(out->items, out->len, sizeof *out->items, by_name);
}

/* ---- what somebody deleted from outside ---- */

static const char *text_of_gone(struct arena *a, bool itself, bool data)
{
    if (itself)
        return data ? "it was deleted from outside; a new one begins empty"
                    : "it was deleted from outside; a new one has another address";
    return arena_printf(
        a,
        "it refers to what was deleted from outside, and is made anew; %s",
        data ? "WHAT IT HOLDS IS LOST" : "its address changes");
}

static void
of_gone(struct arena *a, const char *id, const json_t *old, bool itself, struct plan_losses *out)
{
    const char *type = arena_strdup(a, json_str_or(old, "Type", ""));
    const char *group = arena_strdup(a, json_str_or(old, "Metadata.Group", "stack"));
    const char *service = service_of(group);
    const char *volume = volume_of(a, old);
    enum plan_effect_kind kind = plan_effect_of_going(type);

    id = arena_strdup(a, id);
    if (kind < PLAN_MOVES)
        return;
    out->items[out->len++] = (struct plan_loss){
        .name = volume    ? volume
                : service ? service
                          : id,
        .logical_id = id,
        .type = type,
        .group = group,
        .kind = kind,
        .what =
            volume ? arena_printf(a, "volume %s (%s)", volume, id) : what_of(a, type, group, id),
        .text = text_of_gone(a, itself, kind == PLAN_LOSES),
        .because = "",
        .keep = itself && is_store(type) ? "`from-snapshot: latest` at the service brings back "
                                           "what its last snapshot holds"
                                         : "",
        .holds = ""};
}

void plan_losses_of_gone(
    struct arena *a,
    const json_t *deployed,
    const json_t *gone,
    const json_t *closure,
    struct plan_losses *out)
{
    const json_t *resources = json_object_get(deployed, "Resources");
    const char *id;
    json_t *unused;

    *out = (struct plan_losses){
        .items = arena_array(a, struct plan_loss, json_object_size(closure) + 1)};
    json_object_foreach((json_t *)(uintptr_t)closure, id, unused)
        of_gone(a, id, json_object_get(resources, id), json_object_get(gone, id) != NULL, out);
    qsort(out->items, out->len, sizeof *out->items, by_name);
}

/* ---- down ---- */

static void of_down(
    struct arena *a, const char *id, const json_t *old, bool no_snapshot, struct plan_losses *out)
{
    const char *type = arena_strdup(a, json_str_or(old, "Type", ""));
    const char *group = arena_strdup(a, json_str_or(old, "Metadata.Group", "stack"));
    const char *service = service_of(group);
    const char *policy = json_str(old, "DeletionPolicy");
    bool files =
        text_eq(type, "AWS::S3::Bucket") && service && json_is_true(json_at(old, "Metadata.Purge"));
    bool kept = text_eq(policy, "Snapshot") && !no_snapshot;
    const char *text = "WHAT IT HOLDS IS LOST";

    if (!is_store(type) && !files)
        return;
    if (kept)
        text = "it is deleted; what it held is kept in a last snapshot";
    if (files)
        text = "it is deleted with its files, which are copies of those in the folder";

    out->items[out->len++] = (struct plan_loss){
        .name = service ? service : arena_strdup(a, id),
        .logical_id = arena_strdup(a, id),
        .type = type,
        .group = group,
        .kind = kept || files ? PLAN_STOPS : PLAN_LOSES,
        .what = what_of(a, type, group, id),
        .text = text,
        .because = "",
        .keep = "",
        .holds = ""};
}

void plan_losses_of_down(
    struct arena *a,
    const json_t *deployed,
    bool no_snapshot,
    const struct plan_kept_volume *volumes,
    size_t count,
    struct plan_losses *out)
{
    const json_t *resources = json_object_get(deployed, "Resources");
    const char *id;
    json_t *old;

    *out = (struct plan_losses){
        .items = arena_array(a, struct plan_loss, json_object_size(resources) + count + 1)};
    json_object_foreach((json_t *)resources, id, old)
        of_down(a, id, old, no_snapshot, out);

    for (size_t i = 0; i < count; i++)
        out->items[out->len++] = (struct plan_loss){
            .name = arena_strdup(a, volumes[i].name),
            .logical_id = arena_strdup(a, volumes[i].file_system),
            .type = "AWS::EFS::FileSystem",
            .group = "volumes",
            .kind = PLAN_LOSES,
            .what = arena_printf(a, "volume %s (%s)", volumes[i].name, volumes[i].file_system),
            .text = "WHAT IT HOLDS IS LOST",
            .because = "--volumes",
            .keep = "leave --volumes out",
            .holds = ""};
    qsort(out->items, out->len, sizeof *out->items, by_name);
}

/* ---- the refusal ---- */

static void list_of(const struct plan_losses *l, enum plan_effect_kind kind, struct str *out)
{
    for (size_t i = 0; i < l->len; i++)
        if (l->items[i].kind == kind)
            str_appendf(out, "%s%s", out->len ? ", " : "", l->items[i].what);
}

static void add_part(struct str *to, const char *title, const struct str *list)
{
    if (list->len)
        str_appendf(to, "%s%s: %s", to->len ? "; " : "", title, str_get((struct str *)list));
}

/* "compose.yaml:9:7: the Postgres database of service db: a new one begins empty; … (POSTGRES_DB:
 * app → shop; holds 20 GiB, made 2026-11-22). To keep it: leave POSTGRES_DB as it was (app)." */
static void describe(const struct plan_loss *l, struct str *out)
{
    if (l->pos.line)
        str_appendf(out, "%s:%u:%u: ", l->pos.file, l->pos.line, l->pos.column);
    str_appendf(out, "%s: %s", l->what, l->text);

    bool both = *l->because && *l->holds;
    if (*l->because || *l->holds)
        str_appendf(out, " (%s%s%s)", l->because, both ? "; " : "", l->holds);
    str_append(out, ".");
    if (*l->keep)
        str_appendf(out, " To keep it: %s.", l->keep);
    str_append(out, "\n");
}

void plan_losses_names(const struct plan_losses *l, struct str *out)
{
    for (size_t i = 0; i < l->len; i++)
        if (i == 0 || !text_eq(l->items[i].name, l->items[i - 1].name))
            str_appendf(out, "%s%s", i ? "," : "", l->items[i].name);
}

int plan_losses_refuse(const struct plan_losses *l, const char *command, struct error *err)
{
    cleanup_str struct str lost = STR_INIT, moved = STR_INIT, gone = STR_INIT, text = STR_INIT,
                           hint = STR_INIT;

    if (l->len == 0)
        return 0;

    list_of(l, PLAN_LOSES, &lost);
    list_of(l, PLAN_MOVES, &moved);
    list_of(l, PLAN_STOPS, &gone);
    add_part(&text, "this would lose data", &lost);
    add_part(&text, "this would move a public address", &moved);
    add_part(&text, "this deletes what holds data", &gone);
    int rc = error_raise(err, ERR_REFUSED, "%s; nothing was touched", str_get(&text));

    for (size_t i = 0; i < l->len; i++)
        describe(&l->items[i], &hint);
    if (command) {
        bool only_yes = !lost.len && !moved.len;
        str_appendf(&hint, "If it is meant, add to `%s`: ", command);
        str_append(&hint, only_yes ? "--yes" : "--allow-loss ");
        if (!only_yes)
            plan_losses_names(l, &hint);
    }
    error_hint(err, "%s", str_get(&hint));
    if (l->items[0].pos.line)
        error_at(err, l->items[0].pos.file, l->items[0].pos.line, l->items[0].pos.column);
    return rc;
}
