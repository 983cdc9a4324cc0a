/* A session's life, what it says of its settings, and its memory of hosts, services and buckets.
 *
 * The caller's files are read whenever a session is opened; only what was parsed of the same
 * content is taken from the cache. A large file is parsed by the pool, so that others are served
 * meanwhile.
 *
 * Memory matters because a job makes many calls: a clock that is wrong against a host, a service
 * that throttles, a bucket that lives in another region are found out once and not at each call.
 * The lists are short (a job talks to some twenty hosts), so they are searched from the front. */
#include "aws/session.h"
#include "aws/settings/profile_files.h"
#include "aws/sign/uri.h"
#include "base/clock.h"
#include "loop/work.h"
#include <errno.h>
#include <string.h>

/* --- the caller's files --- */

/* Below it a parse takes less time than the way to another thread. */
#define LARGE_BYTES ((size_t)64 << 10)

struct parse_work {
    const struct profile_files *files;
    struct aws_profiles *profiles;
    struct error *err;
    int rc;
};

static void parse_files(void *arg)
{
    struct parse_work *w = arg;

    w->rc =
        aws_profiles_parse_files(&w->files->config, &w->files->credentials, &w->profiles, w->err);
}

static int parse(
    struct loop *loop, const struct profile_files *f, struct aws_profiles **out, struct error *err)
{
    struct parse_work w = {.files = f, .err = err};
    int rc = 0;

    if (f->config.text.len + f->credentials.text.len < LARGE_BYTES || !fiber_current())
        parse_files(&w);
    else
        rc = work_run(loop, parse_files, &w, NULL);

    if (rc < 0 && w.rc == 0) {
        aws_profiles_free(w.profiles);
        return error_raise_errno(err, ERR_CANCELED, -rc, "reading the AWS files: canceled");
    }

    *out = w.profiles;
    return w.rc;
}

static int load_profiles(struct aws_session *s, struct profile_cache *cache, struct error *err)
{
    struct profile_files files;
    int rc = profile_files_read(s->env, &files, err);

    if (rc == 0)
        s->profiles = profile_cache_find(cache, &files);
    if (rc == 0 && !s->profiles) {
        rc = parse(s->loop, &files, &s->profiles, err);
        if (rc == 0)
            profile_cache_keep(cache, &files, s->profiles);
    }

    profile_files_done(&files);
    return rc;
}

/* --- life --- */

int session_new(
    const struct aws_session_options *o,
    const struct session_source *source,
    struct aws_session **out,
    struct error *err)
{
    struct aws_session *s = xcalloc(1, sizeof *s);
    int rc;

    s->loop = o->loop;
    s->http = o->http;
    s->env = env_dup(o->env);
    s->source = source;
    s->run = o->run;
    s->run_arg = o->run_arg;
    s->signing_keys = sigv4_cache_new();

    rc = load_profiles(s, o->profiles, err);
    if (rc == 0)
        rc = aws_settings_resolve(s->env, s->profiles, o->profile, o->region, &s->settings, err);
    if (rc < 0) {
        aws_session_free(s);
        return rc;
    }

    *out = s;
    return 0;
}

void aws_session_free(struct aws_session *s)
{
    if (!s)
        return;

    vec_each(h, &s->hosts)
        free(h->authority);
    vec_each(b, &s->buckets) {
        free(b->bucket);
        free(b->region);
    }

    vec_free(&s->hosts);
    vec_free(&s->services);
    vec_free(&s->buckets);
    sigv4_cache_free(s->signing_keys);
    aws_credentials_done(&s->credentials);
    secret_done(&s->mfa_code);
    str_done(&s->trace);
    aws_identity_done(&s->identity);
    free(s->bound_account);
    free(s->bound_principal);
    aws_settings_done(&s->settings);
    aws_profiles_free(s->profiles);
    env_free(s->env);
    free(s);
}

const char *aws_session_region(const struct aws_session *s)
{
    return s->settings.region;
}

const char *aws_session_region_source(const struct aws_session *s)
{
    return s->settings.region_source;
}

const char *aws_session_profile(const struct aws_session *s)
{
    return s->settings.profile;
}

const char *aws_session_trace(const struct aws_session *s)
{
    return str_get(&s->trace);
}

