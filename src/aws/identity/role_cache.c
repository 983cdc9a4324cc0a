/* Temporary credentials in ~/.aws/cli/cache, shared with the AWS CLI: role_cache.h says why.
 *
 * A file's name is the SHA-1 of the role's parameters as Python's json.dumps() writes them, sorted,
 * with everything beyond ASCII escaped; so that text is made here byte for byte, not by a JSON
 * library. Role and web identity have ", " and ": " between members, SSO has them bare. Vectors:
 * cache-keys; formats: aws-access.md section 6. */
#include "aws/identity/role_cache.h"
#include "aws/identity/token_file.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include <string.h>

#define USEFUL_MS (15 * 60 * 1000)

/* One code point of valid UTF-8. */
static unsigned decode(const unsigned char **p)
{
    const unsigned char *s = *p;
    unsigned n = s[0] < 0x80 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
    unsigned c = n ? s[0] & (0x3fu >> n) : s[0];

    for (unsigned i = 1; i <= n; i++)
        c = c << 6 | (s[i] & 0x3f);
    *p += n + 1;

    return c;
}

/* A JSON string as Python's json.dumps() writes it: the digest is over its bytes. */
static void append_string(struct str *out, const char *text)
{
    static const char plain[] = "\"\\\n\r\t\f\b", letter[] = "\"\\nrtfb";

    str_append_char(out, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        unsigned c = decode(&p);
        const char *at = c < 0x80 ? strchr(plain, (int)c) : NULL;

        if (at)
            str_appendf(out, "\\%c", letter[at - plain]);
        else if (c >= 0x10000)
            str_appendf(
                out,
                "\\u%04x\\u%04x",
                0xd800 + ((c - 0x10000) >> 10),
                0xdc00 + ((c - 0x10000) & 0x3ff));
        else if (c < 0x20 || c > 0x7e)
            str_appendf(out, "\\u%04x", c);
        else
            str_append_char(out, (char)c);
    }

    str_append_char(out, '"');
}

static void
member(struct str *out, const char *name, const char *value, const char *comma, const char *colon)
{
    if (!value)
        return;
    if (out->len > 1)
        str_append(out, comma);
    str_appendf(out, "\"%s\"%s", name, colon);
    append_string(out, text_utf8_valid(value, strlen(value)) ? value : "");
}

char *role_cache_key_role(const struct role_cache_role *r)
{
    struct str out = STR_INIT;

    str_append_char(&out, '{'); /* members in sorted order */
    if (r->duration_s)
        str_appendf(&out, "\"DurationSeconds\": %lld", r->duration_s);
    member(&out, "ExternalId", r->external_id, ", ", ": ");
    member(&out, "RoleArn", r->role_arn, ", ", ": ");
    member(&out, "RoleSessionName", r->session_name, ", ", ": ");
    member(&out, "SerialNumber", r->serial, ", ", ": ");
    str_append_char(&out, '}');

    return str_take(&out);
}

char *role_cache_key_sso(
    const char *account, const char *role, const char *session, const char *start_url)
{
    struct str out = STR_INIT;

    str_append_char(&out, '{');
    member(&out, "accountId", account, ",", ":");
    member(&out, "roleName", role, ",", ":");
    member(&out, "sessionName", session, ",", ":");
    if (!session)
        member(&out, "startUrl", start_url, ",", ":");
    str_append_char(&out, '}');

    return str_take(&out);
}

char *role_cache_path(const struct env *env, const char *key)
{
    uint8_t sum[SHA1_BYTES];

    digest_sha1(key, strlen(key), sum);
    cleanup_free char *hex = digest_hex(sum, sizeof sum);
    cleanup_free char *file = xasprintf("~/.aws/cli/cache/%s.json", hex);
    return aws_path_expand(env, file);
}

json_t *role_cache_read(struct aws_session *s, const char *key)
{
    int64_t expires_ms = 0;

    if (s->distrust_cache || !key)
        return NULL;

    cleanup_free char *path = role_cache_path(s->env, key);
    cleanup_json json_t *whole = token_file_read(path);
    json_t *c = json_object_get(whole, "Credentials");
    if (text_empty(json_str(c, "AccessKeyId")) || text_empty(json_str(c, "SecretAccessKey")) ||
        !json_str(c, "SessionToken") ||
        clock_parse_iso(json_str_or(c, "Expiration", ""), &expires_ms) < 0)
        return NULL;

    return expires_ms - clock_wall_ms() - session_skew_any(s) < USEFUL_MS ? NULL : json_incref(c);
}

/* Seconds become the text that the CLI reads. */
static void spell_expiration(json_t *credentials)
{
    json_t *e = json_object_get(credentials, "Expiration");
    char iso[25];

    if (!json_is_number(e))
        return;

    clock_format_iso((int64_t)(json_number_value(e) * 1000.0), iso);
    memcpy(iso + 19, "Z", 2);
    json_object_set_new(credentials, "Expiration", json_string(iso));
}

void role_cache_write(struct aws_session *s, const char *key, const json_t *whole)
{
    if (!key)
        return;

    cleanup_free char *path = role_cache_path(s->env, key);
    cleanup_json json_t *copy = json_deep_copy(whole);
    cleanup_error struct error err = ERROR_INIT;

    spell_expiration(json_object_get(copy, "Credentials"));
    if (token_file_write(path, copy, &err) < 0)
        log_debug("aws", "credentials are not kept for the AWS CLI: %s", err.message);
}
