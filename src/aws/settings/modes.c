/* Settings that are one word or number out of a few: attempts, retry mode, account id mode. What is
 * not one of them is an error, as in the AWS CLI, whose words are used; a wrong one taken for the
 * default would make two programs behave differently and nobody see why. */
#include "aws/settings/settings.h"
#include "base/mem.h"
#include "base/str.h"
#include <errno.h>
#include <limits.h>
#include <string.h>

/* Where a value was found, for the error about it. */
struct mode {
    const char *value;
    const char *variable; /* it came from there; NULL = from the file */
    struct aws_setting in_file;
};

static struct mode find(
    const struct env *env,
    const char *variable,
    const struct aws_profiles *profiles,
    const struct aws_settings *s,
    const char *key)
{
    struct mode m = {env_get(env, variable), variable, aws_profile_get(profiles, s->section, key)};

    if (!m.value) {
        m.value = m.in_file.value;
        m.variable = NULL;
    }

    return m;
}

static int refuse(
    const struct mode *m,
    const struct aws_settings *s,
    const char *text,
    const char *hint,
    struct error *err)
{
    if (m->variable)
        error_raise(err, ERR_USAGE, "%s (from %s)", text, m->variable);
    else
        error_raise(err, ERR_USAGE, "%s (profile %s)", text, s->profile);
    if (!m->variable)
        error_at(err, m->in_file.path, m->in_file.line, 0);
    error_hint(err, "%s", hint);

    return -EINVAL;
}

/* As Python reads a number: blanks around it and a sign are fine. There is no upper bound. */
static bool parse_attempts(const char *text, unsigned *n)
{
    cleanup_free char *trimmed = text_trim(text);
    const char *digits = trimmed + (*trimmed == '+');
    long long value;

    if (!*digits || strspn(digits, "0123456789") != strlen(digits))
        return false;
    if (text_parse_int(digits, 0, UINT_MAX, &value) < 0)
        value = UINT_MAX;
    *n = (unsigned)value;

    return *n > 0;
}

static int resolve_attempts(const struct mode *m, struct aws_settings *s, struct error *err)
{
    s->max_attempts = AWS_MAX_ATTEMPTS_DEFAULT;
    if (!m->value || parse_attempts(m->value, &s->max_attempts))
        return 0;

    cleanup_free char *text = xasprintf(
        "Value provided to \"max_attempts\": '%s' must be an integer greater than or equal to one",
        m->value);
    return refuse(m, s, text, "3 is what the AWS CLI takes when nothing is set.", err);
}

static int resolve_retry_mode(const struct mode *m, struct aws_settings *s, struct error *err)
{
    s->retry_adaptive = text_eq(m->value, "adaptive");
    if (!m->value || s->retry_adaptive || strcmp(m->value, "standard") == 0)
        return 0;

    cleanup_free char *text = xasprintf(
        "Invalid value provided to \"mode\": \"%s\" must be one of: \"standard\" or \"adaptive\"",
        m->value);
    return refuse(m, s, text, "This is the retry mode; the AWS CLI v2 refuses it as well.", err);
}

static int resolve_account_id_mode(const struct mode *m, struct aws_settings *s, struct error *err)
{
    static const char *const words[] = {"preferred", "disabled", "required"}; /* as in the enum */

    s->account_id_mode = AWS_ACCOUNT_ID_PREFERRED;
    for (size_t i = 0; m->value && i < ARRAY_LEN(words); i++)
        if (text_eq_nocase(m->value, words[i])) {
            s->account_id_mode = (enum aws_account_id_mode)i;
            return 0;
        }
    if (!m->value)
        return 0;

    cleanup_free char *text =
        xasprintf("The configured value '%s' for 'account_id_endpoint_mode' is invalid", m->value);
    return refuse(m, s, text, "It is preferred, disabled or required.", err);
}

int aws_settings_modes(
    const struct env *env,
    const struct aws_profiles *profiles,
    struct aws_settings *s,
    struct error *err)
{
    struct mode attempts = find(env, "AWS_MAX_ATTEMPTS", profiles, s, "max_attempts");
    struct mode retry = find(env, "AWS_RETRY_MODE", profiles, s, "retry_mode");
    struct mode account =
        find(env, "AWS_ACCOUNT_ID_ENDPOINT_MODE", profiles, s, "account_id_endpoint_mode");
    int rc = resolve_attempts(&attempts, s, err);

    if (rc == 0)
        rc = resolve_retry_mode(&retry, s, err);
    if (rc == 0)
        rc = resolve_account_id_mode(&account, s, err);
    return rc;
}
