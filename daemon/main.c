/* defangd: one per user and state folder. Foreground, logs to stderr, ends on SIGTERM or SIGINT
 * with every job resumable.
 *
 * The order of the start is the point. The state comes first: its lock decides which of two daemons
 * lives. Then the socket, then the verbs, then the jobs that an earlier life left unfinished; only
 * then systemd is told that we are ready. Whatever fails on the way ends the program with the
 * reason and the exit code of its kind, as defangctl would.
 *
 * Nothing is read from the daemon's own AWS variables: what a job may do is what its caller may do.
 *
 * Here the rooms are tied together: the layers below know each other through functions that are
 * handed in here (fresh credentials to the jobs, a lost state to the pause, the callers that
 * watch). */
#include "daemon/daemon.h"
#include "daemon/jobs/job.h"
#include "daemon/jobs/pause.h"
#include "daemon/jobs/stop.h"
#include "daemon/service/linger.h"
#include "daemon/service/opening.h"
#include "daemon/service/take_over.h"
#include "daemon/verb.h"
#include "daemon/watch.h"

#include "aws/call_points.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"
#include "loop/fault_point.h"
#include "loop/guard.h"
#include "loop/work.h"
#include "rpc/log_file.h"
#include "rpc/paths.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIM_EVERY_MS (6LL * 60 * 60 * 1000)
#define ROTATE_MS     (10 * 60 * 1000)
#define END_MS        13000 /* from the signal to the end of the process, whatever happens */
#define HELD_MS       50    /* longer than that the loop must not be held */
#define HELD_TELL_MS  10000

extern char **environ;

static const char usage[] =
    "usage: defangd [--log-level error|warning|info|debug] [--version] [--help]\n"
    "\n"
    "The daemon behind defangctl: runs deployments of Compose projects to your own AWS account and "
    "keeps their state.\n"
    "defangctl starts it by itself; under systemd it is the user service defangd.service.\n"
    "\n"
    "  --log-level LEVEL   what goes to stderr (info)\n"
    "  --version           print the version and exit\n"
    "  --help              print this and exit\n"
    "\n"
    "Environment: DEFANG_STATE_DIR, DEFANG_SOCKET, XDG_STATE_HOME, XDG_RUNTIME_DIR (see "
    "defangd(1)).\n";

/* As defangctl would end with that error. */
static void die(struct error *err)
{
    char *text = error_format(err);

    fprintf(stderr, "defangd: %s\n", text);
    free(text); /* exit() runs no cleanup attribute */
    exit(error_kind_exit(err->kind));
}

static void __attribute__((noreturn)) die_of_usage(void)
{
    fputs(usage, stderr);
    exit(error_kind_exit(ERR_USAGE));
}

static enum log_level parse_level(const char *text)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};

    for (size_t i = 0; i < ARRAY_LEN(levels); i++)
        if (text_eq(levels[i], text))
            return (enum log_level)i;

    die_of_usage();
}

/* Under systemd the journal has its own times and wants its own levels. */
static void configure_log(enum log_level level)
{
    bool journal = getenv("JOURNAL_STREAM") != NULL;

    log_configure(level, journal, STDERR_FILENO);
    log_timestamps(!journal);
}

static void parse_arguments(int argc, char **argv)
{
    static const struct option options[] = {
        {"log-level", required_argument, NULL, 'l'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {0}};

    enum log_level level = LOG_LEVEL_INFO;

    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (c) {
        case 'h':
            fputs(usage, stdout);
            exit(0);
        case 'V':
            puts(version_of_daemon);
            exit(0);
        case 'l':
            level = parse_level(optarg);
            break;
        default:
            die_of_usage();
        }
    }

    if (optind < argc)
        die_of_usage();
    configure_log(level);
}

#define FILES_WANTED 65536 /* descriptors: terminals that watch, uploads, AWS */
#define FILES_OWN    256   /* of them for everything but terminals */

