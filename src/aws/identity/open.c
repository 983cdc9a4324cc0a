/* A session is opened here, above its calls, because two things of it need the identity room: the
 * source of credentials that calls are handed (credentials.c), and the region, which the CLI takes
 * from the instance metadata service when nothing else names one. */
#include "aws/identity/credentials.h"
#include "base/mem.h"

/* The CLI's last resort. It suspends, so that it is left out where no fiber runs. */
static void ask_instance(struct aws_session *s)
{
    s->settings.region = imds_region(s);
    if (s->settings.region)
        s->settings.region_source = xstrdup("the EC2 instance's availability zone");
}

int aws_session_open(
    const struct aws_session_options *o, struct aws_session **out, struct error *err)
{
    int rc = session_new(o, &credentials_source, out, err);

    if (rc < 0)
        return rc;
    if (!(*out)->settings.region && fiber_current())
        ask_instance(*out);
    return 0;
}
