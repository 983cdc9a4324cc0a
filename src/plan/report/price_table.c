/* Prices in USD, list prices of us-east-1 as AWS's public pricing pages say in June 2026; kept by
 * hand. us-east-2 and us-west-2 have the same ones. Other regions are priced by one factor each:
 * what a Fargate vCPU-hour costs there over what it costs in us-east-1, rounded up to five
 * hundredths; stores differ a little, which is why such a price is called "about". A region without
 * a row has no price. */
#include "base/mem.h"
#include "plan/report/cost.h"
#include <stdlib.h>
#include <string.h>

/* Pages that many rows are from. */
#define ELASTICACHE "aws.amazon.com/elasticache/pricing (Redis OSS; Valkey costs 20 % less)"
#define RDS         "aws.amazon.com/rds/postgresql/pricing"
#define DOCUMENTDB  "aws.amazon.com/documentdb/pricing (standard storage)"
#define EC2         "aws.amazon.com/ec2/pricing/on-demand (Linux)"
#define FARGATE     "aws.amazon.com/fargate/pricing"
#define FARGATE_SPOT                                                                               \
    "aws.amazon.com/fargate/pricing (Spot moves: 70 % off, what the page promises at most)"
#define VPC "aws.amazon.com/vpc/pricing"

/* clang-format off */
static const struct price_row ROWS[] = {
    {"alarm", 0.1, PRICE_MONTH, "aws.amazon.com/cloudwatch/pricing"},

    {"cache.m6g.12xlarge", 3.557, PRICE_HOUR, ELASTICACHE},
    {"cache.m6g.16xlarge", 4.743, PRICE_HOUR, ELASTICACHE},
    {"cache.m6g.2xlarge", 0.593, PRICE_HOUR, ELASTICACHE},
    {"cache.m6g.4xlarge", 1.186, PRICE_HOUR, ELASTICACHE},
    {"cache.m6g.8xlarge", 2.372, PRICE_HOUR, ELASTICACHE},
    {"cache.m6g.large", 0.149, PRICE_HOUR, ELASTICACHE},
    {"cache.m6g.xlarge", 0.297, PRICE_HOUR, ELASTICACHE},
    {"cache.m7g.12xlarge", 3.77, PRICE_HOUR, ELASTICACHE},
    {"cache.m7g.16xlarge", 5.028, PRICE_HOUR, ELASTICACHE},
    {"cache.m7g.2xlarge", 0.629, PRICE_HOUR, ELASTICACHE},
    {"cache.m7g.4xlarge", 1.257, PRICE_HOUR, ELASTICACHE},
    {"cache.m7g.8xlarge", 2.514, PRICE_HOUR, ELASTICACHE},
    {"cache.m7g.large", 0.158, PRICE_HOUR, ELASTICACHE},
    {"cache.m7g.xlarge", 0.315, PRICE_HOUR, ELASTICACHE},
    {"cache.r6g.12xlarge", 4.925, PRICE_HOUR, ELASTICACHE},
    {"cache.r6g.16xlarge", 6.567, PRICE_HOUR, ELASTICACHE},
    {"cache.r6g.2xlarge", 0.821, PRICE_HOUR, ELASTICACHE},
    {"cache.r6g.4xlarge", 1.642, PRICE_HOUR, ELASTICACHE},
    {"cache.r6g.8xlarge", 3.284, PRICE_HOUR, ELASTICACHE},
    {"cache.r6g.large", 0.206, PRICE_HOUR, ELASTICACHE},
    {"cache.r6g.xlarge", 0.411, PRICE_HOUR, ELASTICACHE},
    {"cache.r7g.12xlarge", 5.237, PRICE_HOUR, ELASTICACHE},
    {"cache.r7g.16xlarge", 6.982, PRICE_HOUR, ELASTICACHE},
    {"cache.r7g.2xlarge", 0.873, PRICE_HOUR, ELASTICACHE},
    {"cache.r7g.4xlarge", 1.746, PRICE_HOUR, ELASTICACHE},
    {"cache.r7g.8xlarge", 3.491, PRICE_HOUR, ELASTICACHE},
    {"cache.r7g.large", 0.219, PRICE_HOUR, ELASTICACHE},
    {"cache.r7g.xlarge", 0.437, PRICE_HOUR, ELASTICACHE},
    {"cache.t3.medium", 0.068, PRICE_HOUR, ELASTICACHE},
    {"cache.t3.micro", 0.017, PRICE_HOUR, ELASTICACHE},
    {"cache.t3.small", 0.034, PRICE_HOUR, ELASTICACHE},
    {"cache.t4g.medium", 0.065, PRICE_HOUR, ELASTICACHE},
    {"cache.t4g.micro", 0.016, PRICE_HOUR, ELASTICACHE},
    {"cache.t4g.small", 0.032, PRICE_HOUR, ELASTICACHE},
    {"cache.valkey", 0.8, PRICE_HOUR,
     "aws.amazon.com/elasticache/pricing (part of the price for Redis OSS)"},

    {"cloudfront.gb", 0.085, PRICE_GB,
     "aws.amazon.com/cloudfront/pricing (North America and Europe, beyond the free terabyte)"},

    {"db.m6g.12xlarge", 3.816, PRICE_HOUR, RDS},
    {"db.m6g.16xlarge", 5.088, PRICE_HOUR, RDS},
    {"db.m6g.2xlarge", 0.636, PRICE_HOUR, RDS},
    {"db.m6g.4xlarge", 1.272, PRICE_HOUR, RDS},
    {"db.m6g.8xlarge", 2.544, PRICE_HOUR, RDS},
    {"db.m6g.large", 0.159, PRICE_HOUR, RDS},
    {"db.m6g.xlarge", 0.318, PRICE_HOUR, RDS},
    {"db.m7g.12xlarge", 4.044, PRICE_HOUR, RDS},
    {"db.m7g.16xlarge", 5.392, PRICE_HOUR, RDS},
    {"db.m7g.2xlarge", 0.674, PRICE_HOUR, RDS},
    {"db.m7g.4xlarge", 1.348, PRICE_HOUR, RDS},
    {"db.m7g.8xlarge", 2.696, PRICE_HOUR, RDS},
    {"db.m7g.large", 0.168, PRICE_HOUR, RDS},
    {"db.m7g.xlarge", 0.337, PRICE_HOUR, RDS},
    {"db.r6g.12xlarge", 5.395, PRICE_HOUR, RDS},
    {"db.r6g.16xlarge", 7.194, PRICE_HOUR, RDS},
    {"db.r6g.2xlarge", 0.899, PRICE_HOUR, RDS},
    {"db.r6g.4xlarge", 1.798, PRICE_HOUR, RDS},
    {"db.r6g.8xlarge", 3.597, PRICE_HOUR, RDS},
    {"db.r6g.large", 0.225, PRICE_HOUR, RDS},
    {"db.r6g.xlarge", 0.45, PRICE_HOUR, RDS},
    {"db.r7g.12xlarge", 5.738, PRICE_HOUR, RDS},
    {"db.r7g.16xlarge", 7.651, PRICE_HOUR, RDS},
    {"db.r7g.2xlarge", 0.956, PRICE_HOUR, RDS},
    {"db.r7g.4xlarge", 1.913, PRICE_HOUR, RDS},
    {"db.r7g.8xlarge", 3.826, PRICE_HOUR, RDS},
    {"db.r7g.large", 0.239, PRICE_HOUR, RDS},
    {"db.r7g.xlarge", 0.478, PRICE_HOUR, RDS},
    {"db.t3.2xlarge", 0.579, PRICE_HOUR, RDS},
    {"db.t3.large", 0.145, PRICE_HOUR, RDS},
    {"db.t3.medium", 0.072, PRICE_HOUR, RDS},
    {"db.t3.micro", 0.018, PRICE_HOUR, RDS},
    {"db.t3.small", 0.036, PRICE_HOUR, RDS},
    {"db.t3.xlarge", 0.29, PRICE_HOUR, RDS},
    {"db.t4g.2xlarge", 0.517, PRICE_HOUR, RDS},
    {"db.t4g.large", 0.129, PRICE_HOUR, RDS},
    {"db.t4g.medium", 0.065, PRICE_HOUR, RDS},
    {"db.t4g.micro", 0.016, PRICE_HOUR, RDS},
    {"db.t4g.small", 0.032, PRICE_HOUR, RDS},
    {"db.t4g.xlarge", 0.258, PRICE_HOUR, RDS},

    {"docdb.io.million", 0.2, PRICE_GB, "aws.amazon.com/documentdb/pricing"},
    {"docdb.r6g.12xlarge", 6.2457, PRICE_HOUR, DOCUMENTDB},
    {"docdb.r6g.16xlarge", 8.3276, PRICE_HOUR, DOCUMENTDB},
    {"docdb.r6g.2xlarge", 1.041, PRICE_HOUR, DOCUMENTDB},
    {"docdb.r6g.4xlarge", 2.0819, PRICE_HOUR, DOCUMENTDB},
    {"docdb.r6g.8xlarge", 4.1638, PRICE_HOUR, DOCUMENTDB},
    {"docdb.r6g.large", 0.2602, PRICE_HOUR, DOCUMENTDB},
    {"docdb.r6g.xlarge", 0.5205, PRICE_HOUR, DOCUMENTDB},
    {"docdb.storage.gb", 0.1, PRICE_GB_MONTH, "aws.amazon.com/documentdb/pricing"},
    {"docdb.t3.medium", 0.078, PRICE_HOUR, DOCUMENTDB},
    {"docdb.t4g.medium", 0.0755, PRICE_HOUR, DOCUMENTDB},

    {"ebs.gb", 0.08, PRICE_GB_MONTH, "aws.amazon.com/ebs/pricing (gp3)"},
    {"ecr.gb", 0.1, PRICE_GB_MONTH, "aws.amazon.com/ecr/pricing"},
    {"efs.gb", 0.3, PRICE_GB_MONTH, "aws.amazon.com/efs/pricing (Standard)"},
    {"efs.mibps", 6.0, PRICE_MONTH, "aws.amazon.com/efs/pricing (provisioned, a MB/s)"},
    {"elb.hour", 0.0225, PRICE_HOUR, "aws.amazon.com/elasticloadbalancing/pricing"},
    {"elb.lcu", 0.008, PRICE_HOUR, "aws.amazon.com/elasticloadbalancing/pricing"},
    {"endpoint.interface.hour", 0.01, PRICE_HOUR, "aws.amazon.com/privatelink/pricing"},

    {"fargate.ephemeral.gb", 0.000111, PRICE_HOUR,
     "aws.amazon.com/fargate/pricing (beyond 20 GB a task)"},
    {"fargate.gb.arm64", 0.00356, PRICE_HOUR, FARGATE},
    {"fargate.gb.arm64.spot", 0.001068, PRICE_HOUR, FARGATE_SPOT},
    {"fargate.gb.x86_64", 0.004445, PRICE_HOUR, FARGATE},
    {"fargate.gb.x86_64.spot", 0.0013335, PRICE_HOUR, FARGATE_SPOT},
    {"fargate.vcpu.arm64", 0.03238, PRICE_HOUR, FARGATE},
    {"fargate.vcpu.arm64.spot", 0.009714, PRICE_HOUR, FARGATE_SPOT},
    {"fargate.vcpu.x86_64", 0.04048, PRICE_HOUR, FARGATE},
    {"fargate.vcpu.x86_64.spot", 0.012144, PRICE_HOUR, FARGATE_SPOT},

    {"g4dn.12xlarge", 3.912, PRICE_HOUR, EC2},
    {"g4dn.16xlarge", 4.352, PRICE_HOUR, EC2},
    {"g4dn.2xlarge", 0.752, PRICE_HOUR, EC2},
    {"g4dn.4xlarge", 1.204, PRICE_HOUR, EC2},
    {"g4dn.8xlarge", 2.176, PRICE_HOUR, EC2},
    {"g4dn.metal", 7.824, PRICE_HOUR, EC2},
    {"g4dn.xlarge", 0.526, PRICE_HOUR, EC2},
    {"g5.12xlarge", 5.672, PRICE_HOUR, EC2},
    {"g5.16xlarge", 4.096, PRICE_HOUR, EC2},
    {"g5.24xlarge", 8.144, PRICE_HOUR, EC2},
    {"g5.2xlarge", 1.212, PRICE_HOUR, EC2},
    {"g5.48xlarge", 16.288, PRICE_HOUR, EC2},
    {"g5.4xlarge", 1.624, PRICE_HOUR, EC2},
    {"g5.8xlarge", 2.448, PRICE_HOUR, EC2},
    {"g5.xlarge", 1.006, PRICE_HOUR, EC2},
    {"g6.12xlarge", 4.6016, PRICE_HOUR, EC2},
    {"g6.16xlarge", 3.3968, PRICE_HOUR, EC2},
    {"g6.24xlarge", 6.6752, PRICE_HOUR, EC2},
    {"g6.2xlarge", 0.9776, PRICE_HOUR, EC2},
    {"g6.48xlarge", 13.3504, PRICE_HOUR, EC2},
    {"g6.4xlarge", 1.3232, PRICE_HOUR, EC2},
    {"g6.8xlarge", 2.0144, PRICE_HOUR, EC2},
    {"g6.xlarge", 0.8048, PRICE_HOUR, EC2},

    {"ipv4.hour", 0.005, PRICE_HOUR, VPC},
    {"key", 1, PRICE_MONTH, "aws.amazon.com/kms/pricing"},
    {"logs.gb", 0.5, PRICE_GB, "aws.amazon.com/cloudwatch/pricing"},
    {"nat.gb", 0.045, PRICE_GB, VPC},
    {"nat.hour", 0.045, PRICE_HOUR, VPC},
    {"nlb.lcu", 0.006, PRICE_HOUR, "aws.amazon.com/elasticloadbalancing/pricing"},

    {"p3.16xlarge", 24.48, PRICE_HOUR, EC2},
    {"p3.2xlarge", 3.06, PRICE_HOUR, EC2},
    {"p3.8xlarge", 12.24, PRICE_HOUR, EC2},

    {"rds.extended.vcpu", 0.1, PRICE_HOUR,
     "aws.amazon.com/rds/postgresql/pricing (Extended Support, its years 1 and 2)"},
    {"rds.extended.vcpu.year3", 0.2, PRICE_HOUR,
     "aws.amazon.com/rds/postgresql/pricing (Extended Support, its year 3)"},
    {"rds.storage.gb", 0.115, PRICE_GB_MONTH,
     "aws.amazon.com/rds/postgresql/pricing (gp3 and gp2)"},
    {"s3.gb", 0.023, PRICE_GB_MONTH, "aws.amazon.com/s3/pricing (Standard)"},
    {"secret", 0.4, PRICE_MONTH, "aws.amazon.com/secrets-manager/pricing"},
    {"snapshot.docdb", 0.021, PRICE_GB_MONTH, DOCUMENTDB},
    {"snapshot.elasticache", 0.085, PRICE_GB_MONTH, ELASTICACHE},
    {"snapshot.rds", 0.095, PRICE_GB_MONTH, RDS},
    {"zone", 0.5, PRICE_MONTH, "aws.amazon.com/route53/pricing"},
};
/* clang-format on */

