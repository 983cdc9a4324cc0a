/* File systems of named volumes that a project's stack made and that outlive it: found by the tag
 * that carries the volume's name. A stack retains them when it goes, and a project that comes back
 * takes its own again; nothing but `down` with the volume's name deletes one. */
#include "engine/account/volumes.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

#include <string.h>

static int list(struct engine_context *c, bool optional, json_t **items, struct error *err)
{
    int rc = (optional ? engine_call_all_optional : engine_call_all)(
        c, &aws_efs_DescribeFileSystems, json_object(), items, err);
    return rc < 0 ? error_wrap(err, "listing the EFS file systems") : 0;
}

/* The volume's name when the file system is this project's, else NULL. */
static const char *volume_of(const json_t *file_system, const char *scope)
{
    const char *state = json_str_or(file_system, "LifeCycleState", "");
    size_t i;
    json_t *tag;

    json_array_foreach(json_object_get(file_system, "Tags"), i, tag) {
        const char *value = json_str_or(tag, "Value", "");
        if (text_eq(json_str(tag, "Key"), PLAN_VOLUME_TAG) && text_starts(value, scope) &&
            !text_eq(state, "deleting") && !text_eq(state, "deleted"))
            return value + strlen(scope);
    }

    return NULL;
}

static int find(
    struct engine_context *c,
    struct arena *arena,
    bool optional,
    const struct plan_kept_volume **out,
    size_t *count,
    struct error *err)
{
    cleanup_json json_t *items = NULL;
    cleanup_free char *scope = plan_volume_tag(c->settings, c->project, "");
    *out = NULL;
    *count = 0;
    int rc = list(c, optional, &items, err);
    struct plan_kept_volume *volumes =
        arena_array(arena, struct plan_kept_volume, json_array_size(items) + 1);
    size_t i;
    json_t *item;

    json_array_foreach(items, i, item) {
        const char *name = volume_of(item, scope);
        if (name && json_str(item, "FileSystemId"))
            volumes[(*count)++] = (struct plan_kept_volume){
                arena_strdup(arena, name), arena_strdup(arena, json_str(item, "FileSystemId"))};
    }

    *out = volumes;
    return rc;
}

int flow_volumes(
    struct engine_context *c,
    struct arena *arena,
    const struct plan_kept_volume **out,
    size_t *count,
    struct error *err)
{
    return find(c, arena, false, out, count, err);
}

int flow_volumes_if_allowed(
    struct engine_context *c,
    struct arena *arena,
    const struct plan_kept_volume **out,
    size_t *count,
    struct error *err)
{
    return find(c, arena, true, out, count, err);
}

/* One that is gone already is what was wanted. */
int flow_volumes_delete(
    struct engine_context *c,
    const struct plan_kept_volume *volumes,
    size_t count,
    struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        int rc = engine_call(
            c,
            &aws_efs_DeleteFileSystem,
            object(key("FileSystemId", volumes[i].file_system)),
            NULL,
            err);
        if (rc < 0 && aws_error_is_not_found(err))
            error_done(err);
        else if (rc < 0)
            return error_wrap(
                err, "removing volume %s (%s)", volumes[i].name, volumes[i].file_system);
    }

    return 0;
}
