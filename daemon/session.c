/* AWS sessions: one for each request, and a job keeps that of the request that began it.
 *
 * A request means the asking shell, so all that says who asks is looked at when it asks: every
 * variable, for a credential_process may read any of them; the folder that the client stands in;
 * the content of the files. Nothing of it is remembered for the next request. What the AWS CLI
 * would reuse lies in its own caches (~/.aws/cli/cache, ~/.aws/sso/cache, ~/.aws/login/cache), and
 * is read there; a program, a token's file, a metadata service are asked each time, as the CLI asks
 * them.
 *
 * Programs of a caller who has a terminal are run by the client, over a call of it that is open
 * (ask.h). So a session knows the open calls of its request; when there is none, nobody runs them:
 * a job that needs keys then waits for a command.
 *
 * Shared between sessions are what cannot change who one is: the parsed form of files, found by
 * their content, and open connections. Keys live in memory only, and are wiped with their session.
 *
 * A job that comes back after a restart gets a session from its frozen inputs. What a terminal
 * brings for a job is of that job's session alone, so it cannot leak into other shells. */
#include "daemon/session.h"

#include "daemon/ask.h"

#include "aws/settings/profile_files.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>

/* The caller's environment, whole: Compose files and the caller's programs may use any variable. */
struct env *session_env_of(const Defang__Caller *caller)
{
    struct env *env = env_new();

    for (size_t i = 0; i < caller->n_env; i++) {
        const ProtobufCBinaryData *n = &caller->env[i]->name, *v = &caller->env[i]->value;
        cleanup_free char *name = xstrndup((const char *)n->data, n->len);
        char *value = xstrndup((const char *)v->data, v->len);

        env_set(env, name, value);
        secret_wipe(value, strlen(value));
        free(value);
    }

    /* Where relative paths begin. Not PWD: that stays behind in `make -C`. */
    env_set_cwd(env, text_empty(caller->cwd) ? NULL : caller->cwd);
    env_set_process(env, (long)caller->process);
    return env;
}

static void session_free(struct session *s)
{
    aws_session_free(s->aws);
    env_free(s->env);
    free(s->profile);
    vec_free(&s->terminals);
    free(s);
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

static int open_new(
    struct daemon *d,
    const struct env *env,
    const char *profile,
    const char *region,
    bool interactive,
    struct session **out,
    struct error *err)
{
    if (!d->profiles)
        d->profiles = profile_cache_new();

    struct session *s = xcalloc(1, sizeof *s);
    struct aws_session_options o = {
        .loop = d->loop,
        .http = d->http,
        .env = env,
        .profile = text_empty(profile) ? NULL : profile,
        .region = text_empty(region) ? NULL : region,
        .run = interactive ? run_on_terminal : NULL,
        .run_arg = s,
        .profiles = d->profiles};

    struct aws_session *aws = NULL;
    int rc = aws_session_open(&o, &aws, err);
    if (rc < 0) {
        free(s);
        return rc;
    }

    *s = (struct session){
        .aws = aws,
        .env = env_dup(env),
        .profile = xstrdup_null(profile),
        .interactive = interactive,
        .refs = 1};
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

/* Their values are paths, which are bytes to the system and to the AWS CLI. */
static bool is_path(const char *name)
{
    static const char *const others[] = {"AWS_CA_BUNDLE", "AWS_LOGIN_CACHE_DIRECTORY"};

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (text_eq(name, others[i]))
            return true;
    return text_ends(name, "_FILE");
}

/* The CLI fails with such a value too. Left out, it would let another identity or region serve than
 * the one that was meant. */
static int check_text(const struct env *env, struct error *err)
{
    for (size_t i = 0; i < env_count(env); i++) {
        const char *name = env_name(env, i), *value = env_value(env, i);
        bool ours =
            text_starts(name, "AWS_") || text_ends(name, "_proxy") || text_ends(name, "_PROXY");

        if (!ours || is_path(name) || text_utf8_valid(value, strlen(value)))
            continue;

        error_raise(err, ERR_AUTH, "the variable %s holds bytes that are not UTF-8 text", name);
        error_hint(err, "Export it anew as UTF-8, or unset it.");
        return -EILSEQ;
    }

    return 0;
}

int session_get(
    struct daemon *d, const Defang__Caller *caller, struct session **out, struct error *err)
{
    int rc = check_provider(caller, err);
    if (rc < 0)
        return rc;

    cleanup_env struct env *env = session_env_of(caller);
    rc = check_text(env, err);
    if (rc < 0)
        return rc;

    return open_new(d, env, caller->profile, caller->region, caller->interactive, out, err);
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
    return open_new(d, env, profile, region, interactive, out, err);
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
    if (!s || --s->refs)
        return;

    for (size_t i = 0; i < d->sessions.len; i++) {
        if (d->sessions.items[i] == s) {
            d->sessions.items[i] = *vec_last(&d->sessions);
            d->sessions.len--;
            break;
        }
    }

    session_free(s);
}

void session_drop_all(struct daemon *d)
{
    for (size_t i = 0; i < d->sessions.len; i++)
        session_free(d->sessions.items[i]);
    vec_free(&d->sessions);

    profile_cache_free(d->profiles);
    d->profiles = NULL;
}
