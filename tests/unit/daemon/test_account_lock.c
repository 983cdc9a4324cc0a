/* The lock of an account: one job at a time prepares it, and one that waits can be canceled. */
#include "daemon/account_lock.h"
#include "unit/daemon/rig.h"
#include "unit/lib/suite.h"

static int order[8], steps;

static void hold(void *arg)
{
    int me = (int)(intptr_t)arg;
    int rc = account_lock(&rig.d);
    if (rc < 0) {
        order[steps++] = -me;
        return;
    }

    order[steps++] = me;
    fiber_sleep(1000);
    account_unlock(&rig.d);
}

static void three_at_once(void *arg)
{
    struct fiber *f[3];

    for (intptr_t i = 0; i < 3; i++)
        f[i] = fiber_spawn(rig.d.loop, "job", hold, (void *)(i + 1));
    fiber_sleep(500);
    ck_assert_int_eq(steps, 1);
    fiber_cancel(f[1]);
    for (int i = 0; i < 3; i++)
        fiber_join(f[i]);
}

START_TEST(one_job_at_a_time_prepares_an_account)
{
    rig_setup();
    steps = 0;
    loop_run_fiber(rig.d.loop, "test", three_at_once, NULL);
    ck_assert_int_eq(steps, 3);
    ck_assert_int_eq(order[0], 1);
    ck_assert_int_eq(order[1], -2); /* canceled while it waited */
    ck_assert_int_eq(order[2], 3);
    ck_assert(!rig.d.bootstrap_held);
    rig_done();
}
END_TEST

SUITE("daemon/account_lock", one_job_at_a_time_prepares_an_account)
