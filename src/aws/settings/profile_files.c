/* ~/.aws/config and ~/.aws/credentials, or what the two variables name: read, and what was parsed
 * of them kept.
 *
 * What may be passed over is what the CLI passes over (botocore's configloader: os.path.isfile(),
 * and configparser's read(), which skips what it may not open): then keys of the environment still
 * serve. Why is kept, for `whoami -v` and for hints, because the CLI leaves people guessing there.
 *
 * Kept are the last few contents: different shells have different files. The texts themselves are
 * wiped after the parse; of them a digest stays. */
#include "aws/settings/profile_files.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define KEPT 8

struct kept {
    uint8_t digest[SHA256_BYTES];
    struct aws_profiles *profiles; /* NULL = free */
    uint64_t used;
};

struct profile_cache {
    struct kept kept[KEPT];
    uint64_t clock; /* counts uses */
};

/* --- reading --- */

/* /dev/null and its like are the usual way to say "no file": nothing to tell. */
static char *kind_trouble(mode_t mode)
{
    if (S_ISFIFO(mode) || S_ISSOCK(mode))
        return xstrdup("it is a pipe, no regular file");

    return S_ISDIR(mode) ? xstrdup("it is a folder") : NULL;
}

static int read_one(
    const struct env *env,
    const char *variable,
    const char *fallback,
    struct aws_profile_file *out,
    struct error *err)
{
    const char *given = env_get(env, variable);
    cleanup_error struct error why = ERROR_INIT;
    struct stat st;

    out->path = aws_path_expand(env, given ? given : fallback);
    if (stat(out->path, &st) != 0) {
        if (errno == EACCES)
            out->trouble = xasprintf("it cannot be read: %s", strerror(errno));
        return 0;
    }

    if (!S_ISREG(st.st_mode)) {
        out->trouble = kind_trouble(st.st_mode);
        return 0;
    }

    int rc = file_read(out->path, LIMIT_INI_BYTES, &out->text, &why);
    if (rc == -ENOENT)
        return 0;

    if (rc == -EACCES || rc == -EPERM) {
        out->trouble = xasprintf("it cannot be read: %s", strerror(-rc));
        return 0;
    }

    if (rc < 0)
        return error_raise_errno(err, ERR_AUTH, rc, "%s", why.message);

    out->there = true;
    return 0;
}

/* Lengths stand before what could run into the next. */
static void digest_one(struct str *head, const struct aws_profile_file *f)
{
    uint8_t sum[SHA256_BYTES];

    digest_sha256(str_get(&f->text), f->text.len, sum);
    cleanup_free char *hex = digest_hex(sum, sizeof sum);
    const char *trouble = f->trouble ? f->trouble : "";

    str_appendf(
        head,
        "%zu:%s %d %s %zu:%s\n",
        strlen(f->path),
        f->path,
        (int)f->there,
        hex,
        strlen(trouble),
        trouble);
}

int profile_files_read(const struct env *env, struct profile_files *out, struct error *err)
{
    *out = (struct profile_files){0};

    int rc = read_one(env, "AWS_CONFIG_FILE", "~/.aws/config", &out->config, err);
    if (rc == 0)
        rc = read_one(
            env, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", &out->credentials, err);
    if (rc < 0)
        return rc;

    cleanup_str struct str head = STR_INIT;
    digest_one(&head, &out->config);
    digest_one(&head, &out->credentials);
    digest_sha256(str_get(&head), head.len, out->digest);

    return 0;
}

static void file_done(struct aws_profile_file *f)
{
    free(f->path);
    free(f->trouble);
    str_wipe(&f->text);
}

void profile_files_done(struct profile_files *f)
{
    file_done(&f->config);
    file_done(&f->credentials);
    *f = (struct profile_files){0};
}

/* --- what was parsed --- */

struct profile_cache *profile_cache_new(void)
{
    return xcalloc(1, sizeof(struct profile_cache));
}

void profile_cache_free(struct profile_cache *c)
{
    for (size_t i = 0; c && i < KEPT; i++)
        aws_profiles_free(c->kept[i].profiles);
    free(c);
}

struct aws_profiles *profile_cache_find(struct profile_cache *c, const struct profile_files *f)
{
    for (size_t i = 0; c && i < KEPT; i++) {
        struct kept *k = &c->kept[i];
        if (k->profiles && memcmp(k->digest, f->digest, sizeof k->digest) == 0) {
            k->used = ++c->clock;
            return aws_profiles_ref(k->profiles);
        }
    }

    return NULL;
}

/* In the place of the one that was longest not used. */
void profile_cache_keep(
    struct profile_cache *c, const struct profile_files *f, struct aws_profiles *p)
{
    if (!c)
        return;

    struct kept *oldest = &c->kept[0];
    for (size_t i = 1; i < KEPT; i++)
        if (c->kept[i].used < oldest->used)
            oldest = &c->kept[i];

    aws_profiles_free(oldest->profiles);
    *oldest = (struct kept){.profiles = aws_profiles_ref(p), .used = ++c->clock};
    memcpy(oldest->digest, f->digest, sizeof oldest->digest);
}
