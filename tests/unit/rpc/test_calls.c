/* Calls and streams between the real client and the real server. */
#include "fixture.h"

static bool nobody_is_connected(void)
{
    return server_connections(server) == 0;
}

static void one_call(void)
{
    struct rpc_client *c = fixture_client();

    ck_assert_str_eq(rpc_client_daemon_build(c), "defangd test");
    for (unsigned i = 0; i < 100; i++)
        fixture_expect_list(c, i);
    rpc_client_free(c);
}

START_TEST(many_calls_share_a_connection)
{
    fixture_run(one_call);
    fixture_until(nobody_is_connected);
}
END_TEST

static uint64_t open_watch(struct rpc_client *c, const char *last, uint64_t after)
{
    Defang__WatchRequest r = DEFANG__WATCH_REQUEST__INIT;

    r.deployment = (char *)(uintptr_t)last;
    r.after_sequence = after;

    uint64_t id = 0;
    ck_assert_int_eq(rpc_client_open(c, RPC_WATCH, &r.base, &id, NULL), 0);

    return id;
}

static int
next_sequence(struct rpc_client *c, uint64_t call, int64_t timeout_ms, uint64_t *sequence)
{
    ProtobufCMessage *m = NULL;
    struct error err = ERROR_INIT;
    int rc = rpc_client_next(c, call, &(struct rpc_wait){.timeout_ms = timeout_ms}, &m, &err);

    if (rc == RPC_NEXT_ITEM) {
        *sequence = ((Defang__Event *)m)->sequence;
        protobuf_c_message_free_unpacked(m, NULL);
    }

    error_done(&err);

    return rc;
}

static void streams_and_calls(void)
{
    struct rpc_client *c = fixture_client();
    uint64_t a = open_watch(c, "3000", 0), b = open_watch(c, "2500", 100), sequence = 0;

    for (uint64_t i = 1; i <= 3000; i++) {
        ck_assert_int_eq(next_sequence(c, a, 5000, &sequence), RPC_NEXT_ITEM);
        ck_assert_uint_eq(sequence, i);
        if (i % 500 == 0)
            fixture_expect_list(c, (unsigned)i);

        if (i > 100 && i <= 2500) {
            ck_assert_int_eq(next_sequence(c, b, 5000, &sequence), RPC_NEXT_ITEM);
            ck_assert_uint_eq(sequence, i);
        }
    }

    ck_assert_int_eq(next_sequence(c, b, 5000, &sequence), RPC_NEXT_END);
    ck_assert_int_eq(next_sequence(c, a, 5000, &sequence), RPC_NEXT_END);
    ck_assert_int_eq(next_sequence(c, a, 5000, &sequence), -EINVAL); /* gone */
    rpc_client_free(c);
}

START_TEST(streams_and_calls_do_not_disturb_each_other)
{
    fixture_run(streams_and_calls);
    ck_assert_uint_eq(fixture_ended, 2);
}
END_TEST

/* ---- errors ---- */

static void on_up(void *arg, struct server_call *call, const ProtobufCMessage *request)
{
    struct error e = ERROR_INIT;

    error_raise(&e, ERR_USAGE, "2 mistakes in compose.yaml");
    error_hint(&e, "mend them");
    error_at(&e, "compose.yaml", 3, 5);

    struct rpc_diagnostic d[] = {
        {.message = "unknown key imge",
         .file = "compose.yaml",
         .line = 3,
         .column = 5,
         .hint = "image"},
        {.message = "ports must be a list", .file = "compose.yaml", .line = 9, .column = 1}};

    server_error(call, &e, d, 2);
    error_done(&e);
}

