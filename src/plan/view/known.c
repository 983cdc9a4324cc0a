/* The table of images and ports that are known (known.h).
 *
 * Looked up from the most to the least telling: the port of that image, any port of that image, the
 * number alone. An image that speaks several protocols has a row for each of its ports that differs
 * from what the number says. Numbers are IANA's, or what the program's own documentation gives as
 * its default; only those that a web server is hardly ever put on.
 *
 * gRPC counts as no HTTP: a load balancer speaks it over HTTPS only, and when it is said
 * (app_protocol: grpc). */
#include "plan/view/known.h"
#include "base/mem.h"
#include "base/str.h"
#include <string.h>
#include <strings.h>

#define SQL   PLAN_DATA_SQL
#define MONGO PLAN_DATA_MONGODB
#define REDIS PLAN_DATA_REDIS
#define OTHER PLAN_DATA_OTHER
#define NONE  PLAN_DATA_NONE

/* clang-format off */
static const struct plan_known IMAGES[] = {
    {"postgres", 0, "PostgreSQL", SQL},
    {"postgresql", 0, "PostgreSQL", SQL},
    {"postgis", 0, "PostgreSQL", SQL},
    {"pgvector", 0, "PostgreSQL", SQL},
    {"timescaledb", 0, "PostgreSQL", SQL},
    {"timescaledb-ha", 0, "PostgreSQL", SQL},
    {"pgbouncer", 0, "PostgreSQL", NONE},
    {"mysql", 0, "MySQL", OTHER},
    {"mysql-server", 0, "MySQL", OTHER},
    {"mariadb", 0, "MySQL", OTHER},
    {"percona", 0, "MySQL", OTHER},
    {"percona-server", 0, "MySQL", OTHER},
    {"mongo", 0, "MongoDB", MONGO},
    {"mongodb", 0, "MongoDB", MONGO},
    {"mongodb-community-server", 0, "MongoDB", MONGO},
    {"redis", 0, "Redis", REDIS},
    {"valkey", 0, "Redis", REDIS},
    {"keydb", 0, "Redis", REDIS},
    {"dragonfly", 0, "Redis", REDIS},
    {"redis-stack-server", 0, "Redis", REDIS},
    {"redis-stack", 6379, "Redis", REDIS},
    {"memcached", 0, "memcached", NONE},
    {"cassandra", 0, "Cassandra", OTHER},
    {"scylla", 9042, "Cassandra", OTHER},
    {"clickhouse", 9000, "ClickHouse's own protocol", OTHER},
    {"clickhouse-server", 9000, "ClickHouse's own protocol", OTHER},
    {"cockroach", 26257, "PostgreSQL", OTHER},
    {"consul", 8500, NULL, OTHER},
    {"couchdb", 5984, NULL, OTHER},
    {"elasticsearch", 9200, NULL, OTHER},
    {"opensearch", 9200, NULL, OTHER},
    {"etcd", 0, "gRPC", OTHER},
    {"influxdb", 8086, NULL, OTHER},
    {"kafka", 0, "Kafka", OTHER},
    {"kafka-native", 0, "Kafka", OTHER},
    {"cp-kafka", 0, "Kafka", OTHER},
    {"redpanda", 9092, "Kafka", OTHER},
    {"redpanda", 19092, "Kafka", OTHER},
    {"zookeeper", 0, "ZooKeeper", OTHER},
    {"cp-zookeeper", 0, "ZooKeeper", OTHER},
    {"minio", 9000, NULL, OTHER},
    {"nats", 4222, "NATS", OTHER},
    {"neo4j", 7687, "Bolt", OTHER},
    {"rabbitmq", 5672, "AMQP", OTHER},
    {"mssql", 0, "SQL Server", OTHER},
    {"server", 1433, "SQL Server", OTHER}, /* mcr.microsoft.com/mssql/server */
    {"azure-sql-edge", 0, "SQL Server", OTHER},
    {"oracle-free", 1521, "Oracle", OTHER},
    {"oracle-xe", 1521, "Oracle", OTHER},
    {"eclipse-mosquitto", 1883, "MQTT", NONE},
    {"openssh-server", 0, "SSH", NONE},
    {"sftp", 0, "SSH", NONE},
    {"bind9", 0, "DNS", NONE},
    {"coredns", 53, "DNS", NONE},
    {"postfix", 0, "SMTP", NONE},
    {"fluentd", 24224, "Fluentd", NONE},
    {"logstash", 5044, "Beats", NONE},
    {"zipkin", 9411, NULL, NONE},
    {"jenkins", 50000, "Jenkins agents", NONE},
    {"minecraft-server", 0, "Minecraft", NONE},
};

