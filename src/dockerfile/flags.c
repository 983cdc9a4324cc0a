/* Flags of an instruction, as COPY --from=build. Which there are is instruction.c's table: "name "
 * for a switch, "name= " for one with a value, "name=* " for one that may be repeated. */
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/read.h"

#include <string.h>
#include <strings.h>

void dockerfile_add_flags(struct dockerfile_read *r, const struct dockerfile_texts *words)
{
    struct dockerfile_flag *flags = arena_array(r->a, struct dockerfile_flag, words->len + 1);

    for (size_t i = 0; i < words->len; i++) {
        const char *text = words->items[i] + 2, *equals = strchr(text, '=');

        flags[i].name = equals ? arena_strndup(r->a, text, (size_t)(equals - text)) : text;
        flags[i].value = equals ? equals + 1 : NULL;
    }
    r->in->flags = flags;
    r->in->flag_count = words->len;
}

static bool
check_value(struct dockerfile_read *r, const struct dockerfile_flag *flag, bool takes_value)
{
    const char *v = flag->value;

    if (takes_value ? !v : v && !*v)
        return DOCKERFILE_WRONG(
            r,
            "flag-value",
            arena_printf(r->a, "Write --%s=VALUE.", flag->name),
            "%s --%s needs a value",
            dockerfile_kind_name(r->in->kind),
            flag->name);
    if (!takes_value && v && strcasecmp(v, "true") != 0 && strcasecmp(v, "false") != 0)
        return DOCKERFILE_WRONG(
            r,
            "flag-value",
            "Write true or false.",
            "%s --%s=%s: it is true or false",
            dockerfile_kind_name(r->in->kind),
            flag->name,
            v);

    return true;
}

/* The table has "name " for a switch, "name= " for a value, "name=* " for one that may be repeated.
 */
static bool check_flag(struct dockerfile_read *r, const char *known, size_t i)
{
    const struct dockerfile_flag *flag = &r->in->flags[i];
    cleanup_free char *as_switch = xasprintf(" %s ", flag->name);
    cleanup_free char *as_value = xasprintf(" %s=", flag->name);
    const char *value = strstr(known, as_value);

    if (!*flag->name || strchr(flag->name, ' ') || (!value && !strstr(known, as_switch)))
        return DOCKERFILE_WRONG(
            r,
            "unknown-flag",
            *known ? arena_printf(r->a, "It takes:%s(see the Dockerfile reference).", known)
                   : "It takes no flags.",
            "%s does not take --%s",
            dockerfile_kind_name(r->in->kind),
            flag->name);

    bool many = value && value[strlen(as_value)] == '*';
    for (size_t k = 0; k < i && !many; k++)
        if (strcmp(r->in->flags[k].name, flag->name) == 0)
            return DOCKERFILE_WRONG(
                r,
                "repeated-flag",
                "Remove one of them.",
                "%s has --%s twice",
                dockerfile_kind_name(r->in->kind),
                flag->name);

    return check_value(r, flag, value);
}

bool dockerfile_check_flags(struct dockerfile_read *r, const char *known)
{
    for (size_t i = 0; known && i < r->in->flag_count; i++)
        if (!check_flag(r, known, i))
            return false;
    return true;
}

const char *
dockerfile_flag_next(const struct dockerfile_instruction *in, const char *name, size_t *at)
{
    while (*at < in->flag_count) {
        const struct dockerfile_flag *flag = &in->flags[(*at)++];

        if (strcmp(flag->name, name) == 0)
            return flag->value ? flag->value : "true";
    }

    return NULL;
}

const char *dockerfile_flag(const struct dockerfile_instruction *in, const char *name)
{
    size_t at = 0;
    return dockerfile_flag_next(in, name, &at);
}
