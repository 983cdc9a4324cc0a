/* The token of IAM Identity Center on disk: reading, renewing, writing back.
 *
 * Below 15 minutes of life a token of an sso-session is renewed; when that fails and some life is
 * left, the old one serves. At most one attempt a minute, as the CLI. Refresh tokens are good for
 * one use, and the CLI reads and writes the same file without a lock: so we take a lock of our own
 * against each other, read again under it, and when the renewal is refused look whether somebody
 * else has just stored a better token. Members that we do not know survive. aws-access.md sections
 * 5.3 and 6. */
#include "aws/identity/sso_token.h"
#include "aws/identity/token_file.h"
#include "aws/model/operations.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "data/object.h"
#include <errno.h>
#include <string.h>

#define RENEW_BELOW_MS (15 * 60 * 1000)
#define RENEW_PAUSE_MS (60 * 1000)

char *sso_token_path(const struct env *env, const char *key)
{
    uint8_t sum[SHA1_BYTES];

    digest_sha1(key, strlen(key), sum);
    cleanup_free char *hex = digest_hex(sum, sizeof sum);
    cleanup_free char *file = xasprintf("~/.aws/sso/cache/%s.json", hex);
    return aws_path_expand(env, file);
}

static int64_t time_of(const json_t *j, const char *member)
{
    const char *text = json_str(j, member);
    int64_t ms;

    return text && clock_parse_iso(text, &ms) == 0 ? ms : 0;
}

static void fill(struct sso_token *t)
{
    secret_set(&t->access, json_str(t->file, "accessToken"));
    secret_set(&t->refresh, json_str(t->file, "refreshToken"));
    secret_set(&t->client_secret, json_str(t->file, "clientSecret"));
    free(t->client_id);
    t->client_id = xstrdup_null(json_str(t->file, "clientId"));
    t->expires_ms = time_of(t->file, "expiresAt");
    t->registration_expires_ms = time_of(t->file, "registrationExpiresAt");
}

int sso_token_read(const char *path, struct sso_token *out)
{
    struct str text = STR_INIT;
    int rc = file_read(path, LIMIT_AWS_CREDENTIAL_REPLY_BYTES, &text, NULL);

    *out = (struct sso_token){0};
    if (rc == 0 && json_parse(str_get(&text), text.len, &out->file, NULL) < 0)
        rc = -EBADMSG;
    str_wipe(&text);
    if (rc < 0)
        return rc;

    fill(out);
    if (secret_is_set(&out->access) && out->expires_ms)
        return 0;

    sso_token_done(out);
    return -EBADMSG;
}

void sso_token_done(struct sso_token *t)
{
    secret_done(&t->access);
    secret_done(&t->refresh);
    secret_done(&t->client_secret);
    free(t->client_id);
    json_decref(t->file);
    *t = (struct sso_token){0};
}

bool sso_token_can_refresh(const struct sso_token *t, int64_t now_ms)
{
    return secret_is_set(&t->refresh) && secret_is_set(&t->client_secret) && t->client_id &&
           t->registration_expires_ms > now_ms;
}

static void login_hint(const struct sso_source *from, struct error *err)
{
    cleanup_free char *profile = text_shell(from->profile);

    error_hint(
        err,
        "Run `defangctl login --profile %s` (or `aws sso login --profile %s`).",
        profile,
        profile);
}

static int not_loaded(const struct sso_source *from, const char *path, int rc, struct error *err)
{
    error_raise_errno(
        err,
        ERR_AUTH,
        ENOKEY,
        "Error loading SSO Token: Token for %s %s (%s, profile %s)",
        from->session ? from->session : from->start_url,
        rc == -EBADMSG ? "is invalid" : "does not exist",
        path,
        from->profile);
    login_hint(from, err);

    return -ENOKEY;
}

static int expired(const struct sso_source *from, struct error *why, struct error *err)
{
    if (from->session && error_is_set(why))
        error_raise_errno(
            err,
            ERR_AUTH,
            EKEYEXPIRED,
            "Token has expired and refresh failed (sso-session %s of profile %s: %s)",
            from->session,
            from->profile,
            why->message);
    else if (from->session)
        error_raise_errno(
            err,
            ERR_AUTH,
            EKEYEXPIRED,
            "Token has expired and refresh failed (sso-session %s of profile %s)",
            from->session,
            from->profile);
    else
        error_raise_errno(
            err,
            ERR_AUTH,
            EKEYEXPIRED,
            "The SSO session associated with this profile (%s) has expired or is otherwise "
            "invalid.",
            from->profile);
    login_hint(from, err);

    return -EKEYEXPIRED;
}

