/* After a session that went through SSO, an assumed role, and a parameter with a secret value has
 * ended, none of what was secret is left anywhere in this process's memory: freed blocks of ours,
 * of jansson, expat and libcurl, and the stacks. The server that knows the secrets is another
 * process, and here they are never written down in clear, only compared byte by byte. */
#include "aws/aws.h"
#include "aws/model/operations.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "loop/fiber.h"
#include "unit/lib/http_server.h"
#include "unit/lib/suite.h"
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MASK       0x2a
#define SECRET_LEN 32
#define REGION_MAX ((size_t)1 << 30) /* beyond: reserved, not memory */

enum { SSO_TOKEN, SSO_SECRET, SSO_SESSION, ROLE_SECRET, ROLE_SESSION, PARAMETER, SECRETS };

static const char *const names[SECRETS] = {
    "the SSO token",
    "the SSO role's secret key",
    "the SSO role's session token",
    "the assumed role's secret key",
    "the assumed role's session token",
    "the parameter's value"};

static char home[] = "/tmp/defang-wiped-XXXXXX";

/* Letter i of secret k, in disguise. */
static unsigned char masked(int k, int i)
{
    return (unsigned char)(("abcdefghijklmnopqrstuvwxyzABCDEF"[(i * 7 + k * 5 + i * i) % 32]) ^
                           MASK);
}

static char *clear_text(int k)
{
    char *text = xmalloc(SECRET_LEN + 1);

    for (int i = 0; i < SECRET_LEN; i++)
        text[i] = (char)(masked(k, i) ^ MASK);
    text[SECRET_LEN] = '\0';
    return text;
}

/* --- the server, a process of its own --- */

static char *answer(const char *path, const char *head, const char *body)
{
    char *all[SECRETS];

    for (int k = 0; k < SECRETS; k++)
        all[k] = clear_text(k);
    if (strncmp(path, "/federation", 11) == 0)
        return xasprintf(
            "{\"roleCredentials\":{\"accessKeyId\":\"AKSSO\",\"secretAccessKey\":\"%s\","
            "\"sessionToken\":\"%s\",\"expiration\":4102444800000}}",
            all[SSO_SECRET],
            all[SSO_SESSION]);
    if (strstr(head, "AmazonSSM.GetParameter"))
        return xasprintf(
            "{\"Parameter\":{\"Name\":\"/n\",\"Type\":\"SecureString\",\"Value\":\"%s\"}}",
            all[PARAMETER]);
    if (strstr(body, "Action=AssumeRole"))
        return xasprintf(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKROLE</"
            "AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken>"
            "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></"
            "AssumeRoleResponse>",
            all[ROLE_SECRET],
            all[ROLE_SESSION]);
    return xstrdup(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/"
        "me</Arn><UserId>U</UserId><Account>123456789012</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>");
}

static bool serve(struct http_exchange *x)
{
    char body[8192] = "";

    if (x->body_len >= sizeof body || !http_exchange_read_body(x, body, x->body_len))
        return false;
    return http_exchange_reply(x, 200, "", answer(x->path, x->head, body));
}

static void write_file(const char *relative, const char *text)
{
    cleanup_free char *path = path_join(home, relative), *folder = path_dirname(path);

    file_mkdirs(folder, 0700, NULL);
    file_write_atomic(path, text, strlen(text), 0600, NULL);
}

static void run_server(int ready)
{
    uint8_t sum[SHA1_BYTES];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    digest_sha1("s", 1, sum);
    char *hex = digest_hex(sum, sizeof sum), *relative = xasprintf(".aws/sso/cache/%s.json", hex);
    write_file(
        relative,
        xasprintf(
            "{\"accessToken\":\"%s\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}",
            clear_text(SSO_TOKEN)));
    write_file(
        ".aws/config",
        "[default]\nregion = us-west-2\nrole_arn = "
        "arn:aws:iam::123456789012:role/R\nsource_profile = sso\n"
        "[profile sso]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = Dev\n"
        "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x/start\n");
    struct http_server *server = http_server_start(serve, NULL);
    unsigned port = http_server_port(server);
    if (write(ready, &port, sizeof port) != sizeof port)
        _exit(1);
    pause();
    _exit(0);
}