/* The soft limit is for programs that use select(); we do not. */
static void raise_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    if (files.rlim_cur < FILES_WANTED)
        files.rlim_cur = MIN(files.rlim_max, (rlim_t)FILES_WANTED);
    setrlimit(RLIMIT_NOFILE, &files);
}

/* As many as leave us our own descriptors. */
static unsigned max_connections(void)
{
    struct rlimit files;
    bool known = getrlimit(RLIMIT_NOFILE, &files) == 0;
    rlim_t own = MIN((rlim_t)FILES_OWN, known ? files.rlim_cur / 2 : 0);

    return known ? (unsigned)MIN(files.rlim_cur - own, (rlim_t)LIMIT_RPC_CONNECTIONS)
                 : LIMIT_RPC_CONNECTIONS;
}

/* Keys live in this process's memory: no core dumps, no ptrace by others of this user, nothing
 * readable that it writes. */
static void harden(void)
{
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    unsetenv("SSLKEYLOGFILE"); /* libcurl would write the keys of every connection there */
    signal(SIGXFSZ, SIG_IGN);  /* a full quota is an error to report, not an end */
}

/* The loop runs on until everything has unwound (stop.c). */
static void on_signal(void *arg)
{
    daemon_stop(arg);
}

/* At most one line in a while: a machine that is busy holds everything up. */
static void on_held(void *arg, const char *by, int64_t held_ms, int64_t cpu_ms)
{
    static int64_t told_ms;
    int64_t now = clock_mono_ms();

    if (told_ms && now - told_ms < HELD_TELL_MS)
        return;
    told_ms = now;
    log_warning(
        "loop",
        "others waited: held_ms=%lld cpu_ms=%lld by=\"%s\"",
        (long long)held_ms,
        (long long)cpu_ms,
        by);
}

/* `systemctl reload`. A request brings what it needs, so nothing is old; the log is looked at. */
static void on_reload(uv_signal_t *handle, int signum)
{
    struct daemon *d = handle->data;

    log_info("daemon", "reload: nothing is to be read again");
    log_file_rotate(d->state_folder, STDERR_FILENO);
}

/* What is written from now on would be found by nobody, and another daemon may be serving. Jobs are
 * left where AWS has them. */
static void look_at_state(void *arg)
{
    struct daemon *d = arg;
    cleanup_error struct error err = ERROR_INIT;

    if (d->stopping || store_hold_check(d->store, &err) == 0)
        return;

    log_error("daemon", "%s; the daemon ends: jobs=%zu. %s", err.message, d->jobs.len, err.hint);
    d->state_gone = true;
    daemon_stop(d);
}

/* A failure is no reason to end: the next round tries again. */
static void trim(void *arg)
{
    struct daemon *d = arg;
    cleanup_error struct error err = ERROR_INIT;

    if (store_trim(d->store, clock_wall_ms(), &err) < 0)
        log_warning("daemon", "old events not removed: error=\"%s\"", err.message);
}

/* Where a client started us and stderr is a file of ours. */
static void rotate(void *arg)
{
    struct daemon *d = arg;

    log_file_rotate(d->state_folder, STDERR_FILENO);
}

/* Alive means: the loop turns and what it is told is stored. With a full disk a restart would help
 * nobody, and pause.c is at it. */
static void watchdog(void *arg)
{
    struct daemon *d = arg;
    cleanup_error struct error err = ERROR_INIT;

    if (d->state_lost || store_flush(d->store, &err) == 0)
        notify_watchdog(&d->notify);
    else
        log_error("daemon", "state cannot be stored: error=\"%s\"", err.message);
}

static void offer(void *arg, const Defang__Caller *caller)
{
    job_offer_caller(arg, caller);
}

static void take_credentials(struct daemon *d, struct session *session)
{
    job_offer_credentials(d, session);
}

static const char *notice(void *arg)
{
    return store_notice(arg);
}

