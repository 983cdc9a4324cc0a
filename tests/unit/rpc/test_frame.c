/* Frames: whatever the pieces in which they arrive, the same come out; what is too long, torn or no
 * frame at all is refused before it costs memory; errors survive the way, whole or shortened. */
#include "base/mem.h"
#include "rpc/frame.h"
#include <check.h>
#include <errno.h>
#include <string.h>

static void put_request(struct str *out, uint64_t id, const char *verb, size_t payload)
{
    cleanup_free uint8_t *bytes = xcalloc(1, payload + 1);
    Defang__Request request = DEFANG__REQUEST__INIT;

    request.verb = (char *)(uintptr_t)verb;
    request.payload = (ProtobufCBinaryData){.len = payload, .data = bytes};

    Defang__Frame frame = DEFANG__FRAME__INIT;
    frame.call_id = id;
    frame.body_case = DEFANG__FRAME__BODY_REQUEST;
    frame.request = &request;
    ck_assert_int_eq(frame_encode(out, &frame, 1 << 20, NULL), 0);
}

static void feed(struct frame_decoder *d, const void *data, size_t n)
{
    const char *p = data;
    while (n > 0) {
        size_t room;
        void *to = frame_decoder_space(d, &room);
        size_t part = MIN(room, n);

        memcpy(to, p, part);
        frame_decoder_filled(d, part);
        p += part;
        n -= part;
    }
}

static uint64_t next_id(struct frame_decoder *d)
{
    const uint8_t *message;
    size_t n;

    if (frame_decoder_next(d, &message, &n, NULL) != 1)
        return 0;

    Defang__Frame *f = frame_decode(message, n, NULL);
    ck_assert_ptr_nonnull(f);

    uint64_t id = f->call_id;
    defang__frame__free_unpacked(f, NULL);

    return id;
}

START_TEST(pieces_of_every_size_give_the_same_frames)
{
    cleanup_str struct str bytes = STR_INIT;
    size_t payloads[] = {0, 1, 5000, 70000, 3};

    for (size_t i = 0; i < ARRAY_LEN(payloads); i++)
        put_request(&bytes, i + 1, "list", payloads[i]);

    size_t steps[] = {1, 2, 3, 5, 7, 4095, 4096, 4097, 65536, bytes.len};
    for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
        struct frame_decoder d;

        frame_decoder_init(&d, 1 << 20);

        uint64_t expected = 1, id;
        for (size_t at = 0; at < bytes.len; at += steps[k]) {
            feed(&d, bytes.data + at, MIN(steps[k], bytes.len - at));
            while ((id = next_id(&d)) != 0)
                ck_assert_uint_eq(id, expected++);
        }

        ck_assert_uint_eq(expected, ARRAY_LEN(payloads) + 1);
        ck_assert_uint_eq(frame_decoder_pending(&d), 0);
        frame_decoder_done(&d);
    }
}
END_TEST

START_TEST(nothing_comes_out_before_the_last_byte)
{
    cleanup_str struct str bytes = STR_INIT;

    put_request(&bytes, 42, "watch", 300);

    for (size_t cut = 0; cut < bytes.len; cut++) {
        struct frame_decoder d;

        frame_decoder_init(&d, 1 << 20);
        feed(&d, bytes.data, cut);

        const uint8_t *message;
        size_t n;

        ck_assert_int_eq(frame_decoder_next(&d, &message, &n, NULL), 0);
        feed(&d, bytes.data + cut, bytes.len - cut);
        ck_assert_uint_eq(next_id(&d), 42);
        frame_decoder_done(&d);
    }
}
END_TEST

