/* The traps that make two programs disagree about who they are: found in the same settings that the
 * chain reads, said by `whoami`.
 *
 * Each is a case that other SDKs decide in another way than the AWS CLI, whose way is ours
 * (aws-access.md section 12), or a setting that a person thinks is used and is not. Nothing is
 * asked over the network for it. One line a trap, with what to do. */
#include "aws/identity/sso_token.h"
#include "aws/session.h"
#include "aws/settings/region.h"
#include "base/clock.h"
#include "base/mem.h"
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

static void add(struct str *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct str *out, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    str_vappendf(out, fmt, ap);
    va_end(ap);
    str_append_char(out, '\n');
}

static struct aws_setting get(const struct aws_session *s, const char *key)
{
    return aws_profile_get(s->profiles, s->settings.section, key);
}

static bool keys_from_environment(const struct aws_session *s)
{
    return !s->settings.profile_by_flag && env_get_nonempty(s->env, "AWS_ACCESS_KEY_ID");
}

static void about_environment(const struct aws_session *s, struct str *out)
{
    const char *id = env_get_nonempty(s->env, "AWS_ACCESS_KEY_ID");
    const char *old = env_get_nonempty(s->env, "AWS_SECURITY_TOKEN"),
               *token = env_get_nonempty(s->env, "AWS_SESSION_TOKEN");

    if (id && s->settings.profile_by_flag)
        add(out,
            "AWS_ACCESS_KEY_ID is set, but --profile %s switches the keys of the environment off.",
            s->settings.profile);
    else if (id && s->settings.profile_source)
        add(out,
            "AWS_ACCESS_KEY_ID hides the credentials of profile %s (%s); only its settings, such "
            "as the region, count. Unset the key, or use --profile %s.",
            s->settings.profile,
            s->settings.profile_source,
            s->settings.profile);
    if (!id && env_get_nonempty(s->env, "AWS_SECRET_ACCESS_KEY"))
        add(out, "AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID: it is not used.");
    if (!id && (old || token))
        add(out,
            "%s is set without AWS_ACCESS_KEY_ID: it is not used.",
            old ? "AWS_SECURITY_TOKEN" : "AWS_SESSION_TOKEN");
    if (id && old && token && strcmp(old, token) != 0)
        add(out,
            "AWS_SECURITY_TOKEN and AWS_SESSION_TOKEN differ: the AWS CLI takes "
            "AWS_SECURITY_TOKEN, and so do we; other SDKs take the other.");
}

static void about_region(const struct aws_session *s, struct str *out)
{
    const char *a = env_get_nonempty(s->env, "AWS_REGION"),
               *b = env_get_nonempty(s->env, "AWS_DEFAULT_REGION");

    if (!s->settings.region) {
        cleanup_free char *endpoint = NULL;
        bool own =
            aws_settings_endpoint(&s->settings, s->env, s->profiles, "STS", &endpoint, NULL) == 0 &&
            endpoint;
        cleanup_free char *text = aws_region_missing_warning(s->settings.profile, !own);
        add(out, "%s", text);
    } else if (a && b && strcmp(a, b) != 0 && text_eq(s->settings.region_source, "AWS_REGION"))
        add(out,
            "AWS_REGION (%s) and AWS_DEFAULT_REGION (%s) differ: the AWS CLI version 1 takes the "
            "second.",
            a,
            b);
}

/* Where the profile has static keys, and what takes their place. */
static void about_clashes(const struct aws_session *s, struct str *out)
{
    const struct aws_profile *p = s->settings.section;
    struct aws_setting cred = aws_profile_get_credentials(s->profiles, p, "aws_access_key_id");
    struct aws_setting conf = aws_profile_get_config(s->profiles, p, "aws_access_key_id");
    struct aws_setting keys = cred.value ? cred : conf;
    struct aws_setting source = get(s, "source_profile"), process = get(s, "credential_process");
    bool sso = get(s, "sso_account_id").value || get(s, "sso_role_name").value;
    bool role = get(s, "role_arn").value != NULL;
    const char *winner = NULL;

    if (keys_from_environment(s))
        return;

    if (role)
        winner = "assumes a role";
    else if (sso)
        winner = "uses SSO";
    else if (!cred.value && process.value)
        winner = "has a credential_process";

    if (keys.value && winner && !(role && text_eq(source.value, s->settings.profile)))
        add(out,
            "Static keys of profile %s at %s:%u are not used, because the profile %s. Other SDKs "
            "may take them: remove them there.",
            s->settings.profile,
            keys.path,
            keys.line,
            winner);
    if (role && sso)
        add(out,
            "Profile %s has both a role and SSO settings: the role counts.",
            s->settings.profile);
    if (cred.value && conf.value && !winner)
        add(out,
            "Profile %s has keys in both files: those at %s:%u count, those at %s:%u do not.",
            s->settings.profile,
            cred.path,
            cred.line,
            conf.path,
            conf.line);
}

static void about_sso(struct aws_session *s, struct str *out)
{
    struct aws_setting session = get(s, "sso_session"), url = get(s, "sso_start_url");
    const char *key = session.value ? session.value : url.value;
    struct sso_token token = {0};

    if (!key || !(get(s, "sso_account_id").value || session.value))
        return;

    cleanup_free char *path = sso_token_path(s->env, key);
    cleanup_free char *profile = text_shell(s->settings.profile);
    if (sso_token_read(path, &token) == 0 && token.expires_ms <= clock_wall_ms() &&
        !sso_token_can_refresh(&token, clock_wall_ms()))
        add(out,
            "The SSO session of profile %s has expired. Renew it: `defangctl login --profile %s`.",
            s->settings.profile,
            profile);
    sso_token_done(&token);
}

static void about_file(const char *path, bool has_keys, struct str *out)
{
    struct stat st;

    if (has_keys && stat(path, &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH)))
        add(out,
            "%s holds keys and can be read by others (mode %04o). Close it: `chmod 600 %s`.",
            path,
            (unsigned)(st.st_mode & 07777),
            path);
}

static void about_passed_over(const char *path, const char *trouble, struct str *out)
{
    if (trouble)
        add(out, "%s counts as empty, as for the AWS CLI: %s.", path, trouble);
}

static void about_files(const struct aws_session *s, struct str *out)
{
    bool conf = false, cred = false;

    for (size_t i = 0; i < aws_profiles_count(s->profiles); i++) {
        const struct aws_profile *p = aws_profiles_at(s->profiles, i);
        conf = conf || aws_profile_get_config(s->profiles, p, "aws_secret_access_key").value;
        cred = cred || aws_profile_get_credentials(s->profiles, p, "aws_secret_access_key").value;
    }

    about_passed_over(
        aws_profiles_config_path(s->profiles), aws_profiles_config_trouble(s->profiles), out);
    about_passed_over(
        aws_profiles_credentials_path(s->profiles),
        aws_profiles_credentials_trouble(s->profiles),
        out);
    about_file(aws_profiles_config_path(s->profiles), conf, out);
    about_file(aws_profiles_credentials_path(s->profiles), cred, out);
}

void aws_session_warnings(struct aws_session *s, struct str *out)
{
    about_environment(s, out);
    about_region(s, out);
    about_clashes(s, out);
    about_sso(s, out);
    about_files(s, out);
}
