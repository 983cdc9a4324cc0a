/* What the planner is told about the account: read by the engine before planning (flow_facts), made
 * up by the checks. Borrowed for as long as a plan is made; nothing here is changed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A public hosted zone: "example.com", "Z0123456789ABC". */
struct plan_zone {
    const char *name, *id;
};

/* "www.example.com", "CNAME" */
struct plan_record {
    const char *name, *type;
};

/* A file system that an earlier deployment of the project left, found by its tag. */
struct plan_kept_volume {
    const char *name, *file_system;
};

/* A mount target of a file system that the project names, which is not the project's own. */
struct plan_mount_target {
    const char *file_system, *zone;
};

/* The newest snapshot that a managed store of the project left; found where a file says
 * `from-snapshot: latest`. */
struct plan_snapshot {
    const char *service, *name;
};

struct plan_subnet {
    const char *id, *zone;
};

struct plan_facts {
    const char *account, *region;
    const char *partition, *dns_suffix; /* "aws", "amazonaws.com" */
    const char *const *zones;           /* availability zones, sorted: us-west-2a … */
    size_t zone_count;
    const char *bucket; /* of the CD stack: build contexts */
    const struct plan_kept_volume *volumes;
    size_t volume_count;
    const struct plan_mount_target *mount_targets;
    size_t mount_target_count;
    const char *file_key;          /* PLAN_FILE_KEY; NULL when there is none yet */
    const char *ecr_public_prefix; /* pull-through cache prefix, NULL when off */
    bool zones_known; /* public zones and the records that stand at plan_domain_names(); read only
                         when there are names */
    const struct plan_zone *public_zones;
    size_t public_zone_count;
    const struct plan_record *records;
    size_t record_count;
    const char *vpc_cidr; /* of an adopted VPC, else NULL */
    const struct plan_subnet *subnets;
    size_t subnet_count; /* adopted ones */
    const struct plan_snapshot *snapshots;
    size_t snapshot_count;
};