int aws_session_sts_endpoint(struct aws_session *s, char **url, struct error *err)
{
    cleanup_free char *given = NULL;
    cleanup_uri struct uri u = {0};
    int rc = aws_settings_endpoint(&s->settings, s->env, s->profiles, "STS", &given, err);

    *url = NULL;
    if (rc < 0 || !given)
        return rc;

    rc = uri_split(given, &u, err);
    if (rc == 0)
        *url = uri_text(&u);
    return rc;
}

void aws_session_give_mfa_code(struct aws_session *s, const char *code)
{
    secret_set(&s->mfa_code, code);
}

void aws_credentials_done(struct aws_credentials *c)
{
    free(c->access_key_id);
    free(c->account_id);
    free(c->source);
    free(c->profile);
    secret_done(&c->secret_access_key);
    secret_done(&c->session_token);
    *c = (struct aws_credentials){0};
}

void aws_credentials_copy(struct aws_credentials *to, const struct aws_credentials *from)
{
    struct aws_credentials c = {
        .access_key_id = xstrdup_null(from->access_key_id),
        .expires_wall_ms = from->expires_wall_ms,
        .account_id = xstrdup_null(from->account_id),
        .source = xstrdup_null(from->source),
        .origin = from->origin,
        .profile = xstrdup_null(from->profile),
        .from_environment = from->from_environment,
    };

    secret_copy(&c.secret_access_key, &from->secret_access_key);
    secret_copy(&c.session_token, &from->session_token);
    *to = c;
}

void aws_identity_done(struct aws_identity *i)
{
    free(i->account);
    free(i->arn);
    free(i->user_id);
    free(i->partition);
    *i = (struct aws_identity){0};
}

/* --- what was learnt --- */

static struct session_host *host_of(const struct aws_session *s, const char *authority)
{
    for (size_t i = 0; i < s->hosts.len; i++)
        if (strcmp(s->hosts.items[i].authority, authority) == 0)
            return &s->hosts.items[i];

    return NULL;
}

int64_t session_wall_ms(const struct aws_session *s, const char *authority)
{
    const struct session_host *known = host_of(s, authority);

    return clock_wall_ms() + (known ? known->skew_ms : 0);
}

void session_learn_skew(struct aws_session *s, const char *authority, int64_t skew_ms)
{
    struct session_host *known = host_of(s, authority);

    if (known)
        known->skew_ms = skew_ms;
    else
        vec_push(&s->hosts, (struct session_host){xstrdup(authority), skew_ms});
}

int64_t session_skew_any(const struct aws_session *s)
{
    return s->hosts.len ? vec_last(&s->hosts)->skew_ms : 0;
}

static struct session_service *service_of(struct aws_session *s, const char *service)
{
    for (size_t i = 0; i < s->services.len; i++)
        if (strcmp(s->services.items[i].id, service) == 0)
            return &s->services.items[i];

    vec_push(&s->services, (struct session_service){.id = service});
    struct session_service *made = vec_last(&s->services);
    retry_quota_init(&made->quota);
    rate_init(&made->rate, (double)loop_now_ms(s->loop) / 1000);

    return made;
}

struct retry_quota *session_quota(struct aws_session *s, const char *service)
{
    return &service_of(s, service)->quota;
}

struct rate_limiter *session_rate(struct aws_session *s, const char *service)
{
    return &service_of(s, service)->rate;
}

static struct session_bucket *bucket_of(const struct aws_session *s, const char *bucket)
{
    for (size_t i = 0; i < s->buckets.len; i++)
        if (strcmp(s->buckets.items[i].bucket, bucket) == 0)
            return &s->buckets.items[i];

    return NULL;
}

const char *session_bucket_region(const struct aws_session *s, const char *bucket)
{
    const struct session_bucket *known = bucket_of(s, bucket);

    return known ? known->region : NULL;
}

void session_learn_bucket(struct aws_session *s, const char *bucket, const char *region)
{
    struct session_bucket *known = bucket_of(s, bucket);

    if (!known) {
        vec_push(&s->buckets, (struct session_bucket){xstrdup(bucket), xstrdup(region)});
        return;
    }

    char *copy = xstrdup(region); /* `region` may be the text that goes */
    free(known->region);
    known->region = copy;
}
