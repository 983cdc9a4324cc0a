/* The store room: managed Postgres (RDS), Redis (ElastiCache) and MongoDB (DocumentDB) with their
 * sizes, versions and alarms.
 *
 * What is asked for is in vCPUs and MiB. Strings live in the arena of the graph, or are static. The
 * checks (check/store.c, check/mongodb.c) ask the same functions, so that what is refused and what
 * is made never differ. */
#pragma once

#include "plan/common/context.h"

/* ---- resources: 0, or what d->err got when the checks were not run ---- */

int plan_postgres(struct plan_ctx *c, const struct plan_service *s);
int plan_redis(struct plan_ctx *c, const struct plan_service *s);
int plan_mongodb(struct plan_ctx *c, const struct plan_service *s);

/* ---- alarms (alarms.c): only when the setting asks for them; `id` is the store's logical id ----
 */

void plan_database_alarms(struct plan_ctx *c, const struct plan_service *s, const char *id);
void plan_cache_alarms(struct plan_ctx *c, const struct plan_service *s, const char *id);
void plan_document_alarms(struct plan_ctx *c, const struct plan_service *s, const char *id);

/* ---- what they share (store.c) ---- */

const struct compose_env *plan_store_env(const struct compose_service *s, const char *name);
json_t *plan_store_groups(const struct plan_ctx *c, const struct plan_service *s);
json_t *plan_store_tags(const struct plan_ctx *c, const struct plan_service *s);
const char *plan_store_description(const struct plan_ctx *c, const struct plan_service *s);
/* Deletion policies of the resource that holds the data. */
void plan_store_keep_data(struct graph_resource *store);

/* The snapshot that store `id` is made of; NULL: it begins empty. `said` is the file's
 * from-snapshot. A deployed store keeps the one that it was made of, because another, or none,
 * would make a new store: so "latest" counts for a new one only, and the key may be taken out of
 * the file when the store is there. */
#define PLAN_SNAPSHOT_LATEST "latest"
const char *plan_store_snapshot(
    const struct plan_ctx *c,
    const struct plan_service *s,
    const char *id,
    const char *property,
    const char *said);

/* ---- sizes (size.c): the cheapest class that holds it and that the region has (NULL: any); NULL:
 * too large ---- */

const char *
plan_rds_class(const struct plan_settings *s, const char *region, double vcpus, double memory_mib);
const char *plan_cache_class(const struct plan_settings *s, const char *region, double memory_mib);
const char *plan_document_class(const struct plan_settings *s, double vcpus, double memory_mib);

/* ---- versions and parameters (version.c) ---- */

/* "16", "16.3"; NULL when the tag says none. A static buffer of the thread. */
const char *plan_postgres_version(const char *image);

/* What RDS offers of it: *version is the newest of a major one ("16" → "16.13"), the one that was
 * asked for, or the nearest of the same major one, and then *exact is false. *version NULL: RDS
 * offers none of it, and `nearest` is the major one that comes closest. */
struct plan_postgres_offer {
    const char *version;
    bool exact;
    long long nearest;
};
void plan_postgres_offer(const char *wanted, struct plan_postgres_offer *out);

/* Of a major version of Postgres, in July 2026 and later: past AWS's standard support, so that
 * Extended Support is paid for. */
bool plan_postgres_is_extended(long long major);

/* exact: what the tag says is what runs. */
struct plan_cache_version {
    const char *engine, *version;
    bool tls, exact;
};

void plan_cache_version(const char *image, struct plan_cache_version *out);

struct plan_document_version {
    const char *version;
    bool exact;
};

void plan_document_version(const char *image, struct plan_document_version *out);

/* The server parameter that word i of the command sets ("-c name=value" or "--name=value", a value
 * without unit), when RDS lets it be set. */
bool plan_postgres_parameter(
    struct arena *a,
    const struct compose_service *s,
    size_t i,
    const char **name,
    const char **value);

/* ElastiCache takes an hour or more: "04:00-05:00", UTC. */
const char *plan_cache_window(struct arena *a, const struct plan_settings *s);
/* An hour on Sunday that begins half an hour after that window: AWS refuses two that overlap, and
 * chooses its own where none is said. */
const char *plan_maintenance_window(struct arena *a, const char *backup_window);

/* ---- users, databases and passwords that come from config (store_secret.c) ---- */

#define PLAN_POSTGRES_USER     "POSTGRES_USER"
#define PLAN_POSTGRES_DATABASE "POSTGRES_DB"
#define PLAN_MONGODB_USER      "MONGO_INITDB_ROOT_USERNAME"
#define PLAN_POSTGRES_PASSWORD "POSTGRES_PASSWORD"
#define PLAN_MONGODB_PASSWORD  "MONGO_INITDB_ROOT_PASSWORD"
#define PLAN_MONGODB_NODES     16u /* instances that a cluster takes */

/* What the store's variable of that name says, or a reference that CloudFormation resolves where it
 * is a config; NULL where it says nothing. `what` is "user" or "database". */
const char *plan_store_name(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_service *s,
    const char *variable,
    const char *what);

/* The config that is its password; NULL: there is none. */
const char *plan_mongodb_config(const struct plan_service *s);
bool plan_mongodb_tls(const struct compose_service *s);
void plan_store_secret(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_service *s,
    struct plan_store_secret *out);
