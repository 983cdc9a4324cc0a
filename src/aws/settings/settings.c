/* What the caller's environment and files say beyond identity.
 *
 * One order for everything: a flag, then the environment, then the merged profile. The profile
 * comes first, since the rest is looked up in it; a profile that somebody named must exist. Each
 * value remembers where it came from, because that is what a person asks when it is not the one
 * expected. Rules: aws-access.md sections 3, 4 and 7. */
#include "aws/settings/settings.h"
#include "aws/settings/endpoint.h"
#include "base/mem.h"
#include "base/str.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>

static const char *profile_name(const struct env *env, const char *flag, const char **source)
{
    static const char *const variables[] = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"};

    *source = "--profile";
    if (flag)
        return flag;

    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        *source = variables[i];
        if (env_get(env, variables[i]))
            return env_get(env, variables[i]);
    }

    *source = NULL;
    return "default";
}

static int missing_profile(
    const struct aws_profiles *profiles, const struct aws_settings *s, struct error *err)
{
    size_t n = aws_profiles_count(profiles);
    const char **names = xcalloc(n + 1, sizeof *names);

    for (size_t i = 0; i < n; i++)
        names[i] = aws_profiles_at(profiles, i)->name;
    const char *near = text_nearest(s->profile, names);
    cleanup_free char *shown = text_visible(s->profile);
    cleanup_free char *places = aws_profiles_places(profiles);
    error_raise_errno(
        err,
        ERR_AUTH,
        ENOENT,
        "The config profile (%s) could not be found (named by %s)",
        shown,
        s->profile_source);
    if (!*s->profile)
        error_hint(err, "%s is set but empty: unset it, or name a profile.", s->profile_source);
    else if (near)
        error_hint(err, "Did you mean '%s'? Looked in %s.", near, places);
    else
        error_hint(err, "Looked in %s. `aws configure list-profiles` shows what there is.", places);
    free(names);
    return -ENOENT;
}

/* The first that is set counts, even when it is empty: then the CLI fails as well, and so it is
 * said. */
static int resolve_region(
    const struct env *env,
    const struct aws_profiles *profiles,
    const char *flag,
    struct aws_settings *s,
    struct error *err)
{
    struct aws_setting in_file = aws_profile_get(profiles, s->section, "region");
    const char *variable = env_get(env, "AWS_REGION") ? "AWS_REGION" : "AWS_DEFAULT_REGION";
    const char *value = flag;

    if (flag) {
        s->region_source = xstrdup("--region");
    } else if (env_get(env, variable)) {
        value = env_get(env, variable);
        s->region_source = xstrdup(variable);
    } else if (in_file.value) {
        value = in_file.value;
        s->region_source = xasprintf("%s:%u", in_file.path, in_file.line);
    }

    if (!value)
        return 0;
    if (!*value) {
        error_raise(err, ERR_AUTH, "%s is set but empty", s->region_source);
        error_hint(err, "Name a region there, or unset it.");
        return -EINVAL;
    }

    if (!aws_region_valid(value)) {
        cleanup_free char *shown = text_visible(value);

        error_raise(
            err,
            ERR_AUTH,
            "Provided region_name '%s' doesn't match a supported format (from %s)",
            shown,
            s->region_source);
        if (in_file.value == value)
            error_at(err, in_file.path, in_file.line, 0);
        if (!text_eq(shown, value) || strpbrk(value, " '\""))
            error_hint(
                err, "What stands there holds more than the region's name: write the name alone.");
        return -EINVAL;
    }

    s->region = xstrdup(value);
    return 0;
}

/* Environment first, then the merged profile; NULL when neither has it. */
static const char *either(
    const struct env *env,
    const char *variable,
    const struct aws_profiles *profiles,
    const struct aws_profile *section,
    const char *key)
{
    const char *v = variable ? env_get(env, variable) : NULL;

    return v ? v : aws_profile_get(profiles, section, key).value;
}

static bool is_true(const char *v)
{
    return v && text_eq_nocase(v, "true");
}

static int resolve_ca(
    const struct env *env,
    const struct aws_profiles *profiles,
    struct aws_settings *s,
    struct error *err)
{
    struct aws_setting in_file = aws_profile_get(profiles, s->section, "ca_bundle");
    const char *variable = env_get(env, "AWS_CA_BUNDLE") ? "AWS_CA_BUNDLE"
                           : in_file.value               ? NULL
                                                         : "REQUESTS_CA_BUNDLE";
    const char *path = variable ? env_get(env, variable) : in_file.value;

    if (!path)
        return 0;

    s->ca_source =
        variable ? xstrdup(variable) : xasprintf("ca_bundle in %s:%u", in_file.path, in_file.line);
    if (!*path)
        return error_raise(err, ERR_USAGE, "the CA bundle is set but empty (%s)", s->ca_source);

    s->ca_bundle = aws_path_expand(env, path);
    return 0;
}

