/* Classes of managed stores (defang.md 7.8, 7.9): the first that holds what is asked for.
 *
 * The mode, or rds-node-type, says with which family to begin; the larger ones follow, so that a
 * store that outgrows its family moves on. Rows are ordered from cheap to dear within a family. A
 * region that lacks a family (offers.h) gets the one that came before it. */
#include "base/mem.h"
#include "plan/store/offers.h"
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

static const struct class_row RDS_BURSTABLE_OLD[] = {
    {"db.t3.micro", 2, 1},
    {"db.t3.small", 2, 2},
    {"db.t3.medium", 2, 4},
    {"db.t3.large", 2, 8},
    {"db.t3.xlarge", 4, 16},
    {"db.t3.2xlarge", 8, 32},
};
static const struct class_row RDS_GENERAL_OLD[] = {
    {"db.m6g.large", 2, 8},
    {"db.m6g.xlarge", 4, 16},
    {"db.m6g.2xlarge", 8, 32},
    {"db.m6g.4xlarge", 16, 64},
    {"db.m6g.8xlarge", 32, 128},
    {"db.m6g.12xlarge", 48, 192},
    {"db.m6g.16xlarge", 64, 256},
};
static const struct class_row RDS_MEMORY_OLD[] = {
    {"db.r6g.large", 2, 16},
    {"db.r6g.xlarge", 4, 32},
    {"db.r6g.2xlarge", 8, 64},
    {"db.r6g.4xlarge", 16, 128},
    {"db.r6g.8xlarge", 32, 256},
    {"db.r6g.12xlarge", 48, 384},
    {"db.r6g.16xlarge", 64, 512},
};
static const struct class_row CACHE_BURSTABLE_OLD[] = {
    {"cache.t3.micro", 2, 0.5},
    {"cache.t3.small", 2, 1.37},
    {"cache.t3.medium", 2, 3.09},
};
static const struct class_row CACHE_GENERAL_OLD[] = {
    {"cache.m6g.large", 2, 6.38},
    {"cache.m6g.xlarge", 4, 12.93},
    {"cache.m6g.2xlarge", 8, 26.04},
    {"cache.m6g.4xlarge", 16, 52.26},
    {"cache.m6g.8xlarge", 32, 103.68},
    {"cache.m6g.12xlarge", 48, 157.12},
    {"cache.m6g.16xlarge", 64, 209.55},
};
static const struct class_row CACHE_MEMORY_OLD[] = {
    {"cache.r6g.large", 2, 13.07},
    {"cache.r6g.xlarge", 4, 26.32},
    {"cache.r6g.2xlarge", 8, 52.82},
    {"cache.r6g.4xlarge", 16, 105.81},
    {"cache.r6g.8xlarge", 32, 209.55},
    {"cache.r6g.12xlarge", 48, 317.77},
    {"cache.r6g.16xlarge", 64, 419.09},
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

/* `name` is what offers.h knows it by, `before` the one that came before. */
struct family {
    const struct class_row *rows;
    size_t count;
    const char *name;
    const struct class_row *before;
    size_t before_count;
};

#define FAMILY(name, t)      {t, ARRAY_LEN(t), name, NULL, 0}
#define FAMILIES(name, t, o) {t, ARRAY_LEN(t), name, o, ARRAY_LEN(o)}

struct wanted {
    enum offers_kind kind;
    const char *region;
    double vcpus, gib;
};

static const char *pick_of(const struct class_row *rows, size_t count, const struct wanted *w)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].vcpus >= w->vcpus && rows[i].gib >= w->gib)
            return rows[i].name;
    return NULL;
}

/* `families` from the one with index `from` on. */
static const char *
pick(const struct family *families, size_t count, size_t from, const struct wanted *w)
{
    for (size_t i = from; i < count; i++) {
        const struct family *f = &families[i];
        bool here = !f->before || offers_family(w->kind, w->region, f->name);
        const char *found =
            here ? pick_of(f->rows, f->count, w) : pick_of(f->before, f->before_count, w);
        if (found)
            return found;
    }
    return NULL;
}

static size_t first_family(const struct plan_settings *s)
{
    return (size_t)s->store_class;
}

const char *
plan_rds_class(const struct plan_settings *s, const char *region, double vcpus, double memory_mib)
{
    static const struct family families[] = {
        FAMILIES("t4g", RDS_BURSTABLE, RDS_BURSTABLE_OLD),
        FAMILIES("m7g", RDS_GENERAL, RDS_GENERAL_OLD),
        FAMILIES("r7g", RDS_MEMORY, RDS_MEMORY_OLD)};
    const struct wanted w = {OFFERS_RDS, region, vcpus, memory_mib / 1024};

    return pick(families, ARRAY_LEN(families), first_family(s), &w);
}

const char *plan_cache_class(const struct plan_settings *s, const char *region, double memory_mib)
{
    static const struct family families[] = {
        FAMILIES("t4g", CACHE_BURSTABLE, CACHE_BURSTABLE_OLD),
        FAMILIES("m7g", CACHE_GENERAL, CACHE_GENERAL_OLD),
        FAMILIES("r7g", CACHE_MEMORY, CACHE_MEMORY_OLD)};
    const struct wanted w = {OFFERS_CACHE, region, 0, memory_mib / 1024};

    return pick(families, ARRAY_LEN(families), first_family(s), &w);
}

/* Cluster instances come burstable and for memory only, and everywhere the same. */
const char *plan_document_class(const struct plan_settings *s, double vcpus, double memory_mib)
{
    static const struct family families[] = {
        FAMILY("t4g", DOCUMENT_BURSTABLE), FAMILY("r6g", DOCUMENT_MEMORY)};
    const struct wanted w = {OFFERS_RDS, NULL, vcpus, memory_mib / 1024};

    return pick(families, ARRAY_LEN(families), s->store_class != PLAN_BURSTABLE, &w);
}
