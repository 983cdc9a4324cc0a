/* `configs` and `secrets` as files: what cannot become one.
 *
 * A file comes as a folder that is mounted over the image's, so it wants a folder of its own.
 * Refused: a source that is not declared, a target that is no file or lies in a folder of the
 * system or of a volume, two files of one target, an owner that is no number, a config name that is
 * not valid, content that a parameter of SSM cannot hold. Noted: a folder of the image that is
 * copied for each task, because the mount would hide what is in it. */
#include "plan/container/files.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/common/context.h"
#include "plan/container/references.h"
#include "plan/expand/binds.h"
#include <string.h>
#include <unistd.h>

static bool is_number(const char *text)
{
    long long v;

    return text_empty(text) || text_parse_int(text, 0, 4294967294LL, &v) == 0;
}

static const char *kind(const struct plan_task_file *f)
{
    return f->secret ? "secret" : "config";
}

static const char *own_folder(struct plan_check *c, const struct plan_task_file *f)
{
    return arena_printf(
        c->a, "Give it a folder of its own: target: /run/%ss/%s", kind(f), f->ref->source);
}

static void
check_target(struct plan_check *c, const struct plan_service *s, const struct plan_task_file *f)
{
    const char *hint = own_folder(c, f);
    bool is_file = *f->name && !text_eq(f->name, ".");
    bool climbs = strstr(f->target, "/../") || text_ends(f->target, "/..");

    if (!is_file || climbs)
        plan_error(
            &c->diag,
            f->ref->pos,
            hint,
            "service %s: the target %s of %s %s is no file",
            s->s->name,
            f->target,
            kind(f),
            f->ref->source);
    else if (plan_is_system_folder(f->folder))
        plan_error(
            &c->diag,
            f->ref->pos,
            hint,
            "service %s: %s %s cannot go into %s, files come as a folder that is mounted over the "
            "image's",
            s->s->name,
            kind(f),
            f->ref->source,
            f->folder);
}

static void
check_folder(struct plan_check *c, const struct plan_service *s, const struct plan_task_file *f)
{
    for (size_t i = 0; i < s->s->volume_count; i++)
        if (text_eq(s->s->volumes[i].target, f->folder))
            plan_error(
                &c->diag,
                f->ref->pos,
                own_folder(c, f),
                "service %s: %s %s would be in %s, where a volume is mounted",
                s->s->name,
                kind(f),
                f->ref->source,
                f->folder);

    if (f->hides && !plan_is_system_folder(f->folder))
        plan_note(
            &c->diag,
            f->ref->pos,
            "With a target under /run nothing is copied.",
            "service %s: %s %s goes into %s, of which each task takes a copy with the image's own "
            "sh and cp",
            s->s->name,
            kind(f),
            f->ref->source,
            f->folder);
}

static void
check_content(struct plan_check *c, const struct plan_service *s, struct plan_task_file *f)
{
    cleanup_error struct error why = ERROR_INIT;
    size_t literal = 0;

    if (f->config && !plan_config_name_valid(f->config))
        plan_error(
            &c->diag,
            f->ref->pos,
            f->source->external
                ? "Use letters, digits and underscores; what somebody else keeps is named by its "
                  "ARN (name: arn:aws:secretsmanager:…) or by the path of a parameter (name: /…)."
                : "Use letters, digits and underscores.",
            "%s %s draws from config \"%s\", which is no valid name",
            kind(f),
            f->ref->source,
            f->config);
    if (f->reference && !plan_reference_ok(f->reference))
        plan_error(
            &c->diag,
            f->source->pos,
            "As in name: arn:aws:secretsmanager:us-west-2:123456789012:secret:db-AbCdEf (behind it "
            ":key:: for one key of its JSON), arn:aws:ssm:us-west-2:123456789012:parameter/db, or "
            "/db.",
            "%s %s: \"%s\" is no secret of Secrets Manager and no parameter of SSM",
            kind(f),
            f->ref->source,
            f->reference);
    for (const struct compose_part *p = f->parts; p; p = p->next)
        literal += p->is_config ? 0 : strlen(p->text);
    if (f->encoded && f->parts)
        literal = (literal + 2) / 3 * 4;
    if (f->path && plan_file_read(c->a, "", f, &why) < 0)
        plan_error(
            &c->diag,
            f->source->pos,
            access(f->path, R_OK) == 0
                ? arena_printf(
                      c->a,
                      "At most %zu KiB; larger ones belong into the image.",
                      LIMIT_TASK_FILE_BYTES / 1024)
                : "Create the file, or let the value come from config: external: true.",
            "%s %s: %s",
            kind(f),
            f->ref->source,
            why.message);
    else if (literal > LIMIT_CONFIG_VALUE_BYTES)
        plan_error(
            &c->diag,
            f->source->pos,
            "Keep it in a file of the project (file:), or put it into the image.",
            "%s %s has %zu bytes%s, and a parameter of SSM holds %zu",
            kind(f),
            f->ref->source,
            literal,
            f->encoded ? " as base64" : "",
            LIMIT_CONFIG_VALUE_BYTES);
}

void plan_check_files(struct plan_check *c, const struct plan_service *s)
{
    struct plan_task_file *files;
    size_t n = plan_files_of(c->a, c->p, s->s, &files);

    for (size_t i = 0; i < n; i++) {
        struct plan_task_file *f = &files[i];

        if (f->ref->bound) /* plan_check_mounts() has told */
            continue;
        if (!f->source) {
            plan_error(
                &c->diag,
                f->ref->pos,
                "Declare it at the top level.",
                "service %s: there is no %s %s",
                s->s->name,
                kind(f),
                f->ref->source);
            continue;
        }
        check_target(c, s, f);
        check_folder(c, s, f);
        check_content(c, s, f);
        if (!is_number(f->ref->uid) || !is_number(f->ref->gid))
            plan_error(
                &c->diag,
                f->ref->pos,
                "Use numbers.",
                "service %s: uid and gid of %s %s must be numbers",
                s->s->name,
                kind(f),
                f->ref->source);
        for (size_t k = 0; k < i; k++)
            if (text_eq(files[k].target, f->target))
                plan_error(
                    &c->diag,
                    f->ref->pos,
                    "Give each a target of its own.",
                    "service %s: %s %s and %s %s have the same target %s",
                    s->s->name,
                    kind(&files[k]),
                    files[k].ref->source,
                    kind(f),
                    f->ref->source,
                    f->target);
    }
}