static void errors_client(void)
{
    struct rpc_client *c = fixture_client();
    Defang__Caller caller = DEFANG__CALLER__INIT;
    Defang__UpRequest up = DEFANG__UP_REQUEST__INIT;

    up.caller = &caller;

    ProtobufCMessage *m = NULL;
    struct error err = ERROR_INIT;
    size_t count = 9;

    /* checked before the handler sees it */
    ck_assert_int_eq(rpc_client_call(c, RPC_UP, &up.base, NULL, &m, &err), -EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "from which folder"));
    error_done(&err);
    rpc_client_diagnostics(c, &count);
    ck_assert_uint_eq(count, 0);
    caller.cwd = (char *)(uintptr_t)"/srv/shop";
    ck_assert_int_eq(rpc_client_call(c, RPC_UP, &up.base, NULL, &m, &err), -EINVAL);
    ck_assert_int_eq(err.kind, ERR_USAGE);
    ck_assert_str_eq(err.message, "2 mistakes in compose.yaml");
    ck_assert_str_eq(err.hint, "mend them");
    ck_assert_uint_eq(err.line, 3);
    error_done(&err);

    Defang__Diagnostic *const *d = rpc_client_diagnostics(c, &count);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(d[0]->hint, "image");
    ck_assert_uint_eq(d[1]->line, 9);

    /* a verb without handler */
    Defang__WhoamiRequest who = DEFANG__WHOAMI_REQUEST__INIT;
    who.caller = &caller;
    ck_assert_int_eq(rpc_client_call(c, RPC_WHOAMI, &who.base, NULL, &m, &err), -EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "`whoami`"));
    error_done(&err);

    /* the wrong message for a verb is a mistake of ours */
    ck_assert_int_eq(rpc_client_call(c, RPC_LIST, &who.base, NULL, &m, NULL), -EINVAL);

    /* too large a request never leaves */
    cleanup_free char *big = xcalloc(1, LIMIT_RPC_REQUEST_BYTES + 1);
    memset(big, 'x', LIMIT_RPC_REQUEST_BYTES);
    who.caller->profile = big;
    ck_assert_int_eq(rpc_client_call(c, RPC_WHOAMI, &who.base, NULL, &m, &err), -EMSGSIZE);
    error_done(&err);
    fixture_expect_list(c, 1);
    rpc_client_free(c);
}

START_TEST(errors_arrive_with_their_diagnostics)
{
    server_handle(server, RPC_UP, on_up, NULL);
    fixture_run(errors_client);
}
END_TEST

static void on_plan_too_large(void *arg, struct server_call *call, const ProtobufCMessage *request)
{
    Defang__PlanReply reply = DEFANG__PLAN_REPLY__INIT;
    cleanup_free uint8_t *big = xcalloc(1, LIMIT_RPC_REPLY_BYTES + 1);

    reply.template_json = (ProtobufCBinaryData){.len = LIMIT_RPC_REPLY_BYTES + 1, .data = big};
    server_reply(call, &reply.base);
}

static void plan_client(void)
{
    struct rpc_client *c = fixture_client();
    Defang__Caller caller = DEFANG__CALLER__INIT;

    caller.cwd = (char *)(uintptr_t)"/";

    Defang__PlanRequest r = DEFANG__PLAN_REQUEST__INIT;
    r.caller = &caller;

    ProtobufCMessage *m = NULL;
    struct error err = ERROR_INIT;

    ck_assert_int_lt(rpc_client_call(c, RPC_PLAN, &r.base, NULL, &m, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.message, "4194304"));
    error_done(&err);
    fixture_expect_list(c, 1);
    rpc_client_free(c);
}

START_TEST(too_large_an_answer_is_an_error)
{
    server_handle(server, RPC_PLAN, on_plan_too_large, NULL);
    fixture_run(plan_client);
}
END_TEST

/* ---- cancel, hang-up, late answers ---- */

static void cancel_client(void)
{
    struct rpc_client *c = fixture_client();
    uint64_t id = open_watch(c, "", 0), sequence;

    ck_assert_int_eq(next_sequence(c, id, 5000, &sequence), RPC_NEXT_ITEM);
    rpc_client_cancel(c, id);
    ck_assert_int_eq(next_sequence(c, id, 5000, &sequence), -EINVAL);
    fixture_expect_list(c, 7); /* what was on its way of the stream is dropped */

    uint64_t again = open_watch(c, "", 0);
    ck_assert_int_eq(next_sequence(c, again, 5000, &sequence), RPC_NEXT_ITEM);
    ck_assert_uint_eq(sequence, 1);
    rpc_client_free(c); /* a hang-up */
}