static void on_state_lost(void *arg)
{
    pause_begin(arg);
}

/* The sealing key comes from a systemd credential where there is one. A daemon that a shell started
 * makes room for the one that systemd starts. */
static int open_store(
    struct daemon *d, const char *folder, bool activated, const struct env *env, struct error *err)
{
    const char *credentials = env_get_nonempty(env, "CREDENTIALS_DIRECTORY");
    cleanup_free char *key = credentials ? path_join(credentials, "defang-key") : NULL;
    struct store_options options = {
        .folder = folder, .key_file = key && file_exists(key) ? key : NULL};
    struct opening *opening = opening_begin(&d->notify, 0);
    int rc = activated ? take_over(d->loop, &options, &d->store, err)
                       : store_open_with(d->loop, &options, &d->store, err);

    opening_end(opening);
    if (rc < 0)
        return rc;

    const char *found = store_notice(d->store);
    if (found)
        log_warning("daemon", "%.*s", (int)strcspn(found, "\n"), found);
    store_on_failure(d->store, on_state_lost, d);

    return 0;
}

/* At the socket that systemd passed, else at our own path. */
static int open_server(
    struct daemon *d,
    const struct rpc_paths *paths,
    int listen_fd,
    const char *listen_path,
    struct error *err)
{
    struct server_options options = {
        .path = listen_path ? listen_path : paths->socket,
        .make_folder = !listen_path && !paths->socket_given,
        .listen_fd = listen_fd,
        .uid = getuid(),
        .build = version_of_daemon,
        .max_connections = max_connections()};

    return server_new(d->loop, &options, &d->server, err);
}

static int
open_all(struct daemon *d, const struct rpc_paths *paths, const struct env *env, struct error *err)
{
    int listen_fd = -1;
    cleanup_free char *listen_path = NULL;

    notify_init(&d->notify, env, getpid());

    int rc = notify_listen_fd(env, getpid(), &listen_fd, &listen_path, err);
    d->activated = listen_fd >= 0;
    d->under_systemd = d->activated || notify_enabled(&d->notify);
    if (rc == 0)
        rc = file_mkdirs(paths->state_folder, 0700, err);
    if (rc == 0)
        rc = open_store(d, paths->state_folder, d->activated, env, err);
    if (rc < 0)
        return rc;

    d->http = http_curl_new(d->loop);
    rc = open_server(d, paths, listen_fd, listen_path, err);
    if (rc < 0)
        return rc;

    server_on_hello(d->server, notice, d->store);
    server_ends_at_logout(d->server, d->under_systemd && linger_is_off(NULL));
    d->names = names_watch_new(d->loop, d->state_folder, look_at_state, d);
    d->on_credentials = take_credentials;
    d->watchers = watch_hub_new(d->store, d->server);
    watch_hub_on_caller(d->watchers, offer, d);

    return 0;
}

static void register_verbs(struct daemon *d)
{
    verbs_deploy_register(d);
    verbs_cd_register(d);
    verbs_project_register(d);
    verbs_compose_register(d);
    verbs_explain_register(d);
    verbs_config_register(d);
    verbs_registry_register(d);
    verbs_plan_register(d);
    verbs_eject_register(d);
    verbs_daemon_register(d);
    verbs_login_register(d);
    verbs_resume_register(d);
    verbs_init_register(d);
    verbs_history_register(d);
}

