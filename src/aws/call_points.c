#include "aws/call_points.h"

#include "base/mem.h"
#include "base/str.h"

bool aws_operation_changes(const struct aws_operation *op)
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

char *aws_operation_about(const struct aws_operation *op)
{
    return xasprintf("%s.%s", op->service->id, op->name);
}

void aws_call_point(const char *kind, const struct aws_operation *op)
{
    if (!aws_operation_changes(op))
        return;

    cleanup_free char *about = aws_operation_about(op);
    fault_point(kind, about);
}
