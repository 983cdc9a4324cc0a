/* Single values in one notation: sizes, durations, file modes, paths, build contexts and the like,
 * so that two files that mean the same say the same.
 *
 * What a config part stands in is left as it is: its value is not known here. */
#include "base/str.h"
#include "base/text_size.h"
#include "compose/spec/canon.h"
#include "compose/units.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The text that a scalar has in a place where only texts stand: true, 8080, 0.5. */
static const char *scalar_as_text(struct canon *c, const struct yaml_node *n)
{
    char digits[YAML_DIGITS_MAX];
    double real;
    cleanup_str struct str out = STR_INIT;

    switch (yaml_scalar_type(n)) {
    case YAML_TYPE_BOOL:
        return yaml_scalar_bool(n) ? "true" : "false";
    case YAML_TYPE_INT:
        return yaml_scalar_digits(n, digits) ? arena_strdup(c->arena, digits) : n->value;
    case YAML_TYPE_FLOAT:
        if (yaml_scalar_float(n, &real) < 0 || !isfinite(real))
            return n->value;
        units_format_float(real, &out);
        return arena_strdup(c->arena, str_get(&out));
    default:
        return n->value;
    }
}

static struct yaml_node *canon_as_text(struct canon *c, struct yaml_node *n)
{
    return yaml_is_null(n) ? n : canon_text(c, n, scalar_as_text(c, n));
}

static struct yaml_node *canon_bytes(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    if (n->kind != YAML_KIND_SCALAR || yaml_is_null(n))
        return n;

    enum yaml_type type = yaml_scalar_type(n);
    int64_t bytes;
    double real;

    /* The reference takes no fraction of a byte, and says nothing of it. */
    if (type == YAML_TYPE_FLOAT)
        return canon_text(c, n, "0");
    if (type == YAML_TYPE_INT) {
        if (yaml_scalar_float(n, &real) == 0 && real >= -1 && real < 9.2e18)
            return canon_text(c, n, arena_printf(c->arena, "%lld", (long long)real));
    } else if (text_parse_bytes(n->value, &bytes) == 0) {
        return canon_text(c, n, arena_printf(c->arena, "%lld", (long long)bytes));
    } else if (strcmp(n->value, "-1") == 0) {
        return canon_text(c, n, "-1");
    }

    canon_complain(
        c, n, "Sizes look like 512m, 1.5g or 1048576.", spot, "\"%s\" is not a size", n->value);

    return n;
}

static struct yaml_node *
canon_duration(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    int64_t ns;

    if (units_parse_duration_ns(n->value, &ns) < 0) {
        canon_complain(
            c,
            n,
            "Durations look like 30s, 1m30s or 500ms.",
            spot,
            "\"%s\" is not a duration",
            n->value);
        return n;
    }

    cleanup_str struct str out = STR_INIT;
    units_format_duration_ns(ns, &out);

    return canon_text(c, n, str_get(&out));
}

static struct yaml_node *canon_cpus(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    struct yaml_node plain = {.kind = YAML_KIND_SCALAR, .value = n->value, .plain = true};
    double real;

    if (yaml_scalar_float(&plain, &real) == 0 && isfinite(real))
        return canon_plain(c, n, scalar_as_text(c, &plain));
    canon_complain(
        c,
        n,
        "Write the number of CPUs, for example 0.25.",
        spot,
        "\"%s\" is not a number",
        n->value);
    return n;
}

/* 0440 and 288 are numbers; the text "0440" is octal. */
static struct yaml_node *canon_mode(struct canon *c, struct yaml_node *n, const struct spot *spot)
{
    if (yaml_scalar_type(n) == YAML_TYPE_INT)
        return n;

    char *end = NULL;
    errno = 0;
    long long mode =
        yaml_scalar_type(n) == YAML_TYPE_STRING && *n->value ? strtoll(n->value, &end, 8) : 0;
    if (end && !*end && !errno)
        return canon_plain(c, n, arena_printf(c->arena, "%lld", mode));
    canon_complain(c, n, "Write it in octal: 0440.", spot, "\"%s\" is not a file mode", n->value);
    return n;
}

struct yaml_node *
canon_scalar(struct canon *c, struct yaml_node *n, enum spec_form form, const struct spot *spot)
{
    const char *below;

    if (form == FORM_LABEL)
        return canon_text(c, n, yaml_is_null(n) ? "" : scalar_as_text(c, n));
    if (yaml_is_null(n) || (c->lenient && strchr(n->value, '$')))
        return n;
    switch (form) {
    case FORM_BYTES:
        return canon_bytes(c, n, spot);
    case FORM_COUNT:
        return text_eq(n->value, "all") ? canon_plain(c, n, "-1") : n;
    case FORM_MODE:
        return canon_mode(c, n, spot);
    case FORM_PULL:
        return text_eq(n->value, "if_not_present") ? canon_text(c, n, "missing") : n;
    case FORM_CPUS:
        return canon_cpus(c, n, spot);
    case FORM_DURATION:
        return canon_duration(c, n, spot);
    case FORM_PATH:
        return canon_text(c, n, canon_path(c, n->value));
    case FORM_CONTEXT:
        return canon_is_url(n->value) ? n : canon_text(c, n, canon_path(c, n->value));
    case FORM_SITE:
        below = canon_below(c, n->value);
        return below == n->value ? n : canon_text(c, n, below);
    case FORM_OPTION:
    case FORM_TEXT:
        return canon_as_text(c, n);
    default:
        return n;
    }
}
