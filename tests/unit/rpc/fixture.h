/* A server on a socket of its own, with small handlers, and clients that run blocking on a worker
 * thread while the loop serves them. */
#pragma once

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "loop/fiber.h"
#include "loop/work.h"
#include "rpc/client.h"
#include "rpc/server.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct loop *loop;
static struct server *server;
static char folder[64], path[96];

static inline int
fixture_remove_one(const char *p, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(p);
}

static inline int fixture_serve(const struct server_options *extra, struct error *err)
{
    struct server_options o = {
        .path = path, .listen_fd = -1, .uid = geteuid(), .build = "defangd test"};
    return server_new(loop, extra ? extra : &o, &server, err);
}

static inline void fixture_folder(void)
{
    loop = loop_new();
    snprintf(folder, sizeof folder, "/tmp/defang-rpc-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/run/defangd.sock", folder);
    char run[96];
    snprintf(run, sizeof run, "%s/run", folder);
    ck_assert_int_eq(mkdir(run, 0700), 0);
}

static inline void fixture_teardown(void)
{
    server_free(server);
    server = NULL;
    loop_free(loop);
    loop = NULL;
    nftw(folder, fixture_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- running a client ---- */

struct fixture_job {
    void (*fn)(void);
};

static inline void fixture_work(void *arg)
{
    struct fixture_job *job = arg;
    job->fn();
}

static inline void fixture_fiber(void *arg)
{
    ck_assert_int_eq(work_run(loop, fixture_work, arg, NULL), 0);
}

/* fn blocks on a worker thread; returns when it has returned. */
static inline void fixture_run(void (*fn)(void))
{
    struct fixture_job job = {fn};
    loop_run_fiber(loop, "client", fixture_fiber, &job);
}

static inline void fixture_wait_fiber(void *arg)
{
    bool (*until)(void) = *(bool (**)(void))arg;
    int64_t deadline_ms = clock_mono_ms() + 10000;
    while (!until()) {
        ck_assert_msg(clock_mono_ms() < deadline_ms, "waited for 10 s");
        fiber_sleep(2);
    }
}

/* Serves until a condition holds. */
static inline void fixture_until(bool (*until)(void))
{
    loop_run_fiber(loop, "until", fixture_wait_fiber, &until);
}

static inline struct rpc_client *fixture_client(void)
{
    struct rpc_client *c = NULL;
    struct error err = ERROR_INIT;
    int rc = rpc_client_connect(path, "defangctl test", 5000, &c, &err);
    ck_assert_msg(rc == 0, "%s", err.message ? err.message : "no message");
    return c;
}

/* ---- bytes without the client library ---- */

static inline int fixture_raw(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    memcpy(addr.sun_path, path, strlen(path));
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    return fd;
}

static inline void fixture_send(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent < 0)
            return; /* the daemon closed first: what it said counts */
        p += sent;
        n -= (size_t)sent;
    }
}

/* The next frame; NULL when the daemon closed. */
static inline Defang__Frame *fixture_receive(int fd, struct frame_decoder *d)
{
    const uint8_t *message;
    size_t n;
    int rc;
    while ((rc = frame_decoder_next(d, &message, &n, NULL)) == 0) {
        size_t room;
        void *to = frame_decoder_space(d, &room);
        ssize_t got = recv(fd, to, room, 0);
        if (got <= 0)
            return NULL;
        frame_decoder_filled(d, (size_t)got);
    }
    ck_assert_int_eq(rc, 1);
    Defang__Frame *f = frame_decode(message, n, NULL);
    ck_assert_ptr_nonnull(f);
    return f;
}

static inline void fixture_put_hello(struct str *out, uint32_t min, uint32_t max)
{
    Defang__Hello hello = DEFANG__HELLO__INIT;
    hello.protocol_min = min;
    hello.protocol_max = max;
    hello.build = (char *)(uintptr_t)"raw 9.9";
    Defang__Frame f = DEFANG__FRAME__INIT;
    f.body_case = DEFANG__FRAME__BODY_HELLO;
    f.hello = &hello;
    ck_assert_int_eq(frame_encode(out, &f, 1 << 20, NULL), 0);
}

