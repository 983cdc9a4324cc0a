/* TLS: certificates are always checked, against the system's or the request's authorities. The peer
 * is openssl s_server with a certificate made here; without the openssl program nothing can be
 * tested, and the program says so and exits with 77 (skipped). */
#include "unit/loop/http_rig.h"

#include "base/file.h"
#include "loop/child.h"
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/test_http_tls_XXXXXX";
static char *cert, *key;
static pid_t server_pid;
static unsigned port;
static FILE *server_output; /* kept open: s_server goes on printing */

static void run_openssl(const char *const *argv)
{
    struct env *env cleanup_env = env_new();
    env_set(env, "PATH", "/usr/local/bin:/usr/bin:/bin");
    struct child_result r;
    struct error err cleanup_error = ERROR_INIT;
    int rc = child_run(rig.loop, argv, env, folder, 30000, &r, &err);
    ck_assert_msg(rc == 0, "%s", err.message);
    ck_assert_msg(r.exit_code == 0, "%s", str_get(&r.err));
    child_result_done(&r);
}

static void make_certificate(void *arg)
{
    run_openssl((const char *const[]){
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        key,
        "-out",
        cert,
        NULL});
}

/* Prints "ACCEPT 127.0.0.1:<port>" when it listens. */
static void start_server(void)
{
    int out[2];
    ck_assert_int_eq(pipe(out), 0);
    server_pid = fork();
    if (server_pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execlp(
            "openssl",
            "openssl",
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-www",
            "-cert",
            cert,
            "-key",
            key,
            NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *lines = server_output = fdopen(out[0], "r");
    char line[256];
    port = 0;
    while (port == 0 && fgets(line, sizeof line, lines))
        if (text_starts(line, "ACCEPT ") && strrchr(line, ':'))
            port = (unsigned)strtoul(strrchr(line, ':') + 1, NULL, 10);
    ck_assert_uint_ne(port, 0);
}

static void setup(void)
{
    rig_setup();
    ck_assert_ptr_nonnull(mkdtemp(folder));
    cert = path_join(folder, "cert.pem");
    key = path_join(folder, "key.pem");
    loop_run_fiber(rig.loop, "certificate", make_certificate, NULL);
    start_server();
}

static void teardown(void)
{
    kill(server_pid, SIGKILL);
    waitpid(server_pid, NULL, 0);
    fclose(server_output);
    unlink(cert);
    unlink(key);
    rmdir(folder);
    free(cert);
    free(key);
    rig_teardown();
}

static int get(const char *host, const char *ca_bundle, struct error *err)
{
    cleanup_free char *url = xasprintf("https://%s:%u/", host, port);
    struct http_response resp cleanup_http_response = {0};
    int rc = http_perform(
        rig.http,
        &(struct http_request){.method = "GET", .url = url, .ca_bundle = ca_bundle},
        &resp,
        err);
    ck_assert_int_eq(resp.status, rc == 0 ? 200 : 0);
    return rc;
}

FIBER_TEST(certificates_are_checked)
{
    struct error err cleanup_error = ERROR_INIT;
    ck_assert_int_eq(get("localhost", NULL, &err), -EPROTO); /* the system does not know it */
    ck_assert_ptr_nonnull(
        strstr(err.message, "TLS: SSL certificate problem: self-signed certificate"));
    ck_assert_ptr_nonnull(strstr(err.hint, "AWS_CA_BUNDLE"));
    error_done(&err);
    ck_assert_msg(get("localhost", cert, &err) == 0, "%s", err.message);
    ck_assert_int_eq(get("127.0.0.1", cert, &err), -EPROTO); /* another name */
    ck_assert_ptr_nonnull(strstr(err.message, "TLS: SSL: no alternative certificate subject name"));
    error_done(&err);
    ck_assert_int_eq(
        get("localhost", folder, &err), -EPROTO); /* a folder without hashed names knows nobody */
    ck_assert_ptr_nonnull(strstr(err.hint, folder));
}

static Suite *suite(void)
{
    Suite *s = suite_create("http_tls");
    TCase *t = tcase_create("http_tls");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, certificates_are_checked);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    if (access("/usr/bin/openssl", X_OK) < 0 && access("/usr/local/bin/openssl", X_OK) < 0) {
        puts("SKIPPED: 1 test, the openssl program is not installed");
        return 77;
    }
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
