/* A child process from start to end, for one fiber: credential helpers of the AWS files and
 * whatever else must be run.
 *
 * The child is a session of its own, so that a signal reaches all that it started. Its output goes
 * through pipes, is bounded, and is read while the fiber waits for the exit: too much output is an
 * error, too many words about it are cut. After the exit the
 * pipes have DRAIN_GRACE_MS to end: a daemon that the child left behind may hold them for ever. A
 * cancel or the deadline kills the group, TERM first; that wait is shielded, for nothing of the
 * child may outlive its struct.
 *
 * What it wrote may be credentials: all buffers are wiped, and no error quotes them. */
#include "loop/child.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "loop/internal.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define TERM_GRACE_MS 2000 /* between TERM and KILL */
/* For output after the exit: a daemon that it left behind may hold the pipe for ever. */
#define DRAIN_GRACE_MS 2000
#define CHUNK_BYTES    8192
/* Of libuv in this process and of the child before it becomes another program. */
#define SPAWN_DESCRIPTORS 8
#define DEFAULT_PATH      "/usr/local/bin:/usr/bin:/bin"

struct child_stream {
    struct child *child;
    uv_pipe_t pipe;
    int child_fd; /* the end that the child writes to */
    struct str *out;
    bool cut; /* what is too much is dropped; else it is an error */
};

struct child {
    struct loop *loop;
    uv_process_t process;
    struct child_stream out, err;
    char chunk[CHUNK_BYTES]; /* each read is taken before the next */
    unsigned open_handles, open_streams;
    int64_t exit_status;
    int term_signal;
    struct fiber_event exited;  /* 0 */
    struct fiber_event drained; /* 0 */
    struct fiber_event settled; /* 0 when it exited, -EMSGSIZE when it wrote too much */
    struct fiber_event closed;
};

static void on_exit_status(uv_process_t *process, int64_t exit_status, int term_signal)
{
    struct child *c = container_of(process, struct child, process);
    c->exit_status = exit_status;
    c->term_signal = term_signal;
    fiber_event_complete(&c->exited, 0);
    fiber_event_complete(&c->settled, 0);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct child *c = container_of((uv_pipe_t *)handle, struct child_stream, pipe)->child;
    *buf = uv_buf_init(c->chunk, sizeof c->chunk);
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct child_stream *s = container_of((uv_pipe_t *)stream, struct child_stream, pipe);
    struct child *c = s->child;

    size_t room = LIMIT_CHILD_OUTPUT_BYTES - s->out->len;

    if (n == 0)
        return;
    if (n > 0 && ((size_t)n <= room || s->cut)) {
        str_append_bytes(s->out, buf->base, MIN((size_t)n, room));
        return;
    }

    uv_read_stop(stream);
    if (n > 0)
        fiber_event_complete(&c->settled, -EMSGSIZE);
    if (--c->open_streams == 0 || n > 0)
        fiber_event_complete(&c->drained, n > 0 ? -EMSGSIZE : 0);
}

static void on_closed(uv_handle_t *handle)
{
    struct child *c = handle->data;
    if (--c->open_handles == 0)
        fiber_event_complete(&c->closed, 0);
}

static void close_handle(struct child *c, uv_handle_t *handle)
{
    handle->data = c;
    c->open_handles++;
    uv_close(handle, on_closed);
}

static void stream_init(struct child *c, struct child_stream *s, struct str *out)
{
    s->child = c;
    s->out = out;
    s->child_fd = -1;
    uv_pipe_init(&c->loop->uv, &s->pipe, 0);
}

/* A true pipe: what libuv would make is a socket, which the child cannot open as /dev/stderr. */
static int stream_open(struct child_stream *s)
{
    uv_file fds[2];
    int rc = uv_pipe(fds, UV_NONBLOCK_PIPE, 0);

    if (rc < 0)
        return rc;
    s->child_fd = fds[1];
    rc = uv_pipe_open(&s->pipe, fds[0]);
    if (rc < 0)
        close(fds[0]);
    return rc;
}

static void stream_close_child_end(struct child_stream *s)
{
    if (s->child_fd >= 0)
        close(s->child_fd);
    s->child_fd = -1;
}

/* The first of PATH that may be run; malloc'd, NULL when there is none. libuv would search the PATH
 * of this process. */
static char *find_program(const char *name, const struct env *env, const char *cwd)
{
    if (strchr(name, '/'))
        return xstrdup(name);

    const char *path = env_get_nonempty(env, "PATH");
    cleanup_free char *folders = xstrdup(path ? path : DEFAULT_PATH);
    char *rest = folders, *folder;
    while ((folder = strsep(&rest, ":"))) {
        cleanup_free char *absolute = path_absolute(cwd && folder[0] != '/' ? cwd : "/", folder);
        char *file = path_join(folder[0] == '/' ? folder : absolute, name);
        if (access(file, X_OK) == 0 && !file_is_dir(file))
            return file;
        free(file);
    }

    return NULL;
}

static char **env_block(const struct env *env)
{
    size_t n = env_count(env);
    char **block = xcalloc(n + 1, sizeof *block);
    for (size_t i = 0; i < n; i++)
        block[i] = xasprintf("%s=%s", env_name(env, i), env_value(env, i));
    return block;
}

static void env_block_free(char **block)
{
    for (char **one = block; *one; one++) {
        secret_wipe(*one, strlen(*one));
        free(*one);
    }
    free(block);
}

/* libuv asserts, or the child dies of an abort, where it finds no descriptor half-way: so it is
 * seen before whether there are as many as both need. */
