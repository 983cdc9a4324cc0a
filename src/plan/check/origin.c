/* The origin of what is deployed, and of what is to take its place.
 *
 * Remotes are compared by host and path alone. How somebody reaches a repository (ssh or https,
 * with which port, user or token) differs between a laptop, a colleague's and a CI job; which one
 * it is does not. Hosts that take another name for ssh through a firewall, and paths that a host
 * reads in any case, are known by name.
 *
 * Two origins are the same when their files are, and their repository is; where one of both has no
 * remote, the place decides: folder, machine and user. So a folder that gets a remote later is
 * still itself, and two repositories that a CI job checks out into one folder are not. */
#include "plan/origin.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/plan.h"
#include <errno.h>
#include <string.h>

#define NAMED_MAX 8 /* services, resources in one message */

/* A URL's authority and path, or what git reads as "host:path"; false for a path of this machine.
 */
static bool split(const char *url, char **host, char **path)
{
    const char *scheme = strstr(url, "://");
    const char *colon = strchr(url, ':');
    const char *slash = strchr(url, '/');
    const char *at = url, *end;

    if (text_starts(url, "file://"))
        return false;

    if (scheme) {
        at = scheme + 3;
        end = at + strcspn(at, "/");
    } else if (colon && (!slash || colon < slash)) {
        end = colon;
    } else {
        return false;
    }

    /* Whatever stands before the last "@" says who, not where. */
    for (const char *p = at; p < end; p++)
        if (*p == '@')
            at = p + 1;

    const char *port = scheme && *at != '[' ? memchr(at, ':', (size_t)(end - at)) : NULL;
    cleanup_free char *name = xstrndup(at, (size_t)((port ? port : end) - at));

    *host = text_lower(name);
    *path = xstrdup(*end ? end + 1 : "");

    return true;
}

/* "codecommit::us-west-2://profile@shop", of git-remote-codecommit. */
static bool split_codecommit(const char *url, char **host, char **path)
{
    static const char prefix[] = "codecommit:";
    if (!text_starts(url, prefix))
        return false;

    const char *rest = url + sizeof prefix - 1;
    const char *name = strstr(rest, "//");
    if (!name)
        return false;

    size_t n = *rest == ':' ? (size_t)(name - rest) : 0;
    const char *at = strrchr(name, '@');
    cleanup_free char *region = n > 2 ? xstrndup(rest + 1, n - 2) : NULL;

    *host = region ? xasprintf("git-codecommit.%s.amazonaws.com", region) : xstrdup("codecommit");
    *path = xasprintf("v1/repos/%s", at ? at + 1 : name + 2);

    return true;
}

/* Names that a host has for ssh alone. */
static void usual_host(char **host, char **path)
{
    static const char *const names[][2] = {
        {"ssh.github.com", "github.com"},
        {"altssh.gitlab.com", "gitlab.com"},
        {"altssh.bitbucket.org", "bitbucket.org"},
        {"ssh.dev.azure.com", "dev.azure.com"},
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!text_eq(*host, names[i][0]))
            continue;

        free(*host);
        *host = xstrdup(names[i][1]);
    }

    /* Azure's ssh paths are "v3/org/project/repository", its others "org/project/_git/…". */
    const char *last = strrchr(*path, '/');
    if (text_eq(*host, "dev.azure.com") && text_starts(*path, "v3/") && last > *path + 3) {
        char *usual = xasprintf("%.*s/_git/%s", (int)(last - *path - 3), *path + 3, last + 1);

        free(*path);
        *path = usual;
    }
}

/* For these hosts "Acme/Shop" and "acme/shop" are one repository. */
static bool reads_any_case(const char *host)
{
    return text_eq(host, "github.com") || text_eq(host, "gitlab.com") ||
           text_eq(host, "bitbucket.org");
}

/* No query, no ".git", no slashes at the ends. In place. */
static char *bare_path(char *path)
{
    path[strcspn(path, "?#")] = '\0';
    path += strspn(path, "/");

    for (size_t n = strlen(path); n > 0 && path[n - 1] == '/';)
        path[--n] = '\0';
    if (text_ends(path, ".git"))
        path[strlen(path) - strlen(".git")] = '\0';

    return path;
}

/* It goes into a template: printable text of a bounded length, and a digest where it was longer. */
static char *bounded(char *text)
{
    size_t n = strlen(text);

    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    if (n <= LIMIT_PLAN_ORIGIN_BYTES && text_utf8_valid(text, n))
        return text;

    uint8_t digest[SHA256_BYTES];
    digest_sha256(text, n, digest);
    free(text);

    return digest_hex(digest, sizeof digest);
}

char *plan_origin_remote(const char *url, const char *folder)
{
    cleanup_free char *given = text_trim(url);
    cleanup_free char *host = NULL, *path = NULL;
    if (!*given)
        return NULL;

    if (!split_codecommit(given, &host, &path) && !split(given, &host, &path)) {
        const char *local = text_starts(given, "file://") ? given + strlen("file://") : given;
        char *full = path_absolute(folder, local);

        for (size_t n = strlen(full); n > 1 && full[n - 1] == '/';)
            full[--n] = '\0';
        if (text_ends(full, ".git") && !text_ends(full, "/.git"))
            full[strlen(full) - strlen(".git")] = '\0';
        return bounded(full);
    }

    char *bare = bare_path(path);
    memmove(path, bare, strlen(bare) + 1);
    usual_host(&host, &path);
    if (!*host || !*path)
        return NULL;

    cleanup_free char *any_case = reads_any_case(host) ? text_lower(path) : NULL;
    return bounded(xasprintf("%s/%s", host, any_case ? any_case : path));
}

