/* Profiles with role_arn: sts:AssumeRole with the credentials of a source_profile (which may assume
 * a role itself, and so on, with loops detected) or of a credential_source.
 *
 * What the settings say is checked before anything is asked or read from a cache. Then the CLI's
 * cache is looked at, since it saves an MFA code; then the source, then STS. An MFA code is given
 * by a client beforehand and good for one use: without one the error names the device, and the
 * client asks for it. Rules: shared/reference/aws-access.md section 5.1. */
#include "aws/identity/credentials.h"
#include "aws/identity/role_cache.h"
#include "aws/model/operations.h"
#include "base/clock.h"
#include "data/object.h"
#include <errno.h>
#include <string.h>

#define NAME "assume-role"

static struct aws_setting get(const struct credential_request *r, const char *key)
{
    return aws_profile_get(r->session->profiles, r->profile, key);
}

static bool has_static_keys(const struct credential_request *r, const struct aws_profile *p)
{
    const struct aws_profiles *all = r->session->profiles;

    return aws_profile_get(all, p, "aws_access_key_id").value ||
           aws_profile_get(all, p, "aws_secret_access_key").value;
}

static bool on_the_way(const struct credential_visit *v, const char *profile)
{
    for (; v; v = v->outer)
        if (strcmp(v->profile, profile) == 0)
            return true;
    return false;
}

static int
loops(const struct credential_request *r, const struct aws_setting *source, struct error *err)
{
    error_raise_errno(
        err,
        ERR_AUTH,
        ELOOP,
        "Infinite loop in credential configuration detected: profile %s comes back to %s through "
        "source_profile",
        r->profile_name,
        source->value);
    error_at(err, source->path, source->line, 0);

    return -ELOOP;
}

static int empty_profile(const struct aws_setting *source, struct error *err)
{
    cleanup_free char *word = text_shell(source->value);

    error_raise_errno(
        err, ERR_AUTH, ENOKEY, "The source profile \"%s\" must have credentials", source->value);
    error_at(err, source->path, source->line, 0);
    error_hint(
        err,
        "Give profile %s credentials (`aws configure --profile %s`), or name another "
        "source_profile.",
        source->value,
        word);
    return -ENOKEY;
}

/* A source profile has static keys, which end the way, or a role of its own, which leads on; or
 * something else that serves a source profile. It may name itself when it has keys. */
static int from_profile(
    const struct credential_request *r,
    const struct aws_setting *source,
    struct aws_credentials *out,
    struct error *err)
{
    const struct aws_profiles *all = r->session->profiles;
    const struct aws_profile *p = aws_profiles_find(all, source->value); /* check_source() did */
    struct credential_visit here = {r->profile_name, r->visited};
    struct credential_request inner = *r;
    int rc;

    bool keys = has_static_keys(r, p);
    bool role = aws_profile_get(all, p, "role_arn").value &&
                !aws_profile_get(all, p, "web_identity_token_file").value;
    bool itself = strcmp(source->value, r->profile_name) == 0;
    if (on_the_way(&here, source->value) && !(itself && keys))
        return loops(r, source, err);

    inner.profile_name = source->value;
    inner.profile = p;
    inner.use_environment = false;
    inner.visited = &here;
    if (role && !keys)
        rc = credentials_ask(&credential_assume_role, &inner, out, err);
    else
        rc = credentials_resolve(&inner, true, out, err);

    return rc == -ENOENT && !error_is_set(err) ? empty_profile(source, err) : rc;
}

static int unknown_source(
    const struct credential_request *r, const struct aws_setting *source, struct error *err)
{
    error_raise_errno(
        err,
        ERR_AUTH,
        EINVAL,
        "credential_source '%s' of profile %s is none of Environment, EcsContainer, "
        "Ec2InstanceMetadata",
        source->value,
        r->profile_name);
    error_at(err, source->path, source->line, 0);

    return -EINVAL;
}

static int empty_source(
    const struct credential_request *r, const struct aws_setting *source, struct error *err)
{
    bool container = strcmp(source->value, "EcsContainer") == 0;

    error_raise_errno(
        err,
        ERR_AUTH,
        ENOKEY,
        "No credentials found in credential_source %s referenced in profile %s",
        source->value,
        r->profile_name);
    error_at(err, source->path, source->line, 0);
    if (strcmp(source->value, "Environment") == 0)
        error_hint(
            err,
            "Export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without --profile they would be "
            "used as they are.");
    else
        error_hint(
            err,
            "credential_source = %s serves on %s only; elsewhere use source_profile.",
            source->value,
            container ? "a container of ECS or EKS" : "an EC2 instance with a role");
    return -ENOKEY;
}

/* The words are the CLI's, in its case. */
static int from_source(
    const struct credential_request *r,
    const struct aws_setting *source,
    struct aws_credentials *out,
    struct error *err)
{
    struct credential_request outer = *r;
    const struct credential_provider *provider = NULL;
    int rc;

    outer.use_environment = true; /* even where --profile has switched it off */
    if (strcmp(source->value, "Environment") == 0)
        provider = &credential_environment;
    else if (strcmp(source->value, "EcsContainer") == 0)
        provider = &credential_container;
    else if (strcmp(source->value, "Ec2InstanceMetadata") == 0)
        provider = &credential_imds;
    if (!provider)
        return unknown_source(r, source, err);

    rc = credentials_ask(provider, &outer, out, err);
    return rc == -ENOENT && !error_is_set(err) ? empty_source(r, source, err) : rc;
}

/* Exactly one of the two, and the profile it names: checked before anything is asked or read from a
 * cache. */
