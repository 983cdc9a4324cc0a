/* Check programs with several cases: main(), and tests of contracts whose breach aborts (suite.h is
 * for one flat list of tests). */
#pragma once

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SUITE_ASAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SUITE_ASAN 1
#endif
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SUITE_TSAN 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define SUITE_TSAN 1
#endif

/* abort() is SIGABRT with and without sanitizers (ours do not handle it). Such a test needs a
 * process of its own. */
#define suite_expect_abort(tcase, test)                                                            \
    do {                                                                                           \
        if (suite_forks())                                                                         \
            tcase_add_test_raise_signal(tcase, test, SIGABRT);                                     \
    } while (0)

/* A segmentation fault: the sanitizers catch it, report and exit with a code of their own. */
#if defined(SUITE_ASAN) || defined(SUITE_TSAN)
#ifdef SUITE_ASAN
#define SUITE_CRASH_EXIT 1
#else
#define SUITE_CRASH_EXIT 66
#endif
#define suite_expect_crash(tcase, test)                                                            \
    do {                                                                                           \
        if (suite_forks())                                                                         \
            tcase_add_exit_test(tcase, test, SUITE_CRASH_EXIT);                                    \
    } while (0)
#else
#define suite_expect_crash(tcase, test)                                                            \
    do {                                                                                           \
        if (suite_forks())                                                                         \
            tcase_add_test_raise_signal(tcase, test, SIGSEGV);                                     \
    } while (0)
#endif

static inline int suite_forks(void)
{
    const char *fork_setting = getenv("CK_FORK");
    return !fork_setting || strcmp(fork_setting, "no") != 0;
}

#define SUITE_MAIN(make_suite)                                                                     \
    int main(void)                                                                                 \
    {                                                                                              \
        SRunner *runner = srunner_create(make_suite());                                            \
        srunner_run_all(runner, CK_NORMAL);                                                        \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                          \
    }
