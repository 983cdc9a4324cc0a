/* Projects that are too large, and circles: told at once, and no more than what is there (issue 13,
 * survive.md rows 5 and 20). */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/plan.h"
#include "plan/report/explain.h"
#include "unit/compose/kit.h"
#include <time.h>

/* `n` services; each waits for the one before it, or all but each tenth live in that one's task. */
static void many(struct str *out, unsigned n, bool within)
{
    str_append(out, "name: p\nservices:\n");
    for (unsigned i = 0; i < n; i++) {
        str_appendf(out, "  s%05u: {image: x:1", i);
        if (within && i)
            str_append(out, ", network_mode: 'service:s00000'");
        else if (i)
            str_appendf(out, ", depends_on: [s%05u]", i - 1);
        str_append(out, "}\n");
    }
}

static const struct {
    unsigned n;
    bool within;
    const char *said; /* NULL: not refused by its number */
} SIZES[] = {
    {LIMIT_PLAN_RESOURCES / LIMIT_PLAN_SERVICE_RESOURCES, false, NULL},
    {LIMIT_PLAN_RESOURCES / LIMIT_PLAN_SERVICE_RESOURCES + 1, false, "at most 250 services"},
    {4000, false, "the project has 4000 services"},
    {LIMIT_PLAN_CONTAINERS, true, NULL},
    {LIMIT_PLAN_CONTAINERS + 1, true, "a task of ECS takes 10 containers"},
    {4000, true, "the project has 3999 services in the tasks of 1 others"},
};

START_TEST(survive_20_the_number_alone_refuses)
{
    for (size_t i = 0; i < ARRAY_LEN(SIZES); i++) {
        cleanup_str struct str text = STR_INIT;
        cleanup_kit struct kit k;
        cleanup_error struct error err = ERROR_INIT;

        many(&text, SIZES[i].n, SIZES[i].within);
        kit_load_text(&k, str_get(&text));
        ck_assert_msg(k.rc == 0, "%s", k.err.message);

        int rc = plan_bound(k.project, &k.diags, &err);
        ck_assert_msg((rc < 0) == (SIZES[i].said != NULL), "row %zu: %d", i, rc);
        if (rc < 0) {
            ck_assert_int_eq(err.kind, ERR_REFUSED);
            ck_assert_msg(strstr(err.message, SIZES[i].said) != NULL, "%s", err.message);
            ck_assert_ptr_nonnull(err.hint);
            ck_assert_uint_gt(err.line, 0);
            ck_assert_uint_eq(k.diags.len, 1);
        }
    }
}
END_TEST

/* And what one service lists. */
START_TEST(survive_20_a_list_is_bounded)
{
    static const struct {
        const char *key;
        unsigned n;
        bool refused;
    } rows[] = {{"ports", 1000, false}, {"ports", 1001, true}, {"labels", 5000, true}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_str struct str text = STR_INIT;
        cleanup_kit struct kit k;
        cleanup_error struct error err = ERROR_INIT;

        str_appendf(&text, "name: p\nservices:\n  a:\n    image: x:1\n    %s:\n", rows[i].key);
        for (unsigned n = 1; n <= rows[i].n; n++)
            str_appendf(&text, text_eq(rows[i].key, "ports") ? "    - '%u'\n" : "    - l%u=1\n", n);
        kit_load_text(&k, str_get(&text));
        ck_assert_msg(k.rc == 0, "%s", k.err.message);
        ck_assert_int_eq(plan_bound(k.project, NULL, &err) < 0, rows[i].refused);
        ck_assert(!rows[i].refused || strstr(err.message, rows[i].key));
    }
}
END_TEST

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* By every way in, none of which may look at the services one by one before. */
START_TEST(survive_20_every_way_in_is_bounded)
{
    cleanup_str struct str text = STR_INIT;
    cleanup_kit struct kit k;
    cleanup_arena struct arena *arena = arena_new();
    struct plan_settings settings;
    struct explain explained;

    many(&text, 3000, false);
    kit_load_text(&k, str_get(&text));
    ck_assert_msg(k.rc == 0, "%s", k.err.message);
    ck_assert_int_eq(plan_settings_resolve(arena, NULL, k.env, NULL, NULL, &settings, NULL), 0);

    double from = cpu_seconds();
    for (int way = 0; way < 4; way++) {
        cleanup_error struct error err = ERROR_INIT;
        struct graph *g = NULL;
        struct plan_request r = {.project = k.project, .settings = &settings};
        int rc = way == 0   ? plan_check(k.project, &settings, &k.diags, &err)
                 : way == 1 ? plan_lint(k.project, &settings, &k.diags, &err)
                 : way == 2
                     ? plan_explain(arena, k.project, &settings, NULL, &k.diags, &explained, &err)
                     : plan_make(&r, &g, &k.diags, &err);

        ck_assert_int_lt(rc, 0);
        ck_assert_int_eq(err.kind, ERR_REFUSED);
    }
    ck_assert_msg(cpu_seconds() - from < 1, "%.3f s", cpu_seconds() - from);
}
END_TEST

