/* `configs` and `secrets` as files. ECS gives a container whole parameters as variables and nothing
 * as files, so a small container of the task (the writer) writes them from its variables into
 * folders of the task, before the service's own container starts; that one has them mounted.
 *
 * A mount is a folder and hides what the image has there. Under /run an image has nothing; for any
 * other folder a container of the service's own image (the copier) first copies what is there, by
 * that image's sh and cp.
 *
 * No value is in the template: each is a parameter (plan_derived), a config value is its own. The
 * order is kept by ECS: copier, writer, the service's container, each after the one before has
 * ended well. */
#include "plan/container/files.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/config.h"
#include "plan/common/logs.h"
#include "plan/container/derived.h"
#include "plan/container/environment.h"
#include "plan/container/file_script.h"
#include "plan/container/image.h"
#include "plan/container/references.h"
#include "plan/names.h"

#define WRITER "public.ecr.aws/docker/library/busybox:1.37.0"

/* ---- parameters ---- */

/* The parameter of a file that is no config value. Its name changes with the content, so that a
 * rollback finds the one before. */
static void name_parameter(
    struct arena *a,
    const struct plan_request *r,
    const char *service,
    const struct plan_task_file *f,
    size_t piece,
    struct plan_derived *out)
{
    const char *kind = f->secret ? "secret" : "config";
    const char *variable = arena_printf(a, "%s-%s", kind, f->ref->source);
    const char *digest = f->digest ? f->digest : "";

    if (piece > 1)
        variable = arena_printf(a, "%s-%zu", variable, piece);

    if (!f->path)
        digest = plan_parts_digest(a, r, f->parts, plan_config_mark);

    *out = (struct plan_derived){
        .service = service,
        .variable = variable,
        .parts = f->parts,
        .file = f->path,
        .source = f->source,
        .encoded = f->encoded,
        .piece = piece,
        .parameter = plan_derived_parameter(a, r, service, variable, digest)};
}

/* The k-th parameter of the file; 0: there is one. */
static size_t piece_of(const struct plan_task_file *f, size_t k)
{
    return f->pieces > 1 ? k + 1 : 0;
}

const char *plan_file_parameter(
    struct arena *a, const struct plan_request *r, const char *service, struct plan_task_file *f)
{
    const char *key = r->facts && r->facts->file_key ? r->facts->file_key : "";
    cleanup_error struct error ignored = ERROR_INIT;
    struct plan_derived d;

    (void)plan_file_read(a, key, f, &ignored);
    if (f->config || f->reference || f->empty || f->pieces != 1)
        return NULL;
    name_parameter(a, r, service, f, 0, &d);
    return d.parameter;
}

/* Reads what is to be read; a file that is gone since the checks leaves an empty digest, and the
 * engine says so when it reads. */
static size_t ready_files(
    struct arena *a,
    const struct plan_request *r,
    const struct compose_service *s,
    struct plan_task_file **files)
{
    const char *key = r->facts && r->facts->file_key ? r->facts->file_key : "";
    size_t n = plan_files_of(a, r->project, s, files);

