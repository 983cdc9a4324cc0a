/* Origins: which remotes are one repository, which origins are the same, and what is refused when
 * something deployed would be removed from another one. */
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "plan/origin.h"
#include "plan/plan.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "unit/lib/suite.h"

START_TEST(trust_15_one_repository_has_many_urls)
{
    static const char *const cases[][2] = {
        {"git@github.com:acme/shop.git", "github.com/acme/shop"},
        {"https://github.com/acme/shop", "github.com/acme/shop"},
        {"https://github.com/acme/shop.git/", "github.com/acme/shop"},
        {"https://GitHub.com/Acme/Shop.git", "github.com/acme/shop"},
        {"ssh://git@github.com:22/acme/shop.git", "github.com/acme/shop"},
        {"ssh://git@ssh.github.com:443/acme/shop.git", "github.com/acme/shop"},
        {"git://github.com/acme/shop.git", "github.com/acme/shop"},
        {"https://x-access-token:ghs_secret@github.com/acme/shop", "github.com/acme/shop"},
        {"https://me:p%40ss@w0rd@github.com/acme/shop.git", "github.com/acme/shop"},
        {"https://github.com/acme/shop.git?access_token=secret", "github.com/acme/shop"},
        {"https://gitlab-ci-token:t@git.acme.test:8443/a/b/c.git", "git.acme.test/a/b/c"},
        {"git@git.acme.test:a/b/c", "git.acme.test/a/b/c"},
        {"git.acme.test:a/b/c.git", "git.acme.test/a/b/c"},
        {"https://git.acme.test/A/b", "git.acme.test/A/b"},
        {"https://[2001:db8::1]:8443/a.git", "[2001:db8::1]:8443/a"},
        {"git@ssh.dev.azure.com:v3/org/proj/shop", "dev.azure.com/org/proj/_git/shop"},
        {"https://org@dev.azure.com/org/proj/_git/shop", "dev.azure.com/org/proj/_git/shop"},
        {"codecommit::us-west-2://me@shop", "git-codecommit.us-west-2.amazonaws.com/v1/repos/shop"},
        {"https://git-codecommit.us-west-2.amazonaws.com/v1/repos/shop",
         "git-codecommit.us-west-2.amazonaws.com/v1/repos/shop"},
        {"codecommit://shop", "codecommit/v1/repos/shop"},
        {"/srv/git/shop.git", "/srv/git/shop"},
        {"file:///srv/git/shop.git/", "/srv/git/shop"},
        {"../shop.git", "/srv/of/shop"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *remote = plan_origin_remote(cases[i][0], "/srv/of/work");
        ck_assert_msg(remote && strcmp(remote, cases[i][1]) == 0, "%s -> %s", cases[i][0], remote);
    }

    ck_assert_ptr_null(plan_origin_remote("  ", "/"));
    ck_assert_ptr_null(plan_origin_remote("https://", "/"));
}
END_TEST

/* Whatever is in a remote's URL, what comes out is short, printable and UTF-8. */
START_TEST(trust_15_an_origin_is_bounded)
{
    char url[8192] = "https://h.test/";

    memset(url + strlen(url), 'x', 6000);
    cleanup_free char *longer = plan_origin_remote(url, "/");
    ck_assert_uint_le(strlen(longer), 512);

    cleanup_free char *control = plan_origin_remote("https://h.test/a\033[31mb", "/");
    ck_assert_ptr_null(strchr(control, '\033'));

    cleanup_free char *bytes = plan_origin_remote("https://h.test/a\xff", "/");
    ck_assert(text_utf8_valid(bytes, strlen(bytes)));
}
END_TEST

static json_t *origin(const char *repository, const char *place, const char *file)
{
    return object(
        key("repository", repository),
        key("folder", repository ? NULL : place),
        key("files", texts(file)),
        key("owner", "me"),
        key("place", place));
}

START_TEST(trust_15_a_clone_is_the_same_and_a_folder_is_not)
{
    static const struct {
        const char *repository[2], *place[2], *file[2];
        bool same, near;
    } cases[] = {
        {{"h/a", "h/a"}, {"p", "q"}, {"compose.yaml", "compose.yaml"}, true, true},
        {{"h/a", "h/b"}, {"p", "p"}, {"compose.yaml", "compose.yaml"}, false, false},
        {{"h/a", "h/a"}, {"p", "p"}, {"compose.yaml", "compose.prod.yaml"}, false, true},
        {{"h/a", "h/a"}, {"p", "p"}, {"a/compose.yaml", "b/compose.yaml"}, false, false},
        {{NULL, NULL}, {"p", "p"}, {"compose.yaml", "compose.yaml"}, true, true},
        {{NULL, NULL}, {"p", "p"}, {"compose.yaml", "compose.prod.yaml"}, false, true},
        {{NULL, NULL}, {"p", "q"}, {"compose.yaml", "compose.yaml"}, false, false},
        {{NULL, "h/a"}, {"p", "p"}, {"compose.yaml", "compose.yaml"}, true, true},
        {{NULL, "h/a"}, {"p", "q"}, {"compose.yaml", "compose.yaml"}, false, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_json json_t *a =
            origin(cases[i].repository[0], cases[i].place[0], cases[i].file[0]);
        cleanup_json json_t *b =
            origin(cases[i].repository[1], cases[i].place[1], cases[i].file[1]);

        ck_assert_msg(plan_origin_same(a, b) == cases[i].same, "case %zu", i);
        ck_assert_msg(plan_origin_same(b, a) == cases[i].same, "case %zu, turned", i);
        ck_assert_msg(plan_origin_near(a, b) == cases[i].near, "case %zu, near", i);
        ck_assert(plan_origin_same(a, NULL) && plan_origin_same(NULL, b));
    }
}
END_TEST

/* What the check says of a project of service `web`, over a template with these services. */
static int check(const json_t *from, const json_t *here, const char *other, bool adopt, char **said)
{
    struct compose_service web = {.name = "web"};
    struct compose_project project = {.name = "app", .services = &web, .service_count = 1};
    struct plan_settings settings = {.stack = "beta"};
    cleanup_json json_t *previous = object(
        key("Metadata",
            object(key(
                "Defang",
                object(
                    key("origin", from ? json_deep_copy(from) : NULL),
                    key("services",
                        object(key("web", object()), key(other ? other : "web", object()))))))));
    struct plan_request r = {
        .project = &project,
        .settings = &settings,
        .previous = previous,
        .origin = here,
        .adopt = adopt};
    struct error err = ERROR_INIT;
    int rc = plan_check_origin(&r, NULL, &err);

    ck_assert(rc == 0 || err.kind == ERR_REFUSED);
    *said = rc < 0 ? xasprintf("%s\n%s", err.message, err.hint) : plan_origin_note(&r);
    error_done(&err);

    return rc;
}

START_TEST(trust_15_another_origin_may_not_remove)
{
    cleanup_json json_t *theirs = origin(NULL, "/srv/of/one", "compose.yaml");
    cleanup_json json_t *ours = origin("github.com/acme/two", "q", "compose.yaml");
    cleanup_free char *refused = NULL, *adopted = NULL, *harmless = NULL, *own = NULL, *old = NULL,
                      *by_name = NULL;

    ck_assert_int_lt(check(theirs, ours, "api", false, &refused), 0);
    const char *const parts[] = {
        "app/beta", "/srv/of/one", "github.com/acme/two", "api", "--adopt"};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        ck_assert_msg(strstr(refused, parts[i]) != NULL, "%s is not in: %s", parts[i], refused);

    ck_assert_int_eq(check(theirs, ours, "api", true, &adopted), 0);
    ck_assert_ptr_nonnull(strstr(adopted, "/srv/of/one"));
    ck_assert_int_eq(check(theirs, ours, NULL, false, &harmless), 0);
    ck_assert_ptr_nonnull(strstr(harmless, "/srv/of/one"));
    ck_assert_int_eq(check(ours, ours, "api", false, &own), 0);
    ck_assert_ptr_null(own);
    ck_assert_int_eq(check(NULL, ours, "api", false, &old), 0);
    ck_assert_ptr_null(old);
    ck_assert_int_eq(check(theirs, NULL, "api", false, &by_name), 0);
    ck_assert_ptr_null(by_name);
}
END_TEST

/* The services are the same, but the load balancer goes: only the graph tells. */
START_TEST(trust_15_another_origin_may_not_remove_a_resource)
{
    struct compose_project project = {.name = "app"};
    struct plan_settings settings = {.stack = "beta"};
    cleanup_json json_t *theirs = origin(NULL, "/srv/of/one", "compose.yaml");
    cleanup_json json_t *ours = origin(NULL, "/srv/of/two", "compose.yaml");
    cleanup_json json_t *previous = object(
        key("Metadata", object(key("Defang", object(key("origin", json_incref(theirs)))))),
        key("Resources",
            object(key(
                "Balancer", object(key("Type", "AWS::ElasticLoadBalancingV2::LoadBalancer"))))));
    cleanup_graph struct graph *g = graph_new("nothing");
    struct plan_request r = {
        .project = &project, .settings = &settings, .previous = previous, .origin = ours};
    struct error err = ERROR_INIT;

    ck_assert_int_eq(plan_check_origin(&r, NULL, &err), 0);
    ck_assert_int_lt(plan_check_origin(&r, g, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.message, "resource Balancer"));
    error_done(&err);
    r.adopt = true;
    ck_assert_int_eq(plan_check_origin(&r, g, &err), 0);
}
END_TEST

SUITE(
    "plan/origin",
    trust_15_one_repository_has_many_urls,
    trust_15_an_origin_is_bounded,
    trust_15_a_clone_is_the_same_and_a_folder_is_not,
    trust_15_another_origin_may_not_remove,
    trust_15_another_origin_may_not_remove_a_resource)
