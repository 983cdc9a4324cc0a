/* Volumes: what EFS makes of the named ones, and what becomes of everything else that is mounted.
 *
 * Refused: a name that is no file system, a value that EFS does not
 * take, a group without a user. Warned of: options that EFS has not, and those of a file system's
 * creation when it is there already, of what of this machine is not there. Noted: that a volume
 * outlives the project, and that a mounted file is a copy. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/common/context.h"
#include "plan/expand/binds.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *text, const char *words)
{
    cleanup_free char *copy = xstrdup(words);
    char *save = NULL;

    for (char *word = strtok_r(copy, "|", &save); word; word = strtok_r(NULL, "|", &save))
        if (text_eq(word, text))
            return true;
    return false;
}

static bool is_octal(const char *text)
{
    size_t n = strlen(text);

    return n >= 3 && n <= 4 && strspn(text, "01234567") == n;
}

static bool is_id(const char *text)
{
    long long v;

    return text_parse_int(text, 0, 4294967295LL, &v) == 0;
}

static bool is_path(const char *text)
{
    return text[0] == '/' && strlen(text) <= 100;
}

/* MiB/s. More than a region's quota is refused by EFS, which knows it. */
static bool is_throughput(const char *text)
{
    char *end;
    double mibps = strtod(text, &end);

    return isdigit((unsigned char)*text) && !*end && mibps >= 1 && mibps <= 10240;
}

static const struct option {
    const char *key, *words; /* the values it takes, else `ok` says */
    bool (*ok)(const char *text);
    const char *hint;
    bool creation; /* of the file system: one that is there already keeps its own */
} OPTIONS[] = {
    {"backup_policy", "ENABLED|DISABLED", NULL, "Use ENABLED or DISABLED.", true},
    {"performance_mode", "generalPurpose|maxIO", NULL, "Use generalPurpose or maxIO.", true},
    {"throughput_mode",
     "bursting|elastic|provisioned",
     NULL,
     "Use bursting, elastic or provisioned.",
     true},
    {"provisioned_throughput", NULL, is_throughput, "Use a number of MiB/s, 1 or more.", true},
    {"lifecycle_policy",
     "AFTER_1_DAY|AFTER_7_DAYS|AFTER_14_DAYS|AFTER_30_DAYS|AFTER_60_DAYS|AFTER_90_DAYS|"
     "AFTER_180_DAYS|AFTER_270_DAYS|AFTER_365_DAYS",
     NULL,
     "Use AFTER_30_DAYS, or 1 (AFTER_1_DAY), 7, 14, 60, 90, 180, 270 or 365.",
     true},
    {"uid", NULL, is_id, "Use a number.", false},
    {"gid", NULL, is_id, "Use a number.", false},
    {"permissions", NULL, is_octal, "Use an octal number, as in \"0755\".", false},
    {"root_directory", NULL, is_path, "Use an absolute path.", false},
};

static bool file_system_ok(const char *text)
{
    size_t n = strlen(text);

    return text_starts(text, "fs-") && (n == 11 || n == 20) &&
           strspn(text + 3, "0123456789abcdef") == n - 3;
}

static void check_option(
    struct plan_check *c,
    const struct plan_volume *v,
    const struct yaml_node *key,
    const char *value)
{
    if (text_eq(key->value, "fsid"))
        return;
    for (size_t i = 0; i < ARRAY_LEN(OPTIONS); i++) {
        if (!text_eq(OPTIONS[i].key, key->value))
            continue;
        if (OPTIONS[i].words ? !is_one_of(value, OPTIONS[i].words) : !OPTIONS[i].ok(value))
            plan_error(
                &c->diag,
                key->pos,
                OPTIONS[i].hint,
                "volume %s: %s \"%s\" is not what EFS takes",
                v->name,
                key->value,
                value);
        else if (OPTIONS[i].creation && v->external)
            plan_warn(
                &c->diag,
                key->pos,
                "Remove it.",
                "volume %s: %s is ignored, the file system is there already",
                v->name,
                key->value);
        return;
    }

    plan_warn(
        &c->diag,
        key->pos,
        "Remove it.",
        "volume %s: driver option %s is ignored, the volume is an EFS file system",
        v->name,
        key->value);
}