    for (size_t i = 0; i < n; i++) {
        cleanup_error struct error ignored = ERROR_INIT;

        (void)plan_file_read(a, key, &(*files)[i], &ignored);
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

    for (size_t i = 0; i < n; i++) {
        bool has_parameter = !files[i].config && !files[i].reference && !files[i].empty;

        for (size_t k = 0; has_parameter && k < files[i].pieces; k++)
            name_parameter(a, r, s->name, &files[i], piece_of(&files[i], k), &out[(*count)++]);
    }
}

void plan_files_configs(struct plan_ctx *c, const struct compose_service *s, struct str *out)
{
    struct plan_task_file *files;
    size_t n = plan_files_of(c->a, c->p, s, &files);

    for (size_t i = 0; i < n; i++) {
        const char *config = files[i].config;

        if (config)
            str_appendf(out, "\n%s=%lld", config, plan_config_mark(c->r, config));
    }
}

/* ---- containers ---- */

static const char *volume_name(const struct plan_ctx *c, const struct plan_service *s, size_t i)
{
    cleanup_free char *name = plan_name_fit(s->s->name, PLAN_NAME_UNDERSCORE, 200, 6);

    return arena_printf(c->a, "files-%s-%zu", name, i);
}

/* All folders of the service, as a container that fills them sees them. */
static json_t *
helper_mounts(const struct plan_ctx *c, const struct plan_service *s, const struct plan_files *p)
{
    json_t *points = array();

    for (size_t i = 0; i < p->folder_count; i++) {
        json_t *point = object(
            key("SourceVolume", volume_name(c, s, i)),
            key("ContainerPath", arena_printf(c->a, "%s/%zu", PLAN_FILES_PLACE, i)),
            key("ReadOnly", false));

        json_push(points, point);
    }
    return points;
}

/* A container that runs a script and ends: not essential, for its end is no reason to stop the
 * task. With -e, so that a step that fails is an exit code, and ECS starts nobody who waits for
 * SUCCESS. As root: only root gives files to others. Steals `mounts` and `secrets` (NULL: none). */
static json_t *helper(
    const struct plan_ctx *c,
    const struct plan_service *s,
    const char *name,
    const char *image,
    const char *script,
    json_t *mounts,
    json_t *secrets)
{
    cleanup_free char *log_prefix =
        plan_name_fit(s->s->name, PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 200, 6);

    return object(
        key("Name", name),
        key("Image", image),
        key("Essential", false),
        key("User", "0"),
        key("EntryPoint", texts("sh", "-ec")),
        key("Command", texts(script)),
        key("MountPoints", mounts),
        key("LogConfiguration", plan_awslogs("LogGroupLogs", log_prefix)),
        key("Secrets", secrets));
}

/* NULL where no folder hides anything of the image's. */
static json_t *copier(
    const struct plan_ctx *c,
    const struct plan_service *s,
    const struct plan_files *p,
    const char *deployment,
    const char *image)
{
    cleanup_str struct str script = STR_INIT;

    plan_files_copy_script(p, &script);
    if (!script.len)
        return NULL;

    const char *what = arena_printf(c->a, "%s-copy", s->s->name);
    cleanup_free char *name = plan_container_name(what, deployment);
    return helper(c, s, name, image, str_get(&script), helper_mounts(c, s, p), NULL);
}

/* Where the content of the file is kept. */
static json_t *content_arn(
    const struct plan_ctx *c,
    const struct plan_service *s,
    const struct plan_task_file *f,
    size_t k)
{
    struct plan_derived d;

    if (f->config)
        return plan_config_arn(c, f->config);
    if (f->reference)
        return plan_reference_value(f->reference);
    name_parameter(c->a, c->r, s->s->name, f, piece_of(f, k), &d);
    return plan_parameter_arn(d.parameter);
}

static json_t *writer(
    const struct plan_ctx *c,
    const struct plan_service *s,
    const struct plan_files *p,
    const char *deployment)
{
    cleanup_str struct str script = STR_INIT;
    json_t *secrets = array();

    plan_files_write_script(p, &script);
    for (size_t i = 0; i < p->file_count; i++) {
        if (p->files[i].empty) /* SSM keeps no empty value */
            continue;

        for (size_t k = 0; k < p->files[i].pieces; k++) {
            const char *variable = plan_files_variable(c->a, i, k);
            json_t *arn = content_arn(c, s, &p->files[i], k);

            json_push(secrets, object(key("Name", variable), key("ValueFrom", arn)));
        }
    }

    const char *what = arena_printf(c->a, "%s-files", s->s->name);
    cleanup_free char *name = plan_container_name(what, deployment);
    const char *image = plan_image_uri(c, WRITER);
    return helper(
        c, s, name, image, str_get(&script), helper_mounts(c, s, p), json_unless_empty(secrets));
}

/* ---- the task ---- */

static json_t *find_container(json_t *task, const char *name)
{
    json_t *list = json_object_get(task, "ContainerDefinitions");

    for (size_t i = 0; i < json_array_size(list); i++)
        if (text_eq(json_str(json_array_get(list, i), "Name"), name))
            return json_array_get(list, i);
    return NULL;
}

/* The array at this key, made when it is not there. Borrowed. */
static json_t *list_at(json_t *of, const char *name)
{
    json_t *list = json_object_get(of, name);

    if (!list) {
        list = array();
        json_add(of, name, list);
    }
    return list;
}

static void wait_for(json_t *container, const json_t *other)
{
    json_t *dependency =
        object(key("ContainerName", json_str(other, "Name")), key("Condition", "SUCCESS"));

    json_push(list_at(container, "DependsOn"), dependency);
}

static void mount(
    const struct plan_ctx *c,
    const struct plan_service *s,
    const struct plan_files *p,
    json_t *own,
    json_t *task)
{
    for (size_t i = 0; i < p->folder_count; i++) {
        const char *name = volume_name(c, s, i);
        bool read_only = text_starts(p->folders[i], "/run/secrets");

        json_push(list_at(task, "Volumes"), object(key("Name", name)));

        json_t *point = object(
            key("SourceVolume", name),
            key("ContainerPath", p->folders[i]),
            key("ReadOnly", read_only));
        json_push(list_at(own, "MountPoints"), point);
    }
}

static void find_folders(const struct plan_ctx *c, struct plan_files *p)
{
    p->folders = arena_array(c->a, const char *, p->file_count);
    for (size_t i = 0; i < p->file_count; i++) {
        const char *folder = p->files[i].folder;

        if (plan_files_folder(p, folder) == p->folder_count)
            p->folders[p->folder_count++] = folder;
    }
}

/* For one container of the task, whatever the others mount: each has folders of its own. */
static void
add_files(struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task)
{
    struct plan_files p = {0};

    p.file_count = ready_files(c->a, c->r, s->s, &p.files);
    if (!p.file_count)
        return;
    find_folders(c, &p);

    cleanup_free char *name = plan_container_name(s->s->name, deployment);
    json_t *list = json_object_get(task, "ContainerDefinitions");
    json_t *own = find_container(task, name);
    json_t *copy = copier(c, s, &p, deployment, json_str(own, "Image"));
    json_t *write = writer(c, s, &p, deployment);

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
