/* Profiles with role_arn: source_profile chains (with loop detection) and credential_source; sts:AssumeRole.
 */
#include "aws/credentials.h"
#include "aws/operations.h"
#include "base/clock.h"
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

static int from_profile(const struct credential_request *r, const struct aws_setting *source,
                        struct aws_credentials *out, struct error *err)
{
    const struct aws_profile *p = aws_profiles_find(r->session->profiles, source->value);
    struct credential_visit here = {r->profile_name, r->visited};
    struct credential_request inner = *r;
    int rc;

    if (!p) {
        error_raise_errno(err, ERR_AUTH, EINVAL, "The source_profile \"%s\" of profile %s could not be found",
                          source->value, r->profile_name);
        error_at(err, source->path, source->line, 0);
        return -EINVAL;
    }
    bool keys = has_static_keys(r, p);
    bool role = aws_profile_get(r->session->profiles, p, "role_arn").value != NULL;
    if (!keys && on_the_way(&here, source->value)) {
        error_raise_errno(err, ERR_AUTH, ELOOP,
                          "Infinite loop in credential configuration detected: profile %s comes back "
                          "to %s through source_profile",
                          r->profile_name, source->value);
        error_at(err, source->path, source->line, 0);
        return -ELOOP;
    }
    inner.profile_name = source->value;
    inner.profile = p;
    inner.use_environment = false;
    inner.visited = &here;
    if (role && !keys)
        rc = credential_assume_role.resolve(&inner, out, err);
    else
        rc = credentials_resolve(&inner, true, out, err); /* static keys end the chain */
    if (rc == -ENOENT && !error_is_set(err)) {
        error_raise_errno(err, ERR_AUTH, ENOKEY, "The source profile \"%s\" must have credentials",
                          source->value);
        error_at(err, source->path, source->line, 0);
        return -ENOKEY;
    }
    return rc;
}

static int from_source(const struct credential_request *r, const struct aws_setting *source,
                       struct aws_credentials *out, struct error *err)
{
    struct credential_request outer = *r;
    const struct credential_provider *provider = NULL;
    int rc;

    outer.use_environment = true;
    if (strcmp(source->value, "Environment") == 0)
        provider = &credential_environment;
    else if (strcmp(source->value, "EcsContainer") == 0)
        provider = &credential_container;
    else if (strcmp(source->value, "Ec2InstanceMetadata") == 0)
        provider = &credential_imds;
    if (!provider) {
        error_raise_errno(err, ERR_AUTH, EINVAL,
                          "credential_source '%s' of profile %s is none of Environment, EcsContainer, "
                          "Ec2InstanceMetadata",
                          source->value, r->profile_name);
        error_at(err, source->path, source->line, 0);
        return -EINVAL;
    }
    rc = provider->resolve(&outer, out, err);
    if (rc == -ENOENT && !error_is_set(err)) {
        error_raise_errno(err, ERR_AUTH, ENOKEY,
                          "No credentials found in credential_source %s referenced in profile %s",
                          source->value, r->profile_name);
        error_at(err, source->path, source->line, 0);
        return -ENOKEY;
    }
    return rc;
}

static int find_source(const struct credential_request *r, const struct aws_setting *role,
                       struct aws_credentials *out, struct error *err)
{
    struct aws_setting profile = get(r, "source_profile"), source = get(r, "credential_source");

    if (!profile.value == !source.value) {
        error_raise_errno(
            err, ERR_AUTH, EINVAL,
            profile.value
                ? "The profile \"%s\" contains both source_profile and credential_source"
                : "The profile \"%s\" has role_arn but neither source_profile nor credential_source",
            r->profile_name);
        error_at(err, role->path, role->line, 0);
        return -EINVAL;
    }
    return profile.value ? from_profile(r, &profile, out, err) : from_source(r, &source, out, err);
}

static json_t *parameters(const struct credential_request *r, const struct aws_setting *role)
{
    struct aws_setting name = get(r, "role_session_name"), external = get(r, "external_id");
    struct aws_setting duration = get(r, "duration_seconds");
    cleanup_free char *own = xasprintf("botocore-session-%lld", (long long)(clock_wall_ms() / 1000));
    json_t *in = json_object();
    long long seconds;

    json_object_set_new(in, "RoleArn", json_string(role->value));
    json_object_set_new(in, "RoleSessionName", json_string(name.value ? name.value : own));
    if (external.value)
        json_object_set_new(in, "ExternalId", json_string(external.value));
    if (duration.value && text_parse_int(duration.value, 1, 1000000, &seconds) == 0)
        json_object_set_new(in, "DurationSeconds", json_integer(seconds));
    return in;
}

static int resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    struct aws_setting role = get(r, "role_arn"), mfa = get(r, "mfa_serial");
    struct aws_credentials source = {0};
    cleanup_json json_t *reply = NULL;
    int rc;

    if (!role.value)
        return credentials_pass(r, NAME, "no role_arn in profile %s", r->profile_name);
    if (get(r, "web_identity_token_file").value)
        return credentials_pass(r, NAME, "profile %s uses a web identity token", r->profile_name);
    if (mfa.value) {
        error_raise_errno(err, ERR_AUTH, ENOTSUP, "profile %s needs an MFA code (mfa_serial %s)",
                          r->profile_name, mfa.value);
        error_at(err, mfa.path, mfa.line, 0);
        error_hint(
            err,
            "Run `eval \"$(aws configure export-credentials --profile %s --format env)\"` and try again.",
            r->profile_name);
        return -ENOTSUP;
    }
    rc = find_source(r, &role, &source, err);
    if (rc < 0)
        return rc;
    struct aws_call_options o = {.region = r->session->settings.region, .credentials = &source};
    rc = session_call(r->session, &o, &aws_sts_AssumeRole, parameters(r, &role), &reply, err);
    if (rc < 0)
        error_wrap(err, "assuming role %s for profile %s with %s", role.value, r->profile_name,
                   source.source);
    cleanup_free char *text =
        xasprintf("profile %s, role %s through %s", r->profile_name, role.value, source.source);
    aws_credentials_done(&source);
    return rc < 0
               ? rc
               : credentials_from_json(json_object_get(reply, "Credentials"), "SessionToken", text, out, err);
}

const struct credential_provider credential_assume_role = {NAME, resolve, false};