/* A letter is a service, what follows its ":" are those that it waits for; "b=a": b in a's task. */
static const struct {
    const char *text;
    const char *circles; /* letters whose dependency is refused */
} CIRCLES[] = {
    {"a: b:a c:b", ""},
    {"a:b b:a", "ab"},
    {"a:b b:c c:a d:a", "abc"},
    {"a:b b: c:d d:c e:ac", "cd"},
    {"a:a", "a"},
    {"a: b=a c: d:c", ""},
    {"a:c b=a c:b", "ac"},
    {"a: b=a c:a", ""},
};

static void write_circle(const char *row, struct str *out)
{
    str_append(out, "name: p\nservices:\n");
    for (const char *p = row; *p;) {
        str_appendf(out, "  %c: {image: x:1", *p++);
        if (*p == '=') {
            str_appendf(out, ", network_mode: 'service:%c'", p[1]);
            p += 2;
        } else {
            str_append(out, ", depends_on: [");
            for (p++; *p && *p != ' '; p++)
                str_appendf(out, "%c,", *p);
            str_append(out, "]");
        }
        str_append(out, "}\n");
        p += *p == ' ';
    }
}

START_TEST(circles)
{
    for (size_t i = 0; i < ARRAY_LEN(CIRCLES); i++) {
        cleanup_str struct str text = STR_INIT, found = STR_INIT;
        cleanup_kit struct kit k;
        cleanup_arena struct arena *arena = arena_new();
        struct plan_settings settings;

        write_circle(CIRCLES[i].text, &text);
        kit_load_text(&k, str_get(&text));
        if (k.rc < 0) { /* the loader knows circles among services, not among tasks */
            ck_assert_msg(*CIRCLES[i].circles, "%s: %s", CIRCLES[i].text, k.err.message);
            continue;
        }
        ck_assert_int_eq(
            plan_settings_resolve(arena, k.project, k.env, NULL, NULL, &settings, NULL), 0);
        plan_check(k.project, &settings, &k.diags, NULL);

        for (char letter = 'a'; letter <= 'e'; letter++) {
            char said[64];

            snprintf(said, sizeof said, "service %c depends on itself", letter);
            for (size_t d = 0; d < k.diags.len; d++)
                if (text_starts(k.diags.items[d].message, said)) {
                    str_append_char(&found, letter);
                    break;
                }
        }
        ck_assert_msg(
            strcmp(str_get(&found), CIRCLES[i].circles) == 0,
            "%s: %s",
            CIRCLES[i].text,
            str_get(&found));
    }
}
END_TEST

SUITE(
    "plan/bound",
    survive_20_the_number_alone_refuses,
    survive_20_a_list_is_bounded,
    survive_20_every_way_in_is_bounded,
    circles)
