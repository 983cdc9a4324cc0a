/* What the daemon asks in an open call, and what the client says of its own accord. */
#include "fixture.h"

static struct server_call *open_call;
static unsigned heard, gone;
static char said[64];

static void ask_run(struct server_call *call, uint32_t id)
{
    static const char *const words[] = {"/opt/keys", "--json"};
    ProtobufCBinaryData argv[2];
    Defang__RunProgram run = DEFANG__RUN_PROGRAM__INIT;
    Defang__Ask ask = DEFANG__ASK__INIT;

    for (size_t i = 0; i < 2; i++)
        argv[i] =
            (ProtobufCBinaryData){.len = strlen(words[i]), .data = (uint8_t *)(uintptr_t)words[i]};
    run.argv = argv;
    run.n_argv = 2;
    run.folder = (char *)(uintptr_t)"/srv/shop";
    ask.id = id;
    ask.what_case = DEFANG__ASK__WHAT_RUN;
    ask.run = &run;
    ck_assert_int_eq(server_ask(call, &ask), 0);
}

static void reply_said(struct server_call *call)
{
    Defang__WhoamiReply reply = DEFANG__WHOAMI_REPLY__INIT;

    open_call = NULL;
    reply.arn = said;
    server_reply(call, &reply.base);
}

/* Two asks, then the answer; the second is asked when the first is answered. */
static void on_input(void *arg, struct server_call *call, Defang__Input *input)
{
    if (!input) {
        gone++;
        return;
    }

    ck_assert_uint_eq(input->ask, ++heard);
    if (input->what_case == DEFANG__INPUT__WHAT_RAN)
        snprintf(
            said,
            sizeof said,
            "%.*s",
            (int)input->ran->output.len,
            (char *)input->ran->output.data);
    else if (input->what_case == DEFANG__INPUT__WHAT_FAILED)
        snprintf(said, sizeof said, "%s", input->failed);
    server_input_free(input);

    if (heard == 1)
        ask_run(call, 2);
    else
        reply_said(call);
}

static void on_whoami(void *arg, struct server_call *call, const ProtobufCMessage *request)
{
    open_call = call;
    heard = gone = 0;
    server_call_on_input(call, on_input, NULL);
    ask_run(call, 1);
}

/* ---- the client ---- */

/* An hour passes at each prompt: the deadline of the call is not touched by it. */
static int64_t passed_ms;

static int64_t real_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t wall(void *arg)
{
    return real_ms(CLOCK_REALTIME);
}

static int64_t mono(void *arg)
{
    return real_ms(CLOCK_BOOTTIME) + passed_ms;
}

static int answer(void *arg, const Defang__Ask *ask, Defang__Input *input, struct error *err)
{
    ck_assert_int_eq(ask->what_case, DEFANG__ASK__WHAT_RUN);
    ck_assert_uint_eq(ask->run->n_argv, 2);
    ck_assert_str_eq(ask->run->folder, "/srv/shop");
    passed_ms += 3600 * 1000;

    Defang__ProgramRan *ran = xcalloc(1, sizeof *ran);
    defang__program_ran__init(ran);
    ran->output.data = (uint8_t *)xasprintf("keys %u", ask->id);
    ran->output.len = strlen((char *)ran->output.data);
    input->what_case = DEFANG__INPUT__WHAT_RAN;
    input->ran = ran;
    return 0;
}

static int interrupted(void *arg, const Defang__Ask *ask, Defang__Input *input, struct error *err)
{
    return error_raise_errno(err, ERR_INTERRUPTED, EINTR, "interrupted");
}

static int call_whoami(struct rpc_client *c, char **arn, struct error *err)
{
    Defang__Caller caller = DEFANG__CALLER__INIT;
    Defang__WhoamiRequest r = DEFANG__WHOAMI_REQUEST__INIT;
    ProtobufCMessage *m = NULL;

    caller.cwd = (char *)(uintptr_t)"/srv/shop";
    caller.interactive = true;
    r.caller = &caller;

    int rc =
        rpc_client_call(c, RPC_WHOAMI, &r.base, &(struct rpc_wait){.timeout_ms = 60000}, &m, err);
    if (rc == 0) {
        *arn = xstrdup(((Defang__WhoamiReply *)m)->arn);
        protobuf_c_message_free_unpacked(m, NULL);
    }

    return rc;
}

static void asked_client(void)
{
    struct rpc_client *c = fixture_client();
    cleanup_free char *arn = NULL;
    cleanup_error struct error err = ERROR_INIT;
    const struct clock_source source = {.wall_ms = wall, .mono_ms = mono};

    clock_replace(&source);
    rpc_client_on_ask(c, answer, NULL);
    ck_assert_msg(call_whoami(c, &arn, &err) == 0, "%s", err.message);
    clock_replace(NULL);
    ck_assert_str_eq(arn, "keys 2");
    fixture_expect_list(c, 7);
    rpc_client_free(c);
}

START_TEST(access_1_the_daemon_asks_over_the_open_call)
{
    server_handle(server, RPC_WHOAMI, on_whoami, NULL);
    fixture_run(asked_client);
    ck_assert_uint_eq(heard, 2);
    ck_assert_uint_eq(gone, 0);
}
END_TEST

static void unable_client(void)
{
    struct rpc_client *c = fixture_client();
    cleanup_free char *arn = NULL;

    ck_assert_int_eq(call_whoami(c, &arn, NULL), 0);
    ck_assert_ptr_nonnull(strstr(arn, "cannot do what the daemon asks"));
    rpc_client_free(c);
}

