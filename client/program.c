/* A program of the caller, run for the daemon on this terminal.
 *
 * The AWS CLI runs credential_process as its child, so that it may ask for a code on /dev/tty, read
 * standard input, or open a browser and take minutes. The daemon has none of that, but defangctl
 * has: so it runs the program, in the same process group and with everything of its own, and only
 * standard output goes through a pipe, since that is what the daemon wants.
 *
 * There is no limit but the person: Ctrl-C reaches the program too, which gets a moment to end by
 * itself. However it ends, the terminal is left as it was found. What a program leaves behind may
 * hold its standard output for ever: the end of the program counts, not that of the pipe.
 *
 * What it wrote are keys: wiped here, and by whoever sends them. */
#include "client/program.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "client/command.h"
#include "client/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define END_MS  500  /* after Ctrl-C, which the program has got as well */
#define KILL_MS 2000 /* after TERM */

struct program {
    pid_t pid;
    int ended;  /* readable once it has ended; < 0: this kernel cannot tell */
    int output; /* -1 at its end */
    struct str out;
    bool interrupted;
};

bool program_has_terminal(void)
{
    cleanup_fd int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    return tty >= 0;
}

/* In the child: never returns. Why it could not be run goes to `report`. */
static void exec_program(char *const *argv, const char *folder, int output, int report)
{
    signals_release();
    signal(SIGPIPE, SIG_DFL);
    dup2(output, STDOUT_FILENO);
    if (chdir(folder) == 0)
        execvp(argv[0], argv);

    int failed = errno;
    (void)!write(report, &failed, sizeof failed);
    _exit(127);
}

/* 0 or the errno of the start. */
static int start(struct program *p, char *const *argv, const char *folder)
{
    int output[2], report[2];
    int failed = 0;

    if (pipe2(output, O_CLOEXEC) < 0)
        return errno;
    if (pipe2(report, O_CLOEXEC) < 0) {
        failed = errno;
        close(output[0]);
        close(output[1]);
        return failed;
    }

    p->pid = fork();
    if (p->pid == 0)
        exec_program(argv, folder, output[1], report[1]);
    if (p->pid < 0)
        failed = errno;
    close(output[1]);
    close(report[1]);

    /* A start that goes well closes it. */
    if (p->pid > 0 && read(report[0], &failed, sizeof failed) == (ssize_t)sizeof failed)
        waitpid(p->pid, NULL, 0);

    close(report[0]);
    p->output = output[0];
    p->ended = p->pid > 0 ? (int)syscall(SYS_pidfd_open, p->pid, 0) : -1;
    fcntl(p->output, F_SETFL, O_NONBLOCK);
    return failed;
}

/* What there is. More than is wanted is read and dropped: the program must not wait for us. */
static void read_output(struct program *p)
{
    char chunk[4096];
    bool more = p->output >= 0;

    while (more) {
        ssize_t n = read(p->output, chunk, sizeof chunk);

        if (n > 0)
            str_append_bytes(&p->out, chunk, (size_t)n);
        else if (n == 0)
            mem_close_ptr(&p->output);
        more = n > 0 || (n < 0 && errno == EINTR);
    }
    secret_wipe(chunk, sizeof chunk);
}

static bool take_interrupt(void)
{
    bool ends = false;

    for (int s; (s = signals_take()) != 0;)
        ends = ends || s != SIGWINCH;
    return ends;
}

/* Until it has ended. After an interrupt it is given a moment, then it is made to. */
static int wait_for_end(struct program *p)
{
    static const int forces[] = {SIGTERM, SIGKILL};
    size_t force = 0;
    int status = 0;

    for (;;) {
        struct pollfd fds[] = {
            {.fd = signals_open(false), .events = POLLIN},
            {.fd = p->ended, .events = POLLIN},
            {.fd = p->output, .events = POLLIN}};
        bool blind = p->ended < 0 && p->output < 0;
        int limit_ms = p->interrupted ? (force == 0 ? END_MS : KILL_MS) : -1;
        int n = poll(fds, 3, blind ? END_MS : limit_ms);

        read_output(p);
        if (fds[0].revents && take_interrupt())
            p->interrupted = true;
        else if (n == 0 && p->interrupted && force < ARRAY_LEN(forces))
            kill(p->pid, forces[force++]);

        if (waitpid(p->pid, &status, WNOHANG) == p->pid)
            break;
    }

    read_output(p); /* what it wrote last */
    p->interrupted = take_interrupt() || p->interrupted;
    return status;
}

/* The terminal as it is found, and put back: the program may have ended in a prompt. */
static int run(struct program *p, char *const *argv, const char *folder, int *status)
{
    cleanup_fd int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios found, left;
    bool known = tty >= 0 && tcgetattr(tty, &found) == 0;

    int failed = start(p, argv, folder);
    if (failed == 0)
        *status = wait_for_end(p);

    bool ours = known && tcgetpgrp(tty) == getpgrp(); /* else it would stop us */
    if (ours && tcgetattr(tty, &left) == 0 && memcmp(&found, &left, sizeof found) != 0)
        tcsetattr(tty, TCSAFLUSH, &found);

    mem_close_ptr(&p->output);
    mem_close_ptr(&p->ended);
    return failed;
}

/* The output is handed over. */
static Defang__ProgramRan *ran_of(struct program *p, int status)
{
    Defang__ProgramRan *ran = xcalloc(1, sizeof *ran);

    defang__program_ran__init(ran);
    ran->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    ran->term_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    ran->output.len = p->out.len;
    ran->output.data = (uint8_t *)str_take(&p->out);
    return ran;
}

static void fail(Defang__Input *answer, char *why)
{
    answer->what_case = DEFANG__INPUT__WHAT_FAILED;
    answer->failed = why;
}

/* Words are bytes on the wire: a program's argument need not be UTF-8. */
static char **words_of(const Defang__RunProgram *run)
{
    char **argv = xcalloc(run->n_argv + 1, sizeof *argv);

    for (size_t i = 0; i < run->n_argv; i++)
        argv[i] = xstrndup((char *)run->argv[i].data, run->argv[i].len);
    return argv;
}

int program_answer(void *arg, const Defang__Ask *ask, Defang__Input *answer, struct error *err)
{
    if (ask->what_case != DEFANG__ASK__WHAT_RUN || ask->run->n_argv == 0) {
        fail(answer, xstrdup("this defangctl cannot do what the daemon asks"));
        return 0;
    }

    struct client *c = arg;
    struct program p = {.ended = -1, .output = -1, .out = {.max = LIMIT_CHILD_OUTPUT_BYTES}};
    char **argv = words_of(ask->run);

    c->asked = true;
    int status = 0, rc = 0;
    int failed = run(&p, argv, ask->run->folder, &status);

    if (p.interrupted) {
        rc = error_raise_errno(err, ERR_INTERRUPTED, EINTR, "interrupted");
    } else if (failed) {
        fail(answer, xasprintf("%s: %s", argv[0], strerror(failed)));
    } else if (!str_ok(&p.out)) {
        fail(answer, xasprintf("%s wrote more than %zu bytes", argv[0], LIMIT_CHILD_OUTPUT_BYTES));
    } else {
        answer->ran = ran_of(&p, status);
        answer->what_case = DEFANG__INPUT__WHAT_RAN;
    }

    str_wipe(&p.out);
    for (size_t i = 0; argv[i]; i++)
        free(argv[i]);
    free(argv);
    return rc;
}
