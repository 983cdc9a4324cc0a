/* What a template costs a month, from a price table in this repository. Pure: a deployed template
 * and a planned one are priced alike, so that their difference is what a change costs.
 *
 * A month has 730 hours. What depends on use is priced for a stated assumption (one gigabyte of
 * logs a log group, one capacity unit of the load balancer) or, where no assumption would be
 * honest, told as "+ usage". Prices are list prices without free tiers, discounts and taxes. */
#pragma once

#include "base/arena.h"
#include "data/json.h"
#include <stdbool.h>
#include <stddef.h>

/* ---- the table (price_table.c) ---- */
enum price_unit { PRICE_HOUR, PRICE_MONTH, PRICE_GB_MONTH, PRICE_GB };

struct price_row {
    const char *key; /* "fargate.vcpu.x86_64", "db.t4g.micro", "elb.hour" */
    double usd;      /* us-east-1 */
    enum price_unit unit;
    const char *source; /* page of AWS's price list */
};

struct price_region {
    const char *name;
    double factor;
};

#define PRICE_DATE  "June 2026"
#define PRICE_HOURS 730.0

/* Both tables are static; rows are sorted by key, regions by name. */
const struct price_row *price_rows(size_t *count);
const struct price_row *price_find(const char *key); /* NULL: it has no price */
const struct price_region *price_regions(size_t *count);
const struct price_region *price_region_find(const char *region); /* NULL: no price there */

/* ---- a template's cost ---- */
struct cost_line {
    const char *logical_id, *type, *group; /* of the resource; group as in the graph */
    const char *what;                      /* "2 tasks of 0.5 vCPU and 1 GB, Spot" */
    double month;                          /* USD, more than 0 */
};

struct cost {
    struct arena *arena; /* holds all texts */

    struct cost_line *lines; /* sorted by group, then id; what costs nothing has none */
    size_t len;
    double month; /* USD, all lines together */

    const char **usage; /* what comes on top: "data through NAT gateways ($0.045 a GB)" */
    size_t usage_len;

    const char **unknown; /* types and classes that the table does not know */
    size_t unknown_len;

    const char *basis; /* "list prices of us-west-2, June 2026"; or why there is no price */
    bool priced;       /* false: no price for this region, all is 0 */
};

/* `template` may be NULL: nothing, costs nothing. Freed with cost_done(). */
void cost_of(const json_t *template, const char *region, struct cost *out);
void cost_done(struct cost *c);
#define cleanup_cost __attribute__((cleanup(cost_done)))
