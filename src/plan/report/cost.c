/* Resources of a template → dollars a month.
 *
 * Each priced type has a function, which reads the resource's properties and says what it costs
 * (line) and what comes on top by use (usage). Types that cost nothing are listed, so that a new
 * one is not free by silence: a type that is in neither list, and a class without a price, is told
 * as unknown. tests/plan/test_cost.py holds both lists against the planner's templates.
 *
 * A price that is not in the table is NAN and stays NAN through every sum, until line() tells it.
 */
#include "plan/report/cost.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/store/store.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct pricing {
    struct cost *out;
    const json_t *resources;
    double factor;
    /* the resource that is being priced */
    const char *id, *type, *group;
    const json_t *p;
};

static const char *const FREE[] = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::AutoScaling::LaunchConfiguration",
    "AWS::CertificateManager::Certificate",
    "AWS::CloudFront::CachePolicy",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::DocDB::DBClusterParameterGroup",
    "AWS::DocDB::DBSubnetGroup",
    "AWS::EC2::DHCPOptions",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCDHCPOptionsAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::ECR::PullThroughCacheRule",
    "AWS::ECS::CapacityProvider",
    "AWS::ECS::Cluster",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::ECS::TaskDefinition",
    "AWS::EFS::AccessPoint",
    "AWS::EFS::MountTarget",
    "AWS::ElastiCache::ParameterGroup",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::ListenerCertificate",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::Events::Rule",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Logs::ResourcePolicy",
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::Route53::RecordSet",
    "AWS::Route53::RecordSetGroup",
    "AWS::S3::BucketPolicy",
    "AWS::SSM::Parameter",
    "AWS::ServiceDiscovery::Instance",
    "AWS::ServiceDiscovery::Service",
};

static double price(const struct pricing *x, const char *key)
{
    const struct price_row *row = price_find(key);

    if (!row)
        return NAN;
    return row->usd * (row->unit == PRICE_HOUR ? PRICE_HOURS : 1.0) * x->factor;
}

static double number(const json_t *j, double otherwise)
{
    if (json_is_number(j))
        return json_number_value(j);
    return json_is_string(j) ? strtod(json_string_value(j), NULL) : otherwise;
}

static const char *text(const json_t *p, const char *path)
{
    const char *found = json_str(p, path);

    return found ? found : "";
}

static const char *plural(double count)
{
    return count == 1 ? "" : "s";
}

/* Each item once. */
static void push(struct arena *a, const char ***list, size_t *len, const char *item)
{
    for (size_t i = 0; i < *len; i++)
        if (strcmp((*list)[i], item) == 0)
            return;

    const char **more = arena_array(a, const char *, *len + 1);
    if (*len)
        memcpy(more, *list, *len * sizeof *more);
    more[(*len)++] = item;
    *list = more;
}

static void unknown(struct pricing *x, const char *what)
{
    struct cost *c = x->out;

    push(c->arena, &c->unknown, &c->unknown_len, what);
}

static void usage(struct pricing *x, const char *what, const char *key, const char *per)
{
    double usd = price_find(key)->usd * x->factor;

    push(
        x->out->arena,
        &x->out->usage,
        &x->out->usage_len,
        arena_printf(x->out->arena, usd < 0.1 ? "%s ($%.3f %s)" : "%s ($%.2f %s)", what, usd, per));
}

static void line(struct pricing *x, double month, const char *what)
{
    struct cost *c = x->out;

    if (isnan(month)) { /* a class that the table lacks */
        unknown(x, arena_printf(c->arena, "%s (%s)", x->id, what));
        return;
    }

    if (month <= 0)
        return;
    c->lines[c->len++] = (struct cost_line){
        arena_strdup(c->arena, x->id),
        arena_strdup(c->arena, x->type),
        arena_strdup(c->arena, x->group),
        what,
        month};
    c->month += month;
}

static const json_t *referred(const struct pricing *x, const json_t *ref)
{
    const char *id = json_str(ref, "Ref");

    return id ? json_at(json_object_get(x->resources, id), "Properties") : NULL;
}

