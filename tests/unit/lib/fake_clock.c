#include "unit/lib/fake_clock.h"

#include <string.h>

static int64_t fake_wall_ms(void *arg)
{
    return ((struct fake_clock *)arg)->wall_ms;
}

static int64_t fake_mono_ms(void *arg)
{
    return ((struct fake_clock *)arg)->mono_ms;
}

/* splitmix64 */
static void fake_random(void *arg, void *buf, size_t n)
{
    struct fake_clock *clock = arg;
    unsigned char *out = buf;
    while (n > 0) {
        uint64_t z = (clock->seed += UINT64_C(0x9e3779b97f4a7c15));
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        size_t part = n < sizeof z ? n : sizeof z;
        memcpy(out, &z, part);
        out += part;
        n -= part;
    }
}

static void jump(void *arg, int64_t at_ms)
{
    struct fake_clock *clock = arg;
    clock->jumps++;
    fake_clock_advance(clock, at_ms - clock->mono_ms);
}

void fake_clock_install(struct fake_clock *clock, int64_t wall_ms)
{
    *clock = (struct fake_clock){.wall_ms = wall_ms, .mono_ms = 1000000, .seed = 1};
    clock->source = (struct clock_source){fake_wall_ms, fake_mono_ms, fake_random, clock};
    clock_replace(&clock->source);
}

void fake_clock_attach(struct fake_clock *clock, struct loop *loop)
{
    loop_use_virtual_time(loop, jump, clock);
}

void fake_clock_advance(struct fake_clock *clock, int64_t ms)
{
    clock->wall_ms += ms;
    clock->mono_ms += ms;
}

void fake_clock_remove(struct fake_clock *clock)
{
    clock_replace(NULL);
}
