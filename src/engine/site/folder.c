/* The digests of a folder's files. Hashing thousands of files would hold the loop up, so it is work
 * for the thread pool: on input that it owns, with the result taken when it has ended. Bounded in
 * files and bytes before the first one is read (base/limits.h). */
#include "engine/site/folder.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/work.h"
#include "pack/pack.h"

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

    int rc = work_run(loop, scan_work, &s, NULL);
    if (rc == 0 && s.rc < 0) {
        rc = s.rc;
        error_move(err, &s.err);
    }

    *sums = s.sums;
    pack_list_done(&s.list);
    error_done(&s.err);
    return rc;
}
