/* Files that a project mounts as configs and secrets, kept with its release: another machine has
 * no such files, and this one may have others by then. They go into the sealed part only. */
#include "engine/release/release.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "data/object.h"

#include <string.h>

static void
read_list(const char *section, const struct compose_file_source *list, size_t count, json_t *files)
{
    for (size_t i = 0; i < count; i++) {
        const struct compose_file_source *s = &list[i];
        cleanup_error struct error ignored = ERROR_INIT;
        struct str text = STR_INIT;

        if (!s->file || s->external)
            continue;
        if (s->kept)
            str_append_bytes(&text, s->kept, s->kept_bytes);
        if (s->kept || file_read(s->file, LIMIT_TASK_FILE_BYTES, &text, &ignored) == 0) {
            cleanup_free char *name = xasprintf("%s/%s", section, s->name);
            cleanup_free char *coded = digest_base64(str_get(&text), text.len);

            json_add(files, name, json_of(coded));
            secret_wipe(coded, strlen(coded));
        }
        str_wipe(&text);
    }
}

json_t *release_files_read(const struct compose_project *p)
{
    json_t *files = object();

    read_list("secrets", p->secrets, p->secret_count, files);
    read_list("configs", p->configs, p->config_count, files);
    if (json_object_size(files))
        return files;
    json_decref(files);
    return NULL;
}

static void give_list(
    struct arena *arena,
    const char *section,
    struct compose_file_source *list,
    size_t count,
    const json_t *files)
{
    for (size_t i = 0; i < count; i++) {
        cleanup_free char *name = xasprintf("%s/%s", section, list[i].name);
        const char *coded = json_string_value(json_object_get(files, name));
        void *bytes = NULL;
        size_t n = 0;

        if (!coded || digest_base64_decode(coded, &bytes, &n) < 0)
            continue;
        char *copy = arena_alloc(arena, n + 1);
        memcpy(copy, n ? bytes : "", n);
        list[i].kept = copy;
        list[i].kept_bytes = n;
        if (n)
            secret_wipe(bytes, n);
        free(bytes);
    }
}

void release_files_give(struct compose_project *p, const json_t *files)
{
    if (!files)
        return;
    give_list(p->arena, "secrets", p->secrets, p->secret_count, files);
    give_list(p->arena, "configs", p->configs, p->config_count, files);
}
