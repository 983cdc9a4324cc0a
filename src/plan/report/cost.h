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

const struct price_row *price_rows(size_t *count);   /* sorted by key */
const struct price_row *price_find(const char *key); /* NULL */
const struct price_region *price_regions(size_t *count);
const struct price_region *
price_region_find(const char *region); /* NULL: no price for this region */

/* ---- a template's cost ---- */
struct cost_line {
    const char *logical_id, *type, *group; /* of the resource; group as in the graph */
    const char *what;                      /* "2 tasks of 0.5 vCPU and 1 GB, Spot" */
    double month;                          /* USD */
};

struct cost {
    struct arena *arena; /* holds all texts */
    struct cost_line *lines;
    size_t len; /* sorted by group, then id; what costs nothing has none */
    double month;
    const char **usage;
    size_t usage_len; /* what comes on top: "data through NAT gateways ($0.045 a GB)" */
    const char **unknown;
    size_t unknown_len; /* types that the table does not know */
    const char *basis;  /* "list prices of us-west-2, June 2026"; or why there is no price */
    bool priced;        /* false: no price for this region, all is 0 */
};

/* `template` may be NULL: nothing, costs nothing. */
void cost_of(const json_t *template, const char *region, struct cost *out);
void cost_done(struct cost *c);
#define cleanup_cost __attribute__((cleanup(cost_done)))