static const struct plan_known NUMBERS[] = {
    {NULL, 20, "FTP", NONE},
    {NULL, 21, "FTP", NONE},
    {NULL, 22, "SSH", NONE},
    {NULL, 23, "Telnet", NONE},
    {NULL, 25, "SMTP", NONE},
    {NULL, 53, "DNS", NONE},
    {NULL, 110, "POP3", NONE},
    {NULL, 111, "RPC", NONE},
    {NULL, 139, "SMB", NONE},
    {NULL, 143, "IMAP", NONE},
    {NULL, 389, "LDAP", NONE},
    {NULL, 445, "SMB", NONE},
    {NULL, 465, "SMTP", NONE},
    {NULL, 587, "SMTP", NONE},
    {NULL, 636, "LDAP", NONE},
    {NULL, 853, "DNS", NONE},
    {NULL, 873, "rsync", NONE},
    {NULL, 993, "IMAP", NONE},
    {NULL, 995, "POP3", NONE},
    {NULL, 1025, "SMTP", NONE},
    {NULL, 1433, "SQL Server", NONE},
    {NULL, 1521, "Oracle", NONE},
    {NULL, 1883, "MQTT", NONE},
    {NULL, 1935, "RTMP", NONE},
    {NULL, 2049, "NFS", NONE},
    {NULL, 2181, "ZooKeeper", NONE},
    {NULL, 2379, "gRPC", NONE},
    {NULL, 2525, "SMTP", NONE},
    {NULL, 3306, "MySQL", NONE},
    {NULL, 3389, "RDP", NONE},
    {NULL, 3478, "STUN", NONE},
    {NULL, 4222, "NATS", NONE},
    {NULL, 4317, "gRPC", NONE},
    {NULL, 5044, "Beats", NONE},
    {NULL, 5222, "XMPP", NONE},
    {NULL, 5353, "DNS", NONE},
    {NULL, 5432, "PostgreSQL", NONE},
    {NULL, 5671, "AMQP", NONE},
    {NULL, 5672, "AMQP", NONE},
    {NULL, 5900, "VNC", NONE},
    {NULL, 6379, "Redis", NONE},
    {NULL, 6432, "PostgreSQL", NONE},
    {NULL, 6650, "Pulsar", NONE},
    {NULL, 6667, "IRC", NONE},
    {NULL, 7233, "gRPC", NONE},
    {NULL, 7687, "Bolt", NONE},
    {NULL, 8883, "MQTT", NONE},
    {NULL, 9042, "Cassandra", NONE},
    {NULL, 9092, "Kafka", NONE},
    {NULL, 9093, "Kafka", NONE},
    {NULL, 9094, "Kafka", NONE},
    {NULL, 9300, "Elasticsearch's transport", NONE},
    {NULL, 11211, "memcached", NONE},
    {NULL, 19092, "Kafka", NONE},
    {NULL, 19530, "gRPC", NONE},
    {NULL, 24224, "Fluentd", NONE},
    {NULL, 25565, "Minecraft", NONE},
    {NULL, 26257, "PostgreSQL", NONE},
    {NULL, 27017, "MongoDB", NONE},
    {NULL, 27018, "MongoDB", NONE},
    {NULL, 29092, "Kafka", NONE},
    {NULL, 33060, "MySQL", NONE},
    {NULL, 50051, "gRPC", NONE},
    {NULL, 61613, "STOMP", NONE},
    {NULL, 61616, "ActiveMQ", NONE},
};
/* clang-format on */

/* php:8-fpm: the tag says which server the image is. */
static const struct plan_known FASTCGI = {"php", 9000, "FastCGI", NONE};

static bool is_called(const char *image, const char *name)
{
    const char *slash = strrchr(image, '/');
    const char *base = slash ? slash + 1 : image;
    size_t n = strcspn(base, ":@");

    return strlen(name) == n && strncasecmp(name, base, n) == 0;
}

static bool is_fastcgi(const char *image, unsigned port)
{
    return port == 9000 && (strstr(image, "-fpm") || strstr(image, ":fpm"));
}

static const struct plan_known *of_image(const char *image, unsigned port)
{
    const struct plan_known *any = NULL;

    for (size_t i = 0; i < ARRAY_LEN(IMAGES); i++) {
        const struct plan_known *row = &IMAGES[i];

        if ((row->port && row->port != port) || !is_called(image, row->image))
            continue;
        if (row->port)
            return row;
        any = any ? any : row;
    }
    return any;
}

const struct plan_known *plan_known_port(const struct compose_service *s, unsigned port)
{
    const struct plan_known *row = s->image ? of_image(s->image, port) : NULL;

    if (!row && s->image && is_fastcgi(s->image, port))
        row = &FASTCGI;
    for (size_t i = 0; !row && i < ARRAY_LEN(NUMBERS); i++)
        if (NUMBERS[i].port == port)
            row = &NUMBERS[i];
    return row && row->speaks ? row : NULL;
}

const struct plan_known *plan_known_image(const char *image)
{
    for (size_t i = 0; image && i < ARRAY_LEN(IMAGES); i++)
        if (is_called(image, IMAGES[i].image))
            return &IMAGES[i];
    return NULL;
}
