/* A thread that waits for signals and looks at the clock.
 *
 * The signals are blocked in every thread and taken here with sigtimedwait(), so no handler
 * interrupts anything, and a loop that hangs in a system call does not keep them from being heard.
 * The mutex is about `loop` and `wake` alone: they are used from here only while they are there.
 *
 * Children begin with no signal blocked: libuv sees to that. */
#include "loop/guard.h"

#include "base/log.h"
#include "loop/internal.h"
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 2000 /* how often a thread that nobody signals looks */
#define HELD_MS 5000 /* a loop that stands so long is told of while it stands */

static struct {
    pthread_t thread;
    sigset_t signals;
    pthread_mutex_t mutex;
    struct loop *loop; /* NULL: not attached */
    uv_async_t wake;
    void (*fn)(void *arg);
    void *arg;
    int64_t allowed_ms;
    _Atomic int64_t end_at_ms; /* 0: the end has not begun */
} guard = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* Not the injected clock: its tests stand still, and this must not. */
static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* As if nobody had taken the signal. */
static void die_of(int signum)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};

    sigaction(signum, &standard, NULL);
    pthread_sigmask(SIG_UNBLOCK, &guard.signals, NULL);
    kill(getpid(), signum);
}

static void begin_end(void)
{
    int64_t none = 0;

    atomic_compare_exchange_strong(&guard.end_at_ms, &none, now_ms() + guard.allowed_ms);
}

static void hear(int signum)
{
    pthread_mutex_lock(&guard.mutex);
    if (guard.loop) {
        begin_end();
        uv_async_send(&guard.wake);
    } else if (!atomic_load(&guard.end_at_ms)) {
        die_of(signum);
    }
    pthread_mutex_unlock(&guard.mutex);
}

/* The name of what holds the loop, and since when; 0: it turns. */
static int64_t held_since(char name[LOOP_HOLDER_BYTES])
{
    int64_t since = 0;

    pthread_mutex_lock(&guard.mutex);
    if (guard.loop)
        since = loop_held_since(guard.loop, name);
    pthread_mutex_unlock(&guard.mutex);
    return since;
}

static void look(int64_t *told)
{
    char name[LOOP_HOLDER_BYTES];
    int64_t now = now_ms(), end = atomic_load(&guard.end_at_ms), since = held_since(name);

    if (since && since != *told && now - since >= HELD_MS) {
        *told = since;
        log_warning("loop", "stands: held_ms=%lld by=\"%s\"", (long long)(now - since), name);
    }

    if (end && now >= end) {
        log_warning("loop", "ending although something still runs");
        _exit(0);
    }
}

static void *guard_main(void *unused)
{
    struct timespec step = {.tv_sec = LOOK_MS / 1000};
    int64_t told = 0;

    for (;;) {
        int signum = sigtimedwait(&guard.signals, NULL, &step);

        if (signum > 0)
            hear(signum);
        look(&told);
    }
    return NULL;
}

void guard_start(void)
{
    sigemptyset(&guard.signals);
    sigaddset(&guard.signals, SIGTERM);
    sigaddset(&guard.signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &guard.signals, NULL);
    if (pthread_create(&guard.thread, NULL, guard_main, NULL) != 0)
        loop_die("cannot start the guard's thread");
    pthread_detach(guard.thread);
}

static void on_wake(uv_async_t *wake)
{
    guard.fn(guard.arg);
}

void guard_attach(struct loop *loop, int64_t end_ms, void (*fn)(void *arg), void *arg)
{
    if (uv_async_init(loop_uv(loop), &guard.wake, on_wake) < 0)
        loop_die("cannot listen to the guard");

    pthread_mutex_lock(&guard.mutex);
    guard.fn = fn;
    guard.arg = arg;
    guard.allowed_ms = end_ms;
    guard.loop = loop;
    pthread_mutex_unlock(&guard.mutex);
}

void guard_end(void)
{
    begin_end();
}

void guard_detach(void)
{
    pthread_mutex_lock(&guard.mutex);
    struct loop *loop = guard.loop;
    guard.loop = NULL;
    pthread_mutex_unlock(&guard.mutex);

    if (loop)
        uv_close((uv_handle_t *)&guard.wake, NULL);
}
