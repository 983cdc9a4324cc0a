/* The store room: managed Postgres, Redis and MongoDB with sizes and alarms. */
#pragma once

#include "plan/context.h"

int plan_postgres(struct plan_ctx *c, const struct plan_service *s);
int plan_redis(struct plan_ctx *c, const struct plan_service *s);
int plan_mongodb(struct plan_ctx *c, const struct plan_service *s);
void plan_database_alarms(struct plan_ctx *c, const struct plan_service *s, const char *id);
void plan_cache_alarms(struct plan_ctx *c, const struct plan_service *s, const char *id);
void plan_document_alarms(struct plan_ctx *c, const struct plan_service *s, const char *id);
const char *plan_rds_class(
    const struct plan_settings *s, double vcpus, double memory_mib); /* NULL: too large */
const char *
plan_cache_class(const struct plan_settings *s, double memory_mib); /* NULL: too large */
/* The server parameter that word i of the command sets ("-c name=value" or "--name=value", a value
 * without unit), when RDS lets it be set. */
bool plan_postgres_parameter(
    struct arena *a,
    const struct compose_service *s,
    size_t i,
    const char **name,
    const char **value);
const char *plan_cache_window(
    struct arena *a,
    const struct plan_settings *s); /* ElastiCache takes an hour or more: "04:00-05:00" */
const char *plan_document_class(
    const struct plan_settings *s, double vcpus, double memory_mib); /* NULL: too large */

struct plan_document_version {
    const char *version;
    bool exact;
};

void plan_document_version(const char *image, struct plan_document_version *out);
const char *plan_postgres_version(
    const char *image); /* "16", "16.3"; NULL when the tag says none; static buffer per thread */

struct plan_cache_version {
    const char *engine, *version;
    bool tls, exact;
};

void plan_cache_version(const char *image, struct plan_cache_version *out);
#define PLAN_MONGODB_USER     "MONGO_INITDB_ROOT_USERNAME"
#define PLAN_MONGODB_PASSWORD "MONGO_INITDB_ROOT_PASSWORD"
#define PLAN_MONGODB_NODES    16u
const char *plan_mongodb_user(struct arena *a, const struct plan_service *s);
const char *plan_mongodb_config(
    const struct plan_service *s); /* the config that is its password; NULL: there is none */
bool plan_mongodb_tls(const struct compose_service *s);
void plan_store_secret(
    struct arena *a,
    const struct plan_request *r,
    const struct plan_service *s,
    struct plan_store_secret *out);