static int
check_source(const struct credential_request *r, const struct aws_setting *role, struct error *err)
{
    struct aws_setting profile = get(r, "source_profile"), source = get(r, "credential_source");

    if (!profile.value == !source.value) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EINVAL,
            profile.value ? "The profile \"%s\" contains both source_profile and credential_source"
                          : "The profile \"%s\" has role_arn but neither source_profile nor "
                            "credential_source",
            r->profile_name);
        error_at(err, role->path, role->line, 0);
        if (profile.value)
            error_hint(err, "Keep one of the two lines.");
        else
            error_hint(
                err,
                "Add source_profile (a profile whose credentials assume the role) or "
                "credential_source, or remove role_arn.");
        return -EINVAL;
    }

    if (profile.value && !aws_profiles_find(r->session->profiles, profile.value)) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EINVAL,
            "The source_profile \"%s\" of profile %s could not be found",
            profile.value,
            r->profile_name);
        error_at(err, profile.path, profile.line, 0);
        error_hint(
            err,
            "`aws configure list-profiles` shows what there is; `aws configure --profile NAME` "
            "makes one.");
        return -EINVAL;
    }

    return 0;
}

static int
find_source(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    struct aws_setting profile = get(r, "source_profile"), source = get(r, "credential_source");

    return profile.value ? from_profile(r, &profile, out, err) : from_source(r, &source, out, err);
}

/* What stands in the file; botocore leaves a duration that is no number out. */
static struct role_cache_role role_of(const struct credential_request *r, const char *role)
{
    struct aws_setting duration = get(r, "duration_seconds");
    struct role_cache_role out = {
        role,
        get(r, "role_session_name").value,
        get(r, "external_id").value,
        get(r, "mfa_serial").value,
        0};

    if (duration.value && text_parse_int(duration.value, 1, 1000000, &out.duration_s) < 0)
        out.duration_s = 0;
    return out;
}

static json_t *parameters(const struct role_cache_role *role, const char *code)
{
    cleanup_free char *own =
        xasprintf("botocore-session-%lld", (long long)(clock_wall_ms() / 1000));
    const char *name = role->session_name ? role->session_name : own;
    json_t *in = object(
        key("RoleArn", role->role_arn),
        key("RoleSessionName", name),
        key("ExternalId", role->external_id));

    if (role->duration_s)
        json_add(in, "DurationSeconds", json_of(role->duration_s));
    if (code) { /* typed by a person: what is no UTF-8 is left out, and STS refuses */
        json_add(in, "SerialNumber", json_of(role->serial));
        json_add(in, "TokenCode", json_string(code));
    }

    return in;
}

/* A terminal is asked by the client, which comes back with the code. */
static int need_code(const struct credential_request *r, struct error *err)
{
    struct aws_setting mfa = get(r, "mfa_serial");

    if (!mfa.value || secret_is_set(&r->session->mfa_code))
        return 0;

    error_raise_errno(
        err,
        ERR_AUTH,
        ENOTTY,
        "profile %s needs an MFA code of device %s",
        r->profile_name,
        mfa.value);
    error_at(err, mfa.path, mfa.line, 0);
    error_hint(
        err,
        "Run a defangctl command with this profile in a terminal: it asks for the code, which then "
        "serves as long as the role does.");
    error_mfa(err, mfa.value);

    return -ENOTTY;
}

static int assume(
    const struct credential_request *r,
    const struct role_cache_role *role,
    const struct aws_credentials *source,
    json_t **reply,
    struct error *err)
{
    struct aws_call_options o = {.region = r->session->settings.region, .credentials = source};
    cleanup_secret struct secret code = SECRET_INIT;
    int rc = need_code(r, err);

    if (rc < 0)
        return rc;
    if (role->serial) {
        secret_copy(&code, &r->session->mfa_code);
        secret_done(&r->session->mfa_code); /* good for one use */
    }

    rc = session_call(
        r->session,
        &o,
        &aws_sts_AssumeRole,
        parameters(role, role->serial ? secret_get(&code) : NULL),
        reply,
        err);
    if (rc < 0)
        error_wrap(
            err,
            "assuming role %s for profile %s with %s",
            role->role_arn,
            r->profile_name,
            source->source);
    return rc;
}

static int
resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    struct aws_setting arn = get(r, "role_arn");
    struct aws_credentials source = {0};
    cleanup_json json_t *reply = NULL;
    int rc;

    if (!arn.value)
        return credentials_pass(r, NAME, "no role_arn in profile %s", r->profile_name);
    if (get(r, "web_identity_token_file").value)
        return credentials_pass(r, NAME, "profile %s uses a web identity token", r->profile_name);

    rc = check_source(r, &arn, err);
    if (rc < 0)
        return rc;

    struct role_cache_role role = role_of(r, arn.value);
    cleanup_free char *key = role_cache_key_role(&role);
    cleanup_json json_t *cached = role_cache_read(r->session, key);
    if (cached) {
        cleanup_free char *text =
            xasprintf("profile %s, role %s (the AWS CLI's cache)", r->profile_name, arn.value);
        return credentials_from_json(cached, "SessionToken", text, out, err);
    }

    rc = find_source(r, &source, err);
    if (rc == 0)
        rc = assume(r, &role, &source, &reply, err);
    if (rc == 0) {
        cleanup_free char *text =
            xasprintf("profile %s, role %s through %s", r->profile_name, arn.value, source.source);
        rc = credentials_from_json(
            json_object_get(reply, "Credentials"), "SessionToken", text, out, err);
    }

    if (rc == 0)
        role_cache_write(r->session, key, reply);
    aws_credentials_done(&source);
    return rc;
}

const struct credential_provider credential_assume_role = {NAME, resolve, false, AWS_ORIGIN_ROLE};
