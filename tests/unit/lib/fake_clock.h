/* A virtual clock for unit tests: stands still until told otherwise, and an idle loop jumps it to
 * its next deadline, so that fiber_sleep(60000) takes no real time. Random numbers are a seeded
 * sequence, the same in every run.
 *
 *   struct fake_clock clock;
 *   fake_clock_install(&clock, wall_ms);      replaces clock_* (clock_replace)
 *   fake_clock_attach(&clock, loop);          its loop's deadlines follow
 *   … fake_clock_remove(&clock);              restores the real one
 *
 * Ownership: embedded in the test; must outlive the loop it is attached to. Real work (threads,
 * children, curl) is waited for in real time while the virtual clock stands still: test their
 * time-outs with the real clock. */
#pragma once

#include "base/clock.h"
#include "loop/loop.h"
#include <stdint.h>

#define FAKE_CLOCK_START_MS INT64_C(1795385730000) /* 2026-11-22T22:15:30Z */

struct fake_clock {
    struct clock_source source;
    int64_t wall_ms, mono_ms;
    uint64_t seed;
    unsigned jumps; /* how often an idle loop moved it */
};

void fake_clock_install(struct fake_clock *clock, int64_t wall_ms);
void fake_clock_attach(struct fake_clock *clock, struct loop *loop);
void fake_clock_advance(struct fake_clock *clock, int64_t ms); /* wall and monotonic together */
void fake_clock_remove(struct fake_clock *clock);
