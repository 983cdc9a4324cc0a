/* Large and hostile input: time grows with size, nothing is followed without a bound. */
#include "unit/compose/kit.h"
#include <time.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void many_services(struct str *out, int n, bool chained)
{
    str_append(out, "x-env: &env {A: '1', B: '${CALLER}'}\nservices:\n");
    for (int i = 0; i < n; i++) {
        str_appendf(
            out,
            "  s%d:\n    image: app:%d\n    environment:\n      <<: *env\n      N: '%d'\n    "
            "ports: "
            "['%d:80']\n",
            i,
            i,
            i,
            1000 + i % 60000);
        if (chained && i)
            str_appendf(out, "    depends_on: [s%d]\n", i - 1);
    }
}

static double time_of(int n)
{
    cleanup_str struct str text = STR_INIT;
    cleanup_kit struct kit k;
    many_services(&text, n, true);
    double from = seconds();
    kit_load_text(&k, str_get(&text));
    double took = seconds() - from;
    ck_assert_msg(k.rc == 0, "%s", k.err.message);
    ck_assert_uint_eq(k.project->service_count, (size_t)n);
    return took;
}

/* Eight times the services must not take anything like sixty-four times as long. */
START_TEST(linear)
{
    double small = time_of(500), large = time_of(4000);
    ck_assert_msg(large < small * 30 + 0.2, "500: %.3f s, 4000: %.3f s", small, large);
}
END_TEST

START_TEST(long_extends)
{
    cleanup_str struct str text = STR_INIT;
    cleanup_kit struct kit k;
    str_append(&text, "services:\n  s0: {image: x, environment: {BASE: '1'}}\n");
    for (int i = 1; i < 1500; i++)
        str_appendf(&text, "  s%d: {extends: s%d}\n", i, i - 1);
    kit_load_text(&k, str_get(&text));
    ck_assert_msg(k.rc == 0, "%s", k.err.message);
    ck_assert_str_eq(compose_service_get(k.project, "s1499")->image, "x");
    ck_assert_uint_eq(compose_service_get(k.project, "s1499")->environment_count, 1);
}
END_TEST

/* The last one first: the whole chain is open at once. */
START_TEST(too_long_extends)
{
    cleanup_str struct str text = STR_INIT;
    cleanup_kit struct kit k;
    str_append(&text, "services:\n");
    for (int i = 50000; i > 0; i--)
        str_appendf(&text, "  s%d: {extends: s%d}\n", i, i - 1);
    str_append(&text, "  s0: {image: x}\n");
    kit_load_text(&k, str_get(&text));
    ck_assert_int_lt(k.rc, 0);
    ck_assert_ptr_nonnull(strstr(k.err.message, "extend each other"));
}
END_TEST

START_TEST(hostile)
{
    static const char *const rows[][2] = {
        {"services: {a: {image: x, ports: ['1-65535:1-65535']}}", "means more than"},
        {"services: {a: &a {image: x, deploy: *a}}", "inside its own anchor"},
        {"services: {a: {image: \"\xc2\xa0\\0\"}}", "NUL"},
        {"services: [a]", "must be a mapping"},
        {"services: {a: {extends: a, image: x}}", "circle"},
        {"services: {a: {image: x, cpus: .inf}}", "is not a number"},
        {"services: {a: {image: x, deploy: {resources: {limits: {cpus: .nan}}}}}",
         "is not a number"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_kit struct kit k;
        kit_load_text(&k, rows[i][0]);
        ck_assert_msg(
            k.rc < 0 && strstr(k.err.message, rows[i][1]), "row %zu: %s", i, k.err.message);
    }
}
END_TEST

/* Bytes that are no UTF-8 in the caller's environment must not pass for marks, and whoever uses
 * them hears of it: dropped, a default or a config would stand in their place. */
START_TEST(trust_10_foreign_bytes)
{
    cleanup_kit struct kit k;
    static const char *const files[] = {"-", NULL};
    kit_init(&k, "/project");
    env_set(k.env, "BAD", "a\xffSECRET\xfe");
    k.options.files = files;
    k.options.stdin_text = "services: {a: {image: x, environment: {V: '${BAD}'}}}";
    kit_load(&k);
    ck_assert_int_lt(k.rc, 0);
    ck_assert_ptr_nonnull(strstr(k.err.message, "variable BAD holds bytes that are not UTF-8"));
}
END_TEST

SUITE("compose/scale", linear, long_extends, too_long_extends, hostile, trust_10_foreign_bytes)
