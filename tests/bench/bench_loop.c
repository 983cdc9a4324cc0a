/* What the loop costs: a switch between fibers, and an HTTP exchange beside libcurl's plain easy
 * interface, against the same server on loopback. Prints times and ratios; `meson test
 * --benchmark`. */
#include "base/mem.h"
#include "loop/fiber.h"
#include "loop/http.h"
#include "unit/lib/http_server.h"
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#define FIBERS     100
#define YIELDS     5000
#define PING_PONGS 100000
#define REQUESTS   3000
#define PARALLEL   16

static struct loop *loop;
static struct http *http;
static char *url;

static double seconds_since(uint64_t start)
{
    return (double)(uv_hrtime() - start) / 1e9;
}

static void yield_often(void *arg)
{
    for (int i = 0; i < YIELDS; i++)
        fiber_sleep(0);
}

static void run_yielders(void *arg)
{
    struct fiber *fibers[FIBERS];
    uint64_t start = uv_hrtime();
    for (int i = 0; i < FIBERS; i++)
        fibers[i] = fiber_spawn(loop, "yield", yield_often, NULL);
    for (int i = 0; i < FIBERS; i++)
        fiber_join(fibers[i]);
    printf(
        "fiber switch      %8.1f ns   (%d fibers take turns)\n",
        seconds_since(start) * 1e9 / (FIBERS * YIELDS),
        FIBERS);
}

static struct fiber_cond ball;

static void return_ball(void *arg)
{
    for (int i = 0; i < PING_PONGS; i++) {
        fiber_cond_broadcast(&ball);
        fiber_cond_wait(&ball, FIBER_NO_DEADLINE);
    }
    fiber_cond_broadcast(&ball);
}

static void run_ping_pong(void *arg)
{
    uint64_t start = uv_hrtime();
    struct fiber *a = fiber_spawn(loop, "ping", return_ball, NULL),
                 *b = fiber_spawn(loop, "pong", return_ball, NULL);
    fiber_join(a);
    fiber_join(b);
    printf(
        "wake and wait     %8.1f ns   (two fibers, one turn of the loop each)\n",
        seconds_since(start) * 1e9 / (2.0 * PING_PONGS));
}

static void fail(const char *what)
{
    fprintf(stderr, "bench_loop: %s\n", what);
    exit(1);
}

static void fetch_many(void *arg)
{
    for (intptr_t i = 0; i < (intptr_t)arg; i++) {
        struct http_response resp cleanup_http_response = {0};
        if (http_perform(http, &(struct http_request){.method = "GET", .url = url}, &resp, NULL) <
                0 ||
            resp.body.len != 5)
            fail("an exchange failed");
    }
}

static double fiber_seconds;

static void run_fetches(void *arg)
{
    fetch_many((void *)1);
    uint64_t start = uv_hrtime();
    fetch_many((void *)REQUESTS);
    fiber_seconds = seconds_since(start);
}

static void run_parallel(void *arg)
{
    struct fiber *fibers[PARALLEL];
    uint64_t start = uv_hrtime();
    for (int i = 0; i < PARALLEL; i++)
        fibers[i] = fiber_spawn(loop, "get", fetch_many, (void *)(REQUESTS / PARALLEL));
    for (int i = 0; i < PARALLEL; i++)
        fiber_join(fibers[i]);
    printf(
        "http, %d at once  %8.1f µs each\n",
        PARALLEL,
        seconds_since(start) * 1e6 / (REQUESTS / PARALLEL * PARALLEL));
}

static size_t keep(char *data, size_t size, size_t count, void *arg)
{
    str_append_bytes(arg, data, size * count);
    return size * count;
}

/* As a careful program would: one handle, its connection kept, the body collected. */
static double easy_seconds(void)
{
    CURL *easy = curl_easy_init();
    uint64_t start = 0;
    for (int i = 0; i <= REQUESTS; i++) {
        struct str body cleanup_str = STR_INIT;
        if (i == 1)
            start = uv_hrtime();
        curl_easy_setopt(easy, CURLOPT_URL, url);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
        if (curl_easy_perform(easy) != CURLE_OK || body.len != 5)
            fail("an exchange of the easy interface failed");
    }
    double seconds = seconds_since(start);
    curl_easy_cleanup(easy);
    return seconds;
}

static bool serve(struct http_exchange *x)
{
    return http_exchange_reply(x, 200, "", "hello");
}

int main(void)
{
    struct http_server *server = http_server_start(serve, NULL);
    loop = loop_new();
    http = http_curl_new(loop);
    url = xasprintf("http://127.0.0.1:%u/", http_server_port(server));
    loop_run_fiber(loop, "yield", run_yielders, NULL);
    loop_run_fiber(loop, "ping pong", run_ping_pong, NULL);
    loop_run_fiber(loop, "http", run_fetches, NULL);
    double easy = easy_seconds();
    printf("http, in a fiber  %8.1f µs each\n", fiber_seconds * 1e6 / REQUESTS);
    printf(
        "curl easy         %8.1f µs each   ratio %.2f\n",
        easy * 1e6 / REQUESTS,
        fiber_seconds / easy);
    loop_run_fiber(loop, "parallel", run_parallel, NULL);
    http_free(http);
    loop_free(loop);
    http_server_stop(server);
    free(url);
    return 0;
}
