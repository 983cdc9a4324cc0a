/* The socket file, slow readers, and the end. */
#include "fixture.h"

static void one_list(void)
{
    struct rpc_client *c = fixture_client();

    fixture_expect_list(c, 1);
    rpc_client_free(c);
}

START_TEST(the_socket_is_private)
{
    struct stat st;

    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    server_free(server);
    server = NULL;
    ck_assert_int_eq(lstat(path, &st), -1);

    /* A folder that is to be ours is made, and made private. */
    snprintf(path, sizeof path, "%s/new/defang/defangd.sock", folder);

    struct server_options o = {
        .path = path, .make_folder = true, .listen_fd = -1, .uid = geteuid(), .build = "x"};
    ck_assert_int_eq(fixture_serve(&o, NULL), 0);

    char dir[96];
    snprintf(dir, sizeof dir, "%s/new/defang", folder);
    ck_assert_int_eq(lstat(dir, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
}
END_TEST

START_TEST(a_living_daemon_is_not_replaced)
{
    struct server *second = NULL;
    struct error err = ERROR_INIT;
    struct server_options o = {.path = path, .listen_fd = -1, .uid = geteuid(), .build = "x"};

    ck_assert_int_eq(server_new(loop, &o, &second, &err), -EADDRINUSE);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "another daemon"));
    error_done(&err);
    fixture_run(one_list);
}
END_TEST

START_TEST(a_stale_socket_is_replaced)
{
    server_free(server);
    server = NULL;

    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    memcpy(addr.sun_path, path, strlen(path));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    close(fd); /* the file stays */
    ck_assert_int_eq(fixture_serve(NULL, NULL), 0);
    server_handle(server, RPC_LIST, fixture_on_list, NULL);
    fixture_run(one_list);
}
END_TEST

START_TEST(another_file_is_left_alone)
{
    server_free(server);
    server = NULL;

    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    close(fd);

    struct error err = ERROR_INIT;
    ck_assert_int_eq(fixture_serve(NULL, &err), -EEXIST);
    ck_assert_ptr_nonnull(strstr(err.message, "not a socket"));
    error_done(&err);

    struct stat st;
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert(S_ISREG(st.st_mode));
}
END_TEST

static bool socket_is_back(void)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

START_TEST(a_removed_socket_file_comes_back)
{
    server_free(server);

    struct server_options o = {
        .path = path, .listen_fd = -1, .uid = geteuid(), .build = "x", .rebind_check_ms = 10};
    ck_assert_int_eq(fixture_serve(&o, NULL), 0);
    server_handle(server, RPC_LIST, fixture_on_list, NULL);
    ck_assert_int_eq(unlink(path), 0);
    fixture_until(socket_is_back);
    fixture_run(one_list);
}
END_TEST

START_TEST(a_socket_of_systemd_is_served_and_kept)
{
    server_free(server);

    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    memcpy(addr.sun_path, path, strlen(path));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    ck_assert_int_eq(listen(fd, 10), 0);

    struct server_options o = {.path = path, .listen_fd = fd, .uid = geteuid(), .build = "x"};
    ck_assert_int_eq(fixture_serve(&o, NULL), 0);
    server_handle(server, RPC_LIST, fixture_on_list, NULL);
    fixture_run(one_list);
    server_free(server);
    server = NULL;
    ck_assert(socket_is_back());
}
END_TEST

/* ---- slow readers ---- */

static int slow_fd = -1;

static void slow_start(void)
{
    slow_fd = fixture_raw();

    struct str b = STR_INIT;
    fixture_put_hello(&b, 1, 1);

    Defang__WatchRequest w = DEFANG__WATCH_REQUEST__INIT;
    w.deployment = (char *)(uintptr_t)"50000";
    fixture_put_request(&b, 1, "watch", &w.base);
    fixture_send(slow_fd, b.data, b.len);
    str_done(&b);
}

static void slow_read_all(void)
{
    struct frame_decoder d;

    frame_decoder_init(&d, LIMIT_RPC_REPLY_BYTES);

    uint64_t expected = 1;
    Defang__Frame *f;

    while ((f = fixture_receive(slow_fd, &d)) != NULL) {
        bool end = f->body_case == DEFANG__FRAME__BODY_END;

        if (f->body_case == DEFANG__FRAME__BODY_ITEM) {
            Defang__Event *e = defang__event__unpack(NULL, f->item.len, f->item.data);

            ck_assert_uint_eq(e->sequence, expected++);
            defang__event__free_unpacked(e, NULL);
        }

        defang__frame__free_unpacked(f, NULL);
        if (end)
            break;
    }

    ck_assert_uint_eq(expected, 50001);
    frame_decoder_done(&d);
    close(slow_fd);
}

static void others_are_served(void)
{
    for (int i = 0; i < 50; i++)
        one_list();
}