/* Until daemon_stop() stops the loop. Ready is said at the last moment before it runs. */
static void serve(struct daemon *d)
{
    uv_signal_t reload;

    guard_attach(d->loop, END_MS, on_signal, d);
    d->on_stopping = guard_end;
    loop_on_held(d->loop, HELD_MS, on_held, NULL);
    uv_signal_init(loop_uv(d->loop), &reload);
    reload.data = d;
    uv_signal_start(&reload, on_reload, SIGHUP);

    struct loop_timer *trimmer = loop_timer_start(d->loop, 60 * 1000, TRIM_EVERY_MS, trim, d);
    struct loop_timer *rotator = loop_timer_start(d->loop, 0, ROTATE_MS, rotate, d);
    struct loop_timer *dog =
        d->notify.watchdog_ms
            ? loop_timer_start(d->loop, d->notify.watchdog_ms, d->notify.watchdog_ms, watchdog, d)
            : NULL;

    notify_ready(&d->notify);
    log_info(
        "daemon",
        "serving: socket=%s state=%s pid=%d build=\"%s\"",
        d->socket,
        d->state_folder,
        (int)getpid(),
        version_of_daemon);
    loop_run(d->loop);
    loop_timer_stop(trimmer);
    loop_timer_stop(rotator);
    loop_timer_stop(dog);
    uv_close((uv_handle_t *)&reload, NULL);
    guard_detach();
    uv_run(loop_uv(d->loop), UV_RUN_NOWAIT);
}

/* Something did not unwind, and what it uses must not be freed under it. What it wrote is whole. */
static void __attribute__((noreturn)) leave(struct daemon *d)
{
    store_flush(d->store, NULL);
    _exit(d->state_lost ? error_kind_exit(ERR_FAILED) : 0);
}

/* Against the order of the start. Fibers end before what they use, the loop after all of them. */
static void close_all(struct daemon *d)
{
    names_watch_free(d->names);
    server_free(d->server);
    watch_hub_free(d->watchers);
    loop_cancel_fibers(d->loop);

    /* For this life: the store knows what is left to do. */
    for (size_t i = 0; i < d->jobs.len; i++)
        d->jobs.items[i]->finished = true;
    job_free_finished(d);
    vec_free(&d->jobs);
    session_drop_all(d);
    http_free(d->http);
    store_close(d->store);
    loop_free(d->loop);
    notify_done(&d->notify);
}

#ifdef DEFANG_FAULT_POINTS
/* `--list-fault-points`, and the variables that arm one and record those that are reached. A point
 * of the journal is about what only a run knows: a star stands for it. */
static void fault_points(int argc, char **argv)
{
    const char *kind, *why;

    if (!fault_arm(getenv("DEFANG_FAULT"), getenv("DEFANG_FAULT_RECORD"))) {
        fputs("defangd: DEFANG_FAULT is no point, or DEFANG_FAULT_RECORD no file\n", stderr);
        exit(error_kind_exit(ERR_USAGE));
    }
    if (argc != 2 || !text_eq(argv[1], "--list-fault-points"))
        return;

    for (unsigned i = 0; (kind = fault_kind(i, &why)) != NULL; i++) {
        if (text_starts(kind, "call."))
            aws_call_points_print(kind, why);
        else
            printf("%s/*\t%s\n", kind, why);
    }
    exit(0);
}
#else
#define fault_points(argc, argv) ((void)0)
#endif

int main(int argc, char **argv)
{
    fault_points(argc, argv);
    parse_arguments(argc, argv);
    harden();
    guard_start();
    raise_files();
    work_set_threads();

    cleanup_error struct error err = ERROR_INIT;
    cleanup_rpc_paths struct rpc_paths paths = {0};
    cleanup_env struct env *env = env_from_process(environ);

    if (rpc_paths_resolve(env, getuid(), NULL, &paths, &err) < 0)
        die(&err);

    struct daemon d = {
        .loop = loop_new(),
        .state_folder = paths.state_folder,
        .socket = paths.socket,
        .started_ms = clock_wall_ms()};

    if (open_all(&d, &paths, env, &err) < 0)
        die(&err);
    register_verbs(&d);
    if (job_resume_all(&d, &err) < 0)
        die(&err);
    serve(&d);
    if (d.left_behind)
        leave(&d);
    close_all(&d);

    return d.state_lost || d.state_gone ? error_kind_exit(ERR_FAILED) : 0;
}
