/* Credentials that cannot be right: a carriage return of a file from Windows, a blank or quotation
 * marks that were pasted with the key, letters of another alphabet.
 *
 * The AWS CLI sends them and AWS answers with a riddle, or the request cannot be built at all. Here
 * the part is named with where it stands, and what is wrong with it in letters, never its value:
 * people do put a secret where the key id belongs. A key id and a token go out in headers, so that
 * nothing but printable ASCII may be in them; a secret is only computed with, and look-alikes of S3
 * allow more in it: what is refused there is what nobody means. */
#include "aws/identity/credentials.h"
#include <errno.h>
#include <string.h>

struct part {
    const char *variable, *key, *member; /* its name in the environment, in a file, in JSON */
    const char *value;
    bool in_header;
};

static bool quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

/* Where the first byte stands that cannot be meant; NULL when there is none. */
static const char *wrong(const struct part *p)
{
    const char *v = p->value, *last = v + strlen(v) - 1;

    for (const char *at = v; *at; at++) {
        unsigned char c = (unsigned char)*at;
        bool edge = at == v || at == last;

        if (c < ' ' || c >= 0x7f || ((p->in_header || edge) && (c == ' ' || quote(*at))))
            return at;
    }

    return NULL;
}

/* "a carriage return (\r)"; malloc'd. Of a character of several bytes all are shown. */
static char *describe(const char *at)
{
    static const struct {
        const char *text, *name;
    } known[] = {
        {"\r", "a carriage return"},
        {"\n", "a line break"},
        {"\t", "a tab"},
        {" ", "a blank"},
        {"\"", "a quotation mark"},
        {"'", "a quotation mark"},
        {"\xef\xbb\xbf", "a byte order mark"},
        {"\xc2\xa0", "a no-break space"},
    };
    unsigned char c = (unsigned char)*at;
    size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    cleanup_free char *alone = xstrndup(at, strnlen(at, n)), *shown = text_visible(alone);

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (text_starts(at, known[i].text))
            return xasprintf("%s (%s)", known[i].name, c == ' ' ? "' '" : shown);

    return xasprintf("%s (%s)", c < 0x7f ? "a control byte" : "what is no ASCII", shown);
}

static void say_where(
    const struct credential_provider *provider,
    const struct credential_request *r,
    const struct aws_credentials *c,
    const struct part *p,
    const char *how,
    struct error *err)
{
    const struct aws_profiles *profiles = r->session->profiles;
    cleanup_free char *profile = text_shell(r->profile_name);

    if (provider == &credential_environment) {
        error_raise_errno(err, ERR_AUTH, EINVAL, "%s %s", p->variable, how);
        error_hint(
            err,
            "Export it anew with the value alone; or `unset AWS_ACCESS_KEY_ID "
            "AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN`.");
        return;
    }

    bool file = provider == &credential_shared_file || provider == &credential_config_file;
    struct aws_setting at = {0};
    if (provider == &credential_shared_file)
        at = aws_profile_get_credentials(profiles, r->profile, p->key);
    else if (file)
        at = aws_profile_get_config(profiles, r->profile, p->key);

    if (!file) {
        error_raise_errno(err, ERR_AUTH, EINVAL, "%s of %s %s", p->member, c->source, how);
        error_hint(err, "What gives them has to give the value alone.");
        return;
    }

    error_raise_errno(err, ERR_AUTH, EINVAL, "%s of profile %s %s", p->key, r->profile_name, how);
    error_at(err, at.path, at.line, 0);
    error_hint(
        err,
        "The value stands alone in its line, without quotation marks: `aws configure --profile %s` "
        "writes it so.",
        profile);
}

int credentials_check(
    const struct credential_provider *provider,
    const struct credential_request *r,
    const struct aws_credentials *c,
    struct error *err)
{
    const struct env *env = r->session->env;
    bool old_name = env_get_nonempty(env, "AWS_SECURITY_TOKEN") != NULL;
    bool old_key =
        r->profile &&
        aws_profile_get(r->session->profiles, r->profile, "aws_security_token").value != NULL;
    const struct part parts[] = {
        {"AWS_ACCESS_KEY_ID", "aws_access_key_id", "AccessKeyId", c->access_key_id, true},
        {"AWS_SECRET_ACCESS_KEY",
         "aws_secret_access_key",
         "SecretAccessKey",
         secret_get(&c->secret_access_key),
         false},
        {old_name ? "AWS_SECURITY_TOKEN" : "AWS_SESSION_TOKEN",
         old_key ? "aws_security_token" : "aws_session_token",
         "the session token",
         secret_get(&c->session_token),
         true},
    };

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const char *v = parts[i].value, *at = v && *v ? wrong(&parts[i]) : NULL;
        if (!at)
            continue;

        cleanup_free char *what = describe(at);
        cleanup_free char *how =
            at == v           ? xasprintf("begins with %s", what)
            : strlen(at) == 1 ? xasprintf("ends with %s", what)
                              : xasprintf("holds %s at character %zu", what, (size_t)(at - v) + 1);
        say_where(provider, r, c, &parts[i], how, err);
        return -EINVAL;
    }

    return 0;
}