static inline void
fixture_put_request(struct str *out, uint64_t id, const char *verb, const ProtobufCMessage *m)
{
    uint8_t bytes[1024];
    Defang__Request request = DEFANG__REQUEST__INIT;
    request.verb = (char *)(uintptr_t)verb;
    if (m) {
        ck_assert_uint_le(protobuf_c_message_get_packed_size(m), sizeof bytes);
        request.payload =
            (ProtobufCBinaryData){.len = protobuf_c_message_pack(m, bytes), .data = bytes};
    }
    Defang__Frame f = DEFANG__FRAME__INIT;
    f.call_id = id;
    f.body_case = DEFANG__FRAME__BODY_REQUEST;
    f.request = &request;
    ck_assert_int_eq(frame_encode(out, &f, 1 << 20, NULL), 0);
}

/* ---- handlers ---- */

/* list: echoes `project` as the only id. */
static inline void
fixture_on_list(void *arg, struct server_call *call, const ProtobufCMessage *request)
{
    const Defang__ListRequest *r = (const Defang__ListRequest *)request;
    Defang__DeploymentInfo info = DEFANG__DEPLOYMENT_INFO__INIT;
    info.id = r->project;
    Defang__DeploymentInfo *all[] = {&info};
    Defang__ListReply reply = DEFANG__LIST_REPLY__INIT;
    reply.deployments = all;
    reply.n_deployments = 1;
    server_reply(call, &reply.base);
}

/* watch: numbers from after_sequence + 1 to the one named by `deployment`, each item with a filler;
 * like the daemon, a cursor. */
#define FIXTURE_FILLER 1000

struct fixture_stream {
    uint64_t next, last;
};

static uint64_t fixture_streamed;
static unsigned fixture_canceled, fixture_ended;

static inline void fixture_stream_go(void *arg, struct server_call *call)
{
    struct fixture_stream *w = arg;
    static char filler[FIXTURE_FILLER + 1];
    memset(filler, 'x', FIXTURE_FILLER);
    while (w->next <= w->last && server_call_can_write(call)) {
        Defang__Event e = DEFANG__EVENT__INIT;
        e.sequence = w->next++;
        e.message = filler;
        ck_assert_int_eq(server_item(call, &e.base), 0);
        fixture_streamed++;
    }
    if (w->next > w->last) {
        free(w);
        fixture_ended++;
        server_end(call);
    }
}

static inline void fixture_stream_cancel(void *arg, struct server_call *call)
{
    free(arg);
    fixture_canceled++;
    struct error e = ERROR_INIT;
    error_raise(&e, ERR_UNREACHABLE, "the daemon is stopping");
    server_error(call, &e, NULL, 0);
    error_done(&e);
}

static inline void
fixture_on_watch(void *arg, struct server_call *call, const ProtobufCMessage *request)
{
    const Defang__WatchRequest *r = (const Defang__WatchRequest *)request;
    struct fixture_stream *w = xcalloc(1, sizeof *w);
    w->next = r->after_sequence + 1;
    w->last = r->deployment[0] ? strtoull(r->deployment, NULL, 10) : UINT64_MAX;
    server_call_on_cancel(call, fixture_stream_cancel, w);
    server_call_on_writable(call, fixture_stream_go, w);
    fixture_stream_go(w, call);
}

static inline void fixture_setup(void)
{
    fixture_folder();
    fixture_streamed = 0;
    fixture_canceled = fixture_ended = 0;
    struct error err = ERROR_INIT;
    ck_assert_msg(fixture_serve(NULL, &err) == 0, "%s", err.message);
    server_handle(server, RPC_LIST, fixture_on_list, NULL);
    server_handle(server, RPC_WATCH, fixture_on_watch, NULL);
}

static inline void fixture_list_request(Defang__ListRequest *r, char text[32], unsigned n)
{
    defang__list_request__init(r);
    snprintf(text, 32, "project-%u", n);
    r->project = text;
}

static inline void fixture_expect_list(struct rpc_client *c, unsigned n)
{
    Defang__ListRequest r;
    char text[32];
    fixture_list_request(&r, text, n);
    ProtobufCMessage *m = NULL;
    struct error err = ERROR_INIT;
    int rc =
        rpc_client_call(c, RPC_LIST, &r.base, &(struct rpc_wait){.timeout_ms = 5000}, &m, &err);
    ck_assert_msg(rc == 0, "%s", err.message ? err.message : "no message");
    ck_assert_str_eq(((Defang__ListReply *)m)->deployments[0]->id, text);
    protobuf_c_message_free_unpacked(m, NULL);
}

static inline int fixture_main(const char *name, TCase *tc)
{
    Suite *suite = suite_create(name);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
