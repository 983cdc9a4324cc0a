/* Sessions of `aws login` (login_session): the cached credentials, renewed with the session's
 * refresh token while the session lasts (12 h). Formats: shared/reference/aws-access.md
 * section 5.5. */
#include "aws/identity/credentials.h"
#include "aws/identity/dpop.h"
#include "aws/identity/token_file.h"
#include "aws/model/operations.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "data/object.h"
#include <errno.h>
#include <string.h>

#define NAME           "login"
#define RENEW_BELOW_MS (15 * 60 * 1000)
#define ENOUGH_MS      (5 * 60 * 1000)

struct login {
    const struct credential_request *r;
    struct aws_setting setting;
    char *path;
    json_t *file; /* holds secrets: never printed */
    int64_t expires_ms;
};

char *login_cache_path(const struct env *env, const char *session)
{
    const char *folder = env_get_nonempty(env, "AWS_LOGIN_CACHE_DIRECTORY");
    uint8_t sum[SHA256_BYTES];

    digest_sha256(session, strlen(session), sum);
    cleanup_free char *hex = digest_hex(sum, sizeof sum);
    cleanup_free char *file = xasprintf("%s/%s.json", folder ? folder : "~/.aws/login/cache", hex);

    return aws_path_expand(env, file);
}

static int again(const struct login *l, int code, const char *what, struct error *err)
{
    cleanup_free char *profile = text_shell(l->r->profile_name);

    error_raise_errno(
        err, ERR_AUTH, code, "%s (profile %s, %s)", what, l->r->profile_name, l->path);
    error_at(err, l->setting.path, l->setting.line, 0);
    error_hint(err, "Run `aws login --profile %s`.", profile);
    return -code;
}

static int load(struct login *l, struct error *err)
{
    static const char *const needed[] = {
        "accessToken.accessKeyId",
        "accessToken.secretAccessKey",
        "accessToken.sessionToken",
        "refreshToken",
        "clientId",
        "dpopKey"};
    json_t *file = token_file_read(l->path);
    int64_t ms;

    if (!file)
        return again(l, ENOKEY, "there is no login session", err);

    json_decref(l->file);
    l->file = file;
    for (size_t i = 0; i < ARRAY_LEN(needed); i++)
        if (text_empty(json_str(file, needed[i]))) {
            cleanup_free char *what = xasprintf("the login session's file has no %s", needed[i]);
            return again(l, EBADMSG, what, err);
        }
    if (clock_parse_iso(json_str_or(file, "accessToken.expiresAt", ""), &ms) < 0)
        return again(l, EBADMSG, "the login session's file does not say when it ends", err);

    l->expires_ms = ms;
    return 0;
}

static int64_t left(const struct login *l)
{
    return l->expires_ms - clock_wall_ms();
}

static void take_reply(struct login *l, const json_t *reply)
{
    json_t *token = json_object_get(l->file, "accessToken");
    char iso[25];

    l->expires_ms = clock_wall_ms() + json_int_or(reply, "tokenOutput.expiresIn", 0) * 1000;
    clock_format_iso(l->expires_ms, iso);
    memcpy(iso + 19, "Z", 2);
    json_object_update_existing(token, json_at(reply, "tokenOutput.accessToken"));
    json_object_set_new(token, "expiresAt", json_string(iso));
    json_object_set_new(
        l->file, "refreshToken", json_string(json_str_or(reply, "tokenOutput.refreshToken", "")));
}

static int ask(struct login *l, json_t **reply, char **reason, struct error *err)
{
    struct aws_session *s = l->r->session;
    cleanup_json json_t *in = object(
        key("tokenInput",
            object(
                key("clientId", json_str(l->file, "clientId")),
                key("refreshToken", json_str(l->file, "refreshToken")),
                key("grantType", "refresh_token"))));
    cleanup_wire_request struct wire_request request = {0};
    cleanup_http_response struct http_response resp = {0};
    struct aws_exchange x = {
        .op = &aws_signin_CreateOAuth2Token,
        .request = &request,
        .region = s->settings.region,
        .unsigned_request = true,
        .reason = reason};
    cleanup_free char *url = NULL, *region = NULL, *proof = NULL;
    int rc;

    wire_request_init(&request);
    rc = wire_serialize(x.op, in, &request, err);
    if (rc == 0)
        rc = session_url(s, &x, x.region, &url, &region, err);
    if (rc == 0)
        rc = dpop_proof(json_str(l->file, "dpopKey"), url, &proof, err);
    if (rc < 0)
        return rc;

    wire_header(&request, "DPoP", proof);
    rc = session_exchange(s, &x, &resp, err);
    return rc < 0 ? rc : wire_parse(x.op, &resp, reply, err);
}

