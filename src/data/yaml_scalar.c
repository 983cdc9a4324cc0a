/* What a plain scalar means. Source: YAML 1.2 core schema, and the notations that the Compose
 * reference loader takes besides (binary, a leading zero for octal, digits grouped by `_`). yes,
 * no, on and off stay strings. */
#include "base/str.h"
#include "data/yaml.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CORE_TAG         "tag:yaml.org,2002:"
#define NUMBER_CHARS_MAX 64 /* longer digits are text */

static bool one_of(const char *s, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(s, *words) == 0)
            return true;
    return false;
}

static const char *const NULLS[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const TRUES[] = {"true", "True", "TRUE", NULL};
static const char *const FALSES[] = {"false", "False", "FALSE", NULL};
static const char *const INFINITIES[] = {".inf", ".Inf", ".INF", NULL};
static const char *const NANS[] = {".nan", ".NaN", ".NAN", NULL};

/* Digits without the grouping `_`; false when it cannot be a number. */
static bool strip_grouping(const char *s, char out[NUMBER_CHARS_MAX])
{
    size_t n = 0;

    for (; *s; s++) {
        if (*s == '_')
            continue;
        if (n + 1 == NUMBER_CHARS_MAX)
            return false;
        out[n++] = *s;
    }

    out[n] = '\0';
    return n > 0;
}

/* Takes the mark of the base, and says which digits may follow. */
static int take_base(const char **text, const char **alphabet)
{
    const char *p = *text;

    *alphabet = "0123456789";
    if (p[0] != '0' || !p[1])
        return 10;

    switch (p[1] | 0x20) {
    case 'x':
        *alphabet = "0123456789abcdefABCDEF";
        *text += 2;
        return 16;
    case 'b':
        *alphabet = "01";
        *text += 2;
        return 2;
    case 'o':
        *alphabet = "01234567";
        *text += 2;
        return 8;
    default: /* the octal numbers of YAML 1.1 have no mark but the zero */
        *alphabet = "01234567";
        *text += 1;
        return 8;
    }
}

/* A whole number of 64 bits, with a sign or without one: from -2^63 to 2^64-1. */
static int parse_whole(const char *text, bool *negative, unsigned long long *magnitude)
{
    char digits[NUMBER_CHARS_MAX];

    if (!strip_grouping(text, digits))
        return -EINVAL;

    const char *p = digits;
    *negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;

    const char *alphabet;
    int base = take_base(&p, &alphabet);
    if (!*p || p[strspn(p, alphabet)])
        return -EINVAL;
    errno = 0;
    *magnitude = strtoull(p, NULL, base);
    return errno || (*negative && *magnitude > 1ull << 63) ? -ERANGE : 0;
}

static int parse_int(const char *text, long long *value)
{
    unsigned long long magnitude;
    bool negative;

    int rc = parse_whole(text, &negative, &magnitude);
    if (rc < 0)
        return rc;
    if (!negative && magnitude > LLONG_MAX)
        return -ERANGE;

    *value = negative ? (long long)(0 - magnitude) : (long long)magnitude;
    return 0;
}

static bool looks_float(const char *s)
{
    if (*s == '-' || *s == '+')
        s++;
    size_t whole = strspn(s, "0123456789");
    s += whole;
    size_t fraction = 0;
    if (*s == '.') {
        fraction = strspn(s + 1, "0123456789");
        s += 1 + fraction;
    }

    if (!whole && !fraction)
        return false;
    if (*s == 'e' || *s == 'E') {
        s++;
        if (*s == '-' || *s == '+')
            s++;
        size_t exponent = strspn(s, "0123456789");
        if (!exponent)
            return false;
        s += exponent;
    }

    return *s == '\0';
}

static int parse_float(const char *text, double *value)
{
    const char *unsigned_text = *text == '-' || *text == '+' ? text + 1 : text;

    if (one_of(unsigned_text, INFINITIES)) {
        *value = *text == '-' ? -INFINITY : INFINITY;
        return 0;
    }

    if (one_of(text, NANS)) {
        *value = NAN;
        return 0;
    }

    char digits[NUMBER_CHARS_MAX];
    if (!strip_grouping(text, digits) || !looks_float(digits))
        return -EINVAL;
    *value = strtod(digits, NULL);
    return 0;
}

static enum yaml_type type_of_tag(const char *tag, bool *known)
{
    static const struct {
        const char *name;
        enum yaml_type type;
    } TAGS[] = {
        {"null", YAML_TYPE_NULL},
        {"bool", YAML_TYPE_BOOL},
        {"int", YAML_TYPE_INT},
        {"float", YAML_TYPE_FLOAT},
        {"str", YAML_TYPE_STRING},
    };

    *known = false;
    if (!tag || !text_starts(tag, CORE_TAG))
        return YAML_TYPE_STRING;
    for (size_t i = 0; i < sizeof TAGS / sizeof *TAGS; i++)
        if (strcmp(tag + strlen(CORE_TAG), TAGS[i].name) == 0) {
            *known = true;
            return TAGS[i].type;
        }

    return YAML_TYPE_STRING;
}

/* By the first character: most texts can be nothing else. */
static enum yaml_type type_of_plain(const char *s)
{
    unsigned long long magnitude;
    double real;
    bool negative;

    switch (*s) {
    case '\0':
    case '~':
    case 'n':
    case 'N':
        return one_of(s, NULLS) ? YAML_TYPE_NULL : YAML_TYPE_STRING;
    case 't':
    case 'T':
        return one_of(s, TRUES) ? YAML_TYPE_BOOL : YAML_TYPE_STRING;
    case 'f':
    case 'F':
        return one_of(s, FALSES) ? YAML_TYPE_BOOL : YAML_TYPE_STRING;
    case '+':
    case '-':
    case '.':
    case '0' ... '9':
        if (parse_whole(s, &negative, &magnitude) == 0)
            return YAML_TYPE_INT;
        return parse_float(s, &real) == 0 ? YAML_TYPE_FLOAT : YAML_TYPE_STRING;
    default:
        return YAML_TYPE_STRING;
    }
}

enum yaml_type yaml_scalar_type(const struct yaml_node *scalar)
{
    bool known = false;
    enum yaml_type tagged = scalar->tag ? type_of_tag(scalar->tag, &known) : YAML_TYPE_STRING;
    if (known)
        return tagged;
    return scalar->plain ? type_of_plain(scalar->value) : YAML_TYPE_STRING;
}

bool yaml_is_null(const struct yaml_node *n)
{
    return !n || (n->kind == YAML_KIND_SCALAR && yaml_scalar_type(n) == YAML_TYPE_NULL);
}

int yaml_scalar_int(const struct yaml_node *scalar, long long *value)
{
    return parse_int(scalar->value, value);
}

bool yaml_scalar_digits(const struct yaml_node *scalar, char out[YAML_DIGITS_MAX])
{
    unsigned long long magnitude;
    bool negative;

    if (parse_whole(scalar->value, &negative, &magnitude) < 0)
        return false;

    snprintf(out, YAML_DIGITS_MAX, "%s%llu", negative && magnitude ? "-" : "", magnitude);
    return true;
}

int yaml_scalar_float(const struct yaml_node *scalar, double *value)
{
    unsigned long long magnitude;
    bool negative;

    if (parse_whole(scalar->value, &negative, &magnitude) == 0) {
        *value = negative ? -(double)magnitude : (double)magnitude;
        return 0;
    }
    return parse_float(scalar->value, value);
}

bool yaml_scalar_bool(const struct yaml_node *scalar)
{
    return scalar && scalar->kind == YAML_KIND_SCALAR &&
           yaml_scalar_type(scalar) == YAML_TYPE_BOOL && one_of(scalar->value, TRUES);
}
