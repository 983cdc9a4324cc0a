/* Names of services inside environment values and build arguments (defang.md 6.9): a name that
 * stands as a host, that is at a word's beginning and before
 * "/", ":port" or the end, becomes the label by which the private zone knows the service. One name
 * a value; the first that stands there. */
#include "base/str.h"
#include "plan/view/view.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* What may follow a host: the end, a path, or a colon with a port. Digits before "@" are a
 * password. */
static bool host_ends(const char *p)
{
    if (*p != ':')
        return !*p || *p == '/';
    size_t digits = strspn(p + 1, "0123456789");
    return digits && !is_word(p[1 + digits]) && p[1 + digits] != '@';
}

/* The longest service name that stands at `at`, or NULL. */
static const struct plan_service *
name_at(const struct plan_view *v, const char *at, bool with_ports)
{
    const struct plan_service *best = NULL;
    size_t best_len = 0;

    for (size_t i = 0; i < v->count; i++) {
        const struct plan_service *s = &v->services[i];
        size_t n = strlen(s->s->name);
        if ((s->port_count > 0) == with_ports && n > best_len && strncmp(at, s->s->name, n) == 0 &&
            host_ends(at + n)) {
            best = s;
            best_len = n;
        }
    }
    return best;
}

static const struct plan_service *
find(const struct plan_view *v, const char *value, bool with_ports, size_t *at)
{
    for (size_t i = 0; value[i]; i++) {
        /* A word's beginning; "-" and "." before it make it the tail of another host name. */
        if (i && (is_word(value[i - 1]) || value[i - 1] == '-' || value[i - 1] == '.'))
            continue;
        const struct plan_service *s = name_at(v, value + i, with_ports);
        /* "postgres://…" is a scheme, not a host: host_ends() refuses ":" before "//". A user
         * before "@" is refused the same way. */
        if (s) {
            *at = i;
            return s;
        }
    }
    return NULL;
}

const char *plan_rewrite(struct arena *a, const struct plan_view *v, const char *value)
{
    size_t at;
    const struct plan_service *s = find(v, value, true, &at);

    if (!s || (strcmp(s->s->name, s->label) == 0 && !v->suffix))
        return value;
    return arena_printf(
        a,
        "%.*s%s%s%s",
        (int)at,
        value,
        s->label,
        v->suffix ? v->suffix : "",
        value + at + strlen(s->s->name));
}

const struct plan_service *plan_names_unreachable(const struct plan_view *v, const char *value)
{
    /* A bare word may be anything; "name:port" and "//name/" can only be a host. */
    size_t at;
    if (!strchr(value, ':') || find(v, value, true, &at))
        return NULL;
    const struct plan_service *s = find(v, value, false, &at);
    return s && value[at + strlen(s->s->name)] ? s : NULL;
}
