/* Which release is meant, what runs, and what an image's name says; files that are kept. */
#include "engine/release/release.h"
#include "unit/lib/suite.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include <string.h>

/* "3S:a 2R:b 1S:c": number, first letter of the state, content; newest first. */
static json_t *entries(const char *text)
{
    json_t *list = array();

    while (*text) {
        int number;
        char state, content[16];
        int n = 0;

        ck_assert_int_eq(sscanf(text, "%d%c:%15[a-z]%n", &number, &state, content, &n), 3);
        cleanup_free char *id = xasprintf("deployment%02d", number);
        json_push(
            list,
            object(
                key("number", number),
                key("deployment", id),
                key("content", content),
                key("state",
                    strchr("SP", state) ? "SUCCEEDED"
                    : state == 'R'      ? "ROLLED_BACK"
                    : state == 'C'      ? "CANCELED"
                                        : "FAILED"),
                key("partial", state == 'P' ? json_true() : NULL)));
        text += n;
        text += *text == ' ';
    }
    return list;
}

static long long number_of(const json_t *entry)
{
    return entry ? json_int_or(entry, "number", 0) : 0;
}

static const struct {
    const char *history;
    bool deployed;
    long long current, before;
} cases[] = {
    {"", false, 0, 0},
    {"1S:a", true, 1, 0},
    {"1S:a", false, 1, 1}, /* after a `down` */
    {"2S:b 1S:a", true, 2, 1},
    {"3R:c 2S:b 1S:a", true, 2, 1},      /* taken back: 2 runs */
    {"4C:d 3R:c 2S:b 1S:a", true, 2, 1}, /* so does it after a cancel */
    {"3F:c 2S:b 1S:a", true, 0, 2},      /* nobody knows what runs */
    {"3S:a 2S:b 1S:a", true, 3, 2},      /* a rollback of a rollback */
    {"3S:b 2S:b 1S:a", true, 3, 1},      /* the same again is no place to go back to */
    {"3S:c 2R:b 1F:a", true, 3, 0},
    {"3S:c 2P:b 1S:a", true, 3, 1}, /* some services alone: no state of the whole */
};

START_TEST(which_one_is_meant)
{
    json_t *list = entries(cases[_i].history);

    ck_assert_int_eq(number_of(release_current(list)), cases[_i].current);
    ck_assert_int_eq(number_of(release_before(list, cases[_i].deployed)), cases[_i].before);
    json_decref(list);
}
END_TEST

START_TEST(by_name)
{
    json_t *list = entries("12S:b 2S:a 1S:c");
    static const struct {
        const char *which;
        long long number;
    } names[] = {
        {"12", 12},
        {"#12", 12},
        {"1", 1},
        {"deployment02", 2},
        {"3", 0},
        {"", 0},
        {NULL, 0},
        {"0", 0},
        {"-1", 0},
        {"1x", 0},
        {"99999999999999999999", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        ck_assert_int_eq(number_of(release_find(list, names[i].which)), names[i].number);
    json_decref(list);
}
END_TEST

START_TEST(image_parts)
{
    struct arena *a = arena_new();
    const char *repository, *digest, *tag;
    static const char host[] = "123456789012.dkr.ecr.us-west-2.amazonaws.com";
    cleanup_free char *by_digest = xasprintf("%s/shop/kaniko-build@sha256:0a1b", host);
    cleanup_free char *by_tag = xasprintf("%s/shop/kaniko-build:web-image-1", host);
    cleanup_free char *bare = xasprintf("%s/shop/kaniko-build", host);

    ck_assert(release_image_parts(a, by_digest, &repository, &digest, &tag));
    ck_assert_str_eq(repository, "shop/kaniko-build");
    ck_assert_str_eq(digest, "sha256:0a1b");
    ck_assert_ptr_null(tag);
    ck_assert(release_image_parts(a, by_tag, &repository, &digest, &tag));
    ck_assert_str_eq(tag, "web-image-1");
    ck_assert_ptr_null(digest);
    ck_assert(!release_image_parts(a, bare, &repository, &digest, &tag));
    ck_assert(!release_image_parts(a, "nginx:1.27", &repository, &digest, &tag));
    ck_assert(!release_image_parts(a, "ghcr.io/a.dkr.ecr.b/c:1", &repository, &digest, &tag));
    arena_free(a);
}
END_TEST

START_TEST(files_come_back)
{
    static const char bytes[] = "\0\xff two";
    struct compose_file_source secrets[] = {
        {.name = "note", .file = "/none/here", .kept = bytes, .kept_bytes = sizeof bytes},
        {.name = "gone", .file = "/none/here"},
        {.name = "outside", .file = "/none", .external = true}};
    struct compose_project p = {.arena = arena_new(), .secrets = secrets, .secret_count = 3};
    json_t *files = release_files_read(&p);

    ck_assert_uint_eq(json_object_size(files), 1);
    secrets[0].kept = NULL;
    release_files_give(&p, files);
    ck_assert_uint_eq(secrets[0].kept_bytes, sizeof bytes);
    ck_assert_mem_eq(secrets[0].kept, bytes, sizeof bytes);
    ck_assert_ptr_null(secrets[1].kept);
    json_decref(files);
    arena_free(p.arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine/release");
    TCase *t = tcase_create("all");

    tcase_add_loop_test(t, which_one_is_meant, 0, ARRAY_LEN(cases));
    tcase_add_test(t, by_name);
    tcase_add_test(t, image_parts);
    tcase_add_test(t, files_come_back);
    suite_add_tcase(suite, t);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
