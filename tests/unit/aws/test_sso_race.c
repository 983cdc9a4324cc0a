/* Two processes find the same SSO token expired at the same moment, again and again: one renews it,
 * both go on, nobody ever reads half a file, and the refresh token, good for one use, is used once.
 * RACE_ROUNDS says how often (200). */
#include "aws/aws.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "loop/fiber.h"
#include "unit/lib/http_server.h"
#include "unit/lib/suite.h"
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 2
#define CONFIG                                                                                     \
    "[default]\nregion = us-west-2\nsso_session = s\nsso_account_id = "                            \
    "123456789012\nsso_role_name = Dev\n"                                                          \
    "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x/start\n"

struct shared {
    pthread_barrier_t gate; /* both processes and the judge */
    atomic_uint port, rounds, done, failed, renewals, twice;
    char first_error[512];
};

static struct shared *shared;
static char home[] = "/tmp/defang-race-XXXXXX";
static atomic_uint current; /* the round whose refresh token is good, once */
static atomic_bool used;

/* --- the portal --- */

static bool serve(struct http_exchange *x)
{
    char body[2048] = "", want[64];

    if (strcmp(x->path, "/token") != 0)
        return http_exchange_reply(
            x,
            200,
            "Content-Type: application/json\r\n",
            "{\"roleCredentials\":{\"accessKeyId\":\"AK\",\"secretAccessKey\":\"s\","
            "\"sessionToken\":\"t\",\"expiration\":4102444800000}}");
    if (x->body_len >= sizeof body || !http_exchange_read_body(x, body, x->body_len))
        return false;
    snprintf(want, sizeof want, "\"refreshToken\":\"R%u\"", atomic_load(&current));
    if (!strstr(body, want) || atomic_exchange(&used, true)) {
        atomic_fetch_add(&shared->twice, 1);
        return http_exchange_reply(
            x, 400, "x-amzn-errortype: InvalidGrantException\r\n", "{\"error\":\"invalid_grant\"}");
    }
    atomic_fetch_add(&shared->renewals, 1);
    http_exchange_wait(x, 2);
    cleanup_free char *reply = xasprintf(
        "{\"accessToken\":\"T%u\",\"expiresIn\":28800,\"refreshToken\":\"N%u\"}",
        atomic_load(&current),
        atomic_load(&current));
    return http_exchange_reply(x, 200, "Content-Type: application/json\r\n", reply);
}

/* --- a process --- */

struct worker {
    struct loop *loop;
    struct http *http;
    struct env *env;
};

static void one_round(struct worker *w)
{
    struct aws_session_options o = {.loop = w->loop, .http = w->http, .env = w->env};
    struct aws_credentials c = {0};
    struct aws_session *s = NULL;
    cleanup_error struct error err = ERROR_INIT;
    int rc = aws_session_open(&o, &s, &err);

    if (rc == 0)
        rc = aws_session_credentials(s, &c, &err);
    if ((rc < 0 || strcmp(c.access_key_id, "AK") != 0) && atomic_fetch_add(&shared->failed, 1) == 0)
        snprintf(
            shared->first_error,
            sizeof shared->first_error,
            "%s",
            err.message ? err.message : "another key");
    aws_credentials_done(&c);
    aws_session_free(s);
}

static void rounds(void *arg)
{
    struct worker *w = arg;

    pthread_barrier_wait(&shared->gate); /* the portal is up */
    cleanup_free char *url = xasprintf("http://127.0.0.1:%u", atomic_load(&shared->port));
    env_set(w->env, "AWS_ENDPOINT_URL", url);
    for (unsigned i = 0; i < atomic_load(&shared->rounds); i++) {
        pthread_barrier_wait(&shared->gate);
        one_round(w);
        atomic_fetch_add(&shared->done, 1);
        pthread_barrier_wait(&shared->gate);
    }
}

static pid_t process(void)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a judge that fails leaves nobody behind */
    struct worker w = {.loop = loop_new(), .env = env_new()};
    w.http = http_curl_new(w.loop);
    env_set(w.env, "HOME", home);
    env_set(w.env, "AWS_EC2_METADATA_DISABLED", "true");
    loop_run_fiber(w.loop, "race", rounds, &w);
    _exit(0); /* the judge counts */
}

/* --- the judge --- */