static const struct price_region REGIONS[] = {
    {"ap-northeast-1", 1.25},
    {"ap-northeast-2", 1.15},
    {"ap-south-1", 1.05},
    {"ap-southeast-1", 1.25},
    {"ap-southeast-2", 1.2},
    {"ca-central-1", 1.1},
    {"eu-central-1", 1.15},
    {"eu-north-1", 1.1},
    {"eu-west-1", 1.05},
    {"eu-west-2", 1.15},
    {"eu-west-3", 1.2},
    {"sa-east-1", 1.72},
    {"us-east-1", 1},
    {"us-east-2", 1},
    {"us-west-1", 1.15},
    {"us-west-2", 1},
};

const struct price_row *price_rows(size_t *count)
{
    *count = ARRAY_LEN(ROWS);
    return ROWS;
}

const struct price_region *price_regions(size_t *count)
{
    *count = ARRAY_LEN(REGIONS);
    return REGIONS;
}

static int by_key(const void *key, const void *row)
{
    return strcmp(key, ((const struct price_row *)row)->key);
}

const struct price_row *price_find(const char *key)
{
    return bsearch(key, ROWS, ARRAY_LEN(ROWS), sizeof *ROWS, by_key);
}

const struct price_region *price_region_find(const char *region)
{
    for (size_t i = 0; i < ARRAY_LEN(REGIONS); i++)
        if (strcmp(REGIONS[i].name, region) == 0)
            return &REGIONS[i];
    return NULL;
}
