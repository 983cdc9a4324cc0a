/* To the daemon: connect, or start it and connect; and the call that most commands make.
 *
 * Whether a daemon runs is found out by connecting, never by a pid file. Nobody there (no socket,
 * or nobody who listens on it) starts one, unless --no-spawn says no; every other failure is told
 * as it is. What follows waits in small steps until the new daemon serves, within one deadline:
 * opening a large state after a crash takes a while.
 *
 * client_call() is one request with one answer: it can be interrupted at any moment, asks for an
 * MFA code when a role wants one and then calls again, and prints what the daemon found wrong with
 * the Compose files before the error itself goes up. */
#include "client/connect.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/version.h"
#include "client/mfa.h"
#include "client/signals.h"
#include "client/view/say.h"
#include "rpc/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECT_MS    5000
#define SPAWN_MS      15000 /* opening a large state after a crash takes a while */
#define SPAWN_STEP_MS 50
#define RESPAWN_MS    1000

static int resolve(struct client *c, struct rpc_paths *paths, struct error *err)
{
    return rpc_paths_resolve(c->env, getuid(), NULL, paths, err);
}

int client_connect_once(struct client *c, struct rpc_client **out, struct error *err)
{
    cleanup_rpc_paths struct rpc_paths paths = {0};
    int rc = resolve(c, &paths, err);
    return rc < 0 ? rc : rpc_client_connect(paths.socket, version_of_client, CONNECT_MS, out, err);
}

/* The first of `folders` (separated by ':') that holds the daemon; malloc'd, NULL when none does.
 */
static char *daemon_in(const char *folders)
{
    cleanup_free char *copy = xstrdup(folders ? folders : "");
    char *rest = copy;

    for (char *folder; (folder = strsep(&rest, ":"));) {
        cleanup_free char *path = path_join(folder, "defangd");
        if (*folder == '/' && access(path, X_OK) == 0)
            return xstrdup(path);
    }
    return NULL;
}

/* Beside defangctl (in the build folder: beside its folder), else in PATH. */
static int daemon_program(const struct client *c, char **program, struct error *err)
{
    char self[4096] = "";
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    cleanup_free char *folder = n > 0 ? path_dirname(self) : xstrdup("");
    cleanup_free char *beside = xasprintf("%s:%s/../daemon", folder, folder);

    *program = daemon_in(beside);
    if (!*program)
        *program = daemon_in(env_get(c->env, "PATH"));
    if (*program)
        return 0;
    int rc = error_raise_errno(
        err,
        ERR_UNREACHABLE,
        ENOENT,
        "defangd is not installed: it is neither beside defangctl (%s/defangd) nor in PATH (%s)",
        folder,
        env_get(c->env, "PATH") ? env_get(c->env, "PATH") : "not set");
    error_hint(err, "install both programs into one folder, or add the folder of defangd to PATH");
    return rc;
}

static int open_log(const struct rpc_paths *paths)
{
    cleanup_free char *path = path_join(paths->state_folder, "defangd.log");
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Double fork and a session of its own: closing this terminal must not end it. The caller's AWS
 * variables are no business of the daemon's own environment: requests carry them. Why it could not
 * be started goes to `report`, which a start that goes well closes. */
static void
exec_daemon(const struct client *c, const char *program, const struct rpc_paths *paths, int report)
{
    if (setsid() < 0 || fork() != 0)
        _exit(0);
    signals_release();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), log = open_log(paths);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(log >= 0 ? log : null, STDERR_FILENO);
    if (chdir("/") < 0)
        _exit(127);
    static const char *const kept[] = {
        "HOME",
        "PATH",
        "USER",
        "LOGNAME",
        "LANG",
        "TZ",
        "XDG_RUNTIME_DIR",
        "XDG_STATE_HOME",
        "DEFANG_SOCKET",
        "DEFANG_STATE_DIR",
        "ASAN_OPTIONS",
        "UBSAN_OPTIONS",
        "LSAN_OPTIONS",
        NULL};
    char *envp[ARRAY_LEN(kept)];
    size_t n = 0;
    for (size_t i = 0; kept[i]; i++) {
        const char *value = env_get(c->env, kept[i]);
        if (value)
            envp[n++] = xasprintf("%s=%s", kept[i], value);
    }
    envp[n] = NULL;
    char *const argv[] = {(char *)program, NULL};
    execve(program, argv, envp);
    int failed = errno;
    (void)!write(report, &failed, sizeof failed);
    _exit(127);
}

