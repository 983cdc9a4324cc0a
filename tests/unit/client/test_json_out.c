/* Messages as JSON lines: every kind of field, and text that must be escaped. */
#include "client/view/json_out.h"
#include "unit/lib/suite.h"

#include "base/mem.h"
#include "proto/defang.pb-c.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *text;
static size_t length;

static const char *print(const void *message)
{
    free(text);
    FILE *f = open_memstream(&text, &length);
    json_out_message(f, message);
    fclose(f);
    return text;
}

START_TEST(an_event_with_a_row)
{
    Defang__Row row = DEFANG__ROW__INIT;

    row.id = (char *)"image/api";
    row.state = DEFANG__ROW_STATE__ROW_DONE;
    row.kind = DEFANG__ROW_KIND__ROW_KIND_SERVICE;
    row.elapsed_ms = 38200;
    row.order = 20;

    Defang__Event e = DEFANG__EVENT__INIT;
    e.sequence = UINT64_C(18446744073709551615);
    e.time_ms = -5;
    e.kind = DEFANG__EVENT_KIND__EVENT_ROW;
    e.row = &row;
    e.message = (char *)"say \"hi\"\\ \n\t\x01 \x7f k\xc3\xa4se";
    print(&e);
    ck_assert_ptr_nonnull(strstr(text, "\"sequence\":18446744073709551615"));
    ck_assert_ptr_nonnull(strstr(text, "\"time_ms\":-5"));
    ck_assert_ptr_nonnull(strstr(text, "\"kind\":\"EVENT_ROW\""));
    ck_assert_ptr_nonnull(strstr(text, "\"row\":{\"id\":\"image/api\""));
    ck_assert_ptr_nonnull(strstr(text, "\"state\":\"ROW_DONE\""));
    ck_assert_ptr_nonnull(strstr(text, "\"order\":20"));
    ck_assert_ptr_nonnull(
        strstr(text, "\"message\":\"say \\\"hi\\\"\\\\ \\n\\u0009\\u0001 \\u007f k\xc3\xa4se\""));
    ck_assert_ptr_null(strstr(text, "\"resource\"")); /* what is not set is left out */
    ck_assert_int_eq(text[length - 1], '\n');
    ck_assert_ptr_eq(strchr(text, '\n'), text + length - 1); /* one line */
}
END_TEST

START_TEST(lists_of_texts_and_messages)
{
    char *kept[] = {(char *)"a", (char *)"b"};
    Defang__Endpoint one = DEFANG__ENDPOINT__INIT, two = DEFANG__ENDPOINT__INIT;

    one.service = (char *)"web";
    one.is_public = true;

    Defang__Endpoint *endpoints[] = {&one, &two};
    Defang__Result r = DEFANG__RESULT__INIT;

    r.kept = kept;
    r.n_kept = 2;
    r.endpoints = endpoints;
    r.n_endpoints = 2;
    r.nothing_changed = true;
    print(&r);
    ck_assert_ptr_nonnull(strstr(text, "\"kept\":[\"a\",\"b\"]"));
    ck_assert_ptr_nonnull(
        strstr(text, "\"endpoints\":[{\"service\":\"web\",\"is_public\":true},{}]"));
    ck_assert_ptr_nonnull(strstr(text, "\"nothing_changed\":true"));
}
END_TEST

START_TEST(bytes_are_text_or_said_to_be_none)
{
    Defang__CdReply r = DEFANG__CD_REPLY__INIT;

    r.text.data = (uint8_t *)(char[]){"{}"};
    r.text.len = 2;
    ck_assert_str_eq(print(&r), "{\"text\":\"{}\"}\n");
    r.text.data = (uint8_t *)(char[]){"\xff\xfe"};
    ck_assert_str_eq(print(&r), "{\"text\":\"(binary)\"}\n");
}
END_TEST

START_TEST(text_that_is_not_utf8_is_still_json)
{
    Defang__Event e = DEFANG__EVENT__INIT;

    e.message = (char *)"caf\xe9/\xc3\xa9 \xff\xe2\x82";
    ck_assert_str_eq(print(&e), "{\"message\":\"caf\\ufffd/\xc3\xa9 \\ufffd\\ufffd\\ufffd\"}\n");
}
END_TEST

START_TEST(an_enum_from_a_newer_daemon_is_a_number)
{
    Defang__Event e = DEFANG__EVENT__INIT;

    e.kind = (Defang__EventKind)99;
    ck_assert_str_eq(print(&e), "{\"kind\":99}\n");
}
END_TEST

START_TEST(an_empty_message)
{
    Defang__Event e = DEFANG__EVENT__INIT;

    ck_assert_ptr_nonnull(strchr(print(&e), '{'));
    ck_assert_ptr_null(strstr(text, ",}"));
}
END_TEST

START_TEST(an_error)
{
    struct error err = ERROR_INIT;

    error_raise(&err, ERR_USAGE, "bad \"key\"");
    error_hint(&err, "mend it");
    error_at(&err, "compose.yaml", 3, 7);
    FILE *f = open_memstream(&text, &length);
    json_out_error(f, &err, NULL);
    fclose(f);
    ck_assert_ptr_nonnull(strstr(
        text,
        "\"exit_code\":2,\"message\":\"bad \\\"key\\\"\",\"hint\":\"mend "
        "it\",\"file\":\"compose.yaml\",\"line\":3,\"column\":7}}"));
    error_done(&err);
}
END_TEST

SUITE(
    "client/json_out",
    an_event_with_a_row,
    lists_of_texts_and_messages,
    bytes_are_text_or_said_to_be_none,
    text_that_is_not_utf8_is_still_json,
    an_enum_from_a_newer_daemon_is_a_number,
    an_empty_message,
    an_error)
