/* How defangctl starts the daemon.
 *
 * The program is the one beside defangctl, so that both are of one build; else the first in PATH.
 * It gets a session of its own, /dev/null, a log file in the state folder, and of the environment
 * only what says where its state and its socket are: the daemon must be the same whichever shell
 * started it, with whatever keys in its environment.
 *
 * Two that start at once do no harm: the daemon's lock lets one of them live. */
#include "client/spawn.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/signals.h"
#include "rpc/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST_WORDS_BYTES 8192

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

/* Appended to: the log of the daemon before this one may say why it ended. */
static int open_log(const struct rpc_paths *paths)
{
    cleanup_free char *path = path_join(paths->state_folder, LOG_FILE_NAME);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* The caller's AWS variables are no business of the daemon's own environment: requests carry them.
 */
static char **daemon_env(const struct env *env)
{
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
        "LSAN_OPTIONS"};

    char **envp = xcalloc(ARRAY_LEN(kept) + 1, sizeof *envp);
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        const char *value = env_get(env, kept[i]);
        if (value)
            envp[n++] = xasprintf("%s=%s", kept[i], value);
    }

    return envp;
}

/* What the shell had open (a lock, a pipe that somebody waits at) is none of the daemon's. */
static void close_on_exec(void)
{
    if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        return;

    long most = sysconf(_SC_OPEN_MAX); /* a kernel before 5.11 */
    for (int fd = STDERR_FILENO + 1; fd < MIN(most, 4096L); fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* In the child: never returns. A second fork and a session of its own, so that closing this
 * terminal does not end the daemon. Why it could not be started goes to `report`, which a start
 * that goes well closes. */
static void
exec_daemon(const struct client *c, const char *program, const struct rpc_paths *paths, int report)
{
    if (setsid() < 0 || fork() != 0)
        _exit(0);
    signals_release();

    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = open_log(paths);

    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(log >= 0 ? log : null, STDERR_FILENO);
    close_on_exec();
    if (chdir("/") < 0)
        _exit(127);

    char *const argv[] = {(char *)program, NULL};
    execve(program, argv, daemon_env(c->env));

    int failed = errno;
    (void)!write(report, &failed, sizeof failed);
    _exit(127);
}

/* 0, or the errno of the start. The pipe is closed by a successful exec: then nothing is read. */
static int fork_daemon(struct client *c, const char *program, const struct rpc_paths *paths)
{
    int report[2];
    int failed = 0;

    if (pipe2(report, O_CLOEXEC) < 0)
        return errno;

    pid_t pid = fork();
    if (pid == 0)
        exec_daemon(c, program, paths, report[1]);
    if (pid < 0)
        failed = errno;
    close(report[1]);

    if (pid > 0) {
        waitpid(pid, NULL, 0);
        if (read(report[0], &failed, sizeof failed) != (ssize_t)sizeof failed)
            failed = 0;
    }

    close(report[0]);

    return failed;
}

/* The state folder is made here, because the log lies in it. */
int daemon_spawn(struct client *c, const struct rpc_paths *paths, struct error *err)
{
    cleanup_free char *program = NULL;
    int rc = daemon_program(c, &program, err);
    if (rc == 0)
        rc = file_mkdirs(paths->state_folder, 0700, err);
    if (rc < 0)
        return rc;

    int failed = fork_daemon(c, program, paths);
    if (failed)
        return error_raise_errno(
            err, ERR_UNREACHABLE, failed, "cannot start %s: %s", program, strerror(failed));

    return 0;
}

long long daemon_log_length(const struct rpc_paths *paths)
{
    cleanup_free char *path = path_join(paths->state_folder, LOG_FILE_NAME);
    struct stat st;

    return lstat(path, &st) == 0 ? (long long)st.st_size : 0;
}

/* A daemon that cannot start says "defangd: REASON" and ends; what helps follows, indented. */
char *daemon_last_words(const struct rpc_paths *paths, long long since)
{
    static const char prefix[] = "defangd: ";
    cleanup_free char *path = path_join(paths->state_folder, LOG_FILE_NAME);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char text[LAST_WORDS_BYTES + 1];
    ssize_t n = fd < 0 ? -1 : pread(fd, text, LAST_WORDS_BYTES, (off_t)since);
    if (n <= 0)
        return NULL;
    text[n] = '\0';

    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        bool whole = next != NULL; /* else it is still being written */
        next = next ? next + 1 : NULL;

        if (whole && text_starts(line, prefix))
            return strstr(line, "another defangd") ? NULL : xstrdup(line + sizeof prefix - 1);
    }

    return NULL;
}
