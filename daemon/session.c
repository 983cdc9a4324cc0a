/* AWS sessions by caller: who asks with the same settings shares one session, so that credentials
 * are resolved, and STS is asked, once.
 *
 * What "the same" means is the key: a digest of everything that resolution may read, that is the
 * AWS variables, proxies, profile and region of the request, and name, size and time of the two
 * files of the AWS CLI. An edited file or another variable is another key, so nobody has to throw a
 * cache away. Values go into the digest with their lengths, so that no two settings read alike. The
 * folder is part of it only where a relative path decides who one is.
 *
 * Programs of a caller who has a terminal are run by the client, over a call of it that is open
 * (ask.h). So a session knows the open calls of its callers; when there is none, nobody runs them:
 * a job that needs keys then waits for a command.
 *
 * A job that comes back after a restart gets a session of its own that is never shared: what a
 * terminal brings for that job must not leak into other shells.
 *
 * Sessions that nobody holds go after half an hour, or earlier when there are many. Keys live in
 * memory only. */
#include "daemon/session.h"

#include "daemon/ask.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define SESSIONS_KEPT   16
#define SESSION_IDLE_MS (30LL * 60 * 1000)

/* The caller's environment, whole: Compose files may use any variable. */
struct env *session_env_of(const Defang__Caller *caller)
{
    struct env *env = env_new();

    for (size_t i = 0; i < caller->n_env; i++)
        env_set(env, caller->env[i]->name, caller->env[i]->value);

    /* Where relative paths begin; not every program exports it. */
    if (text_empty(env_get(env, "PWD")))
        env_set(env, "PWD", caller->cwd);
    return env;
}

/* True when a relative path decides who one is: then the same variables mean something else in
 * another folder. */
static bool folder_matters(const struct env *env)
{
    static const char *const paths[] = {
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "AWS_CREDENTIAL_FILE",
        "BOTO_CONFIG",
        "AWS_LOGIN_CACHE_DIRECTORY"};

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const char *path = env_get_nonempty(env, paths[i]);
        if (path && !strchr("/~$", path[0]))
            return true;
    }

    return false;
}

/* Name, size and time of a file that may say who one is. One that is not there adds nothing, so
 * that it counts from the moment it appears. */
static void
key_file(struct str *text, const struct env *env, const char *variable, const char *fallback)
{
    const char *given = env_get_nonempty(env, variable);
    const char *home = env_get(env, "HOME");
    const char *here = env_get_nonempty(env, "PWD");
    cleanup_free char *full =
        given ? path_expand_home(given, home ? home : "") : path_join(home ? home : "/", fallback);
    cleanup_free char *path = path_join(here ? here : "/", full);
    struct stat st;

    if (stat(path, &st) == 0)
        str_appendf(
            text,
            "%s %lld %lld.%09ld\n",
            path,
            (long long)st.st_size,
            (long long)st.st_mtim.tv_sec,
            st.st_mtim.tv_nsec);
}

