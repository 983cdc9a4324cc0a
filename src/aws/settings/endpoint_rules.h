/* Where the host of a service is not service[-fips].region.suffix: rows written by
 * tests/tools/aws_endpoints.py from the rule sets that botocore ships. endpoint.c reads them.
 *
 * In hosts and signing regions {r} stands for the region, {g} for the partition's own region, {d}
 * for its DNS suffix and {D} for its suffix of dual-stack names. The first row that fits counts:
 * those of one region come before those of one partition, and these before the rest. */
#pragma once

#include <stddef.h>

/* Bits: a row may serve several. */
enum aws_endpoint_variant { AWS_PLAIN = 1, AWS_FIPS = 2, AWS_DUAL = 4, AWS_FIPS_DUAL = 8 };

struct aws_endpoint_rule {
    const char *service;   /* endpoint prefix */
    const char *partition; /* NULL = any */
    const char *region;    /* NULL = any */
    unsigned variants;
    const char *host;
    const char *signing_region; /* NULL = the region */
};

extern const struct aws_endpoint_rule aws_endpoint_rules[];
extern const size_t aws_endpoint_rule_count;
