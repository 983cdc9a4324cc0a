/* systemd is asked by systemctl(1), and only when something went wrong: a command that finds its
 * daemon never waits for it. Where no user manager runs ($XDG_RUNTIME_DIR/systemd/private is its
 * socket) nothing is asked. A manager that does not answer within a few seconds has no word. */
#include "client/unit.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/signals.h"
#include "client/view/say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MS    3000
#define ANSWER_BYTES 16384

const char unit_linger_text[] =
    "systemd ends the daemon when you log out for the last time, and what is under way goes on at "
    "your next login; `loginctl enable-linger` keeps it running";

static bool has_manager(const struct client *c)
{
    const char *folder = env_get_nonempty(c->env, "XDG_RUNTIME_DIR");
    cleanup_free char *path = folder ? path_join(folder, "systemd/private") : NULL;

    return path && access(path, F_OK) == 0;
}

/* In the child: never returns. */
static void exec_quietly(char *const *argv, int output)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    signals_release();
    dup2(null, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execvp(argv[0], argv);
    _exit(127);
}

/* What it printed, as far as it came within the time; malloc'd. */
static char *output_of(char *const *argv)
{
    struct str text = {.max = ANSWER_BYTES};
    int64_t deadline = clock_mono_ms() + ANSWER_MS;
    int output[2];

    if (pipe2(output, O_CLOEXEC) < 0)
        return xstrdup("");

    pid_t pid = fork();
    if (pid == 0)
        exec_quietly(argv, output[1]);
    close(output[1]);

    for (ssize_t n = pid > 0; n > 0;) {
        struct pollfd fd = {.fd = output[0], .events = POLLIN};
        int64_t left = deadline - clock_mono_ms();
        char chunk[1024];

        n = left > 0 && poll(&fd, 1, (int)left) > 0 ? read(output[0], chunk, sizeof chunk) : 0;
        if (n > 0)
            str_append_bytes(&text, chunk, (size_t)n);
    }

    close(output[0]);
    if (pid > 0) {
        kill(pid, SIGKILL); /* its output has ended, or its time has */
        waitpid(pid, NULL, 0);
    }

    return str_take(&text);
}

/* Of `KEY=VALUE` lines; malloc'd, "" where there is none. */
static char *property(const char *text, const char *key)
{
    for (const char *line = text; *line;) {
        size_t n = strcspn(line, "\n"), k = strlen(key);

        if (n > k && line[k] == '=' && strncmp(line, key, k) == 0)
            return xstrndup(line + k + 1, n - k - 1);
        line += n + (line[n] == '\n');
    }

    return xstrdup("");
}

/* NULL while it is well, or is not there; else how it failed; malloc'd. */
static char *failure_of(const char *unit)
{
    char *const argv[] = {
        "systemctl",
        "--user",
        "show",
        "-p",
        "LoadState,ActiveState,NRestarts,Result",
        (char *)(uintptr_t)unit,
        NULL};
    cleanup_free char *text = output_of(argv);
    cleanup_free char *load = property(text, "LoadState"), *active = property(text, "ActiveState");
    cleanup_free char *again = property(text, "NRestarts"), *result = property(text, "Result");
    bool restarted = !text_empty(again) && !text_eq(again, "0"); /* and is not up all the same */
    bool failed = !text_eq(active, "active") &&
                  (restarted || (!text_empty(result) && !text_eq(result, "success")));

    return text_eq(load, "loaded") && failed
               ? xasprintf(
                     "%s %s (%s)", unit, text_eq(active, "failed") ? "has failed" : "fails", result)
               : NULL;
}

static char *failure(const struct client *c)
{
    if (!has_manager(c))
        return NULL;

    char *of_service = failure_of("defangd.service");
    return of_service ? of_service : failure_of("defangd.socket");
}

void unit_say_failed(const struct client *c)
{
    cleanup_free char *what = failure(c);
    if (!what)
        return;

    say("%swarning:%s under systemd %s: a daemon is started without it",
        say_on(stderr, SAY_WARN),
        say_off(stderr),
        what);
    say_hint(
        "`systemctl --user status defangd` shows why; `systemctl --user reset-failed "
        "defangd.service defangd.socket && systemctl --user start defangd.socket` brings the "
        "service back");
}

/* The last line of the log, which stands below an empty one; "" where there is no log. */
static char *last_line(const char *status)
{
    const char *text = strstr(status, "\n\n");
    size_t n = text ? strlen(text) : 0;

    while (n > 0 && strchr(" \n", text[n - 1]))
        n--;

    size_t start = n;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    return xstrndup(text + start, n - start);
}

void unit_hint(const struct client *c, struct error *err)
{
    static char *const argv[] = {
        "systemctl", "--user", "--no-pager", "-n1", "-o", "cat", "status", "defangd.service", NULL};
    cleanup_free char *what = failure(c);
    if (!what)
        return;

    cleanup_free char *status = output_of(argv);
    cleanup_free char *line = last_line(status);
    cleanup_free char *clean = say_clean(line);

    error_hint(
        err,
        "under systemd %s; `systemctl --user status defangd` shows more%s%s",
        what,
        text_empty(clean) ? "" : ", its last line: ",
        clean);
}
