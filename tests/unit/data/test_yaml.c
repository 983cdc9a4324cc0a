/* Nodes, anchors, merge keys, types, positions, bounds. Types were compared with the YAML reader of
 * the reference loader. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/yaml.h"
#include "unit/lib/suite.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

/* {a: 1, b: [x, "y"]} with types: i1 s"x" n b f */
static void flatten(const struct yaml_node *n, struct str *out)
{
    static const char marks[] = {
        [YAML_TYPE_NULL] = 'n',
        [YAML_TYPE_BOOL] = 'b',
        [YAML_TYPE_INT] = 'i',
        [YAML_TYPE_FLOAT] = 'f',
        [YAML_TYPE_STRING] = 's'};
    if (n->kind == YAML_KIND_SCALAR) {
        str_appendf(out, "%c:%s", marks[yaml_scalar_type(n)], n->value);
        return;
    }
    bool seq = n->kind == YAML_KIND_SEQUENCE;
    str_append(out, seq ? "[" : "{");
    for (size_t i = 0; i < n->len; i++) {
        if (i)
            str_append(out, ", ");
        if (!seq)
            str_appendf(out, "%s=", n->pairs[i].key->value);
        flatten(seq ? n->items[i] : n->pairs[i].value, out);
    }
    str_append(out, seq ? "]" : "}");
}