static bool both_were_canceled(void)
{
    return fixture_canceled == 2 && server_connections(server) == 0;
}

START_TEST(canceled_and_hung_up_streams_end)
{
    fixture_run(cancel_client);
    fixture_until(both_were_canceled);
}
END_TEST

static VEC(struct server_call *) kept;

static void on_list_kept(void *arg, struct server_call *call, const ProtobufCMessage *request)
{
    vec_push(&kept, call);
}

static void answer_all_kept(void)
{
    vec_each(call, &kept) {
        Defang__ListReply reply = DEFANG__LIST_REPLY__INIT;

        ck_assert(server_call_is_gone(*call));
        ck_assert(!server_call_can_write(*call));
        server_reply(*call, &reply.base);
    }

    vec_free(&kept);
}

static void impatient_client(void)
{
    struct rpc_client *c = fixture_client();
    Defang__ListRequest r = DEFANG__LIST_REQUEST__INIT;
    ProtobufCMessage *m = NULL;
    struct error err = ERROR_INIT;

    ck_assert_int_eq(
        rpc_client_call(c, RPC_LIST, &r.base, &(struct rpc_wait){.timeout_ms = 50}, &m, &err),
        -ETIMEDOUT);
    ck_assert_int_eq(err.kind, ERR_TIMEOUT);
    error_done(&err);

    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);

    struct rpc_wait wait = {.timeout_ms = 5000, .fds = fds, .fd_count = 1};
    ck_assert_int_eq(rpc_client_call(c, RPC_LIST, &r.base, &wait, &m, &err), -EINTR);
    ck_assert_int_eq(err.kind, ERR_INTERRUPTED);
    error_done(&err);

    uint64_t id;
    ck_assert_int_eq(rpc_client_open(c, RPC_LIST, &r.base, &id, NULL), 0);
    ck_assert_int_eq(rpc_client_next(c, id, &wait, &m, NULL), RPC_NEXT_FD);
    wait.fd_count = 0;
    wait.timeout_ms = 20;
    ck_assert_int_eq(rpc_client_next(c, id, &wait, &m, NULL), RPC_NEXT_TIMEOUT);
    close(fds[0]);
    close(fds[1]);
    rpc_client_free(c);
}

START_TEST(an_answer_may_come_after_the_client_left)
{
    server_handle(server, RPC_LIST, on_list_kept, NULL);
    fixture_run(impatient_client);
    fixture_until(nobody_is_connected);
    ck_assert_uint_eq(kept.len, 3);
    answer_all_kept();
}
END_TEST

static void keeps_busy(void)
{
    struct rpc_client *c = fixture_client();
    Defang__ListRequest r = DEFANG__LIST_REQUEST__INIT;
    ProtobufCMessage *m = NULL;
    uint64_t ids[LIMIT_RPC_CALLS + 1];

    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        ck_assert_int_eq(rpc_client_open(c, RPC_LIST, &r.base, &ids[i], NULL), 0);

    struct error err = ERROR_INIT;
    ck_assert_int_eq(rpc_client_next(c, ids[LIMIT_RPC_CALLS], NULL, &m, &err), -EPERM);
    ck_assert_ptr_nonnull(strstr(err.message, "64 calls"));
    error_done(&err);
    rpc_client_free(c);
}

START_TEST(open_calls_are_bounded)
{
    server_handle(server, RPC_LIST, on_list_kept, NULL);
    fixture_run(keeps_busy);
    ck_assert_uint_eq(kept.len, LIMIT_RPC_CALLS);
    fixture_until(nobody_is_connected);
    server_free(server); /* calls outlive even the server */
    server = NULL;
    answer_all_kept();
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("calls");
    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, many_calls_share_a_connection);
    tcase_add_test(tc, streams_and_calls_do_not_disturb_each_other);
    tcase_add_test(tc, errors_arrive_with_their_diagnostics);
    tcase_add_test(tc, too_large_an_answer_is_an_error);
    tcase_add_test(tc, canceled_and_hung_up_streams_end);
    tcase_add_test(tc, an_answer_may_come_after_the_client_left);
    tcase_add_test(tc, open_calls_are_bounded);

    return fixture_main("rpc/calls", tc);
}