START_TEST(access_1_a_client_that_cannot_answer_says_so)
{
    server_handle(server, RPC_WHOAMI, on_whoami, NULL);
    fixture_run(unable_client);
}
END_TEST

static bool told_gone(void)
{
    return gone == 1;
}

static void interrupted_client(void)
{
    struct rpc_client *c = fixture_client();
    cleanup_free char *arn = NULL;
    cleanup_error struct error err = ERROR_INIT;

    rpc_client_on_ask(c, interrupted, NULL);
    ck_assert_int_eq(call_whoami(c, &arn, &err), -EINTR);
    ck_assert_int_eq(err.kind, ERR_INTERRUPTED);
    fixture_expect_list(c, 7); /* the connection is still good */
    rpc_client_free(c);
}

START_TEST(access_1_an_interrupt_at_the_prompt_ends_the_call)
{
    server_handle(server, RPC_WHOAMI, on_whoami, NULL);
    fixture_run(interrupted_client);
    fixture_until(told_gone);
    ck_assert(server_call_is_gone(open_call));
    reply_said(open_call);
}
END_TEST

/* ---- by hand ---- */

static void put_input(struct str *out, uint64_t call, uint32_t ask, const char *text)
{
    Defang__Input input = DEFANG__INPUT__INIT;
    Defang__Frame f = DEFANG__FRAME__INIT;

    input.ask = ask;
    input.what_case = DEFANG__INPUT__WHAT_DATA;
    input.data = (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)(uintptr_t)text};
    f.call_id = call;
    f.body_case = DEFANG__FRAME__BODY_INPUT;
    f.input = &input;
    ck_assert_int_eq(frame_encode(out, &f, 1 << 20, NULL), 0);
}

/* For a call that has ended it was on its way; for one that was never opened it is a mistake. */
static void late_client(void)
{
    cleanup_str struct str b = STR_INIT;
    int fd = fixture_raw();
    struct frame_decoder d;

    frame_decoder_init(&d, LIMIT_RPC_REPLY_BYTES);
    fixture_put_hello(&b, 1, 1);
    fixture_put_request(&b, 3, "list", NULL);
    put_input(&b, 3, 0, "x");
    put_input(&b, 2, 9, "x");
    fixture_put_request(&b, 4, "list", NULL);
    put_input(&b, 5, 0, "x");
    fixture_send(fd, b.data, b.len);

    static const Defang__Frame__BodyCase wanted[] = {
        DEFANG__FRAME__BODY_HELLO,
        DEFANG__FRAME__BODY_REPLY,
        DEFANG__FRAME__BODY_REPLY,
        DEFANG__FRAME__BODY_ERROR};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        Defang__Frame *f = fixture_receive(fd, &d);
        ck_assert_ptr_nonnull(f);
        ck_assert_int_eq(f->body_case, wanted[i]);
        if (wanted[i] == DEFANG__FRAME__BODY_ERROR)
            ck_assert_ptr_nonnull(strstr(f->error->message, "never opened"));
        defang__frame__free_unpacked(f, NULL);
    }

    frame_decoder_done(&d);
    close(fd);
}

START_TEST(access_1_late_input_is_dropped_and_stray_input_refused)
{
    fixture_run(late_client);
}
END_TEST

/* Bytes of a stream reach a handler that wants them, in their order. */
static struct str typed;

static void on_typed(void *arg, struct server_call *call, Defang__Input *input)
{
    if (!input)
        return;

    ck_assert_uint_eq(input->ask, 0);
    str_append_bytes(&typed, input->data.data, input->data.len);
    bool ends = input->data.len == 0;
    server_input_free(input);
    if (ends)
        server_end(call);
}

static void on_shell(void *arg, struct server_call *call, const ProtobufCMessage *request)
{
    server_call_on_input(call, on_typed, NULL);
}

static void typing_client(void)
{
    cleanup_str struct str b = STR_INIT;
    int fd = fixture_raw();
    struct frame_decoder d;
    Defang__WatchRequest r = DEFANG__WATCH_REQUEST__INIT;

    frame_decoder_init(&d, LIMIT_RPC_REPLY_BYTES);
    fixture_put_hello(&b, 1, 1);
    fixture_put_request(&b, 1, "watch", &r.base);
    for (unsigned i = 0; i < 100; i++)
        put_input(&b, 1, 0, "abc");
    put_input(&b, 1, 0, "");
    fixture_send(fd, b.data, b.len);

    Defang__Frame *f;
    bool ended = false;
    while (!ended && (f = fixture_receive(fd, &d)) != NULL) {
        ended = f->body_case == DEFANG__FRAME__BODY_END;
        defang__frame__free_unpacked(f, NULL);
    }

    ck_assert(ended);
    frame_decoder_done(&d);
    close(fd);
}

START_TEST(access_1_input_of_a_stream_arrives_in_order)
{
    str_clear(&typed);
    server_handle(server, RPC_WATCH, on_shell, NULL);
    fixture_run(typing_client);
    ck_assert_uint_eq(typed.len, 300);
    str_done(&typed);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("asks");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, access_1_the_daemon_asks_over_the_open_call);
    tcase_add_test(tc, access_1_a_client_that_cannot_answer_says_so);
    tcase_add_test(tc, access_1_an_interrupt_at_the_prompt_ends_the_call);
    tcase_add_test(tc, access_1_late_input_is_dropped_and_stray_input_refused);
    tcase_add_test(tc, access_1_input_of_a_stream_arrives_in_order);
    return fixture_main("rpc/asks", tc);
}
