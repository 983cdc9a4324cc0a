/* The network room: VPC and subnets, security groups, names inside the VPC. */
#pragma once

#include "plan/context.h"

void plan_network(struct plan_ctx *c);
json_t *plan_vpc(const struct plan_ctx *c); /* Ref, or the id of the project's own (x-defang-aws) */
const char *plan_vpc_cidr(const struct plan_ctx *c);
/* [Ref, …] or the ids of the project's own. One that brings no private ones has public ones only.
 */
json_t *plan_subnets(const struct plan_ctx *c, bool public);
json_t *plan_zone_subnets(
    const struct plan_ctx *c,
    bool public); /* the same, one in each zone: what a mount target or a load balancer takes */
bool plan_in_public(
    const struct plan_ctx *c,
    bool open); /* whether a task runs in public subnets, with a public address */
void plan_depend_on_internet(
    struct plan_ctx *c, const char *logical_id, bool public_subnets); /* default routes first */
void plan_security(struct plan_ctx *c);
void plan_dns(struct plan_ctx *c);
bool plan_by_sidecar(const struct plan_ctx *c);
void plan_private_zone(struct plan_ctx *c);
const char *plan_alias_id(
    const struct plan_ctx *c,
    const struct plan_service *s); /* who waits for a store waits for this */
void plan_store_record(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *store_id,
    const char *endpoint_attr);
void plan_discovery_statements(
    struct plan_ctx *c, const struct plan_service *s, json_t *statements);
void plan_discovery_sidecar(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task);
void plan_store_alias(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *store_id,
    const char *endpoint_attr);
