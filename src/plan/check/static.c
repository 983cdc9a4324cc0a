/* Checks of x-defang-static-files (site/static_site.c): the shape of the extension, its redirects,
 * that its folder is one of the project, and keys of the service that mean nothing where no
 * container runs. Whether the folder is there is looked at by who may read files
 * (engine/site/folder.c).
 *
 * In the Defang documents an absolute folder is one inside the image that the service builds. Files
 * are not taken out of images here, so it is refused; what lies at that path on this machine is
 * somebody else's and is never published. */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/site/site.h"
#include "plan/view/extensions.h"
#include <string.h>

#define CODE_ITSELF 1024 /* bytes of the function that are not the redirects, with room to grow */

static void
check_redirect(struct plan_check *c, const struct plan_service *s, const struct yaml_node *n)
{
    const char *from = plan_ext_string(n, "from"), *to = plan_ext_string(n, "to"),
               *status = plan_ext_string(n, "status");

    if (n->kind == YAML_KIND_SCALAR)
        plan_warn(
            &c->diag,
            n->pos,
            "Redirect it where its name is served.",
            "service %s: CloudFront serves its own name only, %s is not redirected",
            s->s->name,
            n->value ? n->value : "it");
    else if (!from || from[0] != '/' || text_empty(to))
        plan_error(
            &c->diag,
            n->pos,
            "As in {from: /old, to: /new, status: 302}.",
            "service %s: a redirect needs from, a path, and to",
            s->s->name);
    else if (status && strcmp(status, "301") != 0 && strcmp(status, "302") != 0)
        plan_error(
            &c->diag,
            n->pos,
            "Say 301 or 302.",
            "service %s: a redirect has status 301 or 302, not %s",
            s->s->name,
            status);
}

static void
check_members(struct plan_check *c, const struct plan_service *s, const struct yaml_node *n)
{
    static const char *const known[] = {"folder", "redirects", "spa", NULL};
    const struct yaml_node *list = yaml_get(n, "redirects"), *spa = yaml_get(n, "spa");

    for (size_t i = 0; i < n->len; i++) {
        const char *key = n->pairs[i].key->value;
        if (strcmp(key, known[0]) && strcmp(key, known[1]) && strcmp(key, known[2])) {
            const char *near = text_nearest(key, known);
            plan_error(
                &c->diag,
                n->pairs[i].key->pos,
                near ? arena_printf(c->a, "Did you mean %s?", near) : NULL,
                "service %s: x-defang-static-files has no member \"%s\"",
                s->s->name,
                key);
        }
    }
    if (spa && !text_eq(spa->value, "true") && !text_eq(spa->value, "false"))
        plan_error(&c->diag, spa->pos, NULL, "service %s: spa must be true or false", s->s->name);
    if (!yaml_is_null(list) && list->kind != YAML_KIND_SEQUENCE) {
        plan_error(
            &c->diag,
            list->pos,
            "As in redirects: [{from: /old, to: /new}].",
            "service %s: redirects must be a list",
            s->s->name);
        return;
    }
    for (size_t i = 0; list && i < list->len; i++)
        check_redirect(c, s, list->items[i]);
    if (list && plan_static_redirects_bytes(s->s) > PLAN_STATIC_CODE_BYTES - CODE_ITSELF)
        plan_error(
            &c->diag,
            list->pos,
            "Redirect folders instead of pages.",
            "service %s: the redirects do not fit a CloudFront function of %d bytes",
            s->s->name,
            PLAN_STATIC_CODE_BYTES);
}

static bool is_outside(const char *path)
{
    cleanup_free char *full = path_absolute("/a", path); /* as if the project were in /a */

    return path[0] == '~' || (strcmp(full, "/a") != 0 && !text_starts(full, "/a/"));
}

/* One below the project's own folder was meant as what it is: ${PWD}/dist. */
static void check_absolute(struct plan_check *c, const char *name, const struct yaml_node *folder)
{
    cleanup_free char *own = xasprintf("%s/", c->p->working_dir);

    if (text_starts(folder->value, own))
        plan_error(
            &c->diag,
            folder->pos,
            arena_printf(
                c->a, "Name it from the project's folder: ./%s", folder->value + strlen(own)),
            "service %s: x-defang-static-files %s is absolute, which means a path inside the image",
            name,
            folder->value);
    else
        plan_error(
            &c->diag,
            folder->pos,
            "Put what the image holds there into a folder of the project and name that, as in "
            "./dist; or remove x-defang-static-files, and the container serves them.",
            "service %s: x-defang-static-files %s is a path inside the image, and files are taken "
            "from a folder of the project only",
            name,
            folder->value);
}

static void check_folder(struct plan_check *c, const char *name, const struct yaml_node *folder)
{
    if (folder->value[0] == '/')
        check_absolute(c, name, folder);
    else if (is_outside(folder->value))
        plan_error(
            &c->diag,
            folder->pos,
            "Move the folder into the project, or run defangctl from the folder that holds both "
            "(with --project-directory or -f).",
            "service %s: x-defang-static-files %s is outside the project's folder, and nothing "
            "there is published",
            name,
            folder->value);
}

void plan_check_static(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *n = plan_static_node(s->s);

    const struct yaml_node *folder = plan_static_folder(s->s);

    if (!folder) {
        plan_error(
            &c->diag,
            n->pos,
            "As in x-defang-static-files: ./dist, or {folder: ./dist, redirects: []}.",
            "service %s: x-defang-static-files must be a folder, or a mapping with folder",
            s->s->name);
        return;
    }
    check_folder(c, s->s->name, folder);
    if (n->kind == YAML_KIND_MAPPING)
        check_members(c, s, n);
    if (s->s->image || s->s->has_build)
        plan_note(
            &c->diag,
            s->s->pos,
            NULL,
            "service %s: its files are served from CloudFront, no container runs and nothing is "
            "built",
            s->s->name);
    if (!text_empty(s->s->domainname))
        plan_warn(
            &c->diag,
            s->s->pos,
            "Point a record at the distribution's name, with a certificate of us-east-1, or serve "
            "the files from a container.",
            "service %s: static files are served under CloudFront's name, domainname %s is not set "
            "up",
            s->s->name,
            s->s->domainname);
}