static int spawn(struct client *c, const struct rpc_paths *paths, struct error *err)
{
    cleanup_free char *program = NULL;
    int rc = daemon_program(c, &program, err);
    if (rc == 0)
        rc = file_mkdirs(paths->state_folder, 0700, err);
    if (rc < 0)
        return rc;

    int report[2] = {-1, -1}, failed = 0;
    pid_t pid = pipe2(report, O_CLOEXEC) == 0 ? fork() : -1;
    if (pid == 0)
        exec_daemon(c, program, paths, report[1]);
    if (pid < 0)
        failed = errno;
    else {
        close(report[1]);
        report[1] = -1;
        waitpid(pid, NULL, 0);
        if (read(report[0], &failed, sizeof failed) != (ssize_t)sizeof failed)
            failed = 0;
    }
    if (report[0] >= 0)
        close(report[0]);
    if (report[1] >= 0)
        close(report[1]);
    if (failed)
        return error_raise_errno(
            err, ERR_UNREACHABLE, failed, "cannot start %s: %s", program, strerror(failed));
    return 0;
}

static bool nobody_there(int rc)
{
    return rc == -ENOENT || rc == -ECONNREFUSED;
}

int client_connect(struct client *c, struct rpc_client **out, struct error *err)
{
    cleanup_rpc_paths struct rpc_paths paths = {0};
    int rc = resolve(c, &paths, err);
    if (rc < 0)
        return rc;
    cleanup_error struct error first = ERROR_INIT;
    rc = rpc_client_connect(paths.socket, version_of_client, CONNECT_MS, out, &first);
    if (rc == 0 || !nobody_there(rc) || c->options.no_spawn) {
        if (rc < 0) {
            error_move(err, &first);
            if (nobody_there(rc))
                error_hint(
                    err, "start it: `systemctl --user start defangd`, or leave out --no-spawn");
        }
        return rc;
    }
    rc = spawn(c, &paths, err);
    int64_t deadline = clock_mono_ms() + SPAWN_MS, spawned = clock_mono_ms();
    while (rc == 0 && clock_mono_ms() < deadline) {
        cleanup_error struct error again = ERROR_INIT;
        usleep(SPAWN_STEP_MS * 1000);
        int tried = rpc_client_connect(paths.socket, version_of_client, CONNECT_MS, out, &again);
        if (tried == 0)
            return 0;
        if (!nobody_there(tried)) {
            error_move(err, &again);
            return tried;
        }
        /* The one before it may still hold the state while it ends: then the new one left at once.
         */
        if (clock_mono_ms() - spawned > RESPAWN_MS) {
            rc = spawn(c, &paths, err);
            spawned = clock_mono_ms();
        }
    }
    if (rc == 0) {
        rc = error_raise(
            err, ERR_UNREACHABLE, "the daemon did not come up within %d s", SPAWN_MS / 1000);
        error_hint(
            err,
            "its log is %s/defangd.log; `defangd` in another terminal shows why",
            paths.state_folder);
    }
    return rc;
}

static char **copy_list(const char *const *items, size_t n)
{
    char **list = xcalloc(n + 1, sizeof *list);
    for (size_t i = 0; i < n; i++)
        list[i] = xstrdup(items[i]);
    return list;
}

