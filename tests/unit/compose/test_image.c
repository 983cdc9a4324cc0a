/* Names of images as Docker reads them, and the places where a project names one. */
#include "compose/bind/image.h"
#include "unit/compose/kit.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(names)
{
    static const struct {
        const char *text, *whole;
    } rows[] = {
        {"nginx", "docker.io/library/nginx:latest"},
        {"nginx:1.2", "docker.io/library/nginx:1.2"},
        {"team/app", "docker.io/team/app:latest"},
        {"index.docker.io/x", "docker.io/library/x:latest"},
        {"localhost/x", "localhost/x:latest"},
        {"localhost:5000/x:1", "localhost:5000/x:1"},
        {"r.example.com/a/b-c__d.e:T_1.2-3", "r.example.com/a/b-c__d.e:T_1.2-3"},
        {"nginx:1@" DIGEST, "docker.io/library/nginx"},
        {"nginx@" DIGEST, "docker.io/library/nginx"},
        {"", NULL},
        {"Nginx", NULL},
        {"a//b", NULL},
        {"a/", NULL},
        {"/a", NULL},
        {"-a", NULL},
        {"a..b", NULL},
        {"a___b", NULL},
        {"a:", NULL},
        {"a:.b", NULL},
        {"a:b c", NULL},
        {"a@sha256:12", NULL},
        {"a@md5:0123", NULL},
        {"http://r/a", NULL},
        {"r.io/$x", NULL},
        {"\xc3\xa4", NULL},
    };
    cleanup_arena struct arena *arena = arena_new();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct image_name name;
        cleanup_error struct error err = ERROR_INIT;
        int rc = image_name_parse(arena, rows[i].text, &name, &err);
        ck_assert_msg(
            (rc == 0) == (rows[i].whole != NULL),
            "%s: %s",
            rows[i].text,
            err.message ? err.message : "taken");
        if (rc == 0)
            ck_assert_str_eq(image_name_text(arena, &name, NULL), rows[i].whole);
    }
}
END_TEST

static const char *add_one(void *arg, const char *image, struct yaml_pos pos, struct error *err)
{
    if (strcmp(image, "bad") == 0) {
        error_raise(err, ERR_USAGE, "line %u", pos.line);
        return NULL;
    }
    return arena_printf(arg, "%s+", image);
}

START_TEST(places)
{
    cleanup_kit struct kit k;
    kit_load_text(
        &k,
        "services:\n  a: {image: x, volumes: [{type: image, source: y, target: /y}, /z], "
        "pre_start: [{image: w, command: [c]}]}\n  b: {build: .}\n");
    ck_assert_msg(k.rc == 0, "%s", k.err.message);
    ck_assert_int_eq(compose_map_images(k.project, add_one, k.project->arena, &k.err), 0);
    cleanup_str struct str out = STR_INIT;
    compose_show_yaml(k.project, &out);
    ck_assert_ptr_nonnull(strstr(str_get(&out), "image: \"x+\""));
    ck_assert_ptr_nonnull(strstr(str_get(&out), "source: \"y+\""));
    ck_assert_ptr_nonnull(strstr(str_get(&out), "image: \"w+\""));
    ck_assert_str_eq(compose_service_get(k.project, "a")->image, "x+");
    ck_assert_ptr_null(compose_service_get(k.project, "b")->image);
}
END_TEST

START_TEST(a_refusal_ends_it)
{
    cleanup_kit struct kit k;
    kit_load_text(&k, "services:\n  a: {image: x}\n  b: {image: bad}\n");
    ck_assert_int_lt(compose_map_images(k.project, add_one, k.project->arena, &k.err), 0);
    ck_assert_str_eq(k.err.message, "line 3");
}
END_TEST

SUITE("compose/image", names, places, a_refusal_ends_it)