START_TEST(a_slow_reader_costs_nothing_and_loses_nothing)
{
    fixture_run(slow_start);

    int64_t before_ms = clock_mono_ms();
    fixture_run(others_are_served);
    ck_assert_int_lt(clock_mono_ms() - before_ms, 10000);

    /* Of 50 MB the daemon has made no more than its queue and the socket's buffer hold. */
    ck_assert_uint_gt(fixture_streamed, 0);
    ck_assert_uint_lt(fixture_streamed * FIXTURE_FILLER, 2 * LIMIT_RPC_OUTPUT_HIGH_BYTES + MIB(1));
    fixture_run(slow_read_all);
    ck_assert_uint_eq(fixture_streamed, 50000);
    ck_assert_uint_eq(fixture_ended, 1);
}
END_TEST

/* Requests are not read while their answers are not: the sender's own buffer fills, nothing here.
 */
static uint64_t answered;

static void on_list_large(void *arg, struct server_call *call, const ProtobufCMessage *request)
{
    static char text[100001];

    memset(text, 'y', sizeof text - 1);

    Defang__DeploymentInfo info = DEFANG__DEPLOYMENT_INFO__INIT;
    info.summary = text;

    Defang__DeploymentInfo *all[] = {&info};
    Defang__ListReply reply = DEFANG__LIST_REPLY__INIT;

    reply.deployments = all;
    reply.n_deployments = 1;
    answered++;
    server_reply(call, &reply.base);
}

static void flood_client(void)
{
    int fd = fixture_raw();
    struct str b = STR_INIT;

    fixture_put_hello(&b, 1, 1);
    for (unsigned i = 1; i <= 1000; i++)
        fixture_put_request(&b, i, "list", NULL);
    fixture_send(fd, b.data, b.len);
    str_done(&b);
    others_are_served();
    ck_assert_uint_lt(answered, 100);

    struct frame_decoder d;
    frame_decoder_init(&d, LIMIT_RPC_REPLY_BYTES);

    for (unsigned i = 0; i <= 1000; i++) {
        Defang__Frame *f = fixture_receive(fd, &d);

        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(f->call_id, i);
        defang__frame__free_unpacked(f, NULL);
    }

    frame_decoder_done(&d);
    close(fd);
}

static void on_list_once_large(void *arg, struct server_call *call, const ProtobufCMessage *request)
{
    if (((const Defang__ListRequest *)request)->project[0])
        fixture_on_list(arg, call, request);
    else
        on_list_large(arg, call, request);
}

START_TEST(a_flood_of_requests_waits_for_its_reader)
{
    server_handle(server, RPC_LIST, on_list_once_large, NULL);
    fixture_run(flood_client);
    ck_assert_uint_eq(answered, 1000);
}
END_TEST

/* ---- the end ---- */

static bool stopped;
static struct server_call *pending;
static struct rpc_client *watching, *waiting;
static uint64_t watch_id, wait_id;

static void on_stopped(void *arg)
{
    stopped = true;
}

static bool has_stopped(void)
{
    return stopped;
}

static void on_list_pending(void *arg, struct server_call *call, const ProtobufCMessage *request)
{
    pending = call;
}

static void connect_both(void)
{
    watching = fixture_client();
    waiting = fixture_client();

    Defang__WatchRequest w = DEFANG__WATCH_REQUEST__INIT;
    Defang__ListRequest l = DEFANG__LIST_REQUEST__INIT;

    ck_assert_int_eq(rpc_client_open(watching, RPC_WATCH, &w.base, &watch_id, NULL), 0);

    ProtobufCMessage *m = NULL;
    ck_assert_int_eq(rpc_client_next(watching, watch_id, NULL, &m, NULL), RPC_NEXT_ITEM);
    protobuf_c_message_free_unpacked(m, NULL);
    ck_assert_int_eq(rpc_client_open(waiting, RPC_LIST, &l.base, &wait_id, NULL), 0);
}

static bool is_pending(void)
{
    return pending != NULL;
}

static void read_last_words(void)
{
    ProtobufCMessage *m = NULL;
    struct error err = ERROR_INIT;
    int rc;

    while ((rc = rpc_client_next(
                watching, watch_id, &(struct rpc_wait){.timeout_ms = 5000}, &m, &err)) ==
           RPC_NEXT_ITEM)
        protobuf_c_message_free_unpacked(m, NULL);

    ck_assert_int_lt(rc, 0);
    ck_assert_str_eq(err.message, "the daemon is stopping");
    error_done(&err);
    rpc_client_free(watching);
}

static void read_late_answer(void)
{
    ProtobufCMessage *m = NULL;

    ck_assert_int_eq(
        rpc_client_next(waiting, wait_id, &(struct rpc_wait){.timeout_ms = 5000}, &m, NULL),
        RPC_NEXT_ITEM);
    protobuf_c_message_free_unpacked(m, NULL);
    rpc_client_free(waiting);
}