/* All of it: Compose files may use any variable. The daemon keeps it in memory only. */
static void fill_env(struct client *c, Defang__Caller *caller)
{
    size_t n = env_count(c->env);
    caller->env = xcalloc(n + 1, sizeof *caller->env);
    for (size_t i = 0; i < n; i++) {
        const char *name = env_name(c->env, i), *value = env_value(c->env, i);
        if (!text_utf8_valid(name, strlen(name)) || !text_utf8_valid(value, strlen(value)))
            continue; /* nothing that we or AWS could use */
        Defang__EnvVar *v = xcalloc(1, sizeof *v);
        defang__env_var__init(v);
        v->name = xstrdup(name);
        v->value = xstrdup(value);
        caller->env[caller->n_env++] = v;
    }
}

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

static const char *option_or_env(const char *option, const struct env *env, const char *name)
{
    const char *value = option ? option : env_get_nonempty(env, name);
    return value ? value : "";
}

int caller_fill(struct client *c, Defang__Caller *caller, struct error *err)
{
    const struct options *o = &c->options;
    defang__caller__init(caller);
    if (o->region && !*o->region)
        return error_raise(err, ERR_USAGE, "--region is given but empty");
    cleanup_free char *here = getcwd(NULL, 0);
    if (!here)
        return error_raise_errno(
            err, ERR_USAGE, errno, "the current folder cannot be read: %s", strerror(errno));
    caller->cwd = o->cwd ? path_absolute(here, o->cwd) : xstrdup(here);
    caller->profile = xstrdup(o->profile ? o->profile : "");
    caller->region = xstrdup(o->region ? o->region : "");
    caller->provider = xstrdup(option_or_env(o->provider, c->env, "DEFANG_PROVIDER"));
    caller->project_name = xstrdup(o->project_name ? o->project_name : "");
    caller->stack = xstrdup(option_or_env(o->stack, c->env, "DEFANG_STACK"));
    caller->files = copy_list(o->files.items, o->files.len);
    caller->n_files = o->files.len;
    caller->env_files = copy_list(o->env_files.items, o->env_files.len);
    caller->n_env_files = o->env_files.len;
    caller->profiles = copy_list(o->profiles.items, o->profiles.len);
    caller->n_profiles = o->profiles.len;
    fill_env(c, caller);
    if (!file_is_dir(caller->cwd))
        return error_raise(err, ERR_USAGE, "%s is not a folder", caller->cwd);
    for (size_t i = 0; i < o->files.len; i++)
        if (text_eq(o->files.items[i], "-"))
            return read_stdin(caller, err);
    return 0;
}

static void free_list(char **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(list[i]);
    free(list);
}

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
    const bool begun = !text_empty(
        caller->cwd); /* else caller_fill() had not begun: the texts are protobuf's own */
    for (size_t i = 0; begun && i < ARRAY_LEN(texts); i++)
        free(texts[i]);
    free_list(caller->files, caller->n_files);
    free_list(caller->env_files, caller->n_env_files);
    free_list(caller->profiles, caller->n_profiles);
    for (size_t i = 0; i < caller->n_env; i++) {
        secret_wipe(caller->env[i]->value, strlen(caller->env[i]->value));
        free(caller->env[i]->name);
        free(caller->env[i]->value);
        free(caller->env[i]);
    }
    free(caller->env);
    free(caller->stdin_compose.data);
    memset(caller, 0, sizeof *caller);
}

int client_call(
    struct client *c,
    enum rpc_verb_id verb,
    const ProtobufCMessage *request,
    int timeout_s,
    ProtobufCMessage **reply,
    struct error *err)
{
    struct rpc_client *rpc = NULL;
    int signals = signals_open(false);
    int rc = client_connect(c, &rpc, err);
    if (rc == 0) {
        struct rpc_wait wait = {
            .timeout_ms = (int64_t)timeout_s * 1000, .fds = &signals, .fd_count = 1};
        cleanup_error struct error first = ERROR_INIT;
        rc = rpc_client_call(rpc, verb, request, &wait, reply, &first);
        if (rc < 0 && mfa_code_given(verb, request, &first))
            rc = rpc_client_call(rpc, verb, request, &wait, reply, err);
        else if (rc < 0)
            error_move(err, &first);
        if (rc < 0)
            say_wire_diagnostics(c, rpc, err);
    }
    rpc_client_free(rpc);
    return rc;
}
