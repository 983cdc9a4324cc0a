/* The container endpoint (ECS, EKS Pod Identity): AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, else
 * _FULL_URI.
 *
 * The relative one is a path at the ECS agent's address. The full one may name any https host;
 * plain http only this machine and the agents' link-local addresses, because the answer is a
 * secret. The Authorization header comes from a file (read each time) or from a
 * variable. 2 s for an attempt, three of them a second apart, no proxy (aws-access.md section 5.6).
 */
#include "aws/identity/credentials.h"
#include "aws/identity/token_file.h"
#include "aws/sign/uri.h"
#include "base/limits.h"
#include <errno.h>
#include <string.h>

#define NAME "container-role"

/* Plain http goes to this machine and to the agents' link-local addresses only. */
static bool host_allowed(const struct uri *u)
{
    static const char *const hosts[] = {
        "localhost", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "[::1]", NULL};

    if (strcmp(u->scheme, "https") == 0)
        return true;

    for (size_t i = 0; hosts[i]; i++)
        if (strcmp(hosts[i], u->host) == 0)
            return true;
    /* 127.0.0.0/8, but not a name that begins so */
    return text_starts(u->host, "127.") && u->host[strspn(u->host, "0123456789.")] == '\0';
}

static int
read_authorization(const struct credential_request *r, struct str *out, struct error *err)
{
    const char *file = env_get_nonempty(r->session->env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = env_get_nonempty(r->session->env, "AWS_CONTAINER_AUTHORIZATION_TOKEN");

    if (file) {
        cleanup_free char *path = aws_path_literal(r->session->env, file);
        int rc = token_text_read(r->session, path, LIMIT_AWS_TOKEN_BYTES, out);
        if (rc < 0) {
            error_raise_errno(
                err,
                ERR_AUTH,
                EIO,
                "cannot read AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE %s: %s",
                file,
                strerror(-rc));
            return -EIO;
        }
    } else if (token) {
        str_append(out, token);
    }

    if (strpbrk(str_get(out), "\r\n")) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EINVAL,
            "the container authorization token of AWS_CONTAINER_AUTHORIZATION_TOKEN%s%s holds a "
            "line break (%s)",
            file ? "_FILE " : "",
            file ? file : "",
            strchr(str_get(out), '\r') ? "\\r" : "\\n");
        error_hint(err, "Write the token alone, without a line break behind it.");
        return -EINVAL;
    }

    return 0;
}

static int fetch(
    const struct credential_request *r,
    const char *url,
    struct aws_credentials *out,
    struct error *err)
{
    cleanup_http_response struct http_response resp = {0};
    cleanup_json json_t *j = NULL;
    struct str token = STR_INIT;
    int rc = read_authorization(r, &token, err);

    if (rc == 0) {
        struct http_header headers[] = {
            {"Accept", "application/json"}, {"Authorization", str_get(&token)}};
        struct credential_fetch f = {"GET", url, headers, token.len ? 2 : 1, 2000, 3};
        rc = credentials_fetch(r->session, &f, &resp, err);
    }

    str_wipe(&token);
    if (rc < 0) {
        error_wrap(err, "asking the container credentials endpoint %s", url);
        if (err && err->kind == ERR_FAILED)
            err->kind = ERR_AUTH;
        if (err && !err->hint)
            error_hint(
                err,
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI names it: unset it outside of "
                "a container.");
        return rc;
    }

    if (resp.status != 200)
        return error_raise_errno(
            err,
            ERR_AUTH,
            EIO,
            "the container credentials endpoint %s answered HTTP %d",
            url,
            resp.status);
    if (json_parse(str_get(&resp.body), resp.body.len, &j, NULL) < 0)
        return error_raise_errno(
            err, ERR_AUTH, EBADMSG, "the container credentials endpoint %s answered no JSON", url);

    cleanup_free char *source = xasprintf("container credentials endpoint %s", url);
    return credentials_from_json(j, "Token", source, out, err);
}

static int
resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    const char *relative =
        env_get_nonempty(r->session->env, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = env_get_nonempty(r->session->env, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    cleanup_uri struct uri u = {0};

    if (!relative && !full)
        return credentials_pass(r, NAME, "no AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI");

    cleanup_free char *given =
        relative ? xasprintf("http://169.254.170.2%s", relative) : xstrdup(full);
    int rc = uri_split(given, &u, err);
    if (rc < 0) {
        error_wrap(err, "AWS_CONTAINER_CREDENTIALS_%s_URI", relative ? "RELATIVE" : "FULL");
        error_hint(err, "Correct or unset it.");
        if (err)
            err->kind = ERR_AUTH;
        return rc;
    }

    if (!host_allowed(&u)) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EPERM,
            "Unsupported host '%s' in AWS_CONTAINER_CREDENTIALS_FULL_URI",
            u.host);
        error_hint(
            err,
            "Plain http is allowed to loopback and the container agents' addresses only; use "
            "https.");
        return -EPERM;
    }

    cleanup_free char *url = uri_text(&u);
    rc = fetch(r, url, out, err);
    return rc == -ENOENT ? -EIO : rc;
}

const struct credential_provider credential_container = {NAME, resolve, false, AWS_ORIGIN_MACHINE};