/* What is wrong with it concerns calls of S3 alone, as with the CLI: they say it (s3_address.c). */
static void resolve_s3(const struct aws_profiles *profiles, struct aws_settings *s)
{
    struct aws_setting style;

    if (aws_profile_nested(profiles, s->section, "s3", "addressing_style", &style, &s->s3_trouble) <
            0 ||
        !style.value)
        return;

    s->s3_virtual_style = strcmp(style.value, "virtual") == 0;
    s->s3_path_style = strcmp(style.value, "path") == 0;
}

int aws_settings_resolve(
    const struct env *env,
    const struct aws_profiles *profiles,
    const char *profile_flag,
    const char *region_flag,
    struct aws_settings *out,
    struct error *err)
{
    struct aws_settings s = {0};
    int rc = 0;

    s.profile = xstrdup(profile_name(env, profile_flag, &s.profile_source));
    s.profile_by_flag = profile_flag != NULL;
    s.section = aws_profiles_find(profiles, s.profile);
    if (s.profile_source && !s.section)
        rc = missing_profile(profiles, &s, err);
    if (rc == 0)
        rc = resolve_region(env, profiles, region_flag, &s, err);
    if (rc == 0)
        rc = aws_settings_modes(env, profiles, &s, err);
    if (rc == 0)
        rc = resolve_ca(env, profiles, &s, err);
    if (rc == 0)
        resolve_s3(profiles, &s);
    s.fips =
        is_true(either(env, "AWS_USE_FIPS_ENDPOINT", profiles, s.section, "use_fips_endpoint"));
    s.dual_stack = is_true(
        either(env, "AWS_USE_DUALSTACK_ENDPOINT", profiles, s.section, "use_dualstack_endpoint"));
    s.ignore_endpoints = is_true(either(
        env,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        profiles,
        s.section,
        "ignore_configured_endpoint_urls"));
    s.checksum_when_required = text_eq_nocase(
        either(
            env,
            "AWS_REQUEST_CHECKSUM_CALCULATION",
            profiles,
            s.section,
            "request_checksum_calculation"),
        "when_required");
    if (rc < 0) {
        aws_settings_done(&s);
        return rc;
    }

    *out = s;
    return 0;
}

void aws_settings_done(struct aws_settings *s)
{
    free(s->profile);
    free(s->region);
    free(s->region_source);
    free(s->ca_bundle);
    free(s->ca_source);
    error_done(&s->s3_trouble);
    *s = (struct aws_settings){0};
}

/* "CloudWatch Logs" → CLOUDWATCH_LOGS or cloudwatch_logs */
static char *service_key(const char *service_id, bool upper)
{
    char *key = xstrdup(service_id);

    for (char *p = key; *p; p++) {
        unsigned char c = (unsigned char)*p;

        if (c == ' ' || c == '-')
            *p = '_';
        else
            *p = (char)(upper ? toupper(c) : tolower(c));
    }
    return key;
}

/* The profile's services section has an entry for the service; -ENOENT with err when the section
 * that it names is not there. */
static int endpoint_of_services(
    const struct aws_settings *s,
    const struct aws_profiles *profiles,
    const char *service_id,
    struct aws_setting *out,
    struct error *err)
{
    struct aws_setting services = aws_profile_get(profiles, s->section, "services");
    cleanup_free char *key = service_key(service_id, false);

    *out = (struct aws_setting){0};
    if (!services.value)
        return 0;

    const struct ini_section *section = aws_profiles_named(profiles, "services", services.value);
    if (section)
        return aws_section_nested(profiles, section, key, "endpoint_url", out, err);

    error_raise(
        err,
        ERR_AUTH,
        "profile %s names the services section '%s', which does not exist",
        s->profile,
        services.value);
    error_at(err, services.path, services.line, 0);

    return -ENOENT;
}

int aws_settings_endpoint_source(
    const struct aws_settings *s,
    const struct env *env,
    const struct aws_profiles *profiles,
    const char *service_id,
    char **url,
    char **source,
    struct error *err)
{
    cleanup_free char *upper = service_key(service_id, true);
    cleanup_free char *own = xasprintf("AWS_ENDPOINT_URL_%s", upper);
    const char *variable = env_get_nonempty(env, own) ? own : "AWS_ENDPOINT_URL";
    struct aws_setting in_file = {0};

    *url = *source = NULL;
    if (s->ignore_endpoints)
        return 0;

    if (env_get_nonempty(env, variable)) {
        *url = xstrdup(env_get(env, variable));
        *source = xstrdup(variable);
        return 0;
    }

    int rc = endpoint_of_services(s, profiles, service_id, &in_file, err);
    if (rc < 0)
        return rc;
    if (!in_file.value)
        in_file = aws_profile_get(profiles, s->section, "endpoint_url");
    if (in_file.value) {
        *url = xstrdup(in_file.value);
        *source = xasprintf("endpoint_url in %s:%u", in_file.path, in_file.line);
    }

    return 0;
}

int aws_settings_endpoint(
    const struct aws_settings *s,
    const struct env *env,
    const struct aws_profiles *profiles,
    const char *service_id,
    char **url,
    struct error *err)
{
    cleanup_free char *source = NULL;

    return aws_settings_endpoint_source(s, env, profiles, service_id, url, &source, err);
}