START_TEST(accepted)
{
    static const char *const rows[][2] = {
        {"a: 1\nb: [x, 'y', \"z\"]", "{a=i:1, b=[s:x, s:y, s:z]}"},
        {"- |\n  two\n  lines\n- >-\n  folded\n  text", "[s:two\nlines\n, s:folded text]"},
        {"[~, null, NULL, '', true, False, yes, on, .5, 1e3, 0x1F, 0o17, 017, 08, 0b11, 1_0, -3, "
         "+4, .inf, "
         "-.INF, .nan]",
         "[n:~, n:null, n:NULL, s:, b:true, b:False, s:yes, s:on, f:.5, f:1e3, i:0x1F, i:0o17, "
         "i:017, f:08, "
         "i:0b11, i:1_0, i:-3, "
         "i:+4, f:.inf, f:-.INF, f:.nan]"},
        {"[1:2, 1.2.3, 2024-01, ., -, 0x, 1e, '1', !!str 1, !!int '1', ! 1]",
         "[s:1:2, s:1.2.3, s:2024-01, s:., s:-, s:0x, s:1e, s:1, s:1, i:1, s:1]"},
        {"a: &x {k: 1}\nb: *x", "{a={k=i:1}, b={k=i:1}}"},
        {"base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3",
         "{base={x=i:1, y=i:2}, use={y=i:3, x=i:1}}"},
        {"a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc:\n  <<: [*a, *b]",
         "{a={x=i:1}, b={x=i:2, z=i:3}, c={x=i:1, z=i:3}}"},
        {"a: {'<<': 1}", "{a={<<=i:1}}"},
        {"{a: , b: ~}", "{a=n:, b=n:~}"},
        {"a: &x 1\nb: &x 2\nc: *x", "{a=i:1, b=i:2, c=i:2}"},
        {"\xef\xbb\xbf"
         "a: 1",
         "{a=i:1}"},
        {"# nothing\n---\n...\n---\na: 1\n", "{a=i:1}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new();
        cleanup_error struct error err = ERROR_INIT;
        cleanup_str struct str got = STR_INIT;
        struct yaml_node *root;
        ck_assert_msg(
            yaml_parse(a, "f", rows[i][0], strlen(rows[i][0]), &root, &err) == 0,
            "row %zu: %s",
            i,
            err.message);
        flatten(root, &got);
        ck_assert_str_eq(str_get(&got), rows[i][1]);
    }
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *text;
        unsigned line, column;
        const char *message;
    } rows[] = {
        {"a: 1\na: 2", 2, 1, "already defined at line 1"},
        {"a: *nowhere", 1, 4, "not defined above"},
        {"a: &x [*x]", 1, 8, "inside its own anchor"},
        {"? [a]\n: b", 1, 3, "a key must be a text"},
        {"a: {<<: 1}", 1, 9, "takes a mapping"},
        {"a: 1\n---\nb: 2", 3, 1, "more than one document"},
        {"a:\n\tb", 2, 1, "not valid YAML"},
        {"a: [1", 1, 4, "not valid YAML"},
        {"a: \"x\\0y\"", 1, 4, "NUL"},
        {"a: \xff", 1, 1, "not readable as YAML"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new();
        cleanup_error struct error err = ERROR_INIT;
        struct yaml_node *root;
        ck_assert_msg(
            yaml_parse(a, "dir/f.yaml", rows[i].text, strlen(rows[i].text), &root, &err) < 0,
            "row %zu passed",
            i);
        ck_assert_msg(strstr(err.message, rows[i].message) != NULL, "row %zu: %s", i, err.message);
        ck_assert_str_eq(err.file, "dir/f.yaml");
        ck_assert_int_eq(err.kind, ERR_USAGE);
        if (rows[i].message[0] !=
            'n') { /* where libyaml places its own complaints is its business */
            ck_assert_msg(
                err.line == rows[i].line && err.column == rows[i].column,
                "row %zu: %u:%u",
                i,
                err.line,
                err.column);
        }
        ck_assert_uint_ge(err.line, 1);
    }
}
END_TEST

START_TEST(empty)
{
    static const char *const rows[] = {"", "\n", "# only\n", "---\n", "~", "---\n...\n---\n"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new();
        struct yaml_node *root = (struct yaml_node *)rows;
        ck_assert_int_eq(yaml_parse(a, "f", rows[i], strlen(rows[i]), &root, NULL), 0);
        ck_assert_ptr_null(root);
    }
}
END_TEST

START_TEST(positions)
{
    cleanup_arena struct arena *a = arena_new();
    struct yaml_node *root, *list;
    const char *text = "a: 1\nmäp:\n  - x\n  -   \"y\"\n";
    ck_assert_int_eq(yaml_parse(a, "f.yaml", text, strlen(text), &root, NULL), 0);
    list = yaml_get(root, "m\xc3\xa4p");
    ck_assert_ptr_nonnull(list);
    ck_assert_uint_eq(list->pos.line, 3);
    ck_assert_uint_eq(list->pos.column, 3);
    ck_assert_uint_eq(list->items[1]->pos.line, 4);
    ck_assert_uint_eq(list->items[1]->pos.column, 7);
    ck_assert_uint_eq(root->pairs[1].key->pos.line, 2);
    ck_assert_str_eq(list->pos.file, "f.yaml");
    ck_assert_ptr_null(yaml_get(root, "b"));
    ck_assert_ptr_null(yaml_get(list, "b"));
    ck_assert_ptr_null(yaml_get(NULL, "b"));
}
END_TEST

START_TEST(numbers)
{
    static const struct {
        const char *text;
        long long value;
        int rc;
    } rows[] = {
        {"0", 0, 0},
        {"-12", -12, 0},
        {"0x1f", 31, 0},
        {"0o17", 15, 0},
        {"017", 15, 0},
        {"0b101", 5, 0},
        {"1_000", 1000, 0},
        {"9223372036854775807", 9223372036854775807LL, 0},
        {"-9223372036854775808", -9223372036854775807LL - 1, 0},
        {"9223372036854775808", 0, -1},
        {"1.5", 0, -1},
        {"", 0, -1},
        {"08", 0, -1},
        {"0x", 0, -1},
        {"1a", 0, -1},
        {"_", 0, -1},
    };
    cleanup_arena struct arena *a = arena_new();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct yaml_node *n = yaml_new_scalar(a, (struct yaml_pos){0}, rows[i].text, true);
        long long got = 0;
        int rc = yaml_scalar_int(n, &got);
        ck_assert_msg((rc < 0) == (rows[i].rc < 0), "%s", rows[i].text);
        ck_assert_msg(rc < 0 || got == rows[i].value, "%s: %lld", rows[i].text, got);
    }
    double real;
    ck_assert_int_eq(
        yaml_scalar_float(yaml_new_scalar(a, (struct yaml_pos){0}, "2.50", true), &real), 0);
    ck_assert_double_eq(real, 2.5);
    ck_assert_int_lt(
        yaml_scalar_float(yaml_new_scalar(a, (struct yaml_pos){0}, "0x1p3", true), &real), 0);
}
END_TEST

