/* The view: named volumes that some container mounts, and who mounts them. What they become on EFS
 * is container/volumes.c. Part of plan_view_make(), which has told tasks and sidecars before.
 *
 * A volume that nobody mounts makes nothing. One that names a file system is not ours. One that is
 * external to Compose and names none is of Docker's on some machine: here it is made. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/names.h"
#include "plan/view/extensions.h"
#include "plan/view/parts.h"
#include "plan/view/view.h"

static const struct yaml_node *volume_node(const struct compose_project *p, const char *name)
{
    const struct yaml_node *all = p->root ? yaml_get(p->root, "volumes") : NULL;
    return all ? yaml_get(all, name) : NULL;
}

const char *plan_volume_option(const struct plan_volume *v, const char *key)
{
    return plan_ext_string(v->options, key);
}

static bool mounts(const struct compose_mount *m, const char *volume)
{
    return text_eq(m->type, "volume") && text_eq(m->source, volume);
}

bool plan_mounts_volume(const struct compose_service *s, const char *volume, bool writing)
{
    for (size_t i = 0; i < s->volume_count; i++)
        if (mounts(&s->volumes[i], volume) && !(writing && s->volumes[i].read_only))
            return true;
    return false;
}

static const char *file_system_of(const struct plan_volume *v, const struct yaml_node *node)
{
    const char *keys[] = {
        plan_ext_string(node, "x-aws-fsid"),
        plan_volume_option(v, "fsid"),
        plan_ext_string(node, "name")};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (keys[i] && (text_starts(keys[i], "fs-") || (i < 2)))
            return keys[i];
    return NULL;
}

void plan_view_volumes(struct arena *a, const struct compose_project *p, struct plan_view *v)
{
    v->volumes = arena_array(a, struct plan_volume, p->volume_count + 1);
    for (size_t i = 0; i < p->volume_count; i++) {
        const struct yaml_node *node = volume_node(p, p->volumes[i].name);
        struct plan_volume *volume = &v->volumes[v->volume_count];
        *volume = (struct plan_volume){
            .name = p->volumes[i].name,
            .id = plan_logical_id(a, p->volumes[i].name),
            .pos = p->volumes[i].pos,
            .external = p->volumes[i].external,
            .options = node ? yaml_get(node, "driver_opts") : NULL};
        volume->file_system = file_system_of(volume, node);
        volume->elsewhere = p->volumes[i].external && !volume->file_system;
        volume->external = volume->file_system != NULL;
        bool used = false;
        for (size_t k = 0; k < v->count && !used; k++)
            used = plan_is_task(&v->services[k]) &&
                   plan_mounts_volume(v->services[k].s, volume->name, false);
        v->volume_count += used;
    }
}

const struct plan_volume *plan_volume_get(const struct plan_view *v, const char *name)
{
    for (size_t i = 0; i < v->volume_count; i++)
        if (text_eq(v->volumes[i].name, name))
            return &v->volumes[i];
    return NULL;
}

bool plan_stops_first(const struct plan_view *v, const struct plan_service *s)
{
    if (s->replicas > 1)
        return false;
    const struct plan_service *member;
    for (size_t m = 0; (member = plan_task_member(v, s, m)); m++)
        for (size_t i = 0; i < v->volume_count; i++)
            if (plan_mounts_volume(member->s, v->volumes[i].name, true))
                return true;
    return false;
}

bool plan_uses_file_systems(struct arena *a, const struct compose_project *p)
{
    struct plan_view v;

    plan_view_make(a, p, &v);
    return v.volume_count > 0;
}

void plan_named_file_systems(
    struct arena *a,
    const struct compose_project *p,
    const struct plan_named_file_system **out,
    size_t *count)
{
    struct plan_view v;

    plan_view_make(a, p, &v);
    struct plan_named_file_system *list =
        arena_array(a, struct plan_named_file_system, v.volume_count + 1);

    *out = list;
    *count = 0;
    for (size_t i = 0; i < v.volume_count; i++)
        if (v.volumes[i].file_system)
            list[(*count)++] = (struct plan_named_file_system){
                v.volumes[i].name, v.volumes[i].file_system, v.volumes[i].pos};
}
