/* HEALTHCHECK: what it asks, and how often. Times are Go's: a unit behind each number, so "30" is
 * none. A time or a number of tries that is zero says nothing, as if it were left out: Docker takes
 * its own then. A list in JSON is a program and its arguments (CMD), a text goes to the shell
 * (CMD-SHELL). */
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "1m30s", "1.5h", "500ms": milliseconds, rounded; false for anything else. */
static bool read_duration(const char *text, double *ms)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {
        {"ns", 1e-6},
        {"us", 1e-3},
        {"\xc2\xb5s", 1e-3},
        {"ms", 1},
        {"s", 1e3},
        {"m", 6e4},
        {"h", 36e5}};
    const char *p = text + (*text == '+' || *text == '-');
    double sign = *text == '-' ? -1 : 1;

    *ms = 0;
    if (strcmp(p, "0") == 0)
        return true;
    if (!*p)
        return false;

    while (*p) {
        size_t whole = strspn(p, "0123456789");
        size_t n = whole + (p[whole] == '.');
        n += p[whole] == '.' ? strspn(p + n, "0123456789") : 0;
        if (!whole && n < 2)
            return false;

        double number = strtod(p, NULL);
        bool known = false;
        p += n;
        for (size_t i = 0; i < ARRAY_LEN(units) && !known; i++) {
            size_t len = strlen(units[i].name);

            if (strncmp(p, units[i].name, len) != 0 || (p[len] && !strchr("0123456789.", p[len])))
                continue;
            known = true;
            *ms += sign * number * units[i].ms;
            p += len;
        }
        if (!known || *ms > 9.2e12)
            return false;
    }

    return true;
}

static bool read_times(
    const struct dockerfile_instruction *in,
    struct dockerfile_health *out,
    struct dockerfile_findings *f)
{
    const struct {
        const char *flag;
        int64_t *ms;
    } rows[] = {
        {"interval", &out->interval_ms},
        {"timeout", &out->timeout_ms},
        {"start-period", &out->start_period_ms},
        {"start-interval", &out->start_interval_ms}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *said = dockerfile_flag(in, rows[i].flag);
        double ms = 0;

        if (text_empty(said))
            continue;
        if (!read_duration(said, &ms) || (ms < 1 && ms != 0)) {
            dockerfile_say(
                f,
                DOCKERFILE_ERROR,
                in->line,
                "duration",
                "Write it with a unit, as 30s or 1m30s.",
                "HEALTHCHECK --%s=%s is no time",
                rows[i].flag,
                said);
            return false;
        }
        if (ms > 0)
            *rows[i].ms = (int64_t)(ms + 0.5);
    }

    return true;
}

static bool read_retries(
    const struct dockerfile_instruction *in,
    struct dockerfile_health *out,
    struct dockerfile_findings *f)
{
    const char *said = dockerfile_flag(in, "retries");
    long long n = 0;

    if (text_empty(said))
        return true;
    if (text_parse_int(said + (*said == '+'), 0, INT32_MAX, &n) < 0) {
        dockerfile_say(
            f,
            DOCKERFILE_ERROR,
            in->line,
            "retries",
            "Write a whole number.",
            "HEALTHCHECK --retries=%s is no number of tries",
            said);
        return false;
    }
    if (n)
        out->retries = (int)n;

    return true;
}

static bool
wrong(const struct dockerfile_instruction *in, struct dockerfile_findings *f, const char *what)
{
    dockerfile_say(
        f,
        DOCKERFILE_ERROR,
        in->line,
        "healthcheck",
        "Write HEALTHCHECK CMD command, or HEALTHCHECK NONE.",
        "HEALTHCHECK %s",
        what);
    return false;
}

bool dockerfile_read_health(
    const struct dockerfile_instruction *in,
    struct dockerfile_health *out,
    struct dockerfile_findings *f)
{
    *out = (struct dockerfile_health){
        .line = in->line,
        .interval_ms = -1,
        .timeout_ms = -1,
        .start_period_ms = -1,
        .start_interval_ms = -1,
        .retries = -1};

    if (strcasecmp(in->args[0], "NONE") == 0) {
        out->none = true;
        return in->arg_count == 1 || wrong(in, f, "NONE takes nothing more");
    }
    if (strcasecmp(in->args[0], "CMD") != 0)
        return wrong(in, f, "begins with neither CMD nor NONE");
    if (in->arg_count < 2)
        return wrong(in, f, "CMD has no command");

    out->test = arena_array(f->arena, const char *, in->arg_count);
    out->test_count = in->arg_count;
    memcpy(out->test, in->args, in->arg_count * sizeof *out->test);
    out->test[0] = in->json ? "CMD" : "CMD-SHELL";

    return read_times(in, out, f) && read_retries(in, out, f);
}
