/* How each kind of store is asked for, deleted and copied: one table for the three services, whose
 * calls differ in names alone. Private to the room. */
#pragma once

#include "aws/model/operations.h"
#include "data/json.h"

struct keep_kind {
    const char *type;  /* "AWS::RDS::DBInstance" */
    const char *price; /* row of the price table: a gigabyte and month of a snapshot */
    unsigned name_max; /* bytes of a snapshot's name */

    /* The store itself. `describe` NULL: CloudFormation's policy takes the snapshot, and the store
     * is not deleted from here. */
    const struct aws_operation *describe, *remove;
    const char *id, *list, *status, *final;

    /* Its snapshots. */
    const struct aws_operation *snapshots, *copy, *drop;
    const char *snapshot_list, *snapshot_name, *snapshot_of, *snapshot_status, *snapshot_time;
    const char *copy_from, *copy_to;
    const char *drop_command; /* what a person types, without the name */
};

/* NULL: not a store that leaves snapshots. */
const struct keep_kind *keep_kind_of(const char *type);
