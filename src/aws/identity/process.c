/* credential_process: a command line of the profile, split as Python's shlex splits it (no shell,
 * no variables, no `~`), run in the caller's folder with the caller's environment.
 *
 * It is the caller's program, and may ask a person something, for minutes. So where the caller has
 * a terminal it is run there (session->run), with the caller's stdin and stderr and no limit but
 * Ctrl-C. Else it is run here, with nobody to ask: a minute at most and a process group of its own,
 * so that a helper which hangs holds up no job; its stderr becomes the error's text, and the hint
 * says how to bring keys from a terminal.
 *
 * Its output is bounded, and JSON of version 1. All that goes wrong is final, a missing program
 * too. Rules: aws-access.md section 5.4. */
#include "aws/identity/credentials.h"
#include "aws/settings/shell_words.h"
#include "loop/child.h"
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define NAME       "custom-process"
#define TIMEOUT_MS 60000

/* What it said stands in its stderr; of one that was run on a terminal it stands there. */
static int failed(const struct aws_setting *s, const struct child_result *child, struct error *err)
{
    cleanup_free char *said = text_trim(str_get(&child->err));
    cleanup_free char *how = child->term_signal
                                 ? xasprintf("it was ended by signal %d", child->term_signal)
                                 : xasprintf("it ended with exit code %d", child->exit_code);

    error_raise_errno(
        err,
        ERR_AUTH,
        EIO,
        "Error when retrieving credentials from custom-process: %s",
        *said ? said : how);
    error_at(err, s->path, s->line, 0);
    return -EIO;
}

#define SHOWN_BYTES 80 /* of a value in an error */

__attribute__((format(printf, 3, 4))) static int
bad_output(const struct aws_setting *s, struct error *err, const char *fmt, ...)
{
    cleanup_str struct str what = STR_INIT;
    va_list ap;

    va_start(ap, fmt);
    str_vappendf(&what, fmt, ap);
    va_end(ap);
    error_raise_errno(
        err,
        ERR_AUTH,
        EBADMSG,
        "Error when retrieving credentials from custom-process: %s",
        str_get(&what));
    error_at(err, s->path, s->line, 0);
    return -EBADMSG;
}

static int bad_version(const struct aws_setting *s, const json_t *version, struct error *err)
{
    cleanup_free char *shown = version ? json_dumps(version, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

    if (!shown)
        return bad_output(s, err, "its output has no Version; the number 1 is needed");
    return bad_output(
        s, err, "its output has the Version %.*s; the number 1 is needed", SHOWN_BYTES, shown);
}

static int parse(
    const struct aws_setting *s,
    const struct child_result *child,
    const char *source,
    struct aws_credentials *out,
    struct error *err)
{
    cleanup_json json_t *j = NULL;

    if (child->exit_code != 0)
        return failed(s, child, err);

    cleanup_error struct error why = ERROR_INIT;
    if (json_parse(str_get(&child->out), child->out.len, &j, &why) < 0)
        return bad_output(s, err, "its output is %s", why.message);

    const json_t *version = json_object_get(j, "Version");
    if (!json_is_integer(version) || json_integer_value(version) != 1)
        return bad_version(s, version, err);

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
    const char *folder = env_cwd(env);

    if (!words[0])
        return error_raise_errno(
            err, ERR_AUTH, EINVAL, "credential_process of profile %s is empty", r->profile_name);

    if (r->session->run) {
        cleanup_free char *why = xasprintf("credential_process of profile %s", r->profile_name);
        return r->session->run(r->session->run_arg, (const char *const *)words, why, child, err);
    }

    return child_run(
        r->session->loop, (const char *const *)words, env, folder, TIMEOUT_MS, child, err);
}

/* For a shell: a name with anything else than letters is quoted. */
static char *quoted(const char *name)
{
    struct str out = STR_INIT;
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/";

    if (*name && strspn(name, plain) == strlen(name))
        return xstrdup(name);

    str_append(&out, "'");
    for (const char *p = name; *p; p++) {
        if (*p == '\'')
            str_append(&out, "'\\''");
        else
            str_append_bytes(&out, p, 1);
    }
    str_append(&out, "'");
    return str_take(&out);
}

/* Keys in the environment win over a profile of the environment, which still says the region; over
 * --profile they do not, so that option must become the variable. */
static char *export_command(const struct aws_session *s)
{
    if (!s->settings.profile_by_flag)
        return xstrdup("first: eval \"$(aws configure export-credentials --format env)\"");

    cleanup_free char *name = quoted(s->settings.profile);
    return xasprintf(
        "leave out --profile after: export AWS_PROFILE=%s; eval \"$(aws configure "
        "export-credentials --profile %s --format env)\"",
        name,
        name);
}

/* Where and how to look, unless the error says so already. */
static void
explain(const struct credential_request *r, const struct aws_setting *s, struct error *err)
{
    if (!err)
        return;

    if (!err->file)
        error_at(err, s->path, s->line, 0);
    if (err->kind != ERR_CANCELED && err->kind != ERR_INTERRUPTED)
        err->kind = ERR_AUTH;
    if (err->hint)
        return;

    if (r->session->run) {
        error_hint(err, "The line is run without a shell (no ~, $ or |). Try it by hand.");
        return;
    }

    cleanup_free char *command = export_command(r->session);
    error_hint(
        err,
        "The daemon ran it without a terminal, for %d s at most, and without a shell (no ~, $ or "
        "|). If it asks for something, run defangctl on a terminal, or %s",
        TIMEOUT_MS / 1000,
        command);
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

const struct credential_provider credential_process = {NAME, resolve, true, AWS_ORIGIN_PROCESS};
