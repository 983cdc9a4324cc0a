/* Where a call goes: partition, DNS suffix, signing region. The published rule sets
 * (shared/vectors/endpoint-rules) boil down to a template per partition and a short table of
 * exceptions; the published endpoint tests of our services run against it. Pure. */
#pragma once

#include "aws/model/model.h"
#include "base/error.h"

struct aws_partition {
    const char *id, *region_regex; /* POSIX extended */
    const char *const *regions;    /* NULL-terminated; pseudo regions ("aws-global") among them */
    const char *dns_suffix, *dual_stack_suffix, *global_region;
    bool fips, dual_stack;
};

extern const struct aws_partition aws_partitions[];
extern const size_t aws_partition_count;

/* By name, else by pattern, else the first ("aws"). Never NULL. */
const struct aws_partition *aws_partition_of(const char *region);
bool aws_region_valid(const char *region); /* one DNS label, not all digits */

struct aws_endpoint_params {
    const char *region; /* NULL = none */
    bool fips, dual_stack;
    const char *custom_url; /* NULL = by rule */
};

struct aws_endpoint {
    char *url;   /* scheme://host[:port][/base path] */
    char *query; /* that a custom one asks to go with every request; NULL = none */
    char *signing_region;
};

int aws_endpoint_resolve(
    const struct aws_service *service,
    const struct aws_endpoint_params *p,
    struct aws_endpoint *out,
    struct error *err);
void aws_endpoint_done(struct aws_endpoint *e);
#define cleanup_endpoint __attribute__((cleanup(aws_endpoint_done)))
