/* `history`: releases of a project and stack, one of them with its record, and what differs between
 * two.
 *
 * All of it is read from the account's bucket; this machine's own store is not asked. What is
 * sealed in a record never leaves the daemon. Differences come from the two templates and from what
 * stands beside them; what looks like a secret, by the name of a variable or in its value, is told
 * without it. */
#include "daemon/engine_choice.h"
#include "daemon/past/released.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "compose/bind/secrets.h"
#include "data/object.h"
#include "engine/release/release.h"
#include "plan/report/cost.h"

#include <string.h>

struct differences {
    struct arena *arena;
    VEC(Defang__ReleaseChange *) list;
};

static void
add(struct differences *d,
    const char *what,
    const char *name,
    const char *before,
    const char *after)
{
    if (text_eq(before, after))
        return;

    Defang__ReleaseChange *m = arena_make(d->arena, Defang__ReleaseChange);
    defang__release_change__init(m);
    m->what = verb_text(d->arena, what);
    m->name = verb_text(d->arena, name);
    m->before = verb_text(d->arena, before);
    m->after = verb_text(d->arena, after);
    vec_push(&d->list, m);
}

static const json_t *by_name(const json_t *list, const char *member, const char *name)
{
    size_t i;
    json_t *one;

    json_array_foreach(list, i, one) {
        if (text_eq(json_str(one, member), name))
            return one;
    }
    return NULL;
}

/* Of two lists of objects: `value` of each by `name`. What stands in one only has no other side. */
static void lists(
    struct differences *d,
    const char *what,
    const json_t *before,
    const json_t *after,
    const char *name,
    const char *(*value)(struct arena *arena, const json_t *one))
{
    size_t i;
    json_t *one;

    json_array_foreach(before, i, one) {
        const json_t *other = by_name(after, name, json_str(one, name));
        const char *old = value(d->arena, one);
        const char *new = other ? value(d->arena, other) : NULL;

        /* Two secrets look the same; that one took the other's place is no secret. */
        if (other && text_eq(old, new) && !json_equal(one, other))
            new = arena_printf(d->arena, "%s, another", new);
        add(d, what, json_str(one, name), old, new);
    }
    json_array_foreach(after, i, one) {
        if (!by_name(before, name, json_str(one, name)))
            add(d, what, json_str(one, name), NULL, value(d->arena, one));
    }
}

static const char *image_value(struct arena *arena, const json_t *one)
{
    (void)arena;
    return json_str_or(one, "image", "-");
}

static const char *version_value(struct arena *arena, const json_t *one)
{
    return arena_printf(arena, "version %lld", json_int_or(one, "version", 0));
}

static const char *variable_value(struct arena *arena, const json_t *one)
{
    const json_t *value = json_object_get(one, "Value");
    const char *from = json_str(one, "ValueFrom");

    if (from || json_object_get(one, "ValueFrom"))
        return from ? arena_printf(arena, "config %s", from) : "config";

    cleanup_free char *text =
        json_is_string(value) ? xstrdup(json_string_value(value)) : json_print(value, false, true);
    if (secret_match(json_str_or(one, "Name", ""), text))
        return arena_printf(arena, "*** (%zu characters)", strlen(text));

    cleanup_free char *masked = secrets_masked(text);
    return arena_strdup(arena, masked ? masked : text);
}

/* Members of one resource's properties that differ. */
static const char *
properties(struct arena *arena, const json_t *before, const json_t *after, bool *differ)
{
    cleanup_str struct str names = STR_INIT;
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)before, name, value) {
        if (!json_equal(value, json_object_get(after, name)))
            str_appendf(&names, "%s%s", names.len ? ", " : "", name);
    }
    json_object_foreach((json_t *)(uintptr_t)after, name, value) {
        if (!json_object_get(before, name))
            str_appendf(&names, "%s%s", names.len ? ", " : "", name);
    }
    *differ = names.len > 0;
    return arena_strdup(arena, str_get(&names));
}

static void containers(struct differences *d, const json_t *before, const json_t *after)
{
    const json_t *old = json_at(before, "Properties.ContainerDefinitions");
    size_t i;
    json_t *one;

    json_array_foreach(json_at(after, "Properties.ContainerDefinitions"), i, one) {
        const json_t *other = json_array_get(old, i);
        const char *full = json_str_or(one, "Name", "?");
        const char *name = arena_strndup(d->arena, full, strcspn(full, "_"));
        cleanup_free char *what = xasprintf("variable of %s", name);

        lists(
            d,
            what,
            json_object_get(other, "Environment"),
            json_object_get(one, "Environment"),
            "Name",
            variable_value);
        lists(
            d,
            what,
            json_object_get(other, "Secrets"),
            json_object_get(one, "Secrets"),
            "Name",
            variable_value);
    }
}

static void resources(struct differences *d, const json_t *before, const json_t *after)
{
    const char *id;
    json_t *one;

    json_object_foreach((json_t *)(uintptr_t)before, id, one) {
        const json_t *other = json_object_get(after, id);
        const char *type = json_str_or(one, "Type", "?");
        bool differ = false;

        if (!other) {
            add(d, "resource", id, type, NULL);
            continue;
        }
        const char *names = properties(
            d->arena,
            json_object_get(one, "Properties"),
            json_object_get(other, "Properties"),
            &differ);
        if (text_eq(type, "AWS::ECS::TaskDefinition"))
            containers(d, one, other);
        if (differ)
            add(d, "resource", id, type, arena_printf(d->arena, "%s: %s", type, names));
    }
    json_object_foreach((json_t *)(uintptr_t)after, id, one) {
        if (!json_object_get(before, id))
            add(d, "resource", id, NULL, json_str_or(one, "Type", "?"));
    }
}

