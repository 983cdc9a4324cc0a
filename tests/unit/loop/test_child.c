/* Child processes: results, bounds, deadlines, cancel, groups. Real time; the waits are short. */
#include "base/limits.h"
#include "base/mem.h"
#include "loop/child.h"
#include "loop/fiber.h"
#include "unit/lib/cases.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

static struct loop *loop;
static struct env *env;

static void setup(void)
{
    loop = loop_new();
    env = env_new();
    env_set(env, "PATH", "/usr/bin:/bin");
    env_set(env, "GREETING", "hello = world");
}

static void teardown(void)
{
    loop_free(loop);
    env_free(env);
}

#define FIBER_TEST(name)                                                                           \
    static void name##_main(void *arg);                                                            \
    START_TEST(name)                                                                               \
    {                                                                                              \
        loop_run_fiber(loop, #name, name##_main, NULL);                                            \
    }                                                                                              \
    END_TEST                                                                                       \
    static void name##_main(void *arg)

static int
shell(const char *script, int64_t timeout_ms, struct child_result *result, struct error *err)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    return child_run(loop, argv, env, "/", timeout_ms, result, err);
}

/* As many free descriptors as a child may need, and each number below. */
FIBER_TEST(survive_06_without_descriptors_there_is_an_error)
{
    struct rlimit before;
    int lowest = dup(STDERR_FILENO), refused = 0;

    ck_assert_int_ge(lowest, 0);
    close(lowest);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (int spare = 0; spare <= 16; spare++) {
        struct rlimit few = {(rlim_t)(lowest + spare), before.rlim_max};
        struct child_result r;
        struct error err = ERROR_INIT;

        setrlimit(RLIMIT_NOFILE, &few);
        int rc = shell("exit 0", 60000, &r, &err);
        setrlimit(RLIMIT_NOFILE, &before);
        ck_assert(rc == -EMFILE || (rc == 0 && r.exit_code == 0));
        refused += rc < 0;
        if (rc == 0)
            child_result_done(&r);
        error_done(&err);
    }
    ck_assert_int_ge(refused, 4);
    ck_assert_int_le(refused, 14);
}

