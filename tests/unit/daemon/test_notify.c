/* systemd's protocol against sockets of the test's own: states that reach the manager, a watchdog
 * that is for one process, silence without systemd, and the socket that is passed. */
#include "base/mem.h"
#include "daemon/service/notify.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64], path[96];
static struct env *env;

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/defang-notify-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    env = env_new();
}

static void teardown(void)
{
    unlink(path);
    rmdir(folder);
    env_free(env);
}

/* `name` as in NOTIFY_SOCKET: '@' is the abstract namespace. */
static int bind_socket(int type, const char *name)
{
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    memcpy(addr.sun_path, name, strlen(name));
    if (name[0] == '@')
        addr.sun_path[0] = '\0';
    ck_assert_int_eq(
        bind(
            fd,
            (struct sockaddr *)&addr,
            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
        0);

    return fd;
}

static void expect(int fd, const char *text)
{
    char got[1024] = {0};
    ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);

    ck_assert_msg(n > 0, "nothing came, expected %s", text);
    ck_assert_str_eq(got, text);
}

START_TEST(states_reach_the_manager)
{
    cleanup_free char *abstract = xasprintf("@defang-test-%d", (int)getpid());
    const char *names[] = {path, abstract};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        cleanup_fd int manager = bind_socket(SOCK_DGRAM, names[i]);

        env_set(env, "NOTIFY_SOCKET", names[i]);
        env_set(env, "WATCHDOG_USEC", "30000000");
        env_set(env, "WATCHDOG_PID", NULL);

        struct notify n;
        notify_init(&n, env, 4711);
        ck_assert(notify_enabled(&n));
        ck_assert_int_eq(n.watchdog_ms, 15000);
        notify_ready(&n);
        expect(manager, "READY=1");
        notify_watchdog(&n);
        expect(manager, "WATCHDOG=1");
        notify_extend(&n, 20000);
        expect(manager, "EXTEND_TIMEOUT_USEC=20000000");
        notify_stopping(&n);
        expect(manager, "STOPPING=1");
        notify_done(&n);
        ck_assert(!notify_enabled(&n));
    }
}
END_TEST

START_TEST(the_watchdog_is_for_one_process)
{
    int manager = bind_socket(SOCK_DGRAM, path);

    env_set(env, "NOTIFY_SOCKET", path);

    static const struct {
        const char *usec, *pid;
        int64_t expected_ms;
    } cases[] = {
        {"30000000", "4711", 15000},
        {"30000000", "4712", 0},
        {"30000000", "", 15000},
        {"", "4711", 0},
        {"x", "4711", 0},
        {"0", "4711", 0},
        {"-5", "4711", 0},
        {"2000", "4711", 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        env_set(env, "WATCHDOG_USEC", cases[i].usec);
        env_set(env, "WATCHDOG_PID", cases[i].pid);

        struct notify n;
        notify_init(&n, env, 4711);
        ck_assert_msg(
            n.watchdog_ms == cases[i].expected_ms, "case %zu: %lld", i, (long long)n.watchdog_ms);
        notify_done(&n);
    }

    close(manager);
}
END_TEST

START_TEST(without_systemd_it_is_quiet)
{
    static const char *const names[] = {NULL, "", "relative", "/nonexistent/socket"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        env_set(env, "NOTIFY_SOCKET", names[i]);
        env_set(env, "WATCHDOG_USEC", "30000000");

        struct notify n;
        notify_init(&n, env, 1);
        ck_assert(!notify_enabled(&n));
        ck_assert_int_eq(n.watchdog_ms, 0);
        notify_ready(&n);
        notify_done(&n);
    }
}
END_TEST

static void expect_fd(const char *count, const char *pid, int expected_rc, int expected_fd)
{
    env_set(env, "LISTEN_FDS", count);
    env_set(env, "LISTEN_PID", pid);

    int fd = 99;
    char *where = NULL;
    struct error err = ERROR_INIT;
    int rc = notify_listen_fd(env, 4711, &fd, &where, &err);

    ck_assert_msg(
        rc == expected_rc && fd == expected_fd,
        "%s for %s: %d, descriptor %d",
        count ? count : "unset",
        pid ? pid : "unset",
        rc,
        fd);
    ck_assert_int_eq(error_is_set(&err), expected_rc < 0);

    if (fd >= 0)
        ck_assert_str_eq(where, path);
    else
        ck_assert_ptr_null(where);

    free(where);
    error_done(&err);
}

START_TEST(a_passed_socket_is_taken)
{
    /* Check forks each test, so descriptor 3 may be replaced here. */
    int fd = bind_socket(SOCK_STREAM, path);

    ck_assert_int_eq(listen(fd, 5), 0);
    ck_assert_int_eq(dup2(fd, 3), 3);
    expect_fd("1", "4711", 0, 3);
    ck_assert_int_eq(fcntl(3, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    expect_fd("1", "4712", 0, -1); /* for another process */
    expect_fd("1", NULL, 0, -1);
    expect_fd(NULL, "4711", 0, -1);
    expect_fd("0", "4711", 0, -1);
    expect_fd("zwei", "4711", 0, -1);
    expect_fd("2", "4711", -E2BIG, -1);

    int other = open("/dev/null", O_RDONLY);
    ck_assert_int_eq(dup2(other, 3), 3);
    expect_fd("1", "4711", -EPERM, -1);

    int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_eq(dup2(datagram, 3), 3);
    expect_fd("1", "4711", -EPERM, -1);

    int quiet = socket(AF_UNIX, SOCK_STREAM, 0); /* does not listen */
    ck_assert_int_eq(dup2(quiet, 3), 3);
    expect_fd("1", "4711", -EPERM, -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("daemon/notify");
    TCase *tc = tcase_create("notify");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, states_reach_the_manager);
    tcase_add_test(tc, the_watchdog_is_for_one_process);
    tcase_add_test(tc, without_systemd_it_is_quiet);
    tcase_add_test(tc, a_passed_socket_is_taken);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);

    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);

    return failed != 0;
}
