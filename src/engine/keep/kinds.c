/* The calls of the three services that hold data. DocumentDB's store itself is left to
 * CloudFormation: its cluster goes after its instances, which are resources of their own. Names of
 * snapshots: 255 characters of RDS, 50 of ElastiCache, 63 of DocumentDB; ours are shorter. */
#include "engine/keep/kinds.h"

#include "base/mem.h"
#include "base/str.h"

static const struct keep_kind KINDS[] = {
    {.type = "AWS::RDS::DBInstance",
     .price = "snapshot.rds",
     .name_max = 255,
     .describe = &aws_rds_DescribeDBInstances,
     .remove = &aws_rds_DeleteDBInstance,
     .id = "DBInstanceIdentifier",
     .list = "DBInstances.0",
     .status = "DBInstanceStatus",
     .final = "FinalDBSnapshotIdentifier",
     .snapshots = &aws_rds_DescribeDBSnapshots,
     .copy = &aws_rds_CopyDBSnapshot,
     .drop = &aws_rds_DeleteDBSnapshot,
     .snapshot_list = "DBSnapshots",
     .snapshot_name = "DBSnapshotIdentifier",
     .snapshot_of = "DBInstanceIdentifier",
     .snapshot_status = "Status",
     .snapshot_time = "SnapshotCreateTime",
     .copy_from = "SourceDBSnapshotIdentifier",
     .copy_to = "TargetDBSnapshotIdentifier",
     .drop_command = "aws rds delete-db-snapshot --db-snapshot-identifier"},

    {.type = "AWS::ElastiCache::ReplicationGroup",
     .price = "snapshot.elasticache",
     .name_max = 50,
     .describe = &aws_elasticache_DescribeReplicationGroups,
     .remove = &aws_elasticache_DeleteReplicationGroup,
     .id = "ReplicationGroupId",
     .list = "ReplicationGroups.0",
     .status = "Status",
     .final = "FinalSnapshotIdentifier",
     .snapshots = &aws_elasticache_DescribeSnapshots,
     .copy = &aws_elasticache_CopySnapshot,
     .drop = &aws_elasticache_DeleteSnapshot,
     .snapshot_list = "Snapshots",
     .snapshot_name = "SnapshotName",
     .snapshot_of = "ReplicationGroupId",
     .snapshot_status = "SnapshotStatus",
     .snapshot_time = "NodeSnapshots.0.SnapshotCreateTime",
     .copy_from = "SourceSnapshotName",
     .copy_to = "TargetSnapshotName",
     .drop_command = "aws elasticache delete-snapshot --snapshot-name"},

    {.type = "AWS::DocDB::DBCluster",
     .price = "snapshot.docdb",
     .name_max = 63,
     .snapshots = &aws_docdb_DescribeDBClusterSnapshots,
     .copy = &aws_docdb_CopyDBClusterSnapshot,
     .drop = &aws_docdb_DeleteDBClusterSnapshot,
     .snapshot_list = "DBClusterSnapshots",
     .snapshot_name = "DBClusterSnapshotIdentifier",
     .snapshot_of = "DBClusterIdentifier",
     .snapshot_status = "Status",
     .snapshot_time = "SnapshotCreateTime",
     .copy_from = "SourceDBClusterSnapshotIdentifier",
     .copy_to = "TargetDBClusterSnapshotIdentifier",
     .drop_command = "aws docdb delete-db-cluster-snapshot --db-cluster-snapshot-identifier"},
};

const struct keep_kind *keep_kind_of(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
        if (text_eq(KINDS[i].type, type))
            return &KINDS[i];
    return NULL;
}