FIBER_TEST(results)
{
    static const struct {
        const char *script, *out, *err;
        int exit_code, term_signal;
    } table[] = {
        {"echo out; echo err >&2", "out\n", "err\n", 0, 0},
        {"echo $GREETING; exit 3", "hello = world\n", "", 3, 0},
        {"kill -TERM $$; sleep 5", "", "", -1, SIGTERM},
        {"kill -KILL $$", "", "", -1, SIGKILL},
        {"cat; pwd", "/\n", "", 0, 0}, /* stdin is empty */
        {"exec /bin/sh -c 'printf \"a\\0b\"'", "a", "", 0, 0},
        {"env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=",
         "GREETING=hello = world\nPATH=/usr/bin:/bin\n",
         "",
         0,
         0},
        {"exec ls /proc/self/fd",
         "0\n1\n2\n3\n",
         "",
         0,
         0}, /* 3 is the folder: nothing of ours is inherited */
        {"echo x > /dev/stderr", "", "x\n", 0, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct child_result r;
        struct error err cleanup_error = ERROR_INIT;
        int rc = shell(table[i].script, 10000, &r, &err);
        ck_assert_msg(rc == 0, "%s: %s", table[i].script, err.message);
        ck_assert_str_eq(str_get(&r.out), table[i].out);
        ck_assert_str_eq(str_get(&r.err), table[i].err);
        ck_assert_int_eq(r.exit_code, table[i].exit_code);
        ck_assert_int_eq(r.term_signal, table[i].term_signal);
        child_result_done(&r);
    }
}

FIBER_TEST(missing_programs)
{
    struct child_result r;
    struct error err cleanup_error = ERROR_INIT;
    ck_assert_int_eq(
        child_run(loop, (const char *const[]){"no-such-program", NULL}, env, NULL, 1000, &r, &err),
        -ENOENT);
    ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
    ck_assert_str_eq(err.message, "cannot run no-such-program: not found in PATH (/usr/bin:/bin)");
    error_done(&err);
    ck_assert_int_eq(
        child_run(loop, (const char *const[]){"/no/such/program", NULL}, env, NULL, 1000, &r, &err),
        -ENOENT);
    error_done(&err);
    ck_assert_int_eq(
        child_run(loop, (const char *const[]){"/etc/passwd", NULL}, env, NULL, 1000, &r, &err),
        -EACCES);
    error_done(&err);
    ck_assert_int_eq(
        child_run(
            loop, (const char *const[]){"true", NULL}, env, "/no/such/folder", 1000, &r, &err),
        -ENOENT);
    error_done(&err);
    env_set(env, "PATH", NULL);
    ck_assert_int_eq(
        child_run(loop, (const char *const[]){"true", NULL}, env, NULL, 10000, &r, &err), 0);
    child_result_done(&r);
}

FIBER_TEST(output_is_bounded)
{
    struct child_result r;
    struct error err cleanup_error = ERROR_INIT;
    cleanup_free char *exact = xasprintf(
        "head -c %zu /dev/zero; head -c %zu /dev/zero >&2",
        LIMIT_CHILD_OUTPUT_BYTES,
        LIMIT_CHILD_OUTPUT_BYTES);
    ck_assert_int_eq(shell(exact, 10000, &r, &err), 0);
    ck_assert_uint_eq(r.out.len, LIMIT_CHILD_OUTPUT_BYTES);
    ck_assert_uint_eq(r.err.len, LIMIT_CHILD_OUTPUT_BYTES);
    child_result_done(&r);
    int64_t at = loop_now_ms(loop);
    ck_assert_int_eq(shell("cat /dev/zero; sleep 100", 60000, &r, &err), -EMSGSIZE);
    ck_assert_ptr_nonnull(strstr(err.message, "running sh: it wrote more than 65536 bytes"));
    ck_assert_uint_eq(r.out.len, 0);
    error_done(&err);
    cleanup_free char *over = xasprintf("head -c %zu /dev/zero", LIMIT_CHILD_OUTPUT_BYTES + 1);
    ck_assert_int_eq(shell(over, 60000, &r, &err), -EMSGSIZE);
    ck_assert_int_lt(loop_now_ms(loop) - at, 10000);
}

/* A program that is asked to say much goes on to its answer. */
FIBER_TEST(access_07_too_many_words_are_cut)
{
    struct child_result r;
    struct error err cleanup_error = ERROR_INIT;

    ck_assert_int_eq(
        shell("echo first >&2; head -c 1000000 /dev/zero >&2; echo answer", 60000, &r, &err), 0);
    ck_assert_str_eq(str_get(&r.out), "answer\n");
    ck_assert_uint_eq(r.err.len, LIMIT_CHILD_OUTPUT_BYTES);
    ck_assert(text_starts(str_get(&r.err), "first\n"));
    child_result_done(&r);
}

static bool group_is_gone(long pid)
{
    for (int i = 0; i < 200; i++) {
        if (kill((pid_t)-pid, 0) < 0 && errno == ESRCH)
            return true;
        fiber_sleep(10);
    }
    return false;
}

static long read_pid(const char *path)
{
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    return n > 0 && text[n - 1] == '\n' ? strtol(text, NULL, 10) : 0;
}

FIBER_TEST(deadline_kills_the_group)
{
    struct child_result r;
    struct error err cleanup_error = ERROR_INIT;
    char path[] = "/tmp/test_child_XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    cleanup_free char *script = xasprintf("echo $$ > %s; sleep 100 & wait", path);
    int64_t at = loop_now_ms(loop);
    ck_assert_int_eq(shell(script, 300, &r, &err), -ETIMEDOUT);
    ck_assert_int_eq(err.kind, ERR_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(err.message, "within 0.3 s"));
    ck_assert_int_ge(loop_now_ms(loop) - at, 300);
    ck_assert_int_lt(loop_now_ms(loop) - at, 2000);
    long pid = read_pid(path);
    ck_assert_int_gt(pid, 0);
    ck_assert(group_is_gone(pid));
    error_done(&err);
    /* One that does not listen to TERM is killed after its two seconds. */
    at = loop_now_ms(loop);
    ck_assert_int_eq(shell("trap '' TERM; while :; do sleep 1; done", 300, &r, &err), -ETIMEDOUT);
    ck_assert_int_ge(loop_now_ms(loop) - at, 2300);
    ck_assert_int_lt(loop_now_ms(loop) - at, 10000);
    close(fd);
    unlink(path);
}

static char pid_path[] = "/tmp/test_child_XXXXXX";

static void run_canceled(void *arg)
{
    struct child_result r;
    struct error err cleanup_error = ERROR_INIT;
    cleanup_free char *script = xasprintf("echo $$ > %s; sleep 100", pid_path);
    ck_assert_int_eq(shell(script, 60000, &r, &err), -ECANCELED);
    ck_assert_int_eq(err.kind, ERR_CANCELED);
    ck_assert_int_eq(shell("true", 1000, &r, NULL), -ECANCELED);
}

FIBER_TEST(cancel_kills)
{
    int fd = mkstemp(pid_path);
    ck_assert_int_ge(fd, 0);
    struct fiber *f = fiber_spawn(loop, "child", run_canceled, NULL);
    while (read_pid(pid_path) == 0)
        fiber_sleep(5);
    int64_t at = loop_now_ms(loop);
    fiber_cancel(f);
    fiber_join(f);
    ck_assert_int_lt(loop_now_ms(loop) - at, 2000);
    ck_assert(group_is_gone(read_pid(pid_path)));
    close(fd);
    unlink(pid_path);
}

FIBER_TEST(a_daemon_left_behind_does_not_hold_us)
{
    struct child_result r;
    struct error err cleanup_error = ERROR_INIT;
    int64_t at = loop_now_ms(loop);
    ck_assert_int_eq(shell("sleep 30 & echo $!", 20000, &r, &err), 0);
    ck_assert_int_ge(loop_now_ms(loop) - at, 1900); /* its output is waited for a little */
    ck_assert_int_lt(loop_now_ms(loop) - at, 10000);
    long pid = strtol(str_get(&r.out), NULL, 10);
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(kill((pid_t)pid, SIGKILL), 0); /* it was let live */
    child_result_done(&r);
}

static void run_echo(void *arg)
{
    struct child_result r;
    cleanup_free char *script = xasprintf("echo %d", (int)(intptr_t)arg);
    ck_assert_int_eq(shell(script, 30000, &r, NULL), 0);
    ck_assert_int_eq(strtol(str_get(&r.out), NULL, 10), (intptr_t)arg);
    child_result_done(&r);
}

FIBER_TEST(many_at_once)
{
    struct fiber *f[20];
    for (intptr_t i = 0; i < 20; i++)
        f[i] = fiber_spawn(loop, "echo", run_echo, (void *)i);
    for (int i = 0; i < 20; i++)
        fiber_join(f[i]);
}

static Suite *suite(void)
{
    Suite *s = suite_create("child");
    TCase *t = tcase_create("child");
    tcase_set_timeout(t, 60); /* KILL comes two seconds after TERM */
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, results);
    tcase_add_test(t, missing_programs);
    tcase_add_test(t, survive_06_without_descriptors_there_is_an_error);
    tcase_add_test(t, output_is_bounded);
    tcase_add_test(t, access_07_too_many_words_are_cut);
    tcase_add_test(t, deadline_kills_the_group);
    tcase_add_test(t, cancel_kills);
    tcase_add_test(t, a_daemon_left_behind_does_not_hold_us);
    tcase_add_test(t, many_at_once);
    suite_add_tcase(s, t);
    return s;
}

SUITE_MAIN(suite)