/* Fargate or Spot; NULL when the tasks run on instances, which cost as such. */
static const char *fargate(const struct pricing *x)
{
    const json_t *strategy = json_array_get(json_object_get(x->p, "CapacityProviderStrategy"), 0);
    const char *provider = text(strategy, "CapacityProvider");
    bool by_name = *provider != '\0';

    if (text_eq(text(x->p, "LaunchType"), "EC2") || (strategy && !by_name))
        return NULL;
    return text_eq(provider, "FARGATE_SPOT") ? "spot" : "on demand";
}

static void ecs_service(struct pricing *x)
{
    const json_t *task = referred(x, json_object_get(x->p, "TaskDefinition"));
    const char *how = fargate(x);

    if (!task || !how)
        return;

    double count = number(json_object_get(x->p, "DesiredCount"), 1);
    double vcpu = number(json_object_get(task, "Cpu"), 0) / 1024;
    double gb = number(json_object_get(task, "Memory"), 0) / 1024;
    double disk = number(json_at(task, "EphemeralStorage.SizeInGiB"), 20) - 20; /* 20 are free */
    bool spot = text_eq(how, "spot");
    bool arm = text_eq(text(task, "RuntimePlatform.CpuArchitecture"), "ARM64");
    bool public =
        text_eq(text(x->p, "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp"), "ENABLED");
    const char *arch = arm ? "arm64" : "x86_64";
    const char *more = spot ? ".spot" : "";
    cleanup_free char *vcpu_key = xasprintf("fargate.vcpu.%s%s", arch, more);
    cleanup_free char *gb_key = xasprintf("fargate.gb.%s%s", arch, more);

    double month = count * (vcpu * price(x, vcpu_key) + gb * price(x, gb_key) +
                            MAX(disk, 0.0) * price(x, "fargate.ephemeral.gb"));
    if (public)
        month += count * price(x, "ipv4.hour");
    line(
        x,
        month,
        arena_printf(
            x->out->arena,
            "%g task%s of %g vCPU and %g GB%s%s%s",
            count,
            plural(count),
            vcpu,
            gb,
            arm ? ", ARM" : "",
            spot ? ", Spot" : "",
            public ? ", with a public address" : ""));
}

static void load_balancer(struct pricing *x)
{
    double zones = (double)json_array_size(json_object_get(x->p, "Subnets"));
    bool public = text_eq(text(x->p, "Scheme"), "internet-facing");
    double addresses = public ? zones * price(x, "ipv4.hour") : 0;

    /* Its static addresses are resources of their own. */
    if (text_eq(text(x->p, "Type"), "network")) {
        line(
            x,
            price(x, "elb.hour") + price(x, "nlb.lcu"),
            "network load balancer with one capacity unit");
        usage(x, "busier network load balancers", "nlb.lcu", "an hour and capacity unit");
        return;
    }
    line(
        x,
        price(x, "elb.hour") + price(x, "elb.lcu") + addresses,
        arena_printf(
            x->out->arena,
            "load balancer with one capacity unit%s",
            public ? " and an address in each zone" : ""));
    usage(x, "busier load balancers", "elb.lcu", "an hour and capacity unit");
}

static void nat_gateway(struct pricing *x)
{
    line(x, price(x, "nat.hour"), "NAT gateway");
    usage(x, "data through NAT gateways", "nat.gb", "a GB");
}

/* A class has two vCPUs up to "large", and four for each "xlarge". */
static double vcpus_of(const char *class)
{
    const char *size = strrchr(class, '.');
    const char *large = size ? strstr(size, "xlarge") : NULL;

    if (!large)
        return 2;
    return large == size + 1 ? 4 : 4 * strtod(size + 1, NULL);
}

/* Postgres 11 is in the third year, which costs more (plan_postgres_is_extended()). */
static void extended_support(struct pricing *x, const char *class, double copies)
{
    long long major = strtoll(text(x->p, "EngineVersion"), NULL, 10);

    if (!plan_postgres_is_extended(major))
        return;
    line(
        x,
        copies * vcpus_of(class) *
            price(x, major < 12 ? "rds.extended.vcpu.year3" : "rds.extended.vcpu"),
        arena_printf(x->out->arena, "Extended Support of Postgres %lld, by the vCPU", major));
}

