/* The real transport: libcurl on the loop. A request is one transfer of the pool; the fiber waits
 * for its event, and a cancel or a deadline takes the transfer out.
 *
 * An exchange that is kept has a deadline for the whole; a stream (on_data) has one that each byte
 * moves on, since a log may go on for hours.
 *
 * After a suspend of the machine the kept connections are dead without knowing: two clocks that
 * differ by it tell, and the transport begins with a new pool. */
#include "loop/http_transfer.h"
#include "loop/internal.h"

#include "base/clock.h"
#include "base/secret.h"
#include <errno.h>

#define TIMEOUT_DEFAULT_MS 60000
#define SUSPEND_SLACK_MS   2000

struct http_curl {
    struct http base;
    struct loop *loop;
    struct http_pool *pool;
    unsigned transfers;
    int64_t wall_offset_ms,
        mono_offset_ms; /* of those clocks from the one that stands still in suspend */
};

static int64_t awake_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

static void note_clocks(struct http_curl *c)
{
    c->wall_offset_ms = clock_wall_ms() - awake_ms();
    c->mono_offset_ms = clock_mono_ms() - awake_ms();
}

/* After a suspend (of the laptop, of the virtual machine) every kept connection is dead, most
 * without knowing: start with none. What is under way stays in the old pool and runs into its own
 * deadline. */
static void drop_stale_connections(struct http_curl *c)
{
    int64_t wall_ms = c->wall_offset_ms, mono_ms = c->mono_offset_ms;

    note_clocks(c);
    if (c->mono_offset_ms - mono_ms < SUSPEND_SLACK_MS &&
        c->wall_offset_ms - wall_ms < SUSPEND_SLACK_MS)
        return;
    http_pool_retire(c->pool);
    c->pool = http_pool_new(c->loop);
}

/* The whole exchange has a deadline; a stream has one that each byte moves on. */
static int wait_for_reply(struct http_transfer *t, struct error *err)
{
    int64_t limit_ms = t->req->timeout_ms > 0 ? t->req->timeout_ms : TIMEOUT_DEFAULT_MS;

    for (;;) {
        int64_t since_ms = t->req->on_data ? t->active_ms : t->resp->started_mono_ms;
        int64_t left_ms = deadline_after(since_ms, limit_ms) - loop_now_ms(t->loop);
        int rc = left_ms > 0 ? fiber_wait(&t->job.done, left_ms) : -ETIMEDOUT;
        if (rc == 0)
            return http_transfer_outcome(t, err);
        if (rc == -ECANCELED)
            return error_raise_errno(err, ERR_CANCELED, ECANCELED, "%s: canceled", t->host);
        if (left_ms <= 0)
            return http_transfer_timed_out(t, limit_ms, err);
    }
}

static int exchange(struct http_curl *c, struct http_transfer *t, struct error *err)
{
    struct http_pool *pool = c->pool;
    CURLMcode code = http_pool_add(pool, t->easy, &t->job);

    if (code != CURLM_OK)
        return error_raise(err, ERR_FAILED, "%s: libcurl: %s", t->host, curl_multi_strerror(code));
    c->transfers++;
    int rc = wait_for_reply(t, err);
    c->transfers--;
    http_pool_remove(pool, t->easy);
    return rc;
}

static int perform_once(
    struct http_curl *c,
    const struct http_request *req,
    struct http_response *resp,
    struct error *err)
{
    *resp = (struct http_response){.started_mono_ms = loop_now_ms(c->loop)};
    if (fiber_must_unwind())
        return error_raise_errno(err, ERR_CANCELED, ECANCELED, "canceled");
    drop_stale_connections(c);
    struct http_transfer t;
    int rc = http_transfer_init(&t, c->loop, req, resp, err);
    if (rc == 0)
        rc = exchange(c, &t, err);
    http_transfer_done(&t);
    if (rc < 0)
        http_response_done(resp);
    else
        resp->ended_mono_ms = loop_now_ms(c->loop);

    return rc;
}

/* Old proxies answer 417 to "Expect: 100-continue": then it goes without. libcurl's own way out is
 * for headers that it added itself. */
static int perform(
    struct http *http,
    const struct http_request *req,
    struct http_response *resp,
    struct error *err)
{
    struct http_curl *c = container_of(http, struct http_curl, base);
    int rc = perform_once(c, req, resp, err);
    bool refused = rc == 0 && resp->status == 417 && req->expect_100;

    if (!refused ||
        (req->source && (!req->source->rewind || req->source->rewind(req->source->arg) < 0)))
        return rc;

    struct http_request plain = *req;
    plain.expect_100 = false;
    http_response_done(resp);
    return perform_once(c, &plain, resp, err);
}

static void free_transport(struct http *http)
{
    struct http_curl *c = container_of(http, struct http_curl, base);
    if (c->transfers > 0)
        loop_die("http_free with %u exchanges under way", c->transfers);
    http_pool_retire(c->pool);
    curl_global_cleanup();
    free(c);
}

struct http *http_curl_new(struct loop *loop)
{
    /* Requests and replies go through libcurl's buffers: they are wiped when it gives them back.
     * Counted: each has its cleanup. */
    if (curl_global_init_mem(
            CURL_GLOBAL_DEFAULT,
            secret_malloc,
            secret_free,
            secret_realloc,
            secret_strdup,
            secret_calloc) != CURLE_OK)
        loop_die("libcurl cannot start");
    struct http_curl *c = xcalloc(1, sizeof *c);
    c->base.perform = perform;
    c->base.free = free_transport;
    c->loop = loop;
    c->pool = http_pool_new(loop);
    note_clocks(c);

    return &c->base;
}
