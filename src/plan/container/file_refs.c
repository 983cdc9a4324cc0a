/* `configs` and `secrets` of a service as the planner sees them: where each file goes, and where
 * its content comes from.
 *
 * Content is one of five: a config value as a whole (an external one, or one by `environment`), a
 * secret that somebody else keeps, a text that may draw from config, a file of the project's
 * folder, or nothing. Only the file is read here, and all that leaves is its length and a digest.
 */
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "compose/template.h"
#include "plan/container/files.h"
#include <string.h>

static const struct compose_file_source *
source_of(const struct compose_file_source *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_eq(list[i].name, name))
            return &list[i];
    return NULL;
}

/* As in Compose: a secret lies under /run/secrets, a config at the root. */
static const char *target_of(struct arena *a, const struct compose_file_ref *r, bool secret)
{
    const char *target = text_empty(r->target) ? r->source : r->target;

    if (*target == '/')
        return target;
    return arena_printf(a, secret ? "/run/secrets/%s" : "/%s", target);
}

/* The folder is what gets mounted, so two files of one folder share it. */
static void split_target(struct arena *a, struct plan_task_file *f)
{
    const char *slash = strrchr(f->target, '/');
    size_t folder_length = (size_t)(slash - f->target);

    f->name = slash + 1;
    f->folder = folder_length ? arena_strndup(a, f->target, folder_length) : "/";

    /* Nothing of an image is there: /run is empty when a container starts. */
    f->hides = !text_starts(f->folder, "/run/") && !text_starts(f->folder, "/var/run/");
}

/* A folder that is mounted as a whole hides the image's, as with Docker. */
static void place_in_folder(struct plan_task_file *f)
{
    f->folder = f->ref->folder;
    f->name = f->target + strlen(f->folder) + 1;
    f->hides = false;
}

/* The text with its config parts: the typed model has it without. */
static struct compose_text content_of(
    struct arena *a,
    const struct compose_project *p,
    const char *section,
    const struct compose_file_source *s)
{
    const struct yaml_node *all = p->root ? yaml_get(p->root, section) : NULL;
    const struct yaml_node *one = all ? yaml_get(all, s->name) : NULL;
    const struct yaml_node *n = one ? yaml_get(one, "content") : NULL;
    bool written = n && n->kind == YAML_KIND_SCALAR;

    return template_to_text(a, written ? n->value : s->content, s->pos);
}

/* SSM takes "{{" for a reference to another parameter, so such a value is kept as base64. */
static bool looks_like_reference(const struct compose_part *parts)
{
    for (; parts; parts = parts->next)
        if (!parts->is_config && strstr(parts->text, "{{"))
            return true;
    return false;
}

static void fill_content(
    struct arena *a, const struct compose_project *p, const char *section, struct plan_task_file *f)
{
    struct compose_text text = content_of(a, p, section, f->source);

    f->config = compose_text_bare_config(&text);
    f->parts = f->config ? NULL : text.first;
    f->empty = !text.first;
    f->encoded = looks_like_reference(f->parts);
}

/* An external one and one by `environment` are config values: nothing of the caller's environment
 * is read here. */
static void fill_source(
    struct arena *a, const struct compose_project *p, const char *section, struct plan_task_file *f)
{
    const struct compose_file_source *s = f->source;

    if (!s)
        return;
    if (s->reference)
        f->reference = s->reference;
    else if (s->external)
        f->config = s->external_name ? s->external_name : s->name;
    else if (s->environment)
        f->config = s->environment;
    else if (s->content)
        fill_content(a, p, section, f);
    else
        f->path = s->file;
}

static void fill_file(
    struct arena *a,
    const struct compose_project *p,
    const struct compose_file_ref *r,
    bool secret,
    struct plan_task_file *f)
{
    const struct compose_file_source *source =
        secret ? source_of(p->secrets, p->secret_count, r->source)
               : source_of(p->configs, p->config_count, r->source);

    *f = (struct plan_task_file){
        .ref = r,
        .secret = secret,
        .target = target_of(a, r, secret),
        .mode = r->mode >= 0 ? (unsigned)r->mode : 0444,
        .source = source,
        .pieces = 1};
    split_target(a, f);
    if (r->folder)
        place_in_folder(f);
    fill_source(a, p, secret ? "secrets" : "configs", f);
}

size_t plan_files_of(
    struct arena *a,
    const struct compose_project *p,
    const struct compose_service *s,
    struct plan_task_file **out)
{
    struct plan_task_file *list =
        arena_array(a, struct plan_task_file, s->secret_count + s->config_count + 1);
    size_t n = 0;

    for (size_t i = 0; i < s->secret_count; i++)
        fill_file(a, p, &s->secrets[i], true, &list[n++]);
    for (size_t i = 0; i < s->config_count; i++)
        fill_file(a, p, &s->configs[i], false, &list[n++]);
    *out = list;
    return n;
}

/* A digest under a key that only the account knows, so that a template tells nothing of the file.
 */
static const char *keyed_digest(struct arena *a, const char *key, const struct str *text)
{
    uint8_t sum[SHA256_BYTES];
    struct str all = STR_INIT;

    str_append(&all, key);
    str_append_char(&all, '\n');
    str_append_bytes(&all, str_get(text), text->len);
    digest_sha256(str_get(&all), all.len, sum);
    str_wipe(&all);

    cleanup_free char *hex = digest_hex(sum, sizeof sum);
    return arena_strndup(a, hex, 12);
}

/* Not text, or what SSM would take for a reference. */
static bool needs_encoding(const struct str *text)
{
    const char *bytes = str_get(text);

    return memchr(bytes, '\0', text->len) || !text_utf8_valid(bytes, text->len) ||
           strstr(bytes, "{{");
}

int plan_file_read(struct arena *a, const char *key, struct plan_task_file *f, struct error *err)
{
    struct str text = STR_INIT;

    if (!f->path)
        return 0;

    int rc = 0;
    if (f->source->kept)
        str_append_bytes(&text, f->source->kept, f->source->kept_bytes);
    else
        rc = file_read(f->path, LIMIT_TASK_FILE_BYTES, &text, err);
    if (rc == 0) {
        f->empty = text.len == 0;
        f->encoded = needs_encoding(&text);

        /* As it is kept: base64 writes four characters for three bytes. */
        f->bytes = f->encoded ? (text.len + 2) / 3 * 4 : text.len;
        if (f->bytes > LIMIT_CONFIG_VALUE_BYTES) {
            f->encoded = true;
            f->pieces = (text.len + PLAN_PIECE_BYTES - 1) / PLAN_PIECE_BYTES;
        }
        f->digest = keyed_digest(a, key, &text);
    }
    str_wipe(&text);
    return rc;
}

static bool any_file(const struct compose_file_source *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].file && !list[i].external)
            return true;
    return false;
}

bool plan_has_secret_files(const struct compose_project *p)
{
    return any_file(p->secrets, p->secret_count) || any_file(p->configs, p->config_count);
}
