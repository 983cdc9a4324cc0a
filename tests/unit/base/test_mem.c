/* base/mem.h, base/vec.h and base/secret.h: allocation, vectors that grow, secrets that are
 * wiped. */
#include "base/mem.h"
#include "base/secret.h"
#include "base/vec.h"
#include "unit/lib/suite.h"
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

START_TEST(copies)
{
    cleanup_free char *a = xstrdup("abc"), *b = xstrndup("abcdef", 2),
                      *c = xasprintf("%d%s", 1, "x"), *d = xstrdup_null(NULL);
    ck_assert_str_eq(a, "abc");
    ck_assert_str_eq(b, "ab");
    ck_assert_str_eq(c, "1x");
    ck_assert_ptr_null(d);
    cleanup_free char *unterminated = xstrndup((char[]){'x', 'y'}, 2);
    ck_assert_str_eq(unterminated, "xy");
    free(xmalloc(0));
    free(xcalloc(0, 0));
    free(xmemdup(NULL, 0));
    char *moved = steal(a);
    ck_assert_ptr_null(a);
    free(moved);
}
END_TEST

START_TEST(fd_is_closed_at_scope_end)
{
    int kept;
    {
        cleanup_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        kept = fd;
        ck_assert_int_ge(fd, 0);
    }
    ck_assert_int_eq(fcntl(kept, F_GETFD), -1);
    {
        cleanup_fd int none = -1;
        (void)none;
    }
}
END_TEST

START_TEST(impossible_size_aborts)
{
    /* Check expects SIGABRT; no core file of it */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    xreallocarray(NULL, SIZE_MAX / 2, 4);
}
END_TEST

START_TEST(vectors)
{
    VEC(int) v = {0};
    vec_each(it, &v)
        ck_abort_msg("an empty one has no items");
    for (int i = 0; i < 1000; i++)
        vec_push(&v, i);
    ck_assert_uint_eq(v.len, 1000);
    int sum = 0;
    vec_each(it, &v)
        sum += *it;
    ck_assert_int_eq(sum, 499500);
    ck_assert_int_eq(*vec_last(&v), 999);
    ck_assert_int_eq(vec_pop(&v), 999);
    vec_clear(&v);
    ck_assert_uint_eq(v.len, 0);
    vec_free(&v);
    ck_assert_ptr_null(v.items);
}
END_TEST

START_TEST(secrets)
{
    cleanup_secret struct secret a = SECRET_INIT, b = SECRET_INIT;
    ck_assert_str_eq(secret_get(&a), "");
    secret_set(&a, "hunter2");
    secret_copy(&b, &a);
    ck_assert_ptr_ne(a.data, b.data);
    ck_assert_str_eq(secret_get(&b), "hunter2");
    secret_set(&b, secret_get(&b) + 3); /* a part of itself */
    ck_assert_str_eq(secret_get(&b), "ter2");
    secret_set_bytes(&b, "a\0b", 3);
    ck_assert_uint_eq(b.len, 3);
    secret_set(&b, NULL);
    ck_assert(!secret_is_set(&b));
    secret_set(&b, "");
    ck_assert(secret_is_set(&b));
    secret_copy(&b, &(struct secret)SECRET_INIT);
    ck_assert(!secret_is_set(&b));
    char text[] = "password";
    secret_wipe(text, sizeof text);
    ck_assert_mem_eq(text, (char[sizeof text]){0}, sizeof text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base/mem");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, copies);
    tcase_add_test(tcase, fd_is_closed_at_scope_end);
    tcase_add_test_raise_signal(tcase, impossible_size_aborts, SIGABRT);
    tcase_add_test(tcase, vectors);
    tcase_add_test(tcase, secrets);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
