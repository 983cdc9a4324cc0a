/* `configs` and `secrets` of a service as the planner sees them: where each file goes, and where
 * its content comes from. */
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/str.h"
#include "compose/template.h"
#include "plan/task/files.h"
#include <string.h>

static const struct compose_file_source *
source_of(const struct compose_file_source *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_eq(list[i].name, name))
            return &list[i];
    return NULL;
}

static const char *target_of(struct arena *a, const struct compose_file_ref *r, bool secret)
{
    const char *target = text_empty(r->target) ? r->source : r->target;
    return *target == '/' ? target : arena_printf(a, secret ? "/run/secrets/%s" : "/%s", target);
}

static void split_target(struct arena *a, struct plan_task_file *f)
{
    const char *slash = strrchr(f->target, '/');
    f->name = slash + 1;
    f->folder = slash == f->target ? "/" : arena_strndup(a, f->target, (size_t)(slash - f->target));
    /* Nothing of an image is there: /run is empty when a container starts. */
    f->hides = !text_starts(f->folder, "/run/") && !text_starts(f->folder, "/var/run/");
}

/* The text with its config parts: the typed model has it without. */
static struct compose_text content_of(
    struct arena *a,
    const struct compose_project *p,
    const char *section,
    const struct compose_file_source *s)
{
    const struct yaml_node *all = p->root ? yaml_get(p->root, section) : NULL,
                           *one = all ? yaml_get(all, s->name) : NULL;
    const struct yaml_node *n = one ? yaml_get(one, "content") : NULL;
    return template_to_text(a, n && n->kind == YAML_KIND_SCALAR ? n->value : s->content, s->pos);
}

static void fill_source(
    struct arena *a, const struct compose_project *p, const char *section, struct plan_task_file *f)
{
    const struct compose_file_source *s = f->source;
    if (!s)
        return;
    if (s->external)
        f->config = s->external_name ? s->external_name : s->name;
    else if (s->environment)
        f->config = s->environment;
    else if (s->content) {
        struct compose_text text = content_of(a, p, section, s);
        f->config = compose_text_bare_config(&text);
        f->parts = f->config ? NULL : text.first;
        f->empty = !text.first;
        for (const struct compose_part *part = f->parts; part; part = part->next)
            f->encoded =
                f->encoded ||
                (!part->is_config && strstr(part->text, "{{")); /* SSM takes it for a reference */
    } else
        f->path = s->file;
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
    for (size_t i = 0; i < s->secret_count + s->config_count; i++) {
        bool secret = i < s->secret_count;
        const struct compose_file_ref *r =
            secret ? &s->secrets[i] : &s->configs[i - s->secret_count];
        struct plan_task_file *f = &list[n++];
        *f = (struct plan_task_file){
            .ref = r,
            .secret = secret,
            .target = target_of(a, r, secret),
            .mode = r->mode >= 0 ? (unsigned)r->mode : 0444,
            .source = secret ? source_of(p->secrets, p->secret_count, r->source)
                             : source_of(p->configs, p->config_count, r->source)};
        split_target(a, f);
        fill_source(a, p, secret ? "secrets" : "configs", f);
    }
    *out = list;
    return n;
}

/* A file of the project's folder: its digest under a key that only the account knows, so that a
 * template tells nothing of it. */
int plan_file_read(struct arena *a, const char *key, struct plan_task_file *f, struct error *err)
{
    struct str text = STR_INIT;
    int rc = f->path ? file_read(f->path, LIMIT_CONFIG_VALUE_BYTES, &text, err) : 0;
    if (rc == 0 && f->path) {
        f->empty = text.len == 0;
        f->encoded = memchr(str_get(&text), '\0', text.len) ||
                     !text_utf8_valid(str_get(&text), text.len) || strstr(str_get(&text), "{{");
        f->bytes = f->encoded ? (text.len + 2) / 3 * 4 : text.len;
        struct str all = STR_INIT;
        str_append(&all, key);
        str_append_char(&all, '\n');
        str_append_bytes(&all, str_get(&text), text.len);
        uint8_t sum[SHA256_BYTES];
        digest_sha256(str_get(&all), all.len, sum);
        char *hex = digest_hex(sum, sizeof sum);
        f->digest = arena_strndup(a, hex, 12);
        free(hex);
        str_wipe(&all);
    }
    str_wipe(&text);
    return rc;
}

bool plan_has_secret_files(const struct compose_project *p)
{
    for (size_t i = 0; i < p->secret_count; i++)
        if (p->secrets[i].file && !p->secrets[i].external)
            return true;
    for (size_t i = 0; i < p->config_count; i++)
        if (p->configs[i].file && !p->configs[i].external)
            return true;
    return false;
}
