/* Registries by their names: what people type, how it is kept, which hosts are ECR's, and what is
 * said when one refuses. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/registries.h"
#include <check.h>
#include <string.h>

static const struct host_row {
    const char *typed, *host; /* NULL: refused */
} HOSTS[] = {
    {"ghcr.io", "ghcr.io"},
    {"https://GHCR.io/", "ghcr.io"},
    {"http://registry.example.com:5000/v2/", "registry.example.com:5000"},
    {"docker.io", "docker.io"},
    {"index.docker.io", "docker.io"},
    {"https://index.docker.io/v1/", "docker.io"},
    {"registry-1.docker.io", "docker.io"},
    {"hub.docker.com", "docker.io"},
    {"registry.gitlab.com/team/app", "registry.gitlab.com"},
    {"localhost", "localhost"},
    {"myhost:5000", "myhost:5000"},
    {"", NULL},
    {"/", NULL},
    {"ghcr", NULL},
    {"ghcr.io:", NULL},
    {"ghcr.io:http", NULL},
    {"-ghcr.io", NULL},
    {"ghcr.io.", NULL},
    {"gh cr.io", NULL},
    {"gh_cr.io", NULL},
    {"user@ghcr.io", NULL},
    {"public.ecr.aws", NULL},
    {"123456789012.dkr.ecr.eu-west-1.amazonaws.com", NULL},
    {"https://123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", NULL},
};

START_TEST(hosts)
{
    const struct host_row *r = &HOSTS[_i];
    cleanup_arena struct arena *a = arena_new();
    cleanup_error struct error err = ERROR_INIT;
    const char *host = NULL;
    int rc = plan_registry_host(a, r->typed, &host, &err);

    if (!r->host) {
        ck_assert_msg(rc < 0 && err.kind == ERR_USAGE, "row %d: %s", _i, host ? host : "");
        return;
    }
    ck_assert_int_eq(rc, 0);
    ck_assert_str_eq(host, r->host);

    const char *config = plan_registry_config(a, host);
    ck_assert_ptr_null(strchr(config, ':'));
    ck_assert_str_eq(plan_registry_of_config(a, config), host);
}
END_TEST

static const struct hint_row {
    const char *image, *said, *hint; /* a part of it; NULL: none */
} HINTS[] = {
    {"ghcr.io/a/b:1",
     "CannotPullContainerError: … pull access denied, repository does not exist",
     "registry login ghcr.io`"},
    {"a/b", "… authorization failed: no basic auth credentials", "registry login docker.io`"},
    {"123456789012.dkr.ecr.eu-west-1.amazonaws.com/a", "403 Forbidden", NULL},
    {"ghcr.io/a/b:1", "CannotPullContainerError: ghcr.io/a/b:1: not found", NULL},
    {"ghcr.io/a/b:1", NULL, NULL},
    {NULL,
     "error building image: GET https://quay.io/v2/a/b/manifests/1: UNAUTHORIZED: …",
     "registry login quay.io`"},
    {NULL,
     "GET https://auth.docker.io/token: HEAD https://index.docker.io/v2/a/b: UNAUTHORIZED",
     "registry login docker.io`"},
    {NULL, "error: UNAUTHORIZED", NULL},
    {NULL, "https://", NULL},
    {NULL, NULL, NULL},
};

START_TEST(hints)
{
    const struct hint_row *r = &HINTS[_i];
    cleanup_arena struct arena *a = arena_new();
    const char *hint = plan_registry_hint(a, r->image, r->said);

    if (r->hint)
        ck_assert_msg(hint && strstr(hint, r->hint), "row %d: %s", _i, hint ? hint : "nothing");
    else
        ck_assert_msg(!hint, "row %d: %s", _i, hint);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("plan/registries");
    TCase *t = tcase_create("names");

    tcase_add_loop_test(t, hosts, 0, (int)ARRAY_LEN(HOSTS));
    tcase_add_loop_test(t, hints, 0, (int)ARRAY_LEN(HINTS));
    suite_add_tcase(s, t);

    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
