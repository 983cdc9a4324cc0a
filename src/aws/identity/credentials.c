/* The session's credentials: what the chain found, kept until it is about to end.
 *
 * One fiber resolves, the others that need credentials meanwhile wait for its outcome. A refresh is
 * due when 15 minutes are left; it may fail (and is tried again a minute later) until 10 minutes
 * are left, then its failure is the call's. These are botocore's advisory and mandatory times.
 *
 * What a client brought for a blocked job (aws_session_replace_credentials) is never refreshed: the
 * daemon does not know where it came from. When it ends, the job waits for the client again. */
#include "aws/identity/credentials.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include <errno.h>
#include <string.h>

/* Refresh is tried when less than this is left … */
#define REFRESH_ADVISORY_MS (15 * 60 * 1000)
/* … and must succeed below this. */
#define REFRESH_MANDATORY_MS (10 * 60 * 1000)
#define REFRESH_PAUSE_MS     (60 * 1000)
/* How long another fiber resolves at most: metadata services, STS; or a program that a person
 * answers. */
#define MACHINE_MS (120 * 1000)
#define PERSON_MS  (LIMIT_ASK_HOURS * 3600LL * 1000)

static int nothing_found(const struct aws_session *s, struct error *err)
{
    error_raise_errno(
        err,
        ERR_AUTH,
        ENOKEY,
        "Unable to locate credentials (profile %s, region %s)",
        s->settings.profile,
        s->settings.region ? s->settings.region : "not set");
    cleanup_free char *places = aws_profiles_places(s->profiles);
    error_hint(
        err,
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run `aws configure` "
        "(looked in %s).",
        places);
    return -ENOKEY;
}

static int resolve_now(
    struct aws_session *s, struct aws_credentials *out, struct str *trace, struct error *err)
{
    struct credential_request r = {
        .session = s,
        .profile_name = s->settings.profile,
        .profile = s->settings.section,
        .use_environment = !s->settings.profile_by_flag,
        .trace = trace,
    };
    struct error own = ERROR_INIT;
    int rc = credentials_resolve(&r, false, out, &own);

    if (rc == -ENOENT && !error_is_set(&own))
        rc = nothing_found(s, &own);
    if (rc == 0 && out->expires_wall_ms &&
        out->expires_wall_ms <= clock_wall_ms() + session_skew_any(s)) {
        rc = error_raise_errno(
            &own,
            ERR_AUTH,
            EKEYEXPIRED,
            "Credentials were refreshed, but the refreshed credentials "
            "are still expired (%s)",
            out->source);
        error_hint(&own, "Bring fresh credentials: log in again, or export new keys.");
        aws_credentials_done(out);
    }

    /* a service that is slow or refuses, an endpoint that is not there: what a person lacks is
       credentials */
    if (rc < 0 && own.kind != ERR_CANCELED)
        own.kind = ERR_AUTH;
    if (rc < 0 && err)
        error_move(err, &own);
    error_done(&own);
    return rc;
}

/* ms until they end; INT64_MAX when never. */
static int64_t time_left(const struct aws_session *s)
{
    if (!s->credentials.expires_wall_ms)
        return INT64_MAX;

    return s->credentials.expires_wall_ms - clock_wall_ms() - session_skew_any(s);
}

static bool refresh_due(const struct aws_session *s)
{
    int64_t left = time_left(s);

    if (s->replaced || left > REFRESH_ADVISORY_MS)
        return false;
    if (left > REFRESH_MANDATORY_MS && s->resolve_failed_mono_ms &&
        clock_mono_ms() - s->resolve_failed_mono_ms < REFRESH_PAUSE_MS)
        return false;

    return true;
}

static void tell_fresh(struct aws_session *s)
{
    if (s->on_fresh && s->have_credentials)
        s->on_fresh(s->on_fresh_arg, &s->credentials);
}

void aws_session_on_fresh(struct aws_session *s, aws_fresh_fn *fn, void *arg)
{
    if (!fn && s->on_fresh_arg != arg)
        return;
    s->on_fresh = fn;
    s->on_fresh_arg = arg;
    tell_fresh(s);
}

