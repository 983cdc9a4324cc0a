/* Folder to file in one call, the limit as text, and the way onto the thread pool.
 *
 * The archive is an unnamed file: whatever ends the process, nothing is left in the folder.
 * Packing is blocking work and runs in a thread; the fiber that waits for it may be canceled, and
 * then what was made is dropped, also when it was ready in time. */
#include "pack/internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text_size.h"
#include "loop/work.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int open_unnamed(const char *dir, struct error *err)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    /* Not every file system has it. */
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        cleanup_free char *path = path_join(dir, "defang-pack-XXXXXX");
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            unlink(path);
    }

    if (fd < 0)
        return error_raise_errno(
            err,
            ERR_FAILED,
            errno,
            "cannot create a temporary file in %s: %s",
            dir,
            strerror(errno));
    return fd;
}

int pack_context(
    const struct pack_options *o,
    const char *temp_dir,
    struct pack_result *out,
    int *fd,
    struct error *err)
{
    cleanup_pack_list struct pack_list list = {0};
    *out = (struct pack_result){0};
    int rc = pack_walk(o, &list, err);

    if (rc)
        return rc;

    cleanup_fd int own = open_unnamed(temp_dir, err);
    if (own < 0)
        return own;
    rc = pack_archive(o, &list, own, out, err);
    if (rc)
        return rc;
    *fd = own;
    own = -1;

    return 0;
}

struct job {
    struct pack_options options;
    const char *temp_dir;
    struct pack_result result;
    int fd, rc;
    struct error err;
};

static void job_run(void *arg)
{
    struct job *job = arg;
    job->rc = pack_context(&job->options, job->temp_dir, &job->result, &job->fd, &job->err);
}

int pack_run(
    struct loop *loop,
    const struct pack_options *o,
    const char *temp_dir,
    struct pack_result *out,
    int *fd,
    struct error *err)
{
    atomic_bool own_cancel = false;
    struct job job = {.options = *o, .temp_dir = temp_dir, .fd = -1, .err = ERROR_INIT};
    if (!job.options.canceled)
        job.options.canceled = &own_cancel;
    *out = (struct pack_result){0};
    int rc = work_run_long(loop, job_run, &job, job.options.canceled);
    if (rc) { /* canceled: what was made is dropped, also when it was ready in time */
        pack_result_done(&job.result);
        mem_close_ptr(&job.fd);
        error_done(&job.err);
        return error_raise_errno(
            err,
            rc == -ECANCELED ? ERR_CANCELED : ERR_FAILED,
            rc,
            "packing %s was canceled",
            o->context);
    }

    if (job.rc) {
        if (err && !error_is_set(err))
            error_move(err, &job.err);
        error_done(&job.err);
        return job.rc;
    }
    *out = job.result;
    *fd = job.fd;
    return 0;
}

int pack_parse_limit(const char *text, uint64_t *bytes)
{
    int64_t parsed = 0;

    if (text_parse_bytes(text, &parsed) < 0 || parsed < 1)
        return -EINVAL;
    *bytes = (uint64_t)parsed;
    return 0;
}