static void database(struct pricing *x)
{
    const char *class = text(x->p, "DBInstanceClass");
    double gb = number(json_object_get(x->p, "AllocatedStorage"), 20);
    double copies = json_is_true(json_object_get(x->p, "MultiAZ")) ? 2 : 1;

    line(
        x,
        copies * (price(x, class) + gb * price(x, "rds.storage.gb")),
        arena_printf(
            x->out->arena, "%s with %g GB%s", class, gb, copies > 1 ? ", in two zones" : ""));
    extended_support(x, class, copies);
    usage(x, "growth of databases", "rds.storage.gb", "a GB and month");
}

static void cache(struct pricing *x)
{
    const char *class = text(x->p, "CacheNodeType");
    double nodes = number(json_object_get(x->p, "NumCacheClusters"), 1);
    bool valkey = text_eq(text(x->p, "Engine"), "valkey");
    double part = valkey ? price_find("cache.valkey")->usd : 1;

    line(
        x,
        nodes * part * price(x, class),
        arena_printf(x->out->arena, "%g node%s %s", nodes, plural(nodes), class));
}

static void document_instance(struct pricing *x)
{
    const char *class = text(x->p, "DBInstanceClass");
    cleanup_free char *key = xasprintf("docdb.%s", text_starts(class, "db.") ? class + 3 : class);
    line(x, price(x, key), arena_strdup(x->out->arena, class));
}

static void document_cluster(struct pricing *x)
{
    line(x, 10 * price(x, "docdb.storage.gb"), "10 GB of documents");
    usage(x, "documents", "docdb.storage.gb", "a GB and month");
    usage(x, "reads and writes of documents", "docdb.io.million", "a million");
}

static void instances(struct pricing *x)
{
    const json_t *launch = referred(x, json_at(x->p, "LaunchTemplate.LaunchTemplateId"));
    const char *class = text(launch, "LaunchTemplateData.InstanceType");
    double min = number(json_object_get(x->p, "MinSize"), 0);
    double least = number(json_object_get(x->p, "DesiredCapacity"), min);

    if (*class && least > 0)
        line(
            x,
            least * price(x, class),
            arena_printf(x->out->arena, "%g instance%s %s", least, plural(least), class));
    else if (*class && price_find(class))
        usage(
            x,
            arena_printf(x->out->arena, "%s instances while tasks need them", class),
            class,
            "an hour");
    else
        unknown(x, arena_printf(x->out->arena, "%s (%s)", x->id, *class ? class : "instances"));
}

static void endpoint(struct pricing *x)
{
    if (!text_eq(text(x->p, "VpcEndpointType"), "Interface"))
        return;

    double zones = (double)json_array_size(json_object_get(x->p, "SubnetIds"));
    line(x, MAX(zones, 1.0) * price(x, "endpoint.interface.hour"), "interface endpoint");
}

static void price_address(struct pricing *x)
{
    line(x, price(x, "ipv4.hour"), "public IPv4 address");
}

static void price_zone(struct pricing *x)
{
    /* The same everywhere. */
    line(x, price(x, "zone") / x->factor, "hosted zone");
}

static void price_secret(struct pricing *x)
{
    line(x, price(x, "secret"), "secret");
}

static void price_alarm(struct pricing *x)
{
    line(x, price(x, "alarm"), "alarm");
}

static void price_key(struct pricing *x)
{
    line(x, price(x, "key"), "key");
}

static void log_group(struct pricing *x)
{
    line(x, price(x, "logs.gb"), "1 GB of logs");
    usage(x, "logs", "logs.gb", "a GB");
}

static void repository(struct pricing *x)
{
    line(x, price(x, "ecr.gb"), "1 GB of images");
    usage(x, "images", "ecr.gb", "a GB and month");
}

static void bucket(struct pricing *x)
{
    line(x, price(x, "s3.gb"), "1 GB of files");
    usage(x, "files", "s3.gb", "a GB and month");
}