static void expect_unreachable(void)
{
    struct rpc_client *c = NULL;
    struct error err = ERROR_INIT;

    ck_assert_int_eq(rpc_client_connect(path, "x", 1000, &c, &err), -ENOENT);
    ck_assert_int_eq(err.kind, ERR_UNREACHABLE);
    ck_assert_ptr_nonnull(strstr(err.message, path));
    error_done(&err);
}

START_TEST(a_graceful_end_answers_what_is_open)
{
    stopped = false;
    pending = NULL;
    server_handle(server, RPC_LIST, on_list_pending, NULL);
    fixture_run(connect_both);
    fixture_until(is_pending);
    server_shutdown(server, 5000, on_stopped, NULL);
    fixture_run(expect_unreachable);
    fixture_run(read_last_words);
    ck_assert(!stopped);

    Defang__ListReply reply = DEFANG__LIST_REPLY__INIT;
    server_reply(pending, &reply.base);
    fixture_run(read_late_answer);
    fixture_until(has_stopped);
    ck_assert_uint_eq(server_connections(server), 0);
}
END_TEST

START_TEST(a_stuck_reader_does_not_hold_up_the_end)
{
    stopped = false;
    fixture_run(slow_start);

    int64_t before_ms = clock_mono_ms();
    server_shutdown(server, 100, on_stopped, NULL);
    fixture_until(has_stopped);
    ck_assert_int_lt(clock_mono_ms() - before_ms, 5000);
    close(slow_fd);
}
END_TEST

static void broken_daemon_client(void)
{
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);

    struct str b = STR_INIT;
    fixture_put_hello(&b, 1, 1);
    str_append_bytes(&b, "\0\0\1\0half a mess", 15);
    fixture_send(fds[1], b.data, b.len);
    str_done(&b);

    struct rpc_client *c = NULL;
    struct error err = ERROR_INIT;

    ck_assert_int_eq(rpc_client_adopt(fds[0], "x", 1000, &c, &err), 0);
    close(fds[1]);

    Defang__ListRequest r = DEFANG__LIST_REQUEST__INIT;
    ProtobufCMessage *m = NULL;

    for (int i = 0; i < 3; i++) {
        ck_assert_int_lt(
            rpc_client_call(c, RPC_LIST, &r.base, &(struct rpc_wait){.timeout_ms = 1000}, &m, &err),
            0);
        ck_assert_int_eq(err.kind, ERR_UNREACHABLE);
        ck_assert_ptr_nonnull(strstr(err.message, "middle of a message"));
        error_done(&err);
    }

    rpc_client_free(c);
}

static void odd_daemons_client(void)
{
    static const struct {
        uint32_t min, max;
        const char *bytes;
        size_t n;
        int code;
    } cases[] = {
        {7, 9, NULL, 0, -EPROTO},                   /* too new */
        {0, 0, "\0\0\0\2\x08\1", 6, -EBADMSG},      /* no body */
        {0, 0, "\0\0\0\4\x08\1\x32\0", 8, -EPROTO}, /* an end before hello */
        {0, 0, "\x7f\0\0\0", 4, -EMSGSIZE},
        {0, 0, NULL, 0, -ETIMEDOUT},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int fds[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);

        struct str b = STR_INIT;
        if (cases[i].min)
            fixture_put_hello(&b, cases[i].min, cases[i].max);
        else
            str_append_bytes(&b, cases[i].bytes, cases[i].n);

        fixture_send(fds[1], b.data, b.len);
        str_done(&b);

        struct rpc_client *c = NULL;
        struct error err = ERROR_INIT;
        int rc = rpc_client_adopt(fds[0], "x", 60, &c, &err);

        ck_assert_msg(rc == cases[i].code, "case %zu: %d %s", i, rc, err.message);
        ck_assert_ptr_null(c);
        error_done(&err);
        close(fds[1]);
    }
}

START_TEST(a_client_survives_odd_daemons)
{
    fixture_run(broken_daemon_client);
    fixture_run(odd_daemons_client);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("life");
    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, the_socket_is_private);
    tcase_add_test(tc, a_living_daemon_is_not_replaced);
    tcase_add_test(tc, a_stale_socket_is_replaced);
    tcase_add_test(tc, another_file_is_left_alone);
    tcase_add_test(tc, a_removed_socket_file_comes_back);
    tcase_add_test(tc, a_socket_of_systemd_is_served_and_kept);
    tcase_add_test(tc, a_slow_reader_costs_nothing_and_loses_nothing);
    tcase_add_test(tc, a_flood_of_requests_waits_for_its_reader);
    tcase_add_test(tc, a_graceful_end_answers_what_is_open);
    tcase_add_test(tc, a_stuck_reader_does_not_hold_up_the_end);
    tcase_add_test(tc, a_client_survives_odd_daemons);

    return fixture_main("rpc/life", tc);
}