/* What signin said, and what mends it: logging in again is no cure for a missing permission or a
 * lost network. */
static int
refused(const struct login *l, const char *reason, const struct error *why, struct error *err)
{
    static const struct {
        const char *reason, *what;
    } known[] = {
        {"TOKEN_EXPIRED", "the login session has expired"},
        {"AUTHCODE_EXPIRED", "the login session has expired"},
        {"USER_CREDENTIALS_CHANGED",
         "the login session has ended: the user's credentials (the password, say) have changed "
         "since it began"},
        {"INSUFFICIENT_PERMISSIONS",
         "the login session has no permission to be renewed (signin:CreateOAuth2Token)"},
    };

    cleanup_free char *profile = text_shell(l->r->profile_name);
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (text_eq(reason, known[i].reason)) {
            again(l, EKEYEXPIRED, known[i].what, err);
            if (strcmp(reason, "INSUFFICIENT_PERMISSIONS") == 0)
                error_hint(
                    err,
                    "Have the policy SignInLocalDevelopmentAccess attached to the user or role, "
                    "then run `aws login --profile %s`.",
                    profile);
            return -EKEYEXPIRED;
        }
    cleanup_free char *text = xasprintf(
        "the login session's credentials have expired and could not be renewed: %s", why->message);
    again(l, EKEYEXPIRED, text, err);
    if (!why->aws_code && why->kind != ERR_AUTH)
        error_hint(
            err,
            "Try again when the sign-in endpoint can be reached; if that does not help, run `aws "
            "login --profile %s`.",
            profile);
    return -EKEYEXPIRED;
}

static int renew(struct login *l, struct error *err)
{
    cleanup_json json_t *reply = NULL;
    cleanup_free char *reason = NULL;
    struct error own = ERROR_INIT;
    int rc = ask(l, &reply, &reason, &own);

    if (rc == 0 && (text_empty(json_str(reply, "tokenOutput.accessToken.accessKeyId")) ||
                    json_int_or(reply, "tokenOutput.expiresIn", 0) <= 0))
        rc = error_raise_errno(&own, ERR_AUTH, EBADMSG, "the answer holds no credentials");
    if (rc == 0) {
        take_reply(l, reply);
        token_file_write(l->path, l->file, NULL);
        return 0;
    }

    refused(l, reason, &own, err);
    error_done(&own);
    return -EKEYEXPIRED;
}

/* Refresh tokens are good for one use: one process renews, the others read what came of it. */
static int renew_once(struct login *l, struct error *err)
{
    cleanup_fd int lock = token_file_lock(l->path);
    int rc = load(l, err);

    if (rc < 0 || left(l) > ENOUGH_MS)
        return rc;

    struct error own = ERROR_INIT;
    rc = renew(l, &own);
    if (rc < 0 && (left(l) > 0 || (load(l, NULL) == 0 && left(l) > 0)))
        rc = 0; /* what is there still serves, or somebody else was faster */
    else if (rc < 0 && err)
        error_move(err, &own);
    error_done(&own);
    return rc;
}

static int use(const struct login *l, struct aws_credentials *out)
{
    out->access_key_id = xstrdup(json_str_or(l->file, "accessToken.accessKeyId", ""));
    secret_set(&out->secret_access_key, json_str(l->file, "accessToken.secretAccessKey"));
    secret_set(&out->session_token, json_str(l->file, "accessToken.sessionToken"));
    out->account_id = xstrdup_null(json_str(l->file, "accessToken.accountId"));
    out->expires_wall_ms = l->expires_ms;
    out->source = xasprintf("profile %s, login session in %s", l->r->profile_name, l->path);

    return 0;
}

static int
resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    struct login l = {
        .r = r, .setting = aws_profile_get(r->session->profiles, r->profile, "login_session")};
    int rc;

    if (!l.setting.value)
        return credentials_pass(r, NAME, "no login_session in profile %s", r->profile_name);

    l.path = login_cache_path(r->session->env, l.setting.value);
    rc = load(&l, err);
    if (rc == 0 && left(&l) < RENEW_BELOW_MS)
        rc = renew_once(&l, err);
    if (rc == 0)
        rc = use(&l, out);
    json_decref(l.file);
    free(l.path);
    return rc;
}

const struct credential_provider credential_login = {NAME, resolve, true, AWS_ORIGIN_LOGIN};
