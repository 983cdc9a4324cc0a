/* Bytes and peers that no client of ours would be. */
#include "fixture.h"

static bool nobody_is_connected(void)
{
    return server_connections(server) == 0;
}

static void still_serves(void)
{
    struct rpc_client *c = fixture_client();

    fixture_expect_list(c, 1);
    rpc_client_free(c);
}

/* Sends bytes and returns the daemon's last words (call 0 error), or NULL. */
static char *last_words(const void *bytes, size_t n)
{
    int fd = fixture_raw();
    struct frame_decoder d;

    frame_decoder_init(&d, LIMIT_RPC_REPLY_BYTES);
    fixture_send(fd, bytes, n);

    char *words = NULL;
    Defang__Frame *f;

    while ((f = fixture_receive(fd, &d)) != NULL) {
        if (f->body_case == DEFANG__FRAME__BODY_ERROR && f->call_id == RPC_CALL_CONNECTION)
            words = xasprintf("%s | %s", f->error->message, f->error->hint);
        defang__frame__free_unpacked(f, NULL);
    }

    frame_decoder_done(&d);
    close(fd);

    return words;
}

static void expect_words(const struct str *bytes, const char *part)
{
    cleanup_free char *words = last_words(bytes->data, bytes->len);
    ck_assert_msg(
        words && strstr(words, part),
        "expected \"%s\", got \"%s\"",
        part,
        words ? words : "nothing");
}

static void put_bare(struct str *out, uint64_t id, Defang__Frame__BodyCase body)
{
    Defang__End end = DEFANG__END__INIT;
    Defang__Frame f = DEFANG__FRAME__INIT;

    f.call_id = id;
    f.body_case = body;
    f.end = &end; /* End and Cancel are both empty */
    ck_assert_int_eq(frame_encode(out, &f, 1 << 20, NULL), 0);
}

static void violations_client(void)
{
    struct str b = STR_INIT;

    str_append(&b, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_words(&b, "more than the 1048576");
    str_clear(&b);
    str_append_bytes(&b, "\0\0\0\5hello", 9);
    expect_words(&b, "not a frame");
    str_clear(&b);
    str_append_bytes(&b, "\0\0\0\0", 4);
    expect_words(&b, "without a body");
    str_clear(&b);
    fixture_put_request(&b, 1, "list", NULL);
    expect_words(&b, "hello first");
    str_clear(&b);
    fixture_put_hello(&b, 99, 120);
    expect_words(&b, "raw 9.9 speaks protocol 99 to 120, the daemon (defangd test");
    str_clear(&b);
    fixture_put_hello(&b, 99, 120);
    expect_words(&b, "restart defangd");
    str_clear(&b);
    fixture_put_hello(&b, 1, 1);
    fixture_put_hello(&b, 1, 1);
    expect_words(&b, "only a daemon sends");
    str_clear(&b);
    fixture_put_hello(&b, 1, 1);
    fixture_put_request(&b, 5, "list", NULL);
    fixture_put_request(&b, 5, "list", NULL);
    expect_words(&b, "used again");
    str_clear(&b);
    fixture_put_hello(&b, 1, 1);
    fixture_put_request(&b, 0, "list", NULL);
    expect_words(&b, "used again");
    str_clear(&b);
    fixture_put_hello(&b, 1, 1);
    put_bare(&b, 3, DEFANG__FRAME__BODY_END);
    expect_words(&b, "only a daemon sends");
    str_done(&b);
    still_serves();
}

START_TEST(violations_are_told_and_closed)
{
    fixture_run(violations_client);
    fixture_until(nobody_is_connected);
}
END_TEST

static void truncated_client(void)
{
    struct str b = STR_INIT;

    fixture_put_hello(&b, 1, 7); /* a newer client that still speaks 1 */

    Defang__WatchRequest w = DEFANG__WATCH_REQUEST__INIT;
    w.deployment = (char *)(uintptr_t)"5";
    fixture_put_request(&b, 1, "watch", &w.base);

    for (size_t cut = 0; cut < b.len; cut++) {
        int fd = fixture_raw();

        fixture_send(fd, b.data, cut);
        close(fd);
    }

    str_done(&b);
    still_serves();
}

START_TEST(truncated_at_every_byte)
{
    fixture_run(truncated_client);
    fixture_until(nobody_is_connected);
}
END_TEST

static void pipelined_client(void)
{
    struct str b = STR_INIT;

    fixture_put_hello(&b, 1, 1);

    for (unsigned i = 1; i <= 500; i++) {
        Defang__ListRequest r;
        char text[32];

        fixture_list_request(&r, text, i);
        fixture_put_request(&b, i, "list", &r.base);
        put_bare(&b, i * 2 + 100000, DEFANG__FRAME__BODY_CANCEL); /* of nothing: ignored */
    }

    int fd = fixture_raw();
    fixture_send(fd, b.data, b.len);
    str_done(&b);

    struct frame_decoder d;
    frame_decoder_init(&d, LIMIT_RPC_REPLY_BYTES);

    for (unsigned i = 0; i <= 500; i++) {
        Defang__Frame *f = fixture_receive(fd, &d);

        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(f->call_id, i);
        ck_assert_int_eq(f->body_case, i ? DEFANG__FRAME__BODY_REPLY : DEFANG__FRAME__BODY_HELLO);
        defang__frame__free_unpacked(f, NULL);
    }

    frame_decoder_done(&d);
    close(fd);
}

START_TEST(frames_in_one_packet_are_all_answered)
{
    fixture_run(pipelined_client);
}
END_TEST

static void foreign_client(void)
{
    struct rpc_client *c = NULL;
    struct error err = ERROR_INIT;

    ck_assert_int_eq(rpc_client_connect(path, "defangctl test", 5000, &c, &err), -EPERM);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "serves user"));
    error_done(&err);
}

