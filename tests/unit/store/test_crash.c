/* What a killed daemon, a full disk and a failing disk leave behind. */
#include "fixture.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* A child writes turns of three events and an intent each, and is killed wherever it is. */
static void write_until_killed(int ready_fd)
{
    loop = loop_new();
    store = NULL;
    if (store_open(loop, folder, &store, NULL) < 0)
        _exit(3);
    if (write(ready_fd, "x", 1) != 1)
        _exit(4);

    for (unsigned turn = 0;; turn++) {
        char text[32];

        snprintf(text, sizeof text, "turn %u", turn);
        for (int i = 0; i < 3; i++)
            fixture_event("a", text);
        store_intent_put(store, "a", "turn", text, NULL);
        if (store_flush(store, NULL) < 0)
            _exit(5);
    }
}

START_TEST(a_killed_writer_leaves_whole_turns)
{
    fixture_insert("a", "shop", NULL);

    uint64_t before = 0;
    for (int round = 0; round < 12; round++) {
        store_close(store);
        store = NULL;

        int fds[2];
        ck_assert_int_eq(pipe(fds), 0);

        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0)
            write_until_killed(fds[1]);

        char c;
        close(fds[1]);
        ck_assert_int_eq(read(fds[0], &c, 1), 1);
        close(fds[0]);
        usleep((useconds_t)(3000 + round * 1777)); /* a different place each time */
        kill(pid, SIGKILL);

        int status;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status));
        fixture_open();
        ck_assert_ptr_null(store_notice(store));

        struct fixture_events e = fixture_read("a", 0); /* asserts that there is no gap */
        ck_assert_uint_eq(e.count % 3, 0);              /* and no half turn */
        ck_assert_uint_ge(e.count, before);
        ck_assert_uint_eq(store_event_next(store, "a"), e.count + 1);

        char *intent;
        ck_assert_int_eq(store_intent_get(store, "a", "turn", &intent, NULL), 0);
        if (e.count > 0)
            ck_assert_str_eq(intent, e.text);
        free(intent);
        before = e.count;
    }

    ck_assert_uint_gt(before, 0);
}
END_TEST

static unsigned failures_told;

static void on_failure(void *arg)
{
    failures_told++;
}

static int fill(void)
{
    char big[4000];

    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';

    int rc = 0;
    for (int i = 0; i < 2000 && rc == 0; i++)
        rc = fixture_event("a", big);

    return rc;
}

START_TEST(a_full_disk_drops_the_turn_and_can_be_mended)
{
    fixture_insert("a", "shop", NULL);
    fixture_event("a", "kept");
    fixture_turn();
    failures_told = 0;
    store_on_failure(store, on_failure, NULL);
    ck_assert_int_eq(store_exec(&store->writer, "PRAGMA max_page_count = 40"), SQLITE_OK);
    fixture_event("a", "lost with its turn");
    ck_assert_int_eq(fill(), -EIO);
    ck_assert(store_failed(store));

    struct error err = ERROR_INIT;
    ck_assert_int_eq(store_intent_put(store, "a", "k", "v", &err), -EIO);
    ck_assert_ptr_nonnull(strstr(err.message, "full"));
    ck_assert_ptr_nonnull(strstr(err.hint, folder));
    error_done(&err);
    ck_assert_int_eq(store_flush(store, NULL), -EIO);
    fixture_turn();
    ck_assert_uint_eq(failures_told, 1);
    ck_assert_uint_eq(fixture_read("a", 0).count, 1); /* reading goes on */
    ck_assert_int_eq(store_exec(&store->writer, "PRAGMA max_page_count = 100000"), SQLITE_OK);
    ck_assert_int_eq(store_recover(store, NULL), 0);
    ck_assert(!store_failed(store));
    ck_assert_uint_eq(store_event_next(store, "a"), 2); /* no gap */
    ck_assert_int_eq(fixture_event("a", "after"), 0);
    fixture_turn();
    ck_assert_uint_eq(fixture_read("a", 0).count, 2);
    ck_assert_uint_eq(failures_told, 1);
}
END_TEST

/* The file may not grow: here it is the commit itself that fails. */
START_TEST(a_failing_commit_is_never_shown)
{
    fixture_insert("a", "shop", NULL);
    fixture_event("a", "kept");
    fixture_turn();
    failures_told = 0;
    store_on_failure(store, on_failure, NULL);
    signal(SIGXFSZ, SIG_IGN);

    struct rlimit old, small = {.rlim_cur = 100, .rlim_max = RLIM_INFINITY};
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    ck_assert_int_eq(fixture_event("a", "lost"), 0);
    ck_assert_int_eq(store_flush(store, NULL), -EIO);

    struct error err = ERROR_INIT;
    ck_assert_int_eq(store_recover(store, &err), -EIO);
    error_done(&err);
    ck_assert(store_failed(store));
    fixture_turn();
    ck_assert_uint_eq(failures_told, 1);
    ck_assert_uint_eq(fixture_read("a", 0).count, 1);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    ck_assert_int_eq(store_recover(store, NULL), 0);
    ck_assert_int_eq(fixture_event("a", "after"), 0);
    fixture_reopen();

    struct fixture_events e = fixture_read("a", 0);
    ck_assert_uint_eq(e.count, 2);
    ck_assert_str_eq(e.text, "after");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("crash");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_killed_writer_leaves_whole_turns);
    tcase_add_test(tc, a_full_disk_drops_the_turn_and_can_be_mended);
    tcase_add_test(tc, a_failing_commit_is_never_shown);

    return fixture_main("store/crash", tc);
}
