/* AWS_CREDENTIAL_FILE: the first EC2 tools' file, lines of AWSAccessKeyId= and AWSSecretKey=. The
 * AWS CLI still reads it (aws-access.md section 5, row 9).
 *
 * The variable names it or nothing does. A file that cannot be read ends the chain, one without a
 * key id is passed over, and half a key is an error. */
#include "aws/identity/credentials.h"
#include "aws/identity/token_file.h"
#include "base/limits.h"
#include <errno.h>
#include <string.h>

#define NAME "ec2-credentials-file"

/* The value after "NAME=", up to the end of its line; empty = there is none. */
static void value_of(const char *text, const char *name, struct secret *out)
{
    size_t n = strlen(name);

    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\r\n");
        if (len > n && strncmp(line, name, n) == 0 && line[n] == '=') {
            const char *value = line + n + 1, *end = line + len;
            while (value < end && (*value == ' ' || *value == '\t'))
                value++;
            while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
                end--;
            secret_set_bytes(out, value, (size_t)(end - value));
        }
        line += len;
        line += strspn(line, "\r\n");
    }
}

static int
resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    const char *file = env_get_nonempty(r->session->env, "AWS_CREDENTIAL_FILE");
    cleanup_secret struct secret id = SECRET_INIT, secret = SECRET_INIT;
    struct str text = STR_INIT;
    int rc;

    if (!file)
        return credentials_pass(r, NAME, "AWS_CREDENTIAL_FILE is not set");

    cleanup_free char *path = aws_path_expand(r->session->env, file);
    rc = token_text_read(r->session, path, LIMIT_INI_BYTES, &text);
    if (rc == 0) {
        value_of(str_get(&text), "AWSAccessKeyId", &id);
        value_of(str_get(&text), "AWSSecretKey", &secret);
    }

    str_wipe(&text);
    if (rc < 0)
        return error_raise_errno(
            err, ERR_AUTH, EIO, "cannot read AWS_CREDENTIAL_FILE %s: %s", path, strerror(-rc));
    if (!id.len)
        return credentials_pass(r, NAME, "no AWSAccessKeyId in %s", path);
    if (!secret.len) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EINVAL,
            "Partial credentials found in %s: %s has AWSAccessKeyId but no AWSSecretKey",
            NAME,
            path);
        return -EINVAL;
    }

    out->access_key_id = xstrdup(secret_get(&id));
    secret_copy(&out->secret_access_key, &secret);
    out->source = xasprintf("AWS_CREDENTIAL_FILE %s", path);

    return 0;
}

const struct credential_provider credential_ec2_file = {NAME, resolve, false, AWS_ORIGIN_OTHER};