/* One fiber resolves, the others wait for its outcome. */
static int resolve_once(struct aws_session *s, struct error *err)
{
    struct aws_credentials fresh = {0};
    int rc;

    s->resolving = true;
    str_clear(&s->trace);
    rc = resolve_now(s, &fresh, &s->trace, err);
    if (rc == 0 && !s->replaced)
        rc = credentials_check_bound(s, &fresh, err);
    s->resolving = false;
    if (rc == 0 && !s->replaced) {
        aws_credentials_done(&s->credentials);
        sigv4_cache_clear(s->signing_keys);
        s->credentials = fresh;
        s->have_credentials = true;
        s->resolve_failed_mono_ms = 0;
        tell_fresh(s);
    } else {
        aws_credentials_done(&fresh);
        if (rc < 0)
            s->resolve_failed_mono_ms = clock_mono_ms();
    }

    fiber_cond_broadcast(&s->resolved);
    log_debug("aws", "credentials of profile %s:\n%s", s->settings.profile, str_get(&s->trace));

    return rc;
}

int aws_session_credentials(struct aws_session *s, struct aws_credentials *out, struct error *err)
{
    while (!s->have_credentials || refresh_due(s)) {
        struct error own = ERROR_INIT;
        int rc;

        if (s->resolving) {
            rc = fiber_cond_wait(&s->resolved, s->run ? PERSON_MS : MACHINE_MS);
            if (rc < 0)
                return error_raise_errno(
                    err,
                    rc == -ECANCELED ? ERR_CANCELED : ERR_TIMEOUT,
                    -rc,
                    "waiting for credentials: %s",
                    strerror(-rc));
            continue;
        }
        rc = resolve_once(s, &own);
        if (rc < 0 && s->have_credentials && time_left(s) > REFRESH_MANDATORY_MS) {
            error_done(&own); /* the old ones still serve */
            break;
        }
        if (rc < 0) {
            if (err)
                error_move(err, &own);
            error_done(&own);
            return rc;
        }
        break;
    }

    if (s->replaced && time_left(s) <= 0) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EKEYEXPIRED,
            "the credentials (%s) have expired",
            s->credentials.source ? s->credentials.source : "given by a client");
        error_hint(
            err,
            "Run any defangctl command of this project with fresh credentials; the job goes on "
            "with them.");
        return -EKEYEXPIRED;
    }

    aws_credentials_copy(out, &s->credentials);
    return 0;
}

static void set(struct aws_session *s, const struct aws_credentials *c, bool replaced)
{
    struct aws_credentials copy;

    aws_credentials_copy(&copy, c);
    aws_credentials_done(&s->credentials);
    sigv4_cache_clear(s->signing_keys);
    s->credentials = copy;
    s->have_credentials = true;
    s->replaced = replaced;
    aws_identity_done(&s->identity);
    s->have_identity = false;
    fiber_cond_broadcast(&s->resolved);
    tell_fresh(s);
}

void aws_session_replace_credentials(struct aws_session *s, const struct aws_credentials *c)
{
    set(s, c, true);
}

void aws_session_restore_credentials(struct aws_session *s, const struct aws_credentials *c)
{
    set(s, c, false);
}

const char *aws_session_key_id(const struct aws_session *s)
{
    return s->have_credentials ? s->credentials.access_key_id : NULL;
}

void aws_session_take_over(struct aws_session *s, const struct aws_session *from)
{
    if (!from->have_credentials)
        return;

    aws_credentials_done(&s->credentials);
    aws_credentials_copy(&s->credentials, &from->credentials);
    s->have_credentials = true;
    s->replaced = from->replaced;
}

int aws_session_renew(struct aws_session *s, const char *failed_key_id, struct error *err)
{
    struct aws_credentials fresh = {0};
    int rc;

    if (!text_eq(failed_key_id, s->credentials.access_key_id))
        return 0; /* somebody else was faster */
    if (s->replaced || !s->have_credentials || !s->credentials.expires_wall_ms ||
        s->credentials.from_environment)
        return error_raise_errno(err, ERR_AUTH, EALREADY, "the credentials cannot be refreshed");

    s->credentials.expires_wall_ms = 1; /* due, whatever they said */
    s->distrust_cache = true;
    rc = aws_session_credentials(s, &fresh, err);
    s->distrust_cache = false;

    aws_credentials_done(&fresh);
    return rc;
}

const struct session_source credentials_source = {aws_session_credentials, aws_session_renew};
