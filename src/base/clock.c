/* The clocks and the random source of the system behind one table, which tests replace as a
 * whole (clock_replace). Nothing else asks the system for the time or for random bytes, so that
 * a test decides both.
 *
 * Monotonic time is CLOCK_BOOTTIME: a laptop that slept has let the time pass, and a deadline
 * that lay within the sleep is over when it wakes. */
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static const struct clock_source *replaced;

static int64_t read_ms(clockid_t id)
{
    struct timespec ts;
    if (clock_gettime(id, &ts) != 0)
        abort();
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return replaced && replaced->wall_ms ? replaced->wall_ms(replaced->arg)
                                         : read_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
    return replaced && replaced->mono_ms ? replaced->mono_ms(replaced->arg)
                                         : read_ms(CLOCK_BOOTTIME);
}

void clock_random(void *buf, size_t n)
{
    if (replaced && replaced->random) {
        replaced->random(replaced->arg, buf, n);
        return;
    }
    unsigned char *p = buf;
    while (n) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        p += got;
        n -= (size_t)got;
    }
}

uint64_t clock_random_below(uint64_t bound)
{
    if (bound < 2)
        return 0;
    uint64_t uneven =
        (UINT64_MAX - bound + 1) % bound; /* 2^64 mod bound: these would favour small results */
    uint64_t value;
    do
        clock_random(&value, sizeof value);
    while (value < uneven);
    return value % bound;
}

void clock_replace(const struct clock_source *source)
{
    replaced = source;
}
