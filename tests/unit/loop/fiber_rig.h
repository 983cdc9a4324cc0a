/* A loop in virtual time, made anew for each test of fibers; run() runs one to its end. */
#pragma once

#include "base/mem.h"
#include "loop/fiber.h"
#include "unit/lib/cases.h"
#include "unit/lib/fake_clock.h"

static struct fake_clock fake;
static struct loop *loop;

static inline void setup(void)
{
    fake_clock_install(&fake, FAKE_CLOCK_START_MS);
    loop = loop_new();
    fake_clock_attach(&fake, loop);
}

static inline void teardown(void)
{
    loop_free(loop);
    fake_clock_remove(&fake);
}

static inline void run(void (*fn)(void *arg), void *arg)
{
    loop_run_fiber(loop, "main", fn, arg);
}
