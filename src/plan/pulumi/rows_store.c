/* Rows of stores: RDS, ElastiCache, DocumentDB, EFS.
 *
 * A row for each CloudFormation type that the planner writes (its language: parts.h), and before
 * the rows what they cannot say: functions that finish a node. They name things by a prefix, to
 * which the provider adds 26 characters, so that a replacement can stand beside what it replaces.
 *
 * What holds data is protected as CloudFormation protects it: DeletionProtection becomes Pulumi's
 * own `protect` too, which stops a removal before anything is touched. */
#include "base/str.h"
#include "plan/pulumi/parts.h"
#include <string.h>

/* With a policy "Snapshot" the store leaves a last snapshot. Its name carries the id of the
 * deployment that made the store, and stays: two stores of one name must not meet in it. Where only
 * a replacement is to leave one, the stack's config "dropData" says that this removal is meant (the
 * engine's `destroy` sets it): a provider does not know why it deletes. */
static void final_snapshot(struct pulumi_ctx *c, const struct graph_resource *r, json_t *node)
{
    bool always = text_eq(r->deletion_policy, "Snapshot");
    bool replaced = text_eq(r->replace_policy, "Snapshot");

    if (!always && !replaced) {
        pulumi_set(node, "skipFinalSnapshot", json_true());
        return;
    }

    if (!always)
        json_add(c->config, "dropData", object(key("type", "boolean"), key("default", false)));
    pulumi_set(node, "skipFinalSnapshot", always ? json_false() : json_string("${dropData}"));
    pulumi_set(
        node,
        "finalSnapshotIdentifier",
        json_string(
            arena_printf(c->a, "%sfinal-%s", pulumi_prefix(c, r, 200, true), c->r->deployment)));
    pulumi_ignore(node, "finalSnapshotIdentifier");
}

static void protect(const struct graph_resource *r, json_t *node)
{
    if (json_is_true(json_object_get(r->properties, "DeletionProtection")))
        json_add(pulumi_options(node), "protect", json_true());
}

/* Left to itself, Pulumi names a resource after its logical id, and RDS takes no capital letter:
 * the provider's validators refuse it before anything is made (pulumi-aws#3808). */
static int
group(struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)err;

    if (!pulumi_text(node, "name")) /* 255 characters, of which the provider adds 26 */
        pulumi_set(node, "namePrefix", json_string(pulumi_prefix(c, r, 200, true)));
    return 0;
}

static int
database(struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)err;

    if (!pulumi_text(node, "identifier")) /* 63 characters, of which the provider adds 26 */
        pulumi_set(node, "identifierPrefix", json_string(pulumi_prefix(c, r, 36, true)));
    final_snapshot(c, r, node);
    protect(r, node);
    return 0;
}

static int document_cluster(
    struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)err;

    if (!pulumi_text(node, "clusterIdentifier"))
        pulumi_set(node, "clusterIdentifierPrefix", json_string(pulumi_prefix(c, r, 36, true)));
    final_snapshot(c, r, node);
    protect(r, node);
    return 0;
}

static int document_instance(
    struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)err;

    if (!pulumi_text(node, "identifier"))
        pulumi_set(node, "identifierPrefix", json_string(pulumi_prefix(c, r, 36, true)));
    return 0;
}

/* The provider has no switch for a removal without a snapshot but the absence of its name, so a
 * cache that only a replacement should save is not saved. */
static int
cache(struct pulumi_ctx *c, const struct graph_resource *r, json_t *node, struct error *err)
{
    (void)err;

    if (text_eq(r->deletion_policy, "Snapshot")) {
        pulumi_set(
            node,
            "finalSnapshotIdentifier",
            json_string(arena_printf(
                c->a, "%sfinal-%s", pulumi_prefix(c, r, 200, true), c->r->deployment)));
        pulumi_ignore(node, "finalSnapshotIdentifier");
    } else if (text_eq(r->replace_policy, "Snapshot")) {
        json_push(
            c->notes, json_string(arena_printf(c->a, "%s: UpdateReplacePolicy", r->logical_id)));
    }

    return 0;
}

