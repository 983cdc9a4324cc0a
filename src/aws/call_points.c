#include "aws/call_points.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>

/* Whether it does more than read, as its name says. */
static bool changes(const struct aws_operation *op)
{
    static const char *const reads[] = {
        "Describe",
        "Get",
        "List",
        "Head",
        "BatchGet",
        "Filter",
        "Validate",
        "Simulate",
        "AssumeRole"};

    for (size_t i = 0; i < ARRAY_LEN(reads); i++)
        if (text_starts(op->name, reads[i]))
            return false;
    return true;
}

/* "ecs.RunTask"; malloc'd. */
static char *about_of(const struct aws_operation *op)
{
    return xasprintf("%s.%s", op->service->id, op->name);
}

void aws_call_point(const char *kind, const struct aws_operation *op)
{
    if (!changes(op))
        return;

    cleanup_free char *about = about_of(op);
    fault_point(kind, about);
}

void aws_call_points_print(const char *kind, const char *why)
{
    for (const struct aws_operation *const *op = aws_operations; *op; op++) {
        if (!changes(*op))
            continue;

        cleanup_free char *about = about_of(*op);
        printf("%s/%s\t%s\n", kind, about, why);
    }
}