START_TEST(an_announced_length_costs_nothing)
{
    struct frame_decoder d;

    frame_decoder_init(&d, 1 << 20);

    static const uint8_t at_cap[] = {0x00, 0x10, 0x00, 0x00}, over[] = {0x00, 0x10, 0x00, 0x01},
                         huge[] = {0xff, 0xff, 0xff, 0xff};
    const uint8_t *message;
    size_t n;

    feed(&d, at_cap, 4);
    ck_assert_int_eq(frame_decoder_next(&d, &message, &n, NULL), 0);
    ck_assert_uint_le(d.cap, 4096);
    frame_decoder_done(&d);

    const uint8_t *bad[] = {over, huge};
    for (size_t i = 0; i < 2; i++) {
        struct error err = ERROR_INIT;

        feed(&d, bad[i], 4);
        ck_assert_int_eq(frame_decoder_next(&d, &message, &n, &err), -EMSGSIZE);
        ck_assert_ptr_nonnull(strstr(err.message, "1048576"));
        error_done(&err);
        frame_decoder_done(&d);
    }
}
END_TEST

START_TEST(an_idle_decoder_gives_memory_back)
{
    cleanup_str struct str bytes = STR_INIT;

    put_request(&bytes, 1, "x", 900000);

    struct frame_decoder d;
    frame_decoder_init(&d, 1 << 20);
    feed(&d, bytes.data, bytes.len);
    ck_assert_uint_eq(next_id(&d), 1);

    size_t room;
    frame_decoder_space(&d, &room);
    ck_assert_uint_le(d.cap, 65536);
    frame_decoder_done(&d);
}
END_TEST

START_TEST(garbage_is_not_a_frame)
{
    static const struct {
        const char *bytes;
        size_t n;
    } cases[] = {
        {"", 0},
        {"\x08\x01", 2} /* a call id and no body */,
        {"\xff\xff\xff\xff\xff", 5},
        {"\x12\x7f", 2},
        {"hello", 5},
        {"\x1a\x02\x0a\x7f", 4},
        {"\xa2\x06\x00", 3} /* only an unknown field */,
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = ERROR_INIT;

        ck_assert_ptr_null(frame_decode((const uint8_t *)cases[i].bytes, cases[i].n, &err));
        ck_assert_msg(err.code == -EBADMSG, "case %zu", i);
        error_done(&err);
    }
}
END_TEST

START_TEST(items_travel_unchanged)
{
    uint8_t data[256];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;

    cleanup_str struct str out = STR_INIT;
    ck_assert_int_eq(
        frame_encode_bytes(&out, 9, DEFANG__FRAME__BODY_ITEM, data, sizeof data, 1024, NULL), 0);

    Defang__Frame *f = frame_decode((const uint8_t *)out.data + 4, out.len - 4, NULL);
    ck_assert_int_eq(f->body_case, DEFANG__FRAME__BODY_ITEM);
    ck_assert_uint_eq(f->call_id, 9);
    ck_assert_uint_eq(f->item.len, sizeof data);
    ck_assert_mem_eq(f->item.data, data, sizeof data);
    defang__frame__free_unpacked(f, NULL);

    size_t before = out.len;
    ck_assert_int_eq(
        frame_encode_bytes(&out, 9, DEFANG__FRAME__BODY_ITEM, data, sizeof data, 200, NULL),
        -EMSGSIZE);
    ck_assert_uint_eq(out.len, before);
}
END_TEST

static Defang__Frame *error_there_and_back(
    const struct error *e, const struct rpc_diagnostic *d, size_t n, size_t max, struct error *back)
{
    cleanup_str struct str out = STR_INIT;

    ck_assert_int_eq(frame_encode_error(&out, 3, e, d, n, NULL, max), 0);

    Defang__Frame *f = frame_decode((const uint8_t *)out.data + 4, out.len - 4, NULL);
    ck_assert_int_eq(f->body_case, DEFANG__FRAME__BODY_ERROR);
    ck_assert_int_eq(frame_error_to(f->error, back), back->code);

    return f;
}

