#include "daemon/fault_points.h"

#include "aws/call_points.h"
#include "aws/model/operations.h"
#include "base/faultpoint.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

/* A point of a call is listed for each operation that we have; the others have their subjects from
 * the journal, which only a run knows: a star stands for them. */
static void list_kind(const char *kind, const char *why)
{
    if (!text_starts(kind, "call.")) {
        bool bare = text_eq(kind, "event.append") || text_eq(kind, "publish.sent");
        printf("%s%s\t%s\n", kind, bare ? "" : "/*", why);
        return;
    }

    for (const struct aws_operation *const *op = aws_operations; *op; op++) {
        if (!aws_operation_changes(*op))
            continue;
        cleanup_free char *about = aws_operation_about(*op);
        printf("%s/%s\t%s\n", kind, about, why);
    }
}

void fault_points_main(int argc, char **argv)
{
    const char *kind, *why;

    if (argc == 2 && text_eq(argv[1], "--list-fault-points")) {
        for (unsigned i = 0; (kind = fault_kind(i, &why)) != NULL; i++)
            list_kind(kind, why);
        exit(0);
    }

    if (fault_arm(getenv("DEFANG_FAULT"), getenv("DEFANG_FAULT_RECORD")))
        return;
    fputs("defangd: DEFANG_FAULT names no fault point, or DEFANG_FAULT_RECORD no file\n", stderr);
    exit(2);
}