const json_t *plan_origin_of(const json_t *deployed)
{
    const json_t *origin = json_at(deployed, "Metadata.Defang.origin");
    return json_is_object(origin) ? origin : NULL;
}

static bool member_same(const json_t *a, const json_t *b, const char *name)
{
    const char *of_a = json_str(a, name);
    return of_a && text_eq(of_a, json_str(b, name));
}

bool plan_origin_same(const json_t *a, const json_t *b)
{
    if (!a || !b)
        return true;
    if (!json_equal(json_object_get(a, "files"), json_object_get(b, "files")))
        return false;

    bool both = json_str(a, "repository") && json_str(b, "repository");
    return member_same(a, b, both ? "repository" : "place");
}

const char *plan_origin_file(const json_t *origin)
{
    const char *name = json_string_value(json_array_get(json_object_get(origin, "files"), 0));
    return name ? name : "";
}

bool plan_origin_near(const json_t *a, const json_t *b)
{
    if (!a || !b)
        return true;
    if (!json_str(a, "repository") || !json_str(b, "repository"))
        return member_same(a, b, "place");

    cleanup_free char *of_a = path_dirname(plan_origin_file(a));
    cleanup_free char *of_b = path_dirname(plan_origin_file(b));
    return member_same(a, b, "repository") && text_eq(of_a, of_b);
}

char *plan_origin_text(const json_t *origin, const json_t *here)
{
    const char *repository = json_str(origin, "repository");
    const char *folder = json_str(origin, "folder");
    const json_t *files = json_object_get(origin, "files");
    bool elsewhere = !repository && !member_same(origin, here, "owner");
    cleanup_str struct str names = STR_INIT;

    for (size_t i = 0; i < json_array_size(files); i++) {
        const char *name = json_string_value(json_array_get(files, i));
        str_appendf(&names, "%s%s", i ? ", " : "", name ? name : "?");
    }

    return xasprintf(
        "%s%s%s%s%s",
        repository ? repository : (folder ? folder : "an unknown folder"),
        elsewhere ? " of another machine or user" : "",
        names.len ? " (" : "",
        str_get(&names),
        names.len ? ")" : "");
}

static void add_name(struct str *text, size_t *n, const char *name)
{
    if (*n < NAMED_MAX)
        str_appendf(text, "%s%s", *n ? ", " : "", name);
    else if (*n == NAMED_MAX)
        str_append(text, ", …");
    (*n)++;
}

/* Services of the deployed template that the project does not have. */
static size_t removed_services(const struct plan_request *r, struct str *text)
{
    const char *name;
    json_t *note;
    size_t n = 0;

    json_object_foreach(json_at(r->previous, "Metadata.Defang.services"), name, note) {
        if (!compose_service_get(r->project, name))
            add_name(text, &n, name);
    }

    return n;
}

static size_t removed_resources(const json_t *previous, const struct graph *g, struct str *text)
{
    struct graph_diff diff;
    size_t n = 0;

    graph_diff(previous, g, &diff);
    for (size_t i = 0; i < diff.len; i++)
        if (diff.changes[i].action == GRAPH_REMOVE)
            add_name(text, &n, diff.changes[i].logical_id);
    graph_diff_done(&diff);

    return n;
}

static bool comes_from_elsewhere(const struct plan_request *r)
{
    return r->previous && !plan_origin_same(plan_origin_of(r->previous), r->origin);
}

int plan_check_origin(const struct plan_request *r, const struct graph *g, struct error *err)
{
    if (r->adopt || !comes_from_elsewhere(r))
        return 0;

    cleanup_str struct str gone = STR_INIT;
    size_t services = removed_services(r, &gone);
    size_t n = services || !g ? services : removed_resources(r->previous, g, &gone);
    if (n == 0)
        return 0;

    cleanup_free char *there = plan_origin_text(plan_origin_of(r->previous), r->origin);
    cleanup_free char *here = plan_origin_text(r->origin, r->origin);

    error_raise(
        err,
        ERR_REFUSED,
        "%s/%s was deployed from %s; from %s it would lose %s%s %s",
        r->project->name,
        r->settings->stack,
        there,
        here,
        services ? "service" : "resource",
        n == 1 ? "" : "s",
        str_get(&gone));
    if (plan_origin_near(plan_origin_of(r->previous), r->origin))
        error_hint(
            err, "name the same files with -f, or if it is meant to go: `defangctl up --adopt`");
    else
        error_hint(
            err,
            "another project: give it a name of its own (`name:` in the file, or -p NAME), or "
            "another --stack\nthe same project from here on: `defangctl up --adopt`");

    return -EPERM;
}

char *plan_origin_note(const struct plan_request *r)
{
    if (!comes_from_elsewhere(r))
        return NULL;

    cleanup_free char *there = plan_origin_text(plan_origin_of(r->previous), r->origin);
    cleanup_free char *here = plan_origin_text(r->origin, r->origin);

    return xasprintf(
        "%s/%s was deployed from %s; this deployment comes from %s",
        r->project->name,
        r->settings->stack,
        there,
        here);
}
