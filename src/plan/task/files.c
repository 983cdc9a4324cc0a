/* `configs` and `secrets` as files. ECS gives a container whole parameters as variables and nothing
 * as files, so a small container of the task writes them from its variables into folders of the
 * task, before the service's own container starts; that one has them mounted.
 *
 * A mount is a folder and hides what the image has there. Under /run an image has nothing; for any
 * other folder a container of the service's own image first copies what is there, by that image's
 * sh and cp. No value is in the template: each is a parameter (plan_derived), a config value is its
 * own. */
#include "plan/task/files.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/config.h"
#include "plan/context.h"
#include "plan/logs.h"
#include "plan/names.h"
#include "plan/task/environment.h"
#include "plan/task/task.h"
#include <ctype.h>
#include <string.h>

#define WRITER "public.ecr.aws/docker/library/busybox:1.37.0"
#define PLACE  "/defang/files"

/* ---- parameters ---- */
static void name_parameter(
    struct arena *a,
    const struct plan_request *r,
    const char *service,
    const struct plan_task_file *f,
    struct plan_derived *out)
{
    struct str all = STR_INIT;
    for (const struct compose_part *p = f->parts; p; p = p->next)
        str_appendf(
            &all,
            "%d:%zu:%s:%lld\n",
            p->is_config,
            strlen(p->text),
            p->text,
            p->is_config ? plan_config_version(r, p->text) : 0);
    cleanup_free char *sum =
        f->path ? xstrdup(f->digest ? f->digest : "") : plan_hash_hex(str_get(&all), 12);
    str_done(&all);
    const char *variable =
        arena_printf(a, "%s-%s", f->secret ? "secret" : "config", f->ref->source);
    cleanup_free char *root = plan_derived_path(r->settings, r->project->name);
    cleanup_free char *fit_service =
        plan_name_fit(service, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 100, 6);
    cleanup_free char *fit_variable =
        plan_name_fit(variable, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 100, 6);
    *out = (struct plan_derived){
        .service = service,
        .variable = variable,
        .parts = f->parts,
        .file = f->path,
        .encoded = f->encoded,
        .parameter = arena_printf(a, "%s%s/%s/%s", root, fit_service, fit_variable, sum)};
}

/* Reads what is to be read; a file that is gone since the checks leaves an empty digest, and the
 * engine says so when it reads. */
static size_t ready_files(
    struct arena *a,
    const struct plan_request *r,
    const struct compose_service *s,
    struct plan_task_file **files)
{
    size_t n = plan_files_of(a, r->project, s, files);
    for (size_t i = 0; i < n; i++) {
        cleanup_error struct error ignored = ERROR_INIT;
        (void)plan_file_read(
            a, r->facts && r->facts->file_key ? r->facts->file_key : "", &(*files)[i], &ignored);
    }
    return n;
}

void plan_files_derived(
    struct arena *a,
    const struct plan_request *r,
    const struct compose_service *s,
    struct plan_derived *out,
    size_t *count)
{
    struct plan_task_file *files;
    size_t n = ready_files(a, r, s, &files);
    for (size_t i = 0; i < n; i++)
        if (!files[i].config && !files[i].empty)
            name_parameter(a, r, s->name, &files[i], &out[(*count)++]);
}

void plan_files_configs(struct plan_ctx *c, const struct compose_service *s, struct str *out)
{
    struct plan_task_file *files;
    size_t n = plan_files_of(c->a, c->p, s, &files);
    for (size_t i = 0; i < n; i++)
        if (files[i].config)
            str_appendf(out, "\n%s=%lld", files[i].config, plan_config_mark(c->r, files[i].config));
}

/* ---- containers ---- */
struct place { /* of one service */
    const char **folders;
    size_t folder_count;
    struct plan_task_file *files;
    size_t file_count;
};

static size_t folder_index(const struct place *p, const char *folder)
{
    for (size_t i = 0; i < p->folder_count; i++)
        if (text_eq(p->folders[i], folder))
            return i;
    return p->folder_count;
}

static void quote(struct str *out, const char *text)
{
    str_append_char(out, '\'');
    for (; *text; text++)
        if (*text == '\'')
            str_append(out, "'\\''");
        else
            str_append_char(out, *text);
    str_append_char(out, '\'');
}

static void write_file(const struct place *p, size_t i, struct str *out)
{
    const struct plan_task_file *f = &p->files[i];
    struct str path = STR_INIT;
    str_appendf(&path, "%s/%zu/%s", PLACE, folder_index(p, f->folder), f->name);
    str_append(out, "f=");
    quote(out, str_get(&path));
    str_append(out, "; rm -f \"$f\"; ");
    if (f->empty)
        str_append(out, ": > \"$f\"");
    else if (f->encoded)
        str_appendf(out, "printf %%s \"$FILE_%zu\" | base64 -d > \"$f\"", i);
    else
        str_appendf(out, "printf %%s \"$FILE_%zu\" > \"$f\"", i);
    str_appendf(
        out,
        "; chown %s:%s \"$f\"; chmod %04o \"$f\"\n",
        text_empty(f->ref->uid) ? "0" : f->ref->uid,
        text_empty(f->ref->gid) ? "0" : f->ref->gid,
        f->mode);
    str_done(&path);
}

static const char *volume_name(const struct plan_ctx *c, const struct plan_service *s, size_t i)
{
    cleanup_free char *name = plan_name_fit(s->s->name, PLAN_NAME_UNDERSCORE, 200, 6);
    return arena_printf(c->a, "files-%s-%zu", name, i);
}