static void take_reply(struct sso_token *t, const json_t *reply)
{
    char iso[25];

    clock_format_iso(clock_wall_ms() + json_int_or(reply, "expiresIn", 0) * 1000, iso);
    memcpy(iso + 19, "Z", 2); /* whole seconds, as the CLI writes them */
    json_object_set_new(t->file, "accessToken", json_string(json_str_or(reply, "accessToken", "")));
    json_object_set_new(t->file, "expiresAt", json_string(iso));
    if (json_str(reply, "refreshToken"))
        json_object_set_new(t->file, "refreshToken", json_string(json_str(reply, "refreshToken")));
    else
        json_object_del(t->file, "refreshToken");
    fill(t);
}

static int renew(
    struct aws_session *s,
    const struct sso_source *from,
    const char *path,
    struct sso_token *t,
    struct error *err)
{
    struct aws_call_options o = {.region = from->region, .unsigned_request = true};
    cleanup_json json_t *reply = NULL;
    json_t *in = object(
        key("grantType", "refresh_token"),
        key("clientId", t->client_id),
        key("clientSecret", secret_get(&t->client_secret)),
        key("refreshToken", secret_get(&t->refresh)));
    int rc = session_call(s, &o, &aws_sso_oidc_CreateToken, in, &reply, err);

    if (rc == 0 && (!json_str(reply, "accessToken") || json_int_or(reply, "expiresIn", 0) <= 0))
        return error_raise_errno(err, ERR_AUTH, EBADMSG, "SSO gave no new token");
    if (rc < 0)
        return rc;

    take_reply(t, reply);
    struct error unwritten = ERROR_INIT;
    if (token_file_write(path, t->file, &unwritten) < 0)
        log_debug("aws", "the renewed SSO token could not be stored: %s", unwritten.message);
    error_done(&unwritten);
    return 0;
}

/* True when the file holds something better than t: then t is that. */
static bool take_newer(const char *path, struct sso_token *t, int64_t needed_ms)
{
    struct sso_token now;

    if (sso_token_read(path, &now) < 0)
        return false;

    bool better = strcmp(secret_get(&now.access), secret_get(&t->access)) != 0 &&
                  now.expires_ms > clock_wall_ms() + needed_ms;
    bool rotated = strcmp(secret_get(&now.refresh), secret_get(&t->refresh)) != 0;
    if (better || rotated) {
        sso_token_done(t);
        *t = now;
    } else {
        sso_token_done(&now);
    }

    return better;
}

/* Refresh tokens are good for one use: whoever holds the lock renews, the others read what came of
 * it. */
static int renew_locked(
    struct aws_session *s,
    const struct sso_source *from,
    const char *path,
    struct sso_token *t,
    struct error *err)
{
    cleanup_fd int lock = token_file_lock(path);
    int rc = 0;

    if (!take_newer(path, t, RENEW_BELOW_MS)) {
        if (sso_token_can_refresh(t, clock_wall_ms()))
            rc = renew(s, from, path, t, err);
        else
            rc = -EKEYEXPIRED;
        if (rc < 0 &&
            take_newer(path, t, 0)) { /* somebody without our lock, the CLI say, was faster */
            error_done(err);
            rc = 0;
        }
    }

    return rc;
}

int sso_token_get(
    struct aws_session *s, const struct sso_source *from, struct secret *access, struct error *err)
{
    cleanup_free char *path =
        sso_token_path(s->env, from->session ? from->session : from->start_url);
    struct sso_token t;
    struct error why = ERROR_INIT;
    int rc = sso_token_read(path, &t);
    int64_t now = clock_wall_ms();

    if (rc < 0)
        return not_loaded(from, path, rc, err);

    bool due =
        from->session && t.expires_ms - now < RENEW_BELOW_MS && sso_token_can_refresh(&t, now);
    bool paused = s->sso_renewed && clock_mono_ms() - s->sso_renewed_mono_ms < RENEW_PAUSE_MS;
    if (due && !paused) {
        s->sso_renewed = true;
        s->sso_renewed_mono_ms = clock_mono_ms();
        renew_locked(s, from, path, &t, &why);
    }

    if (t.expires_ms > clock_wall_ms())
        secret_copy(access, &t.access);
    else
        rc = expired(from, &why, err);
    error_done(&why);
    sso_token_done(&t);
    return rc;
}
