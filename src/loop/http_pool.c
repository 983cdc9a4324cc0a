/* libcurl's multi_socket API on libuv: sockets by uv_poll, time-outs by uv_timer.
 *
 * libcurl says which sockets and which time it wants to hear of; libuv tells; after each such call
 * the finished transfers are collected and their events completed. Fibers add and remove
 * transfers, never a callback of libcurl, which would be called inside itself.
 *
 * A pool that was retired lives on until its last transfer is gone, as its handle must not be
 * closed under one. */
#include "loop/http_pool.h"

#include "loop/internal.h"

#define POOL_CONNECTIONS 64L

struct http_pool {
    struct loop *loop;
    CURLM *multi;
    uv_timer_t timer;
    unsigned transfers;
    bool retired;
};

struct pool_socket {
    struct http_pool *pool;
    uv_poll_t poll;
    curl_socket_t fd;
    int events;
    bool failed, closing;
};

/* After every socket action, also after a time-out: a transfer whose message is not read here is
 * never heard of again. */
static void collect_finished(struct http_pool *pool)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(pool->multi, &left))) {
        if (msg->msg != CURLMSG_DONE)
            continue;
        struct http_job *job = NULL;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&job);
        job->code = msg->data.result;
        fiber_event_complete(&job->done, 0);
    }
}

static void act(struct http_pool *pool, curl_socket_t fd, int flags)
{
    int running;
    CURLMcode code = curl_multi_socket_action(pool->multi, fd, flags, &running);
    if (code != CURLM_OK)
        loop_die("libcurl: %s", curl_multi_strerror(code));
    collect_finished(pool);
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct pool_socket *s = container_of(poll, struct pool_socket, poll);
    int flags = 0;

    /* CURL_CSELECT_ERR ends the transfer, also one that libcurl would send again because a kept
     * connection was reset. So at first it reads and writes for itself and sees the error; only a
     * socket that fails a second time is given up in this way. */
    if (status < 0)
        flags = s->failed ? CURL_CSELECT_ERR : CURL_CSELECT_IN | CURL_CSELECT_OUT;
    s->failed = status < 0;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    act(s->pool, s->fd, flags);

    /* libuv stops a poll that met an error; the closed one lives until its close callback. */
    if (status < 0 && !s->closing)
        uv_poll_start(&s->poll, s->events, on_socket);
}

static void on_socket_closed(uv_handle_t *handle)
{
    free(container_of((uv_poll_t *)handle, struct pool_socket, poll));
}

static void on_pool_closed(uv_handle_t *handle)
{
    free(container_of((uv_timer_t *)handle, struct http_pool, timer));
}

static void free_if_unused(struct http_pool *pool)
{
    if (!pool->retired || pool->transfers > 0)
        return;
    curl_multi_cleanup(pool->multi);
    uv_close((uv_handle_t *)&pool->timer, on_pool_closed);
}

static void report_unwatchable(void *arg)
{
    struct pool_socket *s = arg;
    struct http_pool *pool = s->pool;
    act(pool, s->fd, CURL_CSELECT_ERR);
    free(s);
    pool->transfers--;
    free_if_unused(pool);
}

static struct pool_socket *socket_new(struct http_pool *pool, curl_socket_t fd)
{
    struct pool_socket *s = xcalloc(1, sizeof *s);

    s->pool = pool;
    s->fd = fd;
    if (uv_poll_init_socket(&pool->loop->uv, &s->poll, fd) < 0) {
        /* Not from inside this callback of libcurl; the pool has to last until then. */
        pool->transfers++;
        loop_defer(pool->loop, report_unwatchable, s);
        return NULL;
    }

    curl_multi_assign(pool->multi, fd, s);
    return s;
}

static int
on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *pool_arg, void *socket_arg)
{
    struct http_pool *pool = pool_arg;
    struct pool_socket *s = socket_arg;

    if (what == CURL_POLL_REMOVE) {
        if (s) {
            s->closing = true;
            curl_multi_assign(pool->multi, fd, NULL);
            uv_close((uv_handle_t *)&s->poll, on_socket_closed);
        }
        return 0;
    }

    if (!s)
        s = socket_new(pool, fd);
    if (!s)
        return 0;
    s->events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    uv_poll_start(&s->poll, s->events, on_socket);

    return 0;
}

static void on_timer(uv_timer_t *timer)
{
    act(container_of(timer, struct http_pool, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *pool_arg)
{
    struct http_pool *pool = pool_arg;

    if (timeout_ms < 0) {
        uv_timer_stop(&pool->timer);
        return 0;
    }

    /* One millisecond late rather than early: libcurl does not ask again when nothing was due yet.
     */
    uv_update_time(&pool->loop->uv);
    uv_timer_start(&pool->timer, on_timer, timeout_ms > 0 ? (uint64_t)timeout_ms + 1 : 0, 0);
    return 0;
}

struct http_pool *http_pool_new(struct loop *loop)
{
    struct http_pool *pool = xcalloc(1, sizeof *pool);

    pool->loop = loop;
    pool->multi = curl_multi_init();
    if (!pool->multi)
        loop_die("libcurl: out of memory");
    uv_timer_init(&loop->uv, &pool->timer);
    curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
    curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
    curl_multi_setopt(pool->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, POOL_CONNECTIONS);

    return pool;
}

void http_pool_retire(struct http_pool *pool)
{
    pool->retired = true;
    free_if_unused(pool);
}

CURLMcode http_pool_add(struct http_pool *pool, CURL *easy, struct http_job *job)
{
    curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
    CURLMcode code = curl_multi_add_handle(pool->multi, easy);
    if (code != CURLM_OK)
        return code;
    pool->transfers++;
    pool->loop->outside++;
    return CURLM_OK;
}

void http_pool_remove(struct http_pool *pool, CURL *easy)
{
    curl_multi_remove_handle(pool->multi, easy);
    pool->transfers--;
    pool->loop->outside--;
    free_if_unused(pool);
}
