/* data/xml.h: trees of replies, names without prefixes, entities and bounds refused. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/xml.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <string.h>

static struct xml_node *parsed(struct arena *arena, const char *text)
{
    struct xml_node *root = NULL;
    cleanup_error struct error err = ERROR_INIT;
    ck_assert_msg(
        xml_parse(arena, text, strlen(text), &root, &err) == 0, "%s: %s", text, err.message);
    return root;
}

START_TEST(tree)
{
    cleanup_arena struct arena *a = arena_new();
    struct xml_node *root = parsed(
        a,
        "<?xml version=\"1.0\"?>\n<n:List xmlns:n=\"u\" xmlns=\"d\" "
        "n:count=\"2\"><Item>a&amp;b</Item>"
        "<Other/> <Item>c<![CDATA[<d>]]></Item><Error><Code>X</Code></Error></n:List>");
    ck_assert_str_eq(root->name, "List");
    ck_assert_ptr_null(root->parent);
    ck_assert_str_eq(xml_attr_get(root, "count"), "2");
    ck_assert_ptr_null(xml_attr_get(root, "xmlns")); /* declarations are not attributes */
    ck_assert_ptr_null(root->attrs->next);
    struct xml_node *item = xml_child(root, "Item");
    ck_assert_str_eq(item->text, "a&b");
    item = xml_next(item, "Item");
    ck_assert_str_eq(item->text, "c<d>");
    ck_assert_ptr_eq(item->parent, root);
    ck_assert_ptr_null(xml_next(item, "Item"));
    ck_assert_str_eq(xml_child(root, "Other")->text, "");
    ck_assert_str_eq(xml_text(root, "Error/Code"), "X");
    ck_assert_str_eq(xml_text(item, NULL), "c<d>");
    ck_assert_ptr_null(xml_text(root, "Error/Message"));
    ck_assert_ptr_null(xml_text(root, "Err/Code"));
    ck_assert_ptr_null(xml_text(NULL, "x"));
    ck_assert_ptr_null(xml_child(NULL, "x"));
    ck_assert_ptr_null(xml_attr_get(NULL, "x"));
    ck_assert_ptr_null(xml_attr_get(root, "none"));
}
END_TEST

START_TEST(text_around_children_is_joined)
{
    cleanup_arena struct arena *a = arena_new();
    struct xml_node *root = parsed(a, "<a>one<b>two<c/>2</b> three</a>");
    ck_assert_str_eq(root->text, "one three");
    ck_assert_str_eq(root->first->text, "two2");
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "no element found"},
        {"<a>", "no element found"},
        {"<a></b>", "line 1, column 6: mismatched tag"},
        {"<a>\n<b x=1/></a>", "line 2"},
        {"<a/><b/>", "junk"},
        {"<a>&undefined;</a>", "undefined entity"},
        {"<!DOCTYPE a><a/>", "document type"},
        {"<!DOCTYPE l [<!ENTITY x \"ha\"><!ENTITY y \"&x;&x;\">]><l>&y;</l>", "document type"},
        {"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "document type"},
        {"<a>\x01</a>", "not well-formed"},
        {"<a>\xff</a>", "not well-formed"},
        {"<a b='1' b='2'/>", "duplicate attribute"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new();
        struct xml_node *root = NULL;
        cleanup_error struct error err = ERROR_INIT;
        ck_assert_int_eq(xml_parse(a, rows[i].text, strlen(rows[i].text), &root, &err), -EBADMSG);
        ck_assert_ptr_null(root);
        ck_assert_msg(strstr(err.message, rows[i].says) != NULL, "%s", err.message);
    }
}
END_TEST

START_TEST(bounds)
{
    for (size_t depth = LIMIT_XML_DEPTH; depth <= LIMIT_XML_DEPTH + 1; depth++) {
        cleanup_arena struct arena *a = arena_new();
        cleanup_str struct str s = STR_INIT;
        for (size_t i = 0; i < depth; i++)
            str_append(&s, "<a>");
        for (size_t i = 0; i < depth; i++)
            str_append(&s, "</a>");
        struct xml_node *root = NULL;
        cleanup_error struct error err = ERROR_INIT;
        ck_assert_int_eq(
            xml_parse(a, s.data, s.len, &root, &err), depth > LIMIT_XML_DEPTH ? -EBADMSG : 0);
        ck_assert(depth <= LIMIT_XML_DEPTH || strstr(err.message, "too deep") != NULL);
    }
    cleanup_arena struct arena *a = arena_new();
    struct xml_node *root = NULL;
    ck_assert_int_eq(xml_parse(a, "<a/>", LIMIT_XML_BYTES + 1, &root, NULL), -EFBIG);
}
END_TEST

SUITE("data/xml", tree, text_around_children_is_joined, refused, bounds)
