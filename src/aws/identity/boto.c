/* The configuration of boto 2: [Credentials] in BOTO_CONFIG, else in /etc/boto.cfg or ~/.boto. The
 * AWS CLI still reads it, near the end of its chain, and so do we (aws-access.md section 5, row
 * 10).
 *
 * A file that is not there is passed over; one that cannot be parsed, or has half a key, ends the
 * chain. Values are wiped where they were parsed. */
#include "aws/identity/credentials.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/limits.h"
#include <errno.h>
#include <string.h>

#define NAME "boto-config"

static int from_file(const struct ini_file *f, struct aws_credentials *out, struct error *err)
{
    for (const struct ini_section *s = f->sections; s; s = s->next) {
        const struct ini_entry *id = ini_get(s, "aws_access_key_id"),
                               *secret = ini_get(s, "aws_secret_access_key");

        if (strcmp(s->name, "Credentials") != 0 || !id)
            continue;
        if (!secret) {
            error_raise_errno(
                err,
                ERR_AUTH,
                EINVAL,
                "Partial credentials found in %s: aws_access_key_id without aws_secret_access_key",
                NAME);
            error_at(err, f->path, id->line, 0);
            return -EINVAL;
        }
        out->access_key_id = xstrdup(id->value);
        secret_set(&out->secret_access_key, secret->value);
        out->source = xasprintf("[Credentials] in %s:%u", f->path, id->line);
        return 0;
    }

    return -ENOENT;
}

/* -ENOENT with err untouched: not there, or nothing in it. */
static int try_file(
    const struct credential_request *r,
    const char *name,
    struct aws_credentials *out,
    struct error *err)
{
    cleanup_free char *path = aws_path_expand(r->session->env, name);
    struct arena *arena = arena_new();
    struct str text = STR_INIT;
    struct ini_file f = {0};
    int rc = -ENOENT;

    if (file_read(path, LIMIT_INI_BYTES, &text, NULL) == 0) {
        rc = ini_parse(arena, path, str_get(&text), text.len, &f, err);
        if (rc == 0)
            rc = from_file(&f, out, err);
        for (struct ini_section *s = f.sections; s; s = s->next)
            for (struct ini_entry *e = s->entries; e; e = e->next)
                secret_wipe((char *)(uintptr_t)e->value, strlen(e->value));
    }

    str_wipe(&text);
    arena_free(arena);
    return rc;
}

static int
resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    const char *own = env_get_nonempty(r->session->env, "BOTO_CONFIG");
    const char *const files[] = {own ? own : "/etc/boto.cfg", own ? NULL : "~/.boto"};

    for (size_t i = 0; i < ARRAY_LEN(files) && files[i]; i++) {
        int rc = try_file(r, files[i], out, err);
        if (rc != -ENOENT || error_is_set(err))
            return rc == -ENOENT ? -EIO : rc;
    }

    return credentials_pass(
        r, NAME, "no [Credentials] in %s", own ? own : "/etc/boto.cfg or ~/.boto");
}

const struct credential_provider credential_boto = {NAME, resolve, false, AWS_ORIGIN_OTHER};
