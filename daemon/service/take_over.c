#include "daemon/service/take_over.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#define WAIT_MS 25000 /* longer than a daemon takes for its end */
#define STEP_US 20000

int take_over(
    struct loop *loop, const struct store_options *options, struct store **out, struct error *err)
{
    int64_t deadline = clock_mono_ms() + WAIT_MS;
    pid_t asked = 0;

    for (;;) {
        cleanup_error struct error why = ERROR_INIT;
        int rc = store_open_with(loop, options, out, &why);
        pid_t holder = rc == -EBUSY ? store_holder(options->folder) : 0;

        if (rc != -EBUSY || clock_mono_ms() > deadline) {
            if (rc < 0)
                error_move(err, &why);
            return rc;
        }

        if (holder > 1 && holder != asked && kill(holder, SIGTERM) == 0) {
            log_info(
                "daemon",
                "taking over from the daemon that a shell started: pid=%d state=%s",
                (int)holder,
                options->folder);
            asked = holder;
        }

        usleep(STEP_US);
    }
}
