/* The origin of a project: its repository or folder, its files, and whose machine that is.
 *
 * The first Compose file says which folder is meant, and the caller's own where that file lies in
 * no repository or came through standard input (a file that was made for the occasion lies in /tmp
 * as a rule). With a remote the folder's name is left out: it is nobody's business where somebody
 * has cloned to, and its digest is enough to know it again.
 *
 * The machine is known by /etc/machine-id, else by its name; with the user's number that makes the
 * owner. Both go in as a digest only. */
#include "daemon/origin.h"

#include "base/digest.h"
#include "base/env.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/look/git.h"
#include "daemon/session.h"
#include "data/object.h"
#include "loop/work.h"
#include "plan/origin.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIGEST_CHARS 16

/* On a thread of the pool: nothing but its own input is touched. */
struct finding {
    const char *cwd, *home;
    const char *const *files;
    size_t count;
    json_t *origin, *source;
};

static char *digest_of(const char *text)
{
    uint8_t digest[SHA256_BYTES];

    digest_sha256(text, strlen(text), digest);
    return digest_hex(digest, DIGEST_CHARS / 2);
}

static char *machine_name(void)
{
    static const char *const paths[] = {"/etc/machine-id", "/var/lib/dbus/machine-id"};
    char host[256] = "";

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        cleanup_str struct str text = STR_INIT;
        cleanup_error struct error ignored = ERROR_INIT;

        if (file_read(paths[i], 256, &text, &ignored) == 0 && text.len > 1)
            return text_trim(str_get(&text));
    }

    if (gethostname(host, sizeof host - 1) < 0)
        host[0] = '\0';
    return xstrdup(host);
}

static char *owner(void)
{
    cleanup_free char *machine = machine_name();
    cleanup_free char *text = xasprintf("defang origin\n%s\n%u", machine, (unsigned)geteuid());

    return digest_of(text);
}

/* JSON is UTF-8, names of files need not be. */
static json_t *text_json(const char *text)
{
    size_t n = strlen(text);
    if (n <= LIMIT_PLAN_ORIGIN_BYTES && text_utf8_valid(text, n))
        return json_string(text);

    cleanup_free char *digest = digest_of(text);
    return json_string(digest);
}

static bool is_stdin(const char *file)
{
    return text_eq(file, "-");
}

/* Its folder as the kernel has it: two ways to one folder are one. */
static char *real_path(const char *cwd, const char *file)
{
    cleanup_free char *full = path_absolute(cwd, file);
    cleanup_free char *folder = path_dirname(full);
    cleanup_free char *real = realpath(folder, NULL);

    return path_join(real ? real : folder, path_basename(full));
}

/* As seen from `root`, where it lies in it. */
static json_t *name_of(const char *file, const char *cwd, const char *root)
{
    if (is_stdin(file))
        return json_string(file);

    cleanup_free char *full = real_path(cwd, file);
    size_t n = strlen(root);
    bool inside = n > 1 && strncmp(full, root, n) == 0 && full[n] == '/';

    return text_json(inside ? full + n + 1 : full);
}

static json_t *names_of(const struct finding *f, const char *root)
{
    json_t *names = array();

    for (size_t i = 0; i < f->count && i < LIMIT_PLAN_ORIGIN_FILES; i++)
        json_push(names, name_of(f->files[i], f->cwd, root));
    return names;
}

/* The folder of the first file, else the caller's. */
static char *first_folder(const struct finding *f)
{
    if (f->count == 0 || is_stdin(f->files[0])) {
        char *real = realpath(f->cwd, NULL);
        return real ? real : xstrdup(f->cwd);
    }

    cleanup_free char *full = real_path(f->cwd, f->files[0]);
    return path_dirname(full);
}

static void find_on_pool(void *arg)
{
    struct finding *f = arg;
    struct git_place git = {0};
    cleanup_free char *folder = first_folder(f);

    if (!git_find(folder, f->home, &git))
        git_find(f->cwd, f->home, &git);

    cleanup_free char *repository = git.remote ? plan_origin_remote(git.remote, git.top) : NULL;
    const char *root = repository ? git.top : folder;
    cleanup_free char *whose = owner();
    cleanup_free char *placed = xasprintf("%s\n%s", whose, root);
    cleanup_free char *place = digest_of(placed);

    f->origin = object(
        key("repository", repository ? json_string(repository) : NULL),
        key("folder", repository ? NULL : text_json(root)),
        key("files", names_of(f, root)),
        key("owner", whose),
        key("place", place));
    if (git.commit)
        f->source = object(
            key("commit", git.commit), key("branch", git.branch ? text_json(git.branch) : NULL));
    git_place_done(&git);
}

int origin_find(
    struct daemon *d,
    const Defang__Caller *caller,
    const struct compose_project *model,
    json_t **out,
    json_t **source,
    struct error *err)
{
    cleanup_env struct env *env = session_env_of(caller);
    struct finding f = {
        .cwd = caller->cwd,
        .home = env_get_nonempty(env, "HOME"),
        .files = model->files,
        .count = model->file_count};

    int rc = work_run(d->loop, find_on_pool, &f, NULL);
    *out = f.origin;
    *source = f.source;
    if (rc < 0)
        error_raise_errno(err, ERR_CANCELED, -rc, "canceled while looking where the project is");

    return rc;
}