static double seconds_of(const char *text, size_t n, int *rc, char **message)
{
    struct timespec from, to;
    cleanup_arena struct arena *a = arena_new();
    cleanup_error struct error err = ERROR_INIT;
    struct yaml_node *root;
    clock_gettime(CLOCK_MONOTONIC, &from);
    *rc = yaml_parse(a, "f", text, n, &root, &err);
    clock_gettime(CLOCK_MONOTONIC, &to);
    *message = xstrdup(err.message ? err.message : "");
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Each level ten times the one before: 10^12 nodes in some hundred bytes. */
START_TEST(bombs)
{
    cleanup_str struct str lists = STR_INIT, merges = STR_INIT, deep = STR_INIT, flat = STR_INIT;
    str_append(&lists, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    str_append(&merges, "a0: &a0 {k: 1}\n");
    for (int i = 1; i <= 12; i++) {
        str_appendf(&lists, "a%d: &a%d [", i, i);
        str_appendf(&merges, "a%d: &a%d {", i, i);
        for (int k = 0; k < 10; k++) {
            str_appendf(&lists, "%s*a%d", k ? ", " : "", i - 1);
            str_appendf(&merges, "%sk%d: {<<: *a%d}", k ? ", " : "", k, i - 1);
        }
        str_append(&lists, "]\n");
        str_append(&merges, "}\n");
    }
    for (int i = 0; i < 200; i++)
        str_append(&deep, "[");
    str_append(&flat, "a0: &a0 [1]\n");
    for (int i = 1; i < 300; i++)
        str_appendf(&flat, "a%d: &a%d [*a%d]\n", i, i, i - 1);

    const struct {
        const struct str *text;
        const char *message;
    } rows[] = {
        {&lists, "grows past"},
        {&merges, "grows past"},
        {&deep, "nested deeper"},
        {&flat, "nested deeper"}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int rc;
        cleanup_free char *message = NULL;
        double took = seconds_of(str_get(rows[i].text), rows[i].text->len, &rc, &message);
        ck_assert_int_lt(rc, 0);
        ck_assert_msg(strstr(message, rows[i].message) != NULL, "row %zu: %s", i, message);
        ck_assert_msg(took < 1.0, "row %zu took %.3f s", i, took);
    }
}
END_TEST

/* Twenty thousand keys and anchors: nothing may look through all of them for each. */
START_TEST(many_keys)
{
    cleanup_str struct str text = STR_INIT;
    for (int i = 0; i < 20000; i++)
        str_appendf(&text, "key%d: &anchor%d v%d\nuse%d: *anchor%d\n", i, i, i, i, i);
    cleanup_arena struct arena *a = arena_new();
    struct yaml_node *root;
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    ck_assert_int_eq(yaml_parse(a, "f", str_get(&text), text.len, &root, NULL), 0);
    char key[32];
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "use%d", i);
        struct yaml_node *n = yaml_get(root, key);
        ck_assert_ptr_nonnull(n);
        ck_assert_str_eq(n->value + 1, key + 3);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    ck_assert_uint_eq(root->len, 40000);
    ck_assert_int_lt(to.tv_sec - from.tv_sec, 5);
    ck_assert(yaml_map_remove(root, "key7"));
    ck_assert(!yaml_map_remove(root, "key7"));
    ck_assert_ptr_null(yaml_get(root, "key7"));
    ck_assert_ptr_nonnull(yaml_get(root, "key8"));
    yaml_map_set(a, root, yaml_new_scalar(a, root->pos, "key7", true), yaml_get(root, "key8"));
    ck_assert_str_eq(yaml_get(root, "key7")->value, "v8");
    ck_assert_str_eq(yaml_get(root, "use19999")->value, "v19999");
}
END_TEST

START_TEST(equality)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"{a: 1, b: 2}", "{b: 2, a: 1}", true},
        {"[1, 2]", "[2, 1]", false},
        {"'1'", "1", false},
        {"~", "null", true},
        {"{a: 1}", "{a: 1, b: 2}", false},
        {"[a]", "a", false},
        {"{a: [x]}", "{a: [x]}", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new();
        struct yaml_node *l = NULL, *r = NULL;
        yaml_parse(a, "f", rows[i].a, strlen(rows[i].a), &l, NULL);
        yaml_parse(a, "f", rows[i].b, strlen(rows[i].b), &r, NULL);
        ck_assert_msg(yaml_equal(l, r) == rows[i].same, "row %zu", i);
        if (l)
            ck_assert(yaml_equal(l, yaml_copy_deep(a, l)));
    }
}
END_TEST

SUITE("data/yaml", accepted, refused, empty, positions, numbers, bombs, many_keys, equality)
