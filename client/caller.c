/* The caller: what every request says of the shell that it comes from.
 *
 * A request means the asking shell, so it carries where that stands, what its options say, and its
 * whole environment, because Compose files may use any variable of it. The daemon keeps that in
 * memory only, and here it is wiped as soon as the request is sent.
 *
 * Variables are bytes: one that is not UTF-8 goes as it is, because a program of the caller may
 * read it. Where text is needed of such a one, that is an error which names it, never a default. */
#include "client/caller.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "client/program.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Copies, because all of the message is freed in one way, whatever its parts came from. */
static char **copy_list(const char *const *items, size_t n)
{
    char **list = xcalloc(n + 1, sizeof *list);

    for (size_t i = 0; i < n; i++)
        list[i] = xstrdup(items[i]);
    return list;
}

static ProtobufCBinaryData bytes_of(const char *text)
{
    return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)xstrdup(text)};
}

/* All of it: Compose files may use any variable. The daemon keeps it in memory only. */
static void fill_env(struct client *c, Defang__Caller *caller)
{
    size_t n = env_count(c->env);

    caller->env = xcalloc(n + 1, sizeof *caller->env);

    for (size_t i = 0; i < n; i++) {
        Defang__Variable *v = xcalloc(1, sizeof *v);
        defang__variable__init(v);
        v->name = bytes_of(env_name(c->env, i));
        v->value = bytes_of(env_value(c->env, i));
        caller->env[caller->n_env++] = v;
    }
}

/* What the daemon says of AWS's variables is said here of ours: they are read on both sides. */
static int check_text(const struct env *env, struct error *err)
{
    for (size_t i = 0; i < env_count(env); i++) {
        const char *name = env_name(env, i), *value = env_value(env, i);
        bool ours = text_starts(name, "DEFANG_") || text_starts(name, "COMPOSE_");

        if (!ours || text_utf8_valid(value, strlen(value)))
            continue;

        error_raise(err, ERR_USAGE, "the variable %s holds bytes that are not UTF-8 text", name);
        error_hint(err, "Export it anew as UTF-8, or unset it.");
        return -EILSEQ;
    }

    return 0;
}

/* Bounded to half of what a request may have: the environment must fit beside it. */
static int read_stdin(Defang__Caller *caller, struct error *err)
{
    cleanup_str struct str text = {.max = LIMIT_RPC_REQUEST_BYTES / 2};
    char buffer[8192];

    for (ssize_t n; (n = read(STDIN_FILENO, buffer, sizeof buffer)) != 0;) {
        if (n < 0 && errno == EINTR)
            continue;

        if (n < 0)
            return error_raise_errno(
                err,
                ERR_USAGE,
                errno,
                "cannot read the Compose file from standard input: %s",
                strerror(errno));

        str_append_bytes(&text, buffer, (size_t)n);
    }

    if (!str_ok(&text))
        return error_raise(
            err, ERR_USAGE, "the Compose file on standard input is longer than 512 KiB");

    caller->has_stdin_compose = true;
    caller->stdin_compose.len = text.len;
    caller->stdin_compose.data = (uint8_t *)str_take(&text);

    return 0;
}

/* An option wins over the variable of the same meaning, as everywhere. */
static const char *option_or_env(const char *option, const struct env *env, const char *name)
{
    const char *value = option ? option : env_get_nonempty(env, name);
    return value ? value : "";
}

static char *text_or_empty(const char *text)
{
    return xstrdup(text ? text : "");
}

/* One of the files is "-". */
static bool reads_stdin(const struct options *o)
{
    for (size_t i = 0; i < o->files.len; i++)
        if (text_eq(o->files.items[i], "-"))
            return true;
    return false;
}

/* Filled as far as it came, also on failure: caller_done() knows what is there. */
int caller_fill(struct client *c, Defang__Caller *caller, struct error *err)
{
    const struct options *o = &c->options;

    defang__caller__init(caller);
    if (o->region && !*o->region)
        return error_raise(err, ERR_USAGE, "--region is given but empty");

    int rc = check_text(c->env, err);
    if (rc < 0)
        return rc;

    cleanup_free char *here = getcwd(NULL, 0);
    if (!here)
        return error_raise_errno(
            err, ERR_USAGE, errno, "the current folder cannot be read: %s", strerror(errno));

    caller->cwd = o->cwd ? path_absolute(here, o->cwd) : xstrdup(here);
    caller->process = getpid();
    caller->profile = text_or_empty(o->profile);
    caller->region = text_or_empty(o->region);
    caller->provider = xstrdup(option_or_env(o->provider, c->env, "DEFANG_PROVIDER"));
    caller->project_name = text_or_empty(o->project_name);
    caller->stack = xstrdup(option_or_env(o->stack, c->env, "DEFANG_STACK"));
    caller->files = copy_list(o->files.items, o->files.len);
    caller->n_files = o->files.len;
    caller->env_files = copy_list(o->env_files.items, o->env_files.len);
    caller->n_env_files = o->env_files.len;
    caller->profiles = copy_list(o->profiles.items, o->profiles.len);
    caller->n_profiles = o->profiles.len;
    caller->interactive = program_has_terminal();
    fill_env(c, caller);
    if (!file_is_dir(caller->cwd))
        return error_raise(err, ERR_USAGE, "%s is not a folder", caller->cwd);

    return reads_stdin(o) ? read_stdin(caller, err) : 0;
}

/* A list whose texts are copies. */
static void free_list(char **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(list[i]);
    free(list);
}

/* Values are wiped whatever they are: which of them is a key, only their owner knows. */
void caller_done(Defang__Caller *caller)
{
    if (caller->mfa_code && *caller->mfa_code) {
        secret_wipe(caller->mfa_code, strlen(caller->mfa_code));
        free(caller->mfa_code);
    }

    char *const texts[] = {
        caller->cwd,
        caller->profile,
        caller->region,
        caller->provider,
        caller->project_name,
        caller->stack};

    /* Else caller_fill() had not begun: the texts are protobuf's own. */
    const bool begun = !text_empty(caller->cwd);

    for (size_t i = 0; begun && i < ARRAY_LEN(texts); i++)
        free(texts[i]);
    free_list(caller->files, caller->n_files);
    free_list(caller->env_files, caller->n_env_files);
    free_list(caller->profiles, caller->n_profiles);

    for (size_t i = 0; i < caller->n_env; i++) {
        Defang__Variable *v = caller->env[i];
        secret_wipe(v->value.data, v->value.len);
        free(v->name.data);
        free(v->value.data);
        free(v);
    }

    free(caller->env);
    free(caller->stdin_compose.data);
    memset(caller, 0, sizeof *caller);
}
