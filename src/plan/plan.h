/* The planner: a project's model becomes a resource graph. Pure: no loop, no sockets, no clock. All
 * AWS knowledge about what a Compose key becomes is here. Names, sizes and rules:
 * shared/reference/defang.md sections 3 to 7.
 *
 * In the order of a deployment:
 *
 *     plan_settings_resolve()   mode, files and environment → settings               settings.h
 *     plan_bound()              whether there is room for so many services
 *     plan_models_expand()      models become services
 *     plan_binds_expand()       mounted files become files of the container
 *     plan_literals_take()      passwords in clear become config
 *     plan_check()              what can be refused before anything is touched
 *     plan_static_expand()      folders of sites become absolute
 *     plan_builds()             images that are to be built                          build.h
 *     plan_make()               the graph: the template, or the program's source     graph.h
 *     plan_check_previous()     whether it may follow on what is deployed
 *     plan_losses_find()        what it would lose or move                       consent.h
 *     plan_stages()             in which steps                                       stages.h
 *     plan_derived() …          what the engine brings beside the stack              values.h
 *
 * This header is the entry and brings the others. The account's own stack: cd.h; names: names.h.
 * Errors are negative and described in `err`; diagnostics go to `d` with positions, either may be
 * NULL. */
#pragma once

#include "compose/compose.h"
#include "compose/model.h"
#include "plan/build.h"
#include "plan/cd.h"
#include "plan/facts.h"
#include "plan/graph/graph.h"
#include "plan/names.h"
#include "plan/origin.h"
#include "plan/request.h"
#include "plan/settings.h"
#include "plan/stages.h"
#include "plan/values.h"

/* ERR_REFUSED for more services than any stack has room for, told by their number alone: before
 * anything below compares services with each other (view/bound.c). plan_check(), plan_lint(),
 * plan_explain() and plan_make() ask it themselves. */
int plan_bound(const struct compose_project *p, struct compose_diagnostics *d, struct error *err);

/* Models and model providers become services (models.c). Before anything else here is called with a
 * project; without a word: plan_check says what is wrong. */
void plan_models_expand(struct compose_project *p);

/* Bind mounts of small files in the project's folder become files of the container
 * (expand/binds.c). After plan_models_expand(); a frozen model has them already. */
void plan_binds_expand(struct compose_project *p);
/* Folders of x-defang-static-files become absolute (site/static_site.c): after plan_check(), which
 * judges what is written, and before the model leaves its folder. */
void plan_static_expand(struct compose_project *p);

/* All rules that can be checked before anything is touched: errors and warnings with positions into
 * d; what AWS cannot honour, one line each. Plans the whole with an account made up, so that a
 * project that cannot be planned or does not fit a stack is refused here. Returns the first error.
 */
int plan_check(
    const struct compose_project *p,
    const struct plan_settings *s,
    struct compose_diagnostics *d,
    struct error *err);
/* The same, and what is assumed where the files say nothing, and what looks like a secret in clear;
 * sorted by position. */
int plan_lint(
    const struct compose_project *p,
    const struct plan_settings *s,
    struct compose_diagnostics *d,
    struct error *err);

/* With r->foundation and r->previous, container services that are deployed stay as they are. */
int plan_make(
    const struct plan_request *r,
    struct graph **out,
    struct compose_diagnostics *d,
    struct error *err);

/* An image for each service that builds one, where no image is of interest; in the arena. */
void plan_images_pretend(
    struct arena *arena,
    const struct compose_project *p,
    const struct plan_image **out,
    size_t *count);

/* Whether the graph may follow on r->previous: ERR_REFUSED for what loses protection or backups
 * without `allow-downgrade`, and for changes of stores that AWS refuses or that take them down
 * unasked. */
int plan_check_previous(const struct plan_request *r, const struct graph *g, struct error *err);

/* Takes deletion protection and last snapshots away from what is new or replaced, so that a
 * deployment that fails can be taken back whole; what `previous` (or NULL) has protected stays so.
 * How many resources: the graph of another plan_make(), applied at the end, gives them both. */
size_t plan_hold_back(struct graph *g, const json_t *previous);

/* The name is of a port behind the network load balancer. */
bool plan_domain_is_network(
    const struct compose_project *p, const struct plan_settings *s, const char *name);

/* Names in public DNS that the project asks for ("www.example.com", "*.shop.example.com"): with
 * any, the engine reads the account's zones into the facts. */
void plan_domain_names(
    struct arena *arena,
    const struct compose_project *p,
    const struct plan_settings *s,
    const char *const **names,
    size_t *count);
/* What the zones mean for the project, one warning each with the mend: names that lie in no zone,
 * records that are somebody else's. `previous` as in plan_request. */
void plan_domain_notes(
    const struct compose_project *p,
    const struct plan_settings *s,
    const struct plan_facts *f,
    const json_t *previous,
    struct compose_diagnostics *d);
/* The zone of the facts that holds the name, or NULL. */
const struct plan_zone *
plan_domain_zone(const struct compose_project *p, const struct plan_facts *f, const char *name);

/* Has a load balancer or a managed store. */
bool plan_needs_two_zones(struct arena *arena, const struct compose_project *p);

/* Whether a task mounts a named volume, which is a file system of EFS; and those that are named by
 * their id, as volumes of the view with their places, in the arena. */
bool plan_uses_file_systems(struct arena *arena, const struct compose_project *p);
struct plan_named_file_system {
    const char *volume, *id;
    struct yaml_pos pos;
};
void plan_named_file_systems(
    struct arena *arena,
    const struct compose_project *p,
    const struct plan_named_file_system **out,
    size_t *count);

/* The smallest Fargate size that holds both, in CPU units (1024 a vCPU) and MiB. -ERANGE beyond 16
 * vCPU or 120 GiB. */
int plan_fargate_size(
    double vcpus, double memory_mib, unsigned *cpu_units, unsigned *memory_mib_out);