static int descriptors_are_left(void)
{
    int spare[SPAWN_DESCRIPTORS], n = 0, rc = 0;

    while (n < SPAWN_DESCRIPTORS && (spare[n] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
        n++;
    if (n < SPAWN_DESCRIPTORS)
        rc = -errno;
    while (n > 0)
        close(spare[--n]);
    return rc;
}

static int spawn(
    struct child *c,
    const char *file,
    const char *const *argv,
    const struct env *env,
    const char *cwd)
{
    char **block = env_block(env);
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE}, /* libuv opens /dev/null */
        {.flags = UV_INHERIT_FD, .data.fd = c->out.child_fd},
        {.flags = UV_INHERIT_FD, .data.fd = c->err.child_fd},
    };
    uv_process_options_t options = {
        .exit_cb = on_exit_status,
        .file = file,
        .args = (char **)(uintptr_t)argv,
        .env = block,
        .cwd = cwd,
        .flags = UV_PROCESS_DETACHED, /* a session, hence a process group, of its own */
        .stdio_count = 3,
        .stdio = stdio,
    };

    /* What this process itself inherited without the mark, or a library opened so. Kernels
     * before 5.11 lack the flag: then that stays. */
    close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
    int rc = descriptors_are_left();
    if (rc == 0)
        rc = uv_spawn(&c->loop->uv, &c->process, &options);
    env_block_free(block);

    return rc;
}

/* TERM, two seconds, KILL: to the whole group, so that a shell's children go too. Not ended by a
 * cancel. */
static void terminate(struct child *c)
{
    kill(-c->process.pid, SIGTERM);
    if (fiber_wait_shielded(&c->exited, TERM_GRACE_MS) < 0) {
        kill(-c->process.pid, SIGKILL);
        fiber_wait_shielded(&c->exited, FIBER_NO_DEADLINE);
    }

    /* Those of the group that outlived its leader. Without any the call fails; the number is not
     * given out again this soon. */
    kill(-c->process.pid, SIGKILL);
}

static int wait_for_end(struct child *c, int64_t timeout_ms)
{
    int rc = fiber_wait(&c->settled, timeout_ms);

    if (rc < 0) {
        terminate(c);
        return rc;
    }

    rc = fiber_wait(&c->drained, DRAIN_GRACE_MS);
    return rc == -ETIMEDOUT ? 0 : rc;
}

static int child_error(int rc, const char *program, int64_t timeout_ms, struct error *err)
{
    switch (rc) {
    case -ECANCELED:
        return error_raise_errno(err, ERR_CANCELED, rc, "running %s: canceled", program);
    case -ETIMEDOUT:
        return error_raise_errno(
            err,
            ERR_TIMEOUT,
            rc,
            "running %s: not done within %.3g s, killed",
            program,
            (double)timeout_ms / 1000.0);
    case -EMSGSIZE:
        return error_raise_errno(
            err,
            ERR_FAILED,
            rc,
            "running %s: it wrote more than %zu bytes, killed",
            program,
            LIMIT_CHILD_OUTPUT_BYTES);
    case -ENOENT:
        return error_raise_errno(
            err,
            ERR_NOT_FOUND,
            rc,
            "cannot run %s: no such program, or its folder does not exist",
            program);
    default:
        return error_raise_errno(err, ERR_FAILED, rc, "cannot run %s: %s", program, strerror(-rc));
    }
}

static int
run(struct child *c,
    const char *file,
    const char *const *argv,
    const struct env *env,
    const char *cwd,
    int64_t timeout_ms)
{
    int rc = stream_open(&c->out);

    if (rc == 0)
        rc = stream_open(&c->err);
    if (rc == 0)
        rc = spawn(c, file, argv, env, cwd);
    stream_close_child_end(&c->out);
    stream_close_child_end(&c->err);
    if (rc < 0)
        return rc;
    c->open_streams = 2;
    uv_read_start((uv_stream_t *)&c->out.pipe, on_alloc, on_output);
    uv_read_start((uv_stream_t *)&c->err.pipe, on_alloc, on_output);

    return wait_for_end(c, timeout_ms);
}

int child_run(
    struct loop *loop,
    const char *const *argv,
    const struct env *env,
    const char *cwd,
    int64_t timeout_ms,
    struct child_result *result,
    struct error *err)
{
    *result = (struct child_result){.exit_code = -1};
    if (fiber_must_unwind())
        return child_error(-ECANCELED, argv[0], timeout_ms, err);

    cleanup_free char *file = find_program(argv[0], env, cwd);
    if (!file)
        return error_raise(
            err,
            ERR_NOT_FOUND,
            "cannot run %s: not found in PATH (%s)",
            argv[0],
            env_get_nonempty(env, "PATH") ? env_get(env, "PATH") : DEFAULT_PATH);
    struct child *c = xcalloc(1, sizeof *c);
    c->loop = loop;
    stream_init(c, &c->out, &result->out);
    stream_init(c, &c->err, &result->err);
    c->err.cut = true;
    loop->outside++;
    int rc = run(c, file, argv, env, cwd, timeout_ms);
    if (c->process.loop) /* else it came to nothing before libuv knew of it */
        close_handle(c, (uv_handle_t *)&c->process);
    close_handle(c, (uv_handle_t *)&c->out.pipe);
    close_handle(c, (uv_handle_t *)&c->err.pipe);
    fiber_wait_shielded(&c->closed, FIBER_NO_DEADLINE);
    loop->outside--;
    result->exit_code = c->term_signal ? -1 : (int)c->exit_status;
    result->term_signal = c->term_signal;
    secret_wipe(c->chunk, sizeof c->chunk);
    free(c);
    if (rc == 0)
        return 0;
    child_result_done(result);

    return child_error(rc, argv[0], timeout_ms, err);
}

void child_result_done(struct child_result *result)
{
    str_wipe(&result->out);
    str_wipe(&result->err);
    *result = (struct child_result){.exit_code = -1};
}
