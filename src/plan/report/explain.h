/* What becomes of each key of a project: the resource and property it turned into, or why it is
 * left out. Drawn from one table (explain_table.c), which the tests hold against the planner's
 * templates: a row that names a resource is wrong when the template has none of it. */
#pragma once

#include "plan/plan.h"

enum explain_effect {
    EXPLAIN_BECOMES, /* stands in a resource */
    EXPLAIN_READ,    /* decides something, but stands in no resource as it is */
    EXPLAIN_IGNORED,
    EXPLAIN_REFUSED,
    EXPLAIN_UNKNOWN, /* the table has no row: a mistake of ours */
};

struct explain_resource {
    const char *logical_id, *type;
};

struct explain_line {
    const char *service; /* "" for keys of the project */
    const char *key;     /* "deploy.replicas", "ports[0]" */
    const char *value; /* as it stands, cut; "" for what has no short form. Config stays ${NAME} */
    enum explain_effect effect;
    const char *property; /* "ContainerDefinitions.Command", "" */
    const char *text;     /* of the table */
    const char *note;     /* what the checks say of this place, or "" */
    const struct explain_resource *resources;
    size_t resource_count;
    struct yaml_pos pos;
};

struct explain {
    struct explain_line *lines;
    size_t len;
};

/* All keys, in the order of the files' tree: the project's own first, then by service. `service`
 * NULL: all. Needs no account: it is planned as for one made up. What the checks say goes into d.
 * -ENOENT when there is no such service. In `arena`. */
int plan_explain(
    struct arena *arena,
    const struct compose_project *p,
    const struct plan_settings *s,
    const char *service,
    struct compose_diagnostics *d,
    struct explain *out,
    struct error *err);

/* "becomes", "read", "ignored", "refused", "unknown". */
const char *explain_effect_name(enum explain_effect e);

/* ---- the table (explain_table.c) ---- */
enum { /* kinds of services a row is about */
       EXPLAIN_CONTAINER = 1,
       EXPLAIN_POSTGRES = 2,
       EXPLAIN_REDIS = 4,
       EXPLAIN_MONGODB = 8,
       EXPLAIN_STATIC = 16,
       EXPLAIN_STORE = EXPLAIN_POSTGRES | EXPLAIN_REDIS | EXPLAIN_MONGODB,
       EXPLAIN_ANY = 31,
       EXPLAIN_EACH = 64, /* a line for each item of the list or mapping */
};

struct explain_row {
    const char *path; /* "deploy.replicas"; of the project: "/networks" */
    unsigned kinds;
    enum explain_effect effect;
    const char *types; /* blank-separated; those that the project has are named; "" for none */
    const char *group; /* where they are: NULL is the service's own; "*" is anywhere */
    const char *property, *text;
};

const struct explain_row *explain_rows(size_t *count);