static const char *month(struct arena *arena, const json_t *record, const char *region, bool *known)
{
    cleanup_cost struct cost cost;
    const json_t *template = json_object_get(record, "template");

    cost_of(template, region, &cost);
    *known = template && cost.priced;
    return arena_printf(arena, "$%.2f a month", cost.month);
}

static void differences(struct differences *d, const json_t *before, const json_t *after)
{
    static const char *const settings[] = {"mode", "engine"};
    bool old = false, new = false;
    const char *region = json_str_or(after, "region", "");

    lists(
        d,
        "image of service",
        json_object_get(before, "services"),
        json_object_get(after, "services"),
        "service",
        image_value);
    lists(
        d,
        "config",
        json_object_get(before, "configs"),
        json_object_get(after, "configs"),
        "name",
        version_value);
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        add(d, "setting", settings[i], json_str(before, settings[i]), json_str(after, settings[i]));
    if (json_object_get(before, "template") && json_object_get(after, "template"))
        resources(d, json_at(before, "template.Resources"), json_at(after, "template.Resources"));

    const char *from = month(d->arena, before, region, &old);
    const char *to = month(d->arena, after, region, &new);
    if (old && new)
        add(d, "cost", "list prices of today", from, to);
}

static Defang__Release *message_of(struct arena *arena, const json_t *e, const json_t *runs)
{
    Defang__Release *m = arena_make(arena, Defang__Release);

    defang__release__init(m);
    m->number = json_int_or(e, "number", 0);
    m->deployment = verb_text(arena, json_str(e, "deployment"));
    m->kind = verb_text(arena, json_str(e, "kind"));
    m->rollback_of = json_int_or(e, "of", 0);
    m->state = verb_text(arena, json_str(e, "state"));
    m->created_ms = json_int_or(e, "created_ms", 0);
    m->ended_ms = json_int_or(e, "ended_ms", 0);
    m->principal = verb_text(arena, json_str(e, "principal"));
    m->who = verb_text(arena, json_str(e, "who"));
    m->summary = verb_text(arena, json_str(e, "summary"));
    m->runs = e == runs;
    return m;
}

/* What runs is asked of the engine: after a `down` no release does. */
static int
runs_now(struct verb_call *v, const json_t *entries, const json_t **out, struct error *err)
{
    struct engine_context c;
    struct engine_template deployed = {0};
    int rc = engine_choose(v, "", err);

    *out = NULL;
    if (rc < 0 || !json_array_size(entries))
        return rc;
    c = verb_context(v, NULL);
    rc = v->engine->deployed(&c, &deployed, err);
    if (rc == 0 && deployed.exists)
        *out = release_current(entries);
    engine_template_done(&deployed);
    return rc;
}

static int fetch(
    struct verb_call *v,
    const char *bucket,
    const json_t *entries,
    const char *which,
    json_t **record,
    struct error *err)
{
    struct engine_context c = verb_context(v, NULL);
    const json_t *entry = release_find(entries, which);

    if (entry)
        return release_fetch(&c, bucket, entry, record, err);

    error_raise(
        err,
        ERR_NOT_FOUND,
        "there is no release %s of %s/%s",
        which,
        v->project.name,
        v->project.settings.stack);
    error_hint(err, "`defangctl history` lists all");
    return error_kind_errno(ERR_NOT_FOUND);
}

static int verb_history(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__HistoryRequest *r = (const Defang__HistoryRequest *)request;
    Defang__HistoryReply reply = DEFANG__HISTORY_REPLY__INIT;
    cleanup_json json_t *entries = NULL, *record = NULL, *other = NULL;
    cleanup_free char *text = NULL;
    const char *bucket = NULL;
    const json_t *runs = NULL;
    int rc = verb_session(v, r->caller, err);
    if (rc == 0)
        rc = released_list(v, r->caller, &bucket, &entries, err);
    if (rc == 0)
        rc = runs_now(v, entries, &runs, err);
    if (rc == 0 && !text_empty(r->release))
        rc = fetch(v, bucket, entries, r->release, &record, err);
    if (rc == 0 && !text_empty(r->against))
        rc = fetch(v, bucket, entries, r->against, &other, err);
    if (rc < 0)
        return rc;

    struct arena *arena = v->project.arena;
    struct differences d = {.arena = arena};
    size_t n = json_array_size(entries);

    n = r->limit ? MIN(n, (size_t)r->limit) : n;
    reply.releases = arena_array(arena, Defang__Release *, n + 1);
    for (size_t i = 0; i < n; i++)
        reply.releases[reply.n_releases++] = message_of(arena, json_array_get(entries, i), runs);

    if (record && other)
        differences(&d, record, other);
    reply.changes = d.list.items;
    reply.n_changes = d.list.len;
    if (record && !other) {
        json_object_del(record, "sealed");
        text = json_print(record, false, true);
        reply.record_json.data = (uint8_t *)text;
        reply.record_json.len = strlen(text);
    }

    server_reply(v->call, &reply.base);
    vec_free(&d.list);
    return 0;
}

void verbs_history_register(struct daemon *d)
{
    verb_handle(d, RPC_HISTORY, verb_history);
}
