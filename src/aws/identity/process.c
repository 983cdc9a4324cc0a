/* credential_process: a command line of the profile, split as Python's shlex splits it (no shell,
 * no variables, no `~`), run in the caller's folder with the caller's environment.
 *
 * Its output is JSON of version 1; its stderr becomes the error's text when it fails. What the CLI
 * lacks and we have: a minute at most, a bound for the output, a process group of its own, so that
 * a helper which hangs holds up no job. Everything that goes wrong is final, a missing program too.
 * Rules: aws-access.md section 5.4. */
#include "aws/identity/credentials.h"
#include "aws/settings/shell_words.h"
#include "loop/child.h"
#include <errno.h>
#include <string.h>

#define NAME       "custom-process"
#define TIMEOUT_MS 60000

static int parse(
    const struct aws_setting *s,
    const struct child_result *child,
    const char *source,
    struct aws_credentials *out,
    struct error *err)
{
    cleanup_json json_t *j = NULL;
    long long version;

    if (child->exit_code != 0) {
        cleanup_free char *said = text_trim(str_get(&child->err));
        error_raise_errno(
            err,
            ERR_AUTH,
            EIO,
            "Error when retrieving credentials from custom-process: %s",
            *said ? said : "it failed without a message");
        error_at(err, s->path, s->line, 0);
        return -EIO;
    }

    if (json_parse(str_get(&child->out), child->out.len, &j, NULL) < 0) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EBADMSG,
            "Error when retrieving credentials from custom-process: its output is no "
            "JSON");
        error_at(err, s->path, s->line, 0);
        return -EBADMSG;
    }

    version = json_int_or(j, "Version", -1);
    if (version != 1) {
        error_raise_errno(
            err,
            ERR_AUTH,
            EBADMSG,
            "Error when retrieving credentials from custom-process: Version is not 1");
        error_at(err, s->path, s->line, 0);
        return -EBADMSG;
    }

    return credentials_from_json(j, "SessionToken", source, out, err);
}

static int
bad_line(const struct credential_request *r, const struct aws_setting *s, int rc, struct error *err)
{
    error_wrap(err, "credential_process of profile %s", r->profile_name);
    error_at(err, s->path, s->line, 0);
    error_hint(
        err,
        "The line is split at blanks as a shell would, quotation marks included; see `aws help "
        "config-vars`.");
    if (err)
        err->kind = ERR_AUTH;
    return rc;
}

static int
run(const struct credential_request *r,
    char *const *words,
    struct child_result *child,
    struct error *err)
{
    const struct env *env = r->session->env;
    const char *folder = env_get_nonempty(env, "PWD");

    if (!words[0])
        return error_raise_errno(
            err, ERR_AUTH, EINVAL, "credential_process of profile %s is empty", r->profile_name);

    return child_run(
        r->session->loop, (const char *const *)words, env, folder, TIMEOUT_MS, child, err);
}

/* Where and how to look, unless the error says so already. */
static void
explain(const struct credential_request *r, const struct aws_setting *s, struct error *err)
{
    if (!err)
        return;

    if (!err->file)
        error_at(err, s->path, s->line, 0);
    if (err->kind != ERR_CANCELED && err->kind != ERR_TIMEOUT)
        err->kind = ERR_AUTH;
    if (!err->hint)
        error_hint(
            err,
            "The line is run without a shell (no ~, $ or |). Try it by hand, or `aws configure "
            "export-credentials --profile %s`.",
            r->profile_name);
}

static int
resolve(const struct credential_request *r, struct aws_credentials *out, struct error *err)
{
    struct aws_setting s = aws_profile_get(r->session->profiles, r->profile, "credential_process");
    struct child_result child = {0};
    char **words;
    int rc;

    if (!s.value)
        return credentials_pass(r, NAME, "no credential_process in profile %s", r->profile_name);

    cleanup_free char *source =
        xasprintf("credential_process of profile %s in %s:%u", r->profile_name, s.path, s.line);
    rc = shell_words_split(s.value, &words, NULL, err);
    if (rc < 0)
        return bad_line(r, &s, rc, err);

    rc = run(r, words, &child, err);
    if (rc == 0)
        rc = parse(&s, &child, source, out, err);
    else
        error_wrap(err, "running credential_process of profile %s", r->profile_name);
    if (rc < 0)
        explain(r, &s, err);

    child_result_done(&child);
    shell_words_free(words);
    return rc == -ENOENT ? -EIO : rc; /* a missing program is final */
}

const struct credential_provider credential_process = {NAME, resolve, true};