/* --- the scan --- */

static bool is_at(const unsigned char *p, int k)
{
    for (int i = 0; i < SECRET_LEN; i++)
        if ((p[i] ^ MASK) != masked(k, i))
            return false;
    return true;
}

static void scan_piece(const unsigned char *data, size_t n, unsigned found[SECRETS])
{
    for (int k = 0; k < SECRETS; k++) {
        int first = masked(k, 0) ^ MASK;
        for (const unsigned char *p = data;
             n >= SECRET_LEN &&
             (p = memchr(p, first, n - SECRET_LEN + 1 - (size_t)(p - data))) != NULL;
             p++)
            if (is_at(p, k))
                found[k]++;
    }
}

static void scan(unsigned found[SECRETS])
{
    static unsigned char
        piece[1 << 20]; /* looked at from outside of itself: it is left out below */
    FILE *maps = fopen("/proc/self/maps", "re");
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char line[512];

    ck_assert(maps && mem >= 0);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char mode[8];
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[0] != 'r' ||
            mode[1] != 'w' || to - from > REGION_MAX)
            continue;
        for (unsigned long at = from; at < to; at += sizeof piece - SECRET_LEN) {
            memset(piece, 0, sizeof piece);
            if (at < (unsigned long)piece + sizeof piece &&
                (unsigned long)piece < at + sizeof piece)
                continue;
            ssize_t n = pread(mem, piece, MIN(sizeof piece, to - at), (off_t)at);
            if (n > 0)
                scan_piece(piece, (size_t)n, found);
        }
    }
    fclose(maps);
    close(mem);
}

/* --- the session --- */

struct run {
    struct loop *loop;
    struct http *http;
    unsigned port;
};

static void body(void *arg)
{
    struct run *r = arg;
    cleanup_env struct env *env = env_new();
    cleanup_free char *url = xasprintf("http://127.0.0.1:%u", r->port);
    struct aws_session_options o = {.loop = r->loop, .http = r->http, .env = env};
    struct aws_session *s = NULL;
    cleanup_error struct error err = ERROR_INIT;
    cleanup_json json_t *out = NULL;
    struct aws_credentials c = {0};

    env_set(env, "HOME", home);
    env_set(env, "AWS_ENDPOINT_URL", url);
    env_set(env, "AWS_EC2_METADATA_DISABLED", "true");
    ck_assert_int_eq(aws_session_open(&o, &s, &err), 0);
    ck_assert_msg(aws_session_credentials(s, &c, &err) == 0, "%s", err.message);
    ck_assert_str_eq(c.access_key_id, "AKROLE");
    unsigned found[SECRETS] = {0};
    scan(found);
    ck_assert_uint_gt(found[ROLE_SECRET], 0); /* what is in use is found: the scan can fail */
    ck_assert_int_eq(
        aws_call(
            s,
            &aws_ssm_GetParameter,
            json_pack("{s:s, s:b}", "Name", "/n", "WithDecryption", 1),
            &out,
            &err),
        0);
    ck_assert_uint_eq(strlen(json_str(out, "Parameter.Value")), SECRET_LEN);
    aws_credentials_done(&c);
    aws_session_free(s);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

START_TEST(nothing_secret_is_left)
{
    struct run r;
    unsigned found[SECRETS] = {0}, left = 0;
    int ready[2];

    ck_assert_ptr_nonnull(mkdtemp(home));
    ck_assert_int_eq(pipe(ready), 0);
    pid_t server = fork();
    if (server == 0)
        run_server(ready[1]);
    ck_assert_int_eq(read(ready[0], &r.port, sizeof r.port), sizeof r.port);
    r.loop = loop_new();
    r.http = http_curl_new(r.loop);
    loop_run_fiber(r.loop, "wiped", body, &r);
    http_free(r.http);
    loop_free(r.loop);
    scan(found);
    for (int k = 0; k < SECRETS; k++) {
        if (found[k])
            fprintf(stderr, "%s is still there, %u times\n", names[k], found[k]);
        left += found[k];
    }
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    nftw(home, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    ck_assert_uint_eq(left, 0);
}
END_TEST

SUITE("aws/wiped", nothing_secret_is_left)
