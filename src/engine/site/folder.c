/* The digests of a folder's files, and whether it is one of the project at all. Hashing thousands
 * of files would hold the loop up, so it is work for the thread pool: on input that it owns, with
 * the result taken when it has ended. Bounded in files and bytes before the first one is read
 * (base/limits.h). */
#include "engine/site/folder.h"
#include "engine/site/files.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/work.h"
#include "pack/pack.h"
#include "plan/diag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct scan {
    const char *folder;
    json_t *sums;
    struct pack_list list;
    int rc;
    struct error err;
};

static int hash_one(struct scan *s, const struct pack_entry *e, struct error *err)
{
    cleanup_free char *path = path_join(s->folder, e->path);
    cleanup_str struct str data = STR_INIT;
    uint8_t sum[SHA256_BYTES];

    int rc = file_read(path, LIMIT_STATIC_FILE_BYTES, &data, err);
    if (rc < 0)
        return error_wrap(err, "reading %s", e->path);

    digest_sha256(data.data ? data.data : "", data.len, sum);
    cleanup_free char *hex = digest_hex(sum, sizeof sum);
    json_object_set_new(s->sums, e->path, json_string(hex)); /* a name may be no UTF-8 */
    return 0;
}

static int scan(struct scan *s, struct error *err)
{
    struct pack_options o = {.context = s->folder, .dockerfile_optional = true};

    int rc = pack_walk(&o, &s->list, err);
    if (rc < 0)
        return error_wrap(err, "reading folder %s", s->folder);
    if (s->list.files > LIMIT_STATIC_FILES || s->list.total_bytes > LIMIT_STATIC_BYTES)
        return error_raise(
            err,
            ERR_REFUSED,
            "folder %s has %zu files of %.0f MiB, static files are at most %u of %zu MiB together",
            s->folder,
            s->list.files,
            (double)s->list.total_bytes / (1 << 20),
            LIMIT_STATIC_FILES,
            LIMIT_STATIC_BYTES >> 20);

    for (size_t i = 0; i < s->list.len && rc == 0; i++)
        if (s->list.entries[i].kind == PACK_FILE)
            rc = hash_one(s, &s->list.entries[i], err);
    return rc;
}

static void scan_work(void *arg)
{
    struct scan *s = arg;
    s->rc = scan(s, &s->err);
}

int folder_sums(struct loop *loop, const char *folder, json_t **sums, struct error *err)
{
    struct scan s = {.folder = folder, .sums = json_object(), .err = ERROR_INIT};

    int rc = work_run_long(loop, scan_work, &s, NULL);
    if (rc == 0 && s.rc < 0) {
        rc = s.rc;
        error_move(err, &s.err);
    }

    *sums = s.sums;
    pack_list_done(&s.list);
    error_done(&s.err);
    return rc;
}

/* ---- before anything is touched ---- */

/* Of one site: what is wrong with its folder, or NULL. */
struct look {
    char *project, *folder; /* as they are named; absolute */
    char *wrong;            /* malloc'd */
    const char *hint;
};

/* Links are followed to their end, as reading would: the names alone say nothing of where it is. */
static void look_work(void *arg)
{
    struct look *l = arg;
    cleanup_free char *root = realpath(l->project, NULL);
    cleanup_free char *real = realpath(l->folder, NULL);
    cleanup_free char *below = root ? path_join(root, "") : NULL;
    struct stat st;

    if (!real || !below) {
        l->wrong = xasprintf("cannot be read: %s", strerror(errno));
        l->hint = "Make it first: it is what the site's own build leaves.";
    } else if (strcmp(real, root) != 0 && !text_starts(real, below)) {
        l->wrong = xstrdup("leads out of the project's folder, and nothing there is published");
        l->hint = "Put the files themselves into the project.";
    } else if (stat(real, &st) != 0 || !S_ISDIR(st.st_mode)) {
        l->wrong = xstrdup("is no folder");
        l->hint = "Name the folder that holds it.";
    }
}

int flow_static_look(
    struct loop *loop,
    const struct compose_project *p,
    bool refuse,
    struct compose_diagnostics *d,
    struct error *err)
{
    cleanup_arena struct arena *arena = arena_new();
    struct plan_diag diag = {.d = d, .err = err};
    struct plan_static *list;
    size_t count;

    plan_static_sites(arena, p, &list, &count);
    for (size_t i = 0; i < count; i++) {
        if (!list[i].folder)
            continue;

        struct look l = {.project = xstrdup(p->working_dir), .folder = xstrdup(list[i].folder)};
        int rc = work_run_long(loop, look_work, &l, NULL);
        if (rc == 0 && l.wrong)
            (refuse ? plan_error : plan_warn)(
                &diag,
                list[i].pos,
                l.hint,
                "service %s: x-defang-static-files %s %s",
                list[i].service,
                list[i].folder,
                l.wrong);
        free(l.project);
        free(l.folder);
        free(l.wrong);
        if (rc < 0)
            return error_raise_errno(err, ERR_CANCELED, -rc, "canceled while looking at folders");
    }
    return diag.rc;
}
