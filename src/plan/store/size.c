/* Classes of managed stores (defang.md 7.8, 7.9): the first that holds what is asked for.
 *
 * The mode, or rds-node-type, says with which family to begin; the larger ones follow, so that a
 * store that outgrows its family moves on. Rows are ordered from cheap to dear within a family. */
#include "base/mem.h"
#include "plan/store/store.h"

struct class_row {
    const char *name;
    double vcpus, gib;
};

static const struct class_row RDS_BURSTABLE[] = {
    {"db.t4g.micro", 2, 1},
    {"db.t4g.small", 2, 2},
    {"db.t4g.medium", 2, 4},
    {"db.t4g.large", 2, 8},
    {"db.t4g.xlarge", 4, 16},
    {"db.t4g.2xlarge", 8, 32},
};
static const struct class_row RDS_GENERAL[] = {
    {"db.m7g.large", 2, 8},
    {"db.m7g.xlarge", 4, 16},
    {"db.m7g.2xlarge", 8, 32},
    {"db.m7g.4xlarge", 16, 64},
    {"db.m7g.8xlarge", 32, 128},
    {"db.m7g.12xlarge", 48, 192},
    {"db.m7g.16xlarge", 64, 256},
};
static const struct class_row RDS_MEMORY[] = {
    {"db.r7g.large", 2, 16},
    {"db.r7g.xlarge", 4, 32},
    {"db.r7g.2xlarge", 8, 64},
    {"db.r7g.4xlarge", 16, 128},
    {"db.r7g.8xlarge", 32, 256},
    {"db.r7g.12xlarge", 48, 384},
    {"db.r7g.16xlarge", 64, 512},
};
static const struct class_row CACHE_BURSTABLE[] = {
    {"cache.t4g.micro", 2, 0.5},
    {"cache.t4g.small", 2, 1.37},
    {"cache.t4g.medium", 2, 3.09},
};
static const struct class_row CACHE_GENERAL[] = {
    {"cache.m7g.large", 2, 6.38},
    {"cache.m7g.xlarge", 4, 12.93},
    {"cache.m7g.2xlarge", 8, 26.04},
    {"cache.m7g.4xlarge", 16, 52.26},
    {"cache.m7g.8xlarge", 32, 103.68},
    {"cache.m7g.12xlarge", 48, 157.12},
    {"cache.m7g.16xlarge", 64, 209.55},
};
static const struct class_row CACHE_MEMORY[] = {
    {"cache.r7g.large", 2, 13.07},
    {"cache.r7g.xlarge", 4, 26.32},
    {"cache.r7g.2xlarge", 8, 52.82},
    {"cache.r7g.4xlarge", 16, 105.81},
    {"cache.r7g.8xlarge", 32, 209.55},
    {"cache.r7g.12xlarge", 48, 317.77},
    {"cache.r7g.16xlarge", 64, 419.09},
};

static const struct class_row DOCUMENT_BURSTABLE[] = {{"db.t4g.medium", 2, 4}};
static const struct class_row DOCUMENT_MEMORY[] = {
    {"db.r6g.large", 2, 16},
    {"db.r6g.xlarge", 4, 32},
    {"db.r6g.2xlarge", 8, 64},
    {"db.r6g.4xlarge", 16, 128},
    {"db.r6g.8xlarge", 32, 256},
    {"db.r6g.12xlarge", 48, 384},
    {"db.r6g.16xlarge", 64, 512},
};

struct family {
    const struct class_row *rows;
    size_t count;
};

#define FAMILY(t) {t, ARRAY_LEN(t)}

/* `families` from the one with index `from` on. */
static const char *
pick(const struct family *families, size_t count, size_t from, double vcpus, double gib)
{
    for (size_t f = from; f < count; f++)
        for (size_t i = 0; i < families[f].count; i++)
            if (families[f].rows[i].vcpus >= vcpus && families[f].rows[i].gib >= gib)
                return families[f].rows[i].name;
    return NULL;
}

static size_t first_family(const struct plan_settings *s)
{
    return (size_t)s->store_class;
}

const char *plan_rds_class(const struct plan_settings *s, double vcpus, double memory_mib)
{
    static const struct family families[] = {
        FAMILY(RDS_BURSTABLE), FAMILY(RDS_GENERAL), FAMILY(RDS_MEMORY)};
    return pick(families, ARRAY_LEN(families), first_family(s), vcpus, memory_mib / 1024);
}

const char *plan_cache_class(const struct plan_settings *s, double memory_mib)
{
    static const struct family families[] = {
        FAMILY(CACHE_BURSTABLE), FAMILY(CACHE_GENERAL), FAMILY(CACHE_MEMORY)};
    return pick(families, ARRAY_LEN(families), first_family(s), 0, memory_mib / 1024);
}

/* Cluster instances come burstable and for memory only. */
const char *plan_document_class(const struct plan_settings *s, double vcpus, double memory_mib)
{
    static const struct family families[] = {FAMILY(DOCUMENT_BURSTABLE), FAMILY(DOCUMENT_MEMORY)};
    return pick(
        families, ARRAY_LEN(families), s->store_class != PLAN_BURSTABLE, vcpus, memory_mib / 1024);
}