/* The text is wiped: it holds every AWS variable. */
static char *
session_key(const struct env *env, const char *profile, const char *region, bool interactive)
{
    struct str text = STR_INIT;
    struct env *relevant = env_select_for_request(env);

    if (!folder_matters(env))
        env_set(relevant, "PWD", NULL);

    for (size_t i = 0; i < env_count(relevant); i++)
        str_appendf(
            &text,
            "%s=%zu:%s\n",
            env_name(relevant, i),
            strlen(env_value(relevant, i)),
            env_value(relevant, i));

    str_appendf(&text, "profile %s\nregion %s\n", profile ? profile : "", region ? region : "");
    str_appendf(&text, "terminal %d\n", (int)interactive);
    key_file(&text, env, "AWS_CONFIG_FILE", ".aws/config");
    key_file(&text, env, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");

    uint8_t digest[SHA256_BYTES];
    digest_sha256(str_get(&text), text.len, digest);
    str_wipe(&text);
    env_free(relevant);

    return digest_hex(digest, sizeof digest);
}

static void session_free(struct session *s)
{
    aws_session_free(s->aws);
    env_free(s->env);
    free(s->key);
    free(s->profile);
    vec_free(&s->terminals);
    free(s);
}

/* Idle ones go, oldest first, once there are many or they are old. */
static void evict(struct daemon *d)
{
    int64_t now = loop_now_ms(d->loop);
    for (size_t i = 0; i < d->sessions.len;) {
        struct session *s = d->sessions.items[i];
        bool old = now - s->used_ms > SESSION_IDLE_MS;
        bool many = d->sessions.len > SESSIONS_KEPT;

        if (s->refs == 0 && (old || many)) {
            session_free(s);
            memmove(
                &d->sessions.items[i],
                &d->sessions.items[i + 1],
                (d->sessions.len - i - 1) * sizeof *d->sessions.items);
            d->sessions.len--;
        } else {
            i++;
        }
    }
}

void session_terminal(struct session *s, struct verb_call *v, const Defang__Caller *caller)
{
    if (caller->interactive)
        vec_push(&s->terminals, v);
}

void session_terminal_gone(struct session *s, const struct verb_call *v)
{
    for (size_t i = 0; s && i < s->terminals.len; i++) {
        if (s->terminals.items[i] == v) {
            s->terminals.items[i] = *vec_last(&s->terminals);
            s->terminals.len--;
            return;
        }
    }
}

/* The newest of them: somebody has just typed a command there. */
static int run_on_terminal(
    void *arg,
    const char *const *argv,
    const char *why,
    struct child_result *result,
    struct error *err)
{
    struct session *s = arg;

    if (s->terminals.len)
        return ask_run_program(*vec_last(&s->terminals), argv, why, result, err);

    error_raise_errno(
        err, ERR_AUTH, ENOTTY, "it is run on a terminal, and no command waits on one now");
    error_hint(
        err, "Run a defangctl command for this project on a terminal: the program is run there.");
    return -ENOTTY;
}

/* Takes `key`, also on failure. */
static int open_new(
    struct daemon *d,
    const struct env *env,
    const char *profile,
    const char *region,
    bool interactive,
    char *key,
    struct session **out,
    struct error *err)
{
    struct session *s = xcalloc(1, sizeof *s);
    struct aws_session_options o = {
        .loop = d->loop,
        .http = d->http,
        .env = env,
        .profile = text_empty(profile) ? NULL : profile,
        .region = text_empty(region) ? NULL : region,
        .run = interactive ? run_on_terminal : NULL,
        .run_arg = s};

    struct aws_session *aws = NULL;
    int rc = aws_session_open(&o, &aws, err);
    if (rc < 0) {
        free(key);
        free(s);
        return rc;
    }

    *s = (struct session){
        .aws = aws,
        .env = env_dup(env),
        .profile = xstrdup_null(profile),
        .interactive = interactive,
        .key = key,
        .refs = 1,
        .used_ms = loop_now_ms(d->loop)};
    vec_push(&d->sessions, s);
    *out = s;

    return 0;
}

/* There is one; the Defang CLI has the option, and so have we. */
static int check_provider(const Defang__Caller *caller, struct error *err)
{
    if (text_empty(caller->provider) || text_eq_nocase(caller->provider, "aws"))
        return 0;

    error_raise(err, ERR_USAGE, "unknown provider \"%s\"", caller->provider);
    error_hint(err, "the supported provider is: aws");
    return -EINVAL;
}

/* Old ones go whenever somebody asks for one: no timer is needed for it. */
int session_get(
    struct daemon *d, const Defang__Caller *caller, struct session **out, struct error *err)
{
    int rc = check_provider(caller, err);
    if (rc < 0)
        return rc;

    evict(d);

    cleanup_env struct env *env = session_env_of(caller);
    char *key = session_key(env, caller->profile, caller->region, caller->interactive);

    vec_each(it, &d->sessions) {
        struct session *s = *it;
        if (text_eq(s->key, key)) {
            free(key);
            s->used_ms = loop_now_ms(d->loop);
            *out = session_ref(s);
            return 0;
        }
    }

    return open_new(d, env, caller->profile, caller->region, caller->interactive, key, out, err);
}

/* Never shared: what a client brings for a job must not leak into other shells' sessions. */
int session_restore(
    struct daemon *d,
    const struct env *env,
    const char *profile,
    const char *region,
    bool interactive,
    struct session **out,
    struct error *err)
{
    uint8_t random[16];

    clock_random(random, sizeof random);
    return open_new(
        d, env, profile, region, interactive, digest_hex(random, sizeof random), out, err);
}

int session_own(
    struct daemon *d,
    const struct session *from,
    const char *region,
    struct session **out,
    struct error *err)
{
    int rc = session_restore(d, from->env, from->profile, region, from->interactive, out, err);

    if (rc == 0)
        aws_session_take_over((*out)->aws, from->aws);
    return rc;
}

struct session *session_ref(struct session *s)
{
    s->refs++;
    return s;
}

void session_unref(struct daemon *d, struct session *s)
{
    if (!s)
        return;

    s->refs--;
    s->used_ms = loop_now_ms(d->loop);
}

void session_drop_all(struct daemon *d)
{
    for (size_t i = 0; i < d->sessions.len; i++)
        session_free(d->sessions.items[i]);
    vec_free(&d->sessions);
}
