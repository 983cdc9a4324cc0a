/* data/object.h: what is written is what the document says, in the order of the keys, and nothing
 * is left behind. */
#include "data/object.h"
#include "unit/lib/suite.h"
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

static void expect(json_t *value, const char *text)
{
    char *found = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    ck_assert_str_eq(found, text);
    free(found);
    json_decref(value);
}

START_TEST(every_type)
{
    const char *constant = "c";
    char own[] = "own";
    bool yes = true;
    uint16_t port = 65535;
    size_t size = 7;

    expect(
        object(key("text", "a"), key("const", constant), key("own", own)),
        "{\"text\":\"a\",\"const\":\"c\",\"own\":\"own\"}");
    expect(
        object(key("true", true), key("false", false), key("variable", yes)),
        "{\"true\":true,\"false\":false,\"variable\":true}");
    expect(
        object(
            key("int", -1),
            key("unsigned", UINT_MAX),
            key("port", port),
            key("size", size),
            key("long long", LLONG_MIN)),
        "{\"int\":-1,\"unsigned\":4294967295,\"port\":65535,\"size\":7,"
        "\"long long\":-9223372036854775808}");
    expect(object(key("double", 0.5)), "{\"double\":0.5}");
    expect(object(key("json", json_null())), "{\"json\":null}");
}
END_TEST

START_TEST(empty)
{
    json_t *none = NULL;

    expect(
        object(
            key("array", json_unless_empty(array())),
            key("object", json_unless_empty(object())),
            key("none", json_unless_empty(none)),
            key("full", json_unless_empty(texts("a"))),
            key("also", json_unless_empty(object(key("b", 1))))),
        "{\"full\":[\"a\"],\"also\":{\"b\":1}}");
}
END_TEST

START_TEST(nested)
{
    expect(
        object(
            key("a", object(key("b", array(object(key("c", 1)), json_integer(2))))),
            key("d", texts("x", "y"))),
        "{\"a\":{\"b\":[{\"c\":1},2]},\"d\":[\"x\",\"y\"]}");
    expect(object(), "{}");
    expect(array(), "[]");
    expect(texts(), "[]");
}
END_TEST

START_TEST(null_is_left_out)
{
    const char *none = NULL;
    json_t *nothing = NULL;

    expect(object(key("a", none), key("b", 1), key("c", nothing)), "{\"b\":1}");
    expect(array(json_true(), nothing, json_false()), "[true,false]");
    expect(texts("a", none, "b"), "[\"a\",\"b\"]");
    ck_assert_ptr_null(json_of(none));
}
END_TEST

START_TEST(added_later)
{
    json_t *list = array(json_integer(1));
    json_t *o = object(key("a", 1));

    json_push(list, json_of("two"));
    json_push(list, NULL);
    json_add(o, "list", list);
    json_add(o, "none", NULL);
    expect(o, "{\"a\":1,\"list\":[1,\"two\"]}");
}
END_TEST

START_TEST(the_last_of_a_name_counts)
{
    expect(object(key("a", 1), key("a", 2)), "{\"a\":2}");
}
END_TEST

SUITE(
    "data/object",
    every_type,
    nested,
    empty,
    null_is_left_out,
    added_later,
    the_last_of_a_name_counts)
