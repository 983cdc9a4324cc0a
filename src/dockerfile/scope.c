/* ARG and ENV as far as they have been read, and the names that a builder sets by itself. Few stand
 * in a Dockerfile: a list that is searched from its end does. An ARG never changes what an ENV of
 * the same name has set, in whatever order they stand: so Docker. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <string.h>
#include <strings.h>

const struct dockerfile_var *
dockerfile_scope_get(const struct dockerfile_scope *s, const char *name)
{
    for (size_t i = s->len; i-- > 0;)
        if (strcmp(s->vars[i].name, name) == 0)
            return &s->vars[i];
    return NULL;
}

/* A value that is very long is as good as not known. */
void dockerfile_scope_set(
    struct arena *a, struct dockerfile_scope *s, const char *name, const char *value, bool env)
{
    struct dockerfile_var *var = (struct dockerfile_var *)dockerfile_scope_get(s, name);

    if (value && strlen(value) > LIMIT_DOCKERFILE_VALUE_BYTES)
        value = NULL;
    if (var) {
        if (env || !var->env) {
            var->value = value;
            var->env = env;
        }
        return;
    }

    if (s->len == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 8;
        struct dockerfile_var *vars = arena_array(a, struct dockerfile_var, cap);

        if (s->len)
            memcpy(vars, s->vars, s->len * sizeof *vars);
        s->vars = vars;
        s->cap = cap;
    }

    s->vars[s->len++] = (struct dockerfile_var){.name = name, .value = value, .env = env};
}

void dockerfile_scope_copy(
    struct arena *a, struct dockerfile_scope *to, const struct dockerfile_scope *from)
{
    *to = *from;
    to->cap = to->len;
    to->vars = arena_array(a, struct dockerfile_var, to->len + 1);
    if (to->len)
        memcpy(to->vars, from->vars, to->len * sizeof *to->vars);
}

static bool is_one_of(const char *const *list, const char *name)
{
    for (; *list; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

bool dockerfile_platform_arg(const char *name)
{
    static const char *const names[] = {
        "TARGETPLATFORM",
        "TARGETOS",
        "TARGETARCH",
        "TARGETVARIANT",
        "TARGETSTAGE",
        "BUILDPLATFORM",
        "BUILDOS",
        "BUILDARCH",
        "BUILDVARIANT",
        NULL};

    return is_one_of(names, name);
}

bool dockerfile_predefined_arg(const char *name)
{
    static const char *const proxies[] = {
        "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY", NULL};
    cleanup_free char *lower = text_lower(name);

    for (const char *const *p = proxies; *p; p++)
        if (strcasecmp(*p, lower) == 0)
            return true;

    return dockerfile_platform_arg(name) || text_starts(name, "BUILDKIT_") ||
           text_eq(name, "SOURCE_DATE_EPOCH");
}
