/* How the credentials were found, for `whoami` and the debug log: a line per provider that was
 * asked, in the order asked. No secret stands in it: sources and reasons only. */
#include "aws/identity/credentials.h"
#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* A source profile's providers stand below the one that asked. */
static void trace_indent(const struct credential_request *r)
{
    for (const struct credential_visit *v = r->visited; v; v = v->outer)
        str_append(r->trace, "  ");
}

void credentials_trace(
    const struct credential_request *r,
    const char *provider,
    int rc,
    const struct aws_credentials *c,
    const struct error *err)
{
    if (!r->trace)
        return;

    trace_indent(r);
    if (rc == 0)
        str_appendf(r->trace, "%s: serves, %s\n", provider, c->source);
    else
        str_appendf(
            r->trace, "%s: failed, %s\n", provider, err->message ? err->message : strerror(-rc));
}

int credentials_pass(const struct credential_request *r, const char *provider, const char *fmt, ...)
{
    va_list ap;

    if (r->trace) {
        trace_indent(r);
        str_appendf(r->trace, "%s: ", provider);
        va_start(ap, fmt);
        str_vappendf(r->trace, fmt, ap);
        va_end(ap);
        str_append_char(r->trace, '\n');
    }

    return -ENOENT;
}