static char *path_of(const char *relative)
{
    return path_join(home, relative);
}

static char *token_path(void)
{
    uint8_t sum[SHA1_BYTES];

    digest_sha1("s", 1, sum);
    cleanup_free char *hex = digest_hex(sum, sizeof sum),
                      *relative = xasprintf(".aws/sso/cache/%s.json", hex);
    return path_of(relative);
}

static void put(const char *path, const char *text)
{
    cleanup_free char *folder = path_dirname(path);

    ck_assert_int_eq(file_mkdirs(folder, 0700, NULL), 0);
    ck_assert_int_eq(file_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

static void begin_round(const char *path, unsigned n)
{
    cleanup_free char *text = xasprintf(
        "{\"startUrl\":\"https://x/"
        "start\",\"region\":\"eu-west-1\",\"accessToken\":\"OLD\",\"expiresAt\":\"2020-01-01T00:00:"
        "00Z\",\"clientId\":\"c\","
        "\"clientSecret\":\"x\",\"registrationExpiresAt\":\"2099-01-01T00:00:00Z\","
        "\"refreshToken\":\"R%u\"}",
        n);

    put(path, text);
    atomic_store(&current, n);
    atomic_store(&used, false);
    atomic_store(&shared->done, 0);
}

/* The file as it is now must be whole, whoever writes it. */
static json_t *read_token(const char *path)
{
    cleanup_str struct str text = STR_INIT;
    json_t *j = NULL;

    ck_assert_int_eq(file_read(path, 65536, &text, NULL), 0);
    ck_assert_msg(
        json_parse(str_get(&text), text.len, &j, NULL) == 0, "a torn file: %s", str_get(&text));
    ck_assert_ptr_nonnull(json_str(j, "accessToken"));
    return j;
}

static void judge_round(const char *path, unsigned n)
{
    char want[32];

    while (atomic_load(&shared->done) < PROCESSES) {
        json_decref(read_token(path));
        usleep(200);
    }
    cleanup_json json_t *after = read_token(path);
    snprintf(want, sizeof want, "T%u", n);
    ck_assert_str_eq(json_str(after, "accessToken"), want);
    want[0] = 'N';
    ck_assert_str_eq(json_str(after, "refreshToken"), want);
    ck_assert_str_eq(json_str(after, "clientId"), "c");
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

START_TEST(one_refresh_each_time)
{
    const char *wish = getenv("RACE_ROUNDS");
    unsigned count = wish ? (unsigned)strtoul(wish, NULL, 10) : 200;
    pthread_barrierattr_t attr;
    pid_t pids[PROCESSES];

    ck_assert_ptr_nonnull(mkdtemp(home));
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(shared != MAP_FAILED);
    pthread_barrierattr_init(&attr);
    pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&shared->gate, &attr, PROCESSES + 1);
    atomic_store(&shared->rounds, count);
    cleanup_free char *config = path_of(".aws/config"), *token = token_path(),
                      *roles = path_of(".aws/cli/cache");
    put(config, CONFIG);
    for (int i = 0; i < PROCESSES; i++) /* before there are threads here */
        pids[i] = process();
    struct http_server *server = http_server_start(serve, NULL);
    atomic_store(&shared->port, http_server_port(server));
    pthread_barrier_wait(&shared->gate);
    for (unsigned n = 1; n <= count; n++) {
        nftw(roles, remove_entry, 8, FTW_DEPTH | FTW_PHYS); /* else the token is not asked for */
        begin_round(token, n);
        pthread_barrier_wait(&shared->gate);
        judge_round(token, n);
        pthread_barrier_wait(&shared->gate);
    }
    for (int i = 0; i < PROCESSES; i++)
        ck_assert_int_eq(waitpid(pids[i], NULL, 0), pids[i]);
    http_server_stop(server);
    ck_assert_msg(
        atomic_load(&shared->failed) == 0,
        "%u sessions got nothing: %s",
        atomic_load(&shared->failed),
        shared->first_error);
    ck_assert_uint_eq(atomic_load(&shared->twice), 0);
    ck_assert_uint_eq(atomic_load(&shared->renewals), count);
    nftw(home, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    munmap(shared, sizeof *shared);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("aws/sso race");
    TCase *t = tcase_create("two processes");

    tcase_set_timeout(t, 300);
    tcase_add_test(t, one_refresh_each_time);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
