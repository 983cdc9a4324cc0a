/* The network room: VPC and subnets, security groups, names inside the VPC.
 *
 * JSON that is returned is the caller's. Logical ids that other rooms may name: Vpc, PublicSubnet1
 * …, PrivateSubnet1 …, AppSecurityGroup (the badge of the default network), AlbSecurityGroup,
 * BuildSecurityGroup, NetworkSecurityGroup<network>, HubSecurityGroup<service>,
 * SecurityGroup<service>, Namespace, Discovery<service>. */
#pragma once

#include "plan/common/context.h"

/* ---- the VPC (network.c) ---- */

void plan_network(struct plan_ctx *c);

/* Ref, or the id of the project's own (x-defang-aws). */
json_t *plan_vpc(const struct plan_ctx *c);

/* As in "10.0.0.0/16". */
const char *plan_vpc_cidr(const struct plan_ctx *c);

/* [Ref, …] or the ids of the project's own. One that brings no private ones has public ones only.
 */
json_t *plan_subnets(const struct plan_ctx *c, bool public);

/* The same, one in each zone: what a mount target or a load balancer takes. */
json_t *plan_zone_subnets(const struct plan_ctx *c, bool public);

/* The zone of item i of either list. */
const char *plan_subnet_zone(const struct plan_ctx *c, const json_t *subnets, size_t i);

/* Whether a task runs in public subnets, with a public address; `open`: the internet reaches it. */
bool plan_in_public(const struct plan_ctx *c, bool open);

/* The resource waits for the default routes of those subnets. */
void plan_depend_on_internet(struct plan_ctx *c, const char *logical_id, bool public_subnets);

/* ---- who may talk to whom (security.c); after plan_routes() ---- */

void plan_security(struct plan_ctx *c);

/* ---- names inside the VPC (dns.c, and discovery.c for the document's own way) ---- */

void plan_dns(struct plan_ctx *c);

/* What is said of names, each once: who is called otherwise on AWS and in how many values, names
 * that have no record or share one, values that name a service which cannot be reached
 * (name_notes.c). `v` with its suffix. */
void plan_name_notes(struct arena *a, const struct plan_view *v, struct plan_diag *g);

/* The store's name becomes an alias of this attribute of its resource. */
void plan_store_alias(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *store_id,
    const char *endpoint_attr);

/* The resource of an alias that has a record: who waits for the service waits for it, too. */
const char *plan_other_name_id(const struct plan_ctx *c, const struct plan_alias *alias);

/* One of several services that share the name. */
bool plan_is_shared(const struct plan_view *v, const struct plan_alias *alias);

/* Who waits for a store waits for this logical id. */
const char *plan_alias_id(const struct plan_ctx *c, const struct plan_service *s);

/* Whether tasks keep their records themselves; the next four are for that case, and the last two
 * do nothing otherwise. */
bool plan_by_sidecar(const struct plan_ctx *c);
void plan_private_zone(struct plan_ctx *c);
void plan_store_record(
    struct plan_ctx *c,
    const struct plan_service *s,
    const char *store_id,
    const char *endpoint_attr);

void plan_alias_record(struct plan_ctx *c, const struct plan_alias *alias, const char *id);

/* What the task's role is allowed: appended to `statements`. */
void plan_discovery_statements(
    struct plan_ctx *c, const struct plan_service *s, json_t *statements);

/* The sidecar's container: appended to the task definition's properties. */
void plan_discovery_sidecar(
    struct plan_ctx *c, const struct plan_service *s, const char *deployment, json_t *task);
