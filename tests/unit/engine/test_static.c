/* What a browser is told of a static file. */
#include "base/mem.h"
#include "engine/site/types.h"
#include <check.h>
#include <stdlib.h>

static const struct {
    const char *key, *type, *cache;
} CASES[] = {
    {"index.html", "text/html; charset=utf-8", "no-cache"},
    {"a/b/INDEX.HTM", "text/html; charset=utf-8", "no-cache"},
    {"assets/app.3f9c41ab.js",
     "text/javascript; charset=utf-8",
     "public, max-age=31536000, immutable"},
    {"assets/index-BdH7x0q2.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"},
    {"assets/stylesheet.css", "text/css; charset=utf-8", "public, max-age=3600"},
    {"my-application.js", "text/javascript; charset=utf-8", "public, max-age=3600"},
    {"logo.svg", "image/svg+xml", "public, max-age=3600"},
    {"a.b/LICENSE", "application/octet-stream", "public, max-age=3600"},
    {"3f9c41ab.js", "text/javascript; charset=utf-8", "public, max-age=3600"},
};

START_TEST(types)
{
    ck_assert_str_eq(static_content_type(CASES[_i].key), CASES[_i].type);
    ck_assert_str_eq(static_cache_control(CASES[_i].key), CASES[_i].cache);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine/static");
    TCase *t = tcase_create("types");
    tcase_add_loop_test(t, types, 0, (int)ARRAY_LEN(CASES));
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
