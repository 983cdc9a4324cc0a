/* Small files with secrets that others write too: the caches that we share with the AWS CLI, and
 * tokens of whatever identifies a machine.
 *
 * A cache is read whole and written whole (temp and rename), under a lock of its folder, so that a
 * refresh token which is good for one use is not used twice. A token may also come through a pipe,
 * since the CLI just opens it: that is read on the pool, for its writer may take its time. */
#include "aws/identity/token_file.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "loop/work.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_STEP_MS     10
#define LOCK_PATIENCE_MS 20000
#define PIPE_PATIENCE_MS 10000
#define PIPE_STEP_MS     200 /* after which a cancel is looked for */

struct pipe_work {
    const char *path;
    size_t max;
    struct str *out;
    atomic_bool canceled;
    int rc;
};

/* 1 = more may come, 0 = the end. A pipe that nobody writes to yet has neither: poll() waits for
 * its writer. */
static int read_some(struct pipe_work *w, int fd)
{
    char chunk[4096];
    struct pollfd p = {.fd = fd, .events = POLLIN};

    if (poll(&p, 1, PIPE_STEP_MS) <= 0)
        return 1;

    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 1 : -errno;
    bool fits = (size_t)n <= w->max - w->out->len;
    if (fits)
        str_append_bytes(w->out, chunk, (size_t)n);
    explicit_bzero(chunk, sizeof chunk);

    return fits ? n > 0 : -EFBIG;
}

/* On a thread of the pool. */
static void read_pipe(void *arg)
{
    struct pipe_work *w = arg;
    int64_t end = clock_mono_ms() + PIPE_PATIENCE_MS;
    cleanup_fd int fd = open(w->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    w->rc = fd < 0 ? -errno : 1;
    while (w->rc > 0 && !w->canceled)
        w->rc = clock_mono_ms() < end ? read_some(w, fd) : -ETIMEDOUT;
}

int token_text_read(struct aws_session *s, const char *path, size_t max, struct str *out)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return -errno;
    if (!S_ISFIFO(st.st_mode))
        return file_read(path, max, out, NULL);

    struct pipe_work w = {.path = path, .max = max, .out = out};
    int rc = work_run(s->loop, read_pipe, &w, &w.canceled);

    return rc < 0 ? rc : w.rc;
}

json_t *token_file_read(const char *path)
{
    struct str text = STR_INIT;
    json_t *j = NULL;

    if (file_read(path, LIMIT_AWS_CREDENTIAL_REPLY_BYTES, &text, NULL) == 0)
        json_parse(str_get(&text), text.len, &j, NULL);
    str_wipe(&text);
    return j;
}

int token_file_write(const char *path, const json_t *j, struct error *err)
{
    cleanup_free char *folder = path_dirname(path);
    int rc = file_mkdirs(folder, 0700, err);

    if (rc < 0)
        return rc;

    char *text = json_print(j, false, false);
    rc = file_write_atomic(path, text, strlen(text), 0600, err);

    secret_wipe(text, strlen(text));
    free(text);
    return rc;
}

/* The folder is locked, not a file beside: nothing of ours stays where the CLI keeps its own. Where
 * folders cannot be locked (NFS) there is no lock, and what the CLI does without one is done. */
int token_file_lock(const char *path)
{
    cleanup_free char *folder = path_dirname(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (int waited = 0; fd >= 0; waited += LOCK_STEP_MS) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        if (errno != EWOULDBLOCK && errno != EINTR)
            break;
        if (waited >= LOCK_PATIENCE_MS || fiber_sleep(LOCK_STEP_MS) < 0)
            break;
    }

    if (fd >= 0)
        close(fd);
    return -1;
}
