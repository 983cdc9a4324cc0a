/* Who holds the loop, and for how long.
 *
 * There is one thread for all connections and jobs, so what runs for long without a wait keeps all
 * of them waiting. Each piece of work between two polls is measured, by the clock and on the
 * processor; what libuv calls while it polls is what is left of the poll when its waiting is taken
 * away. While a piece runs its name can be read by the guard's thread, a word at a time: one that
 * is read in the middle of a change is garbled, never longer than it is. */
#include "loop/internal.h"
#include <string.h>
#include <time.h>

static int64_t clock_ns(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t ms_of(int64_t ns)
{
    return ns / 1000000;
}

void loop_on_held(
    struct loop *loop,
    int64_t limit_ms,
    void (*fn)(void *arg, const char *by, int64_t held_ms, int64_t cpu_ms),
    void *arg)
{
    loop->holder.limit_ms = limit_ms;
    loop->holder.fn = fn;
    loop->holder.arg = arg;
}

static void tell(struct loop_holder *h, const char *by, int64_t held_ms, int64_t cpu_ms)
{
    if (held_ms >= h->limit_ms)
        h->fn(h->arg, by, held_ms, cpu_ms);
}

void loop_hold(struct loop *loop, const char *name)
{
    struct loop_holder *h = &loop->holder;
    uint64_t words[LOOP_HOLDER_BYTES / 8] = {0};

    if (!h->limit_ms)
        return;
    memcpy(words, name, MIN(strlen(name), sizeof words - 1));
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        atomic_store_explicit(&h->name[i], words[i], memory_order_relaxed);
    h->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    atomic_store(&h->since_ms, ms_of(clock_ns(CLOCK_MONOTONIC)));
}

static void read_name(struct loop_holder *h, char name[LOOP_HOLDER_BYTES])
{
    uint64_t words[LOOP_HOLDER_BYTES / 8];

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        words[i] = atomic_load_explicit(&h->name[i], memory_order_relaxed);
    memcpy(name, words, sizeof words);
    name[LOOP_HOLDER_BYTES - 1] = '\0';
}

/* The fiber itself may be gone: its name was copied. */
void loop_release(struct loop *loop)
{
    struct loop_holder *h = &loop->holder;
    int64_t since = atomic_exchange(&h->since_ms, 0);
    char name[LOOP_HOLDER_BYTES];

    if (!since)
        return;

    int64_t held_ms = ms_of(clock_ns(CLOCK_MONOTONIC)) - since;
    if (held_ms < h->limit_ms)
        return;
    read_name(h, name);
    tell(h, name, held_ms, ms_of(clock_ns(CLOCK_THREAD_CPUTIME_ID) - h->cpu_ns));
}

void loop_poll_measured(struct loop *loop, uv_run_mode mode)
{
    struct loop_holder *h = &loop->holder;

    if (!h->limit_ms) {
        uv_run(&loop->uv, mode);
        return;
    }

    int64_t began = clock_ns(CLOCK_MONOTONIC), cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    uint64_t idle = uv_metrics_idle_time(&loop->uv);

    uv_run(&loop->uv, mode);
    idle = uv_metrics_idle_time(&loop->uv) - idle;
    tell(
        h,
        "callbacks",
        ms_of(clock_ns(CLOCK_MONOTONIC) - began - (int64_t)idle),
        ms_of(clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu));
}

int64_t loop_held_since(struct loop *loop, char name[LOOP_HOLDER_BYTES])
{
    read_name(&loop->holder, name);
    return atomic_load(&loop->holder.since_ms);
}