static void file_system(struct pricing *x)
{
    double mibps = number(json_object_get(x->p, "ProvisionedThroughputInMibps"), 0);

    line(x, price(x, "efs.gb"), "1 GB of files");
    if (mibps > 0)
        line(
            x,
            mibps * price(x, "efs.mibps"),
            arena_printf(x->out->arena, "%g MiB/s of provisioned throughput", mibps));
    usage(x, "files on volumes", "efs.gb", "a GB and month");
}

static void distribution(struct pricing *x)
{
    usage(x, "pages served by CloudFront beyond the free terabyte", "cloudfront.gb", "a GB");
}

static const struct {
    const char *type;
    void (*price)(struct pricing *);
} PRICED[] = {
    {"AWS::AutoScaling::AutoScalingGroup", instances},
    {"AWS::CloudFront::Distribution", distribution},
    {"AWS::CloudWatch::Alarm", price_alarm},
    {"AWS::DocDB::DBCluster", document_cluster},
    {"AWS::DocDB::DBInstance", document_instance},
    {"AWS::EC2::EIP", price_address},
    {"AWS::EC2::NatGateway", nat_gateway},
    {"AWS::EC2::VPCEndpoint", endpoint},
    {"AWS::ECR::Repository", repository},
    {"AWS::ECS::Service", ecs_service},
    {"AWS::EFS::FileSystem", file_system},
    {"AWS::ElastiCache::ReplicationGroup", cache},
    {"AWS::ElasticLoadBalancingV2::LoadBalancer", load_balancer},
    {"AWS::KMS::Key", price_key},
    {"AWS::Logs::LogGroup", log_group},
    {"AWS::RDS::DBInstance", database},
    {"AWS::Route53::HostedZone", price_zone},
    {"AWS::S3::Bucket", bucket},
    {"AWS::SecretsManager::Secret", price_secret},
    {"AWS::ServiceDiscovery::PrivateDnsNamespace", price_zone},
};

static void price_resource(struct pricing *x)
{
    for (size_t i = 0; i < ARRAY_LEN(PRICED); i++)
        if (strcmp(PRICED[i].type, x->type) == 0) {
            PRICED[i].price(x);
            return;
        }
    for (size_t i = 0; i < ARRAY_LEN(FREE); i++)
        if (strcmp(FREE[i], x->type) == 0)
            return;
    unknown(x, arena_strdup(x->out->arena, x->type));
}

static int by_group(const void *a, const void *b)
{
    const struct cost_line *x = a;
    const struct cost_line *y = b;
    int order = strcmp(x->group, y->group);

    return order ? order : strcmp(x->logical_id, y->logical_id);
}

static const char *basis(struct arena *a, const char *region, const struct price_region *where)
{
    if (!where)
        return arena_printf(a, "there is no price for region %s in the table", region);
    if (where->factor == 1.0)
        return arena_printf(a, "list prices of %s, " PRICE_DATE, region);
    return arena_printf(
        a,
        "about: list prices of us-east-1, " PRICE_DATE ", times %g for %s",
        where->factor,
        region);
}

void cost_of(const json_t *template, const char *region, struct cost *out)
{
    const struct price_region *where = price_region_find(region);
    struct pricing x = {.out = out, .resources = json_object_get(template, "Resources")};
    json_t *r;

    *out = (struct cost){.arena = arena_new()};
    out->basis = basis(out->arena, region, where);
    if (!where)
        return;

    out->priced = true;
    out->lines = arena_array(out->arena, struct cost_line, 2 * json_object_size(x.resources) + 1);
    x.factor = where->factor;
    json_object_foreach((json_t *)x.resources, x.id, r) {
        x.type = text(r, "Type");
        x.group = text(r, "Metadata.Group");
        x.p = json_object_get(r, "Properties");
        price_resource(&x);
    }
    qsort(out->lines, out->len, sizeof *out->lines, by_group);
}

void cost_done(struct cost *c)
{
    arena_free(c->arena);
    *c = (struct cost){0};
}