/* clang-format off */
const struct pulumi_row pulumi_rows_store[] = {
    {"AWS::RDS::DBSubnetGroup", "aws:rds:SubnetGroup",
     .ref = "name",
     .finish = group,
     .rules =
         "DBSubnetGroupName=name "
         "DBSubnetGroupDescription=description "
         "SubnetIds Tags:tags"},

    {"AWS::RDS::DBParameterGroup", "aws:rds:ParameterGroup",
     .ref = "name",
     .finish = group,
     .rules =
         "Family Description "
         "DBParameterGroupName=name "
         "Parameters:pairs Tags:tags"},

    {"AWS::RDS::DBInstance", "aws:rds:Instance",
     .ref = "identifier",
     .attrs = "Endpoint.Address=address Endpoint.Port=port DBInstanceArn=arn",
     .finish = database,
     .rules =
         "DBInstanceIdentifier=identifier "
         "Engine EngineVersion EngineLifecycleSupport "
         "DBInstanceClass=instanceClass "
         "AllocatedStorage:int MaxAllocatedStorage:int StorageType StorageEncrypted KmsKeyId Iops "
         "PubliclyAccessible "
         "MultiAZ=multiAz "
         "AvailabilityZone Port:int "
         "VPCSecurityGroups=vpcSecurityGroupIds "
         "DBSubnetGroupName=dbSubnetGroupName "
         "DBParameterGroupName=parameterGroupName "
         "BackupRetentionPeriod "
         "PreferredBackupWindow=backupWindow "
         "PreferredMaintenanceWindow=maintenanceWindow "
         "AutoMinorVersionUpgrade AllowMajorVersionUpgrade ApplyImmediately CopyTagsToSnapshot "
         "DeletionProtection DeleteAutomatedBackups "
         "EnablePerformanceInsights=performanceInsightsEnabled "
         "EnableCloudwatchLogsExports=enabledCloudwatchLogsExports "
         "MasterUsername=username "
         "MasterUserPassword=password:secret "
         "DBName=dbName "
         "DBSnapshotIdentifier=snapshotIdentifier "
         "CACertificateIdentifier=caCertIdentifier "
         "Tags:tags"},

    {"AWS::ElastiCache::SubnetGroup", "aws:elasticache:SubnetGroup",
     .ref = "name",
     .rules =
         "CacheSubnetGroupName=name "
         "Description SubnetIds Tags:tags"},

    {"AWS::ElastiCache::ParameterGroup", "aws:elasticache:ParameterGroup",
     .ref = "name",
     .rules =
         "CacheParameterGroupFamily=family "
         "Description "
         "Properties=parameters:pairs "
         "Tags:tags"},

    {"AWS::ElastiCache::ReplicationGroup", "aws:elasticache:ReplicationGroup",
     .attrs = "PrimaryEndPoint.Address=primaryEndpointAddress "
              "ReaderEndPoint.Address=readerEndpointAddress",
     .finish = cache,
     .rules =
         "ReplicationGroupId "
         "ReplicationGroupDescription=description "
         "Engine EngineVersion "
         "CacheNodeType=nodeType "
         "CacheParameterGroupName=parameterGroupName "
         "NumCacheClusters NumNodeGroups ReplicasPerNodeGroup AutomaticFailoverEnabled "
         "MultiAZEnabled=multiAzEnabled "
         "AtRestEncryptionEnabled TransitEncryptionEnabled TransitEncryptionMode AuthToken:secret "
         "Port "
         "CacheSubnetGroupName=subnetGroupName "
         "SecurityGroupIds AutoMinorVersionUpgrade SnapshotRetentionLimit SnapshotWindow "
         "SnapshotName "
         "PreferredMaintenanceWindow=maintenanceWindow "
         "Tags:tags"},

    {"AWS::DocDB::DBSubnetGroup", "aws:docdb:SubnetGroup",
     .ref = "name",
     .finish = group,
     .rules =
         "DBSubnetGroupName=name "
         "DBSubnetGroupDescription=description "
         "SubnetIds Tags:tags"},

    {"AWS::DocDB::DBClusterParameterGroup", "aws:docdb:ClusterParameterGroup",
     .ref = "name",
     .finish = group,
     .rules = "Family Description Name Parameters:pairs Tags:tags"},

    {"AWS::DocDB::DBCluster", "aws:docdb:Cluster",
     .ref = "clusterIdentifier",
     .attrs = "Endpoint=endpoint ReadEndpoint=readerEndpoint Port=port "
              "ClusterResourceId=clusterResourceId",
     .finish = document_cluster,
     .rules =
         "DBClusterIdentifier=clusterIdentifier "
         "EngineVersion MasterUsername "
         "MasterUserPassword=masterPassword:secret "
         "DBSubnetGroupName=dbSubnetGroupName "
         "VpcSecurityGroupIds "
         "DBClusterParameterGroupName=dbClusterParameterGroupName "
         "Port:int BackupRetentionPeriod PreferredBackupWindow PreferredMaintenanceWindow "
         "StorageEncrypted StorageType KmsKeyId DeletionProtection SnapshotIdentifier "
         "AvailabilityZones "
         "EnableCloudwatchLogsExports=enabledCloudwatchLogsExports "
         "CopyTagsToSnapshot:lost Tags:tags"},

    {"AWS::DocDB::DBInstance", "aws:docdb:ClusterInstance",
     .ref = "identifier",
     .attrs = "Endpoint=endpoint Port=port",
     .finish = document_instance,
     .rules =
         "DBClusterIdentifier=clusterIdentifier "
         "DBInstanceClass=instanceClass "
         "DBInstanceIdentifier=identifier "
         "AvailabilityZone AutoMinorVersionUpgrade PreferredMaintenanceWindow Tags:tags"},

    {"AWS::EFS::FileSystem", "aws:efs:FileSystem",
     .attrs = "FileSystemId=id Arn=arn",
     .rules =
         "Encrypted KmsKeyId PerformanceMode ThroughputMode ProvisionedThroughputInMibps "
         "BackupPolicy.Status=@backup.backupPolicy.status "
         "LifecyclePolicies[].TransitionToIA=lifecyclePolicies[].transitionToIa "
         "LifecyclePolicies[].TransitionToArchive=lifecyclePolicies[].transitionToArchive "
         "LifecyclePolicies[].TransitionToPrimaryStorageClass"
             "=lifecyclePolicies[].transitionToPrimaryStorageClass "
         "FileSystemTags=tags:tags "
         "FileSystemPolicy=@policy.policy:json",
     .parts =
         (const struct pulumi_part[]){
             {"backup", "aws:efs:BackupPolicy", "fileSystemId", "id", false},
             {"policy", "aws:efs:FileSystemPolicy", "fileSystemId", "id", false},
             {0}}},

    {"AWS::EFS::MountTarget", "aws:efs:MountTarget",
     .attrs = "Id=id IpAddress=ipAddress",
     .rules = "FileSystemId SubnetId SecurityGroups"},

    {"AWS::EFS::AccessPoint", "aws:efs:AccessPoint",
     .attrs = "AccessPointId=id Arn=arn",
     .rules =
         "FileSystemId "
         "PosixUser.Uid:int "
         "PosixUser.Gid:int "
         "PosixUser.SecondaryGids "
         "RootDirectory.Path "
         "RootDirectory.CreationInfo.OwnerUid:int "
         "RootDirectory.CreationInfo.OwnerGid:int "
         "RootDirectory.CreationInfo.Permissions "
         "AccessPointTags=tags:tags"},
    {0},
};
/* clang-format on */
