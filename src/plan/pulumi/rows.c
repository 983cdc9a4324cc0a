/* The table of rows (rows_*.c) and its language (parts.h): which row a type has, and which rule of
 * a row a path. Rules stay text and are read when they are needed: a plan asks for few of them, and
 * a row reads as the page of the type. */
#include "base/mem.h"
#include "plan/pulumi/parts.h"
#include <string.h>

static const struct pulumi_row *const TABLES[] = {
    pulumi_rows_network, pulumi_rows_compute, pulumi_rows_store, pulumi_rows_edge};

const struct pulumi_row *pulumi_row_get(const char *type)
{
    for (size_t t = 0; t < ARRAY_LEN(TABLES); t++)
        for (const struct pulumi_row *row = TABLES[t]; row->type; row++)
            if (strcmp(row->type, type) == 0)
                return row;
    return NULL;
}

/* `from` with each step in the provider's spelling. */
static void default_target(struct pulumi_rule *rule)
{
    size_t n = 0;

    for (const char *p = rule->from; *p;) {
        size_t step = strcspn(p, ".");
        cleanup_free char *word = xstrndup(p, step);
        cleanup_free char *camel = pulumi_camel(word);

        n += (size_t)snprintf(rule->to + n, sizeof rule->to - n, "%s%s", n ? "." : "", camel);
        p += step + (p[step] == '.');
    }
}

static void rule_parse(const char *word, size_t n, struct pulumi_rule *out)
{
    const char *equals = memchr(word, '=', n);
    const char *colon = memchr(word, ':', n);
    size_t end = colon ? (size_t)(colon - word) : n;
    size_t from = equals ? (size_t)(equals - word) : end;

    *out = (struct pulumi_rule){0};
    snprintf(out->from, sizeof out->from, "%.*s", (int)from, word);
    if (equals)
        snprintf(out->to, sizeof out->to, "%.*s", (int)(end - from - 1), equals + 1);
    else
        default_target(out);
    if (colon)
        snprintf(out->kind, sizeof out->kind, "%.*s", (int)(n - end - 1), colon + 1);
}

bool pulumi_rule_find(
    const struct pulumi_row *row, const char *path, struct pulumi_rule *out, bool *below)
{
    size_t len = strlen(path);

    *below = false;
    for (const char *p = row->rules; *(p += strspn(p, " ")); p += strcspn(p, " ")) {
        if (strncmp(p, path, len) != 0)
            continue;
        if (!p[len] || strchr(" =:", p[len])) {
            rule_parse(p, strcspn(p, " "), out);
            return true;
        }
        *below = *below || strchr(".[{", p[len]);
    }

    return false;
}