START_TEST(errors_come_back_whole)
{
    static const enum error_kind kinds[] = {
        ERR_FAILED,
        ERR_USAGE,
        ERR_AUTH,
        ERR_CLOUD,
        ERR_REFUSED,
        ERR_NOT_FOUND,
        ERR_CANCELED,
        ERR_TIMEOUT,
        ERR_ROLLED_BACK,
        ERR_UNREACHABLE,
        ERR_INTERRUPTED};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct error e = ERROR_INIT, back = ERROR_INIT;

        error_raise(&e, kinds[i], "creating stack: denied");
        error_hint(&e, "ask the owner");
        error_at(&e, "compose.yaml", 12, 3);
        error_aws(&e, "AccessDenied", "req-1", 403);

        struct rpc_diagnostic d[] = {
            {.message = "no such key",
             .file = "compose.yaml",
             .line = 4,
             .column = 2,
             .hint = "image?"},
            {.severity = 1, .message = "ignored"}};

        Defang__Frame *f = error_there_and_back(&e, d, 2, 4096, &back);

        ck_assert_int_eq(back.kind, kinds[i]);
        ck_assert_int_eq(back.code, error_kind_errno(kinds[i]));

        cleanup_free char *a = error_format(&e), *b = error_format(&back);
        ck_assert_str_eq(a, b);
        ck_assert_uint_eq(f->error->n_diagnostics, 2);
        ck_assert_str_eq(f->error->diagnostics[0]->hint, "image?");
        ck_assert_uint_eq(f->error->diagnostics[1]->severity, 1);
        defang__frame__free_unpacked(f, NULL);
        error_done(&e);
        error_done(&back);
    }
}
END_TEST

START_TEST(errors_always_fit)
{
    struct error e = ERROR_INIT, back = ERROR_INIT;

    error_raise(&e, ERR_USAGE, "many mistakes");

    struct rpc_diagnostic d[64];
    for (size_t i = 0; i < 64; i++)
        d[i] = (struct rpc_diagnostic){
            .message = "a mistake that takes some room to tell about", .line = (unsigned)i};

    Defang__Frame *f = error_there_and_back(&e, d, 64, 1000, &back);
    ck_assert_uint_gt(f->error->n_diagnostics, 0);
    ck_assert_uint_lt(f->error->n_diagnostics, 64);
    ck_assert_str_eq(back.message, "many mistakes");
    defang__frame__free_unpacked(f, NULL);
    error_done(&e);
    error_done(&back);

    cleanup_free char *longest = xcalloc(1, 3000);
    memset(longest, 'x', 2999);
    error_raise(&e, ERR_CLOUD, "%s", longest);
    f = error_there_and_back(&e, NULL, 0, 1000, &back);
    ck_assert_int_eq(back.kind, ERR_CLOUD);
    defang__frame__free_unpacked(f, NULL);
    error_done(&e);
    error_done(&back);
}
END_TEST

START_TEST(an_unknown_kind_is_a_failure)
{
    Defang__Error wire = DEFANG__ERROR__INIT;
    for (uint32_t kind = 0; kind < 300; kind += 7) {
        struct error back = ERROR_INIT;

        wire.kind = kind;
        ck_assert_int_lt(frame_error_to(&wire, &back), 0);
        ck_assert_int_ne(back.kind, ERR_NONE);
        ck_assert_int_ne(error_kind_exit(back.kind), 0);
        error_done(&back);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rpc/frame");
    TCase *tc = tcase_create("frame");
    tcase_add_test(tc, pieces_of_every_size_give_the_same_frames);
    tcase_add_test(tc, nothing_comes_out_before_the_last_byte);
    tcase_add_test(tc, an_announced_length_costs_nothing);
    tcase_add_test(tc, an_idle_decoder_gives_memory_back);
    tcase_add_test(tc, garbage_is_not_a_frame);
    tcase_add_test(tc, items_travel_unchanged);
    tcase_add_test(tc, errors_come_back_whole);
    tcase_add_test(tc, errors_always_fit);
    tcase_add_test(tc, an_unknown_kind_is_a_failure);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);

    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);

    return failed != 0;
}