/* Options that EFS takes alone and not together. */
static void check_throughput(struct plan_check *c, const struct plan_volume *v)
{
    const char *mode = plan_volume_option(v, "throughput_mode");
    const char *mibps = plan_volume_option(v, "provisioned_throughput");
    bool provisioned = text_eq(mode, "provisioned");

    if (v->external)
        return;
    if (provisioned && !mibps)
        plan_error(
            &c->diag,
            v->pos,
            "Add provisioned_throughput: with the MiB/s, as in provisioned_throughput: 64.",
            "volume %s: throughput_mode provisioned without provisioned_throughput",
            v->name);
    if (mibps && !provisioned)
        plan_error(
            &c->diag,
            v->pos,
            "Add throughput_mode: provisioned.",
            "volume %s: provisioned_throughput without throughput_mode: provisioned",
            v->name);
    if (text_eq(mode, "elastic") && text_eq(plan_volume_option(v, "performance_mode"), "maxIO"))
        plan_error(
            &c->diag,
            v->pos,
            "Use performance_mode: generalPurpose.",
            "volume %s: EFS has no elastic throughput in performance_mode maxIO",
            v->name);
}

void plan_check_volumes(struct plan_check *c)
{
    for (size_t i = 0; i < c->v.volume_count; i++) {
        const struct plan_volume *v = &c->v.volumes[i];

        if (v->external && !file_system_ok(v->file_system))
            plan_error(
                &c->diag,
                v->pos,
                "As in name: fs-0123456789abcdef0. Or take the name away to have one made.",
                "volume %s: %s is no EFS file system of this account",
                v->name,
                v->file_system);
        if (v->elsewhere)
            plan_note(
                &c->diag,
                v->pos,
                "For a file system that is there say name: fs-0123456789abcdef0.",
                "volume %s is external to Compose, and no volume of Docker is on AWS: the project "
                "gets one of its own",
                v->name);
        for (size_t k = 0; v->options && k < v->options->len; k++) {
            const struct yaml_node *value = v->options->pairs[k].value;

            check_option(
                c,
                v,
                v->options->pairs[k].key,
                value->kind == YAML_KIND_SCALAR ? value->value : "");
        }
        check_throughput(c, v);
        if (plan_volume_option(v, "gid") && !plan_volume_option(v, "uid"))
            plan_error(&c->diag, v->pos, "Add uid.", "volume %s: gid without uid", v->name);
        if (!v->external)
            plan_note(
                &c->diag,
                v->pos,
                "Remove it with the project: defangctl down --volumes.",
                "volume %s is an EFS file system: it starts empty, is shared by all tasks that "
                "mount it, and stays after `down`",
                v->name);
    }
}

/* ---- mounts ---- */

/* As people write it: below the project's folder. */
static const char *shown(const struct plan_check *c, const struct compose_mount *m)
{
    size_t n = strlen(c->p->working_dir);
    const char *source = m->source ? m->source : "";
    bool below = text_starts(source, c->p->working_dir) && source[n] == '/';

    if (text_eq(source, c->p->working_dir))
        return ".";
    return below ? arena_printf(c->a, ".%s", source + n) : source;
}

/* Two lines that do what the mount does. */
static const char *
build_hint(const struct plan_check *c, const struct plan_service *s, const struct compose_mount *m)
{
    const char *from = shown(c, m);

    if (s->s->has_build)
        return arena_printf(
            c->a,
            "Let the Dockerfile copy it (COPY … %s); for data use a named volume.",
            m->target);
    return arena_printf(
        c->a,
        "Build an image with it, from a Dockerfile of two lines: FROM %s, and COPY %s %s; for data "
        "use a named volume.",
        s->s->image ? s->s->image : "…",
        from,
        m->target);
}

static void
tell_copy(struct plan_check *c, const struct plan_service *s, const struct compose_mount *m)
{
    bool folder = false;

    for (size_t i = 0; i < s->s->config_count; i++)
        folder = folder || text_eq(s->s->configs[i].folder, m->target);
    plan_note(
        &c->diag,
        m->pos,
        NULL,
        folder ? "service %s: the files of %s are copied into its tasks, a change needs `up`"
               : "service %s: %s is copied into its tasks, a change needs `up`; the image's own sh "
                 "and cp bring the rest of its folder",
        s->s->name,
        shown(c, m));
}