START_TEST(another_user_is_refused)
{
    server_free(server);

    struct server_options o = {
        .path = path, .listen_fd = -1, .uid = geteuid() + 1, .build = "defangd test"};
    ck_assert_int_eq(fixture_serve(&o, NULL), 0);
    server_handle(server, RPC_LIST, fixture_on_list, NULL);
    fixture_run(foreign_client);
    fixture_until(nobody_is_connected);
}
END_TEST

#define CROWD 128

static void crowd_client(void)
{
    struct rpc_client *all[CROWD];

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        all[i] = fixture_client();

    struct rpc_client *c = NULL;
    struct error err = ERROR_INIT;

    ck_assert_int_eq(rpc_client_connect(path, "x", 5000, &c, &err), -EPERM);
    ck_assert_ptr_nonnull(strstr(err.message, "128 connections already"));
    error_done(&err);
    fixture_expect_list(all[0], 3);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        rpc_client_free(all[i]);
}

START_TEST(connections_are_bounded)
{
    struct server_options o = {
        .path = path,
        .listen_fd = -1,
        .uid = geteuid(),
        .build = "defangd test",
        .max_connections = CROWD};

    server_free(server);
    ck_assert_int_eq(fixture_serve(&o, NULL), 0);
    server_handle(server, RPC_LIST, fixture_on_list, NULL);
    fixture_run(crowd_client);
    fixture_until(nobody_is_connected);
    fixture_run(still_serves);
}
END_TEST

/* One half of a frame, and a connection that says nothing, which is fine. */
static void half_client(void)
{
    struct rpc_client *silent = fixture_client();
    struct str b = STR_INIT;
    char rest[64];

    fixture_put_hello(&b, 1, 1);
    Defang__WatchRequest w = DEFANG__WATCH_REQUEST__INIT;
    w.deployment = (char *)(uintptr_t)"5";
    fixture_put_request(&b, 1, "watch", &w.base);

    int fd = fixture_raw();
    fixture_send(fd, b.data, b.len - 3);
    while (read(fd, rest, sizeof rest) > 0) /* their hello, then the end */
        ;
    close(fd);
    str_done(&b);
    fixture_expect_list(silent, 3);
    rpc_client_free(silent);
}

START_TEST(survive_28_half_a_frame_has_a_deadline)
{
    struct server_options o = {
        .path = path, .listen_fd = -1, .uid = geteuid(), .build = "defangd test", .frame_ms = 200};

    server_free(server);
    ck_assert_int_eq(fixture_serve(&o, NULL), 0);
    server_handle(server, RPC_LIST, fixture_on_list, NULL);
    fixture_run(half_client);
    fixture_until(nobody_is_connected);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("hostile");
    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, violations_are_told_and_closed);
    tcase_add_test(tc, truncated_at_every_byte);
    tcase_add_test(tc, frames_in_one_packet_are_all_answered);
    tcase_add_test(tc, another_user_is_refused);
    tcase_add_test(tc, connections_are_bounded);
    tcase_add_test(tc, survive_28_half_a_frame_has_a_deadline);

    return fixture_main("rpc/hostile", tc);
}
