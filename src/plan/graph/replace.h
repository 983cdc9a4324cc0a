/* Which change of a property makes CloudFormation replace the resource: a table written from AWS's
 * resource schemas. */
#pragma once

#include <stddef.h>

enum plan_replace { PLAN_REPLACE_NO, PLAN_REPLACE_MAYBE, PLAN_REPLACE_YES };

struct plan_replace_row {
    const char *type, *path;
    enum plan_replace what;
}; /* path "DnsConfig/NamespaceId" */
const struct plan_replace_row *plan_replace_rows(size_t *count);