static void
check_bind(struct plan_check *c, const struct plan_service *s, const struct compose_mount *m)
{
    const char *name = s->s->name;
    const char *source = shown(c, m);

    if (m->copied) {
        tell_copy(c, s, m);
        return;
    }

    switch (plan_bind_look(c->p, s->s, m)) {
    case PLAN_BIND_SOCKET:
        plan_warn(
            &c->diag,
            m->pos,
            "Remove the mount, or keep the service for this machine with profiles:.",
            "service %s: %s is Docker's own socket and is not mounted on AWS: there is no Docker",
            name,
            source);
        break;
    case PLAN_BIND_CLOCK:
        plan_warn(
            &c->diag,
            m->pos,
            "Remove the mount, and name the zone in environment, as in TZ: Europe/Berlin.",
            "service %s: %s of this machine is not mounted on AWS, tasks run in UTC",
            name,
            source);
        break;
    case PLAN_BIND_OUTSIDE:
        plan_warn(
            &c->diag,
            m->pos,
            "Keep what is needed in the project's folder.",
            "service %s: %s lies outside the project's folder and is not mounted on AWS",
            name,
            source);
        break;
    case PLAN_BIND_MISSING:
    case PLAN_BIND_EMPTY:
        plan_warn(
            &c->diag,
            m->pos,
            "Use a named volume to keep it on EFS.",
            "service %s: the folder %s of this machine is not mounted on AWS, what is written to "
            "%s is lost when the task ends",
            name,
            source,
            m->target);
        break;
    case PLAN_BIND_SOURCES:
        plan_warn(
            &c->diag,
            m->pos,
            "Remove the mount, or keep it in compose.override.yaml for this machine.",
            "service %s: the sources in %s are not mounted on AWS, its image has what the "
            "Dockerfile copies of them",
            name,
            source);
        break;
    case PLAN_BIND_SYSTEM:
    case PLAN_BIND_TAKEN:
        plan_warn(
            &c->diag,
            m->pos,
            build_hint(c, s, m),
            "service %s: %s is not mounted on AWS: a file comes with its folder, and that of %s "
            "cannot be hidden",
            name,
            source,
            m->target);
        break;
    default:
        plan_warn(
            &c->diag,
            m->pos,
            build_hint(c, s, m),
            "service %s: %s is not mounted on AWS: files of at most %zu KiB together, %d of them, "
            "are copied",
            name,
            source,
            LIMIT_TASK_FILE_BYTES / 1024,
            LIMIT_BIND_FILES);
    }
}

/* The named volumes of the others are mounted (compose/bind/project.c); what else they have belongs
 * to their containers. */
static void check_volumes_from(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *list = s->s->node ? yaml_get(s->s->node, "volumes_from") : NULL;

    for (size_t i = 0; list && i < list->len; i++) {
        const char *text = list->items[i]->value ? list->items[i]->value : "";
        const char *name = arena_strndup(c->a, text, strcspn(text, ":"));
        const struct compose_service *from = compose_service_get(c->p, name);
        bool whole = from != NULL;

        for (size_t k = 0; from && k < from->volume_count; k++)
            whole = whole && text_eq(from->volumes[k].type, "volume") &&
                    !text_empty(from->volumes[k].source);
        if (!whole)
            plan_warn(
                &c->diag,
                list->items[i]->pos,
                "Name a volume that both mount.",
                from ? "service %s: volumes_from %s: its named volumes are mounted here too, "
                       "nothing else that it mounts"
                     : "service %s: volumes_from %s is ignored, there is no such service",
                s->s->name,
                text);
    }
}

void plan_check_mounts(struct plan_check *c, const struct plan_service *s)
{
    check_volumes_from(c, s);
    for (size_t i = 0; i < s->s->volume_count; i++) {
        const struct compose_mount *m = &s->s->volumes[i];

        if (text_eq(m->type, "bind"))
            check_bind(c, s, m);
        else if (plan_keeps_image(s->s, m))
            continue;
        else if (text_eq(m->type, "volume") && text_empty(m->source))
            plan_warn(
                &c->diag,
                m->pos,
                "Name the volume to keep it on EFS.",
                "service %s: what is written to %s is lost when the task ends",
                s->s->name,
                m->target);
        else if (!text_eq(m->type, "tmpfs") && !text_eq(m->type, "volume"))
            plan_warn(
                &c->diag,
                m->pos,
                "Remove it.",
                "service %s: mounts of type %s do not exist on Fargate",
                s->s->name,
                m->type);
    }
}
