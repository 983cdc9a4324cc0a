#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <string.h>
#include <strings.h>

static bool read_number(const char *text, size_t n, unsigned *out)
{
    char digits[8];
    long long value = 0;

    if (!n || n >= sizeof digits)
        return false;
    memcpy(digits, text, n);
    digits[n] = '\0';
    if (text_parse_int(digits, 0, UINT16_MAX, &value) < 0)
        return false;
    *out = (unsigned)value;

    return true;
}

/* "[ip:][host:]port[-port][/protocol]": what stands before the last colon is a mistake that
 * BuildKit lets pass, and means nothing in an image. */
bool dockerfile_read_port(const char *text, unsigned *from, unsigned *to, bool *udp)
{
    const char *colon = strrchr(text, ':');
    const char *port = colon ? colon + 1 : text;
    size_t n = strcspn(port, "/");
    const char *protocol = port[n] ? port + n + 1 : "";

    *udp = strcasecmp(protocol, "udp") == 0;
    if (*protocol && !*udp && strcasecmp(protocol, "tcp") != 0 && strcasecmp(protocol, "sctp") != 0)
        return false;

    const char *dash = memchr(port, '-', n);
    size_t first = dash ? (size_t)(dash - port) : n;
    if (!read_number(port, first, from))
        return false;
    *to = *from;

    return !dash || (read_number(dash + 1, n - first - 1, to) && *to >= *from);
}