/* All folders of the service, as the container that fills them sees them. */
static json_t *places(const struct plan_ctx *c, const struct plan_service *s, const struct place *p)
{
    json_t *points = json_array();
    for (size_t i = 0; i < p->folder_count; i++)
        json_push(
            points,
            plan_json(
                "{s:s,s:s,s:b}",
                "SourceVolume",
                volume_name(c, s, i),
                "ContainerPath",
                arena_printf(c->a, PLACE "/%zu", i),
                "ReadOnly",
                0));
    return points;
}

static json_t *helper(
    const struct plan_ctx *c,
    const struct plan_service *s,
    const char *what,
    const char *deployment,
    const char *image,
    const char *script,
    json_t *mounts)
{
    cleanup_free char *name =
        plan_container_name(arena_printf(c->a, "%s-%s", s->s->name, what), deployment);
    cleanup_free char *prefix =
        plan_name_fit(s->s->name, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 200, 6);
    return plan_json(
        "{s:s,s:s,s:b,s:s,s:[s,s],s:[s],s:o,s:o}",
        "Name",
        name,
        "Image",
        image,
        "Essential",
        0,
        "User",
        "0",
        "EntryPoint",
        "sh",
        "-ec",
        "Command",
        script,
        "MountPoints",
        mounts,
        "LogConfiguration",
        plan_awslogs("LogGroupLogs", prefix));
}

static void wait_for(json_t *container, const json_t *other)
{
    json_t *list = json_object_get(container, "DependsOn");
    if (!list)
        json_add(container, "DependsOn", list = json_array());
    json_push(
        list,
        plan_json("{s:s,s:s}", "ContainerName", json_str(other, "Name"), "Condition", "SUCCESS"));
}

static json_t *copier(
    const struct plan_ctx *c,
    const struct plan_service *s,
    const struct place *p,
    const char *deployment,
    const json_t *own)
{
    cleanup_str struct str script = STR_INIT;
    for (size_t i = 0; i < p->file_count; i++) {
        const struct plan_task_file *f = &p->files[i];
        bool first = true;
        for (size_t k = 0; k < i; k++)
            first = first && !text_eq(p->files[k].folder, f->folder);
        if (!f->hides || !first)
            continue;
        str_append(&script, "d=");
        quote(&script, f->folder);
        str_appendf(
            &script,
            "; if [ -d \"$d\" ]; then cp -a \"$d/.\" %s/%zu/; fi\n",
            PLACE,
            folder_index(p, f->folder));
    }
    return script.len ? helper(
                            c,
                            s,
                            "copy",
                            deployment,
                            json_str(own, "Image"),
                            str_get(&script),
                            places(c, s, p))
                      : NULL;
}

static json_t *writer(
    const struct plan_ctx *c,
    const struct plan_service *s,
    const struct place *p,
    const char *deployment)
{
    cleanup_str struct str script = STR_INIT;
    json_t *secrets = json_array();
    str_append(&script, "umask 077\n");
    for (size_t i = 0; i < p->file_count; i++) {
        const struct plan_task_file *f = &p->files[i];
        struct plan_derived d;
        write_file(p, i, &script);
        if (f->empty)
            continue;
        if (!f->config)
            name_parameter(c->a, c->r, s->s->name, f, &d);
        json_t *arn =
            f->config
                ? graph_sub("%s", plan_config_arn_sub(c, f->config))
                : graph_sub(
                      "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter%s",
                      d.parameter);
        json_push(
            secrets,
            plan_json("{s:s,s:o}", "Name", arena_printf(c->a, "FILE_%zu", i), "ValueFrom", arn));
    }
    json_t *container = helper(
        c, s, "files", deployment, plan_image_uri(c, WRITER), str_get(&script), places(c, s, p));
    plan_json_list(container, "Secrets", secrets);
    return container;
}

static json_t *find_container(json_t *task, const char *name)
{
    json_t *list = json_object_get(task, "ContainerDefinitions");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (text_eq(json_str(json_array_get(list, i), "Name"), name))
            return json_array_get(list, i);
    return NULL;
}

static void mount(
    const struct plan_ctx *c,
    const struct plan_service *s,
    const struct place *p,
    json_t *own,
    json_t *task)
{
    json_t *volumes = json_object_get(task, "Volumes"),
           *points = json_object_get(own, "MountPoints");
    if (!volumes)
        json_add(task, "Volumes", volumes = json_array());
    if (!points)
        json_add(own, "MountPoints", points = json_array());
    for (size_t i = 0; i < p->folder_count; i++) {
        bool read_only = text_starts(p->folders[i], "/run/secrets");
        json_push(volumes, plan_json("{s:s}", "Name", volume_name(c, s, i)));
        json_push(
            points,
            plan_json(
                "{s:s,s:s,s:b}",
                "SourceVolume",
                volume_name(c, s, i),
                "ContainerPath",
                p->folders[i],
                "ReadOnly",
                read_only));
    }
}

static void
add_files(struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task)
{
    struct place p = {0};
    p.file_count = ready_files(c->a, c->r, s->s, &p.files);
    if (!p.file_count)
        return;
    p.folders = arena_array(c->a, const char *, p.file_count);
    for (size_t i = 0; i < p.file_count; i++)
        if (folder_index(&p, p.files[i].folder) == p.folder_count)
            p.folders[p.folder_count++] = p.files[i].folder;
    cleanup_free char *name = plan_container_name(s->s->name, deployment);
    json_t *own = find_container(task, name), *list = json_object_get(task, "ContainerDefinitions");
    json_t *copy = copier(c, s, &p, deployment, own), *write = writer(c, s, &p, deployment);
    if (copy) {
        wait_for(write, copy);
        json_push(list, copy);
    }
    wait_for(own, write);
    json_push(list, write);
    mount(c, s, &p, own, task);
}

void plan_files_extra(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task)
{
    const struct plan_service *member;
    for (size_t i = 0; (member = plan_task_member(&c->v, s, i)); i++)
        add_files(c, member, deployment, task);
}
