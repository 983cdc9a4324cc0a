/* What plan_tool prints, to standard output, for tests in Python to read; diagnostics and errors go
 * to standard error. */
#pragma once

#include "plan/plan.h"

/* The file's content; the program ends with 2 when it is no JSON. */
json_t *load_json(const char *path);

/* `who` before the text; resets err. 1, the exit status. */
int print_error(const char *who, struct error *err);

/* file:line:column: severity: message | hint */
void print_diagnostics(const struct compose_diagnostics *d);

/* The template; 0, or 1 when graph_check() refuses it. */
int print_graph(const struct graph *g, bool indent);

/* Of each type "known" or "unknown" to the table of effects, and what its going means. */
void print_effects(char **types);

/* A line a loss: kind, name, logical id, line of the file, what it is because of, text; tabs. */
void print_losses(struct arena *a, const struct plan_request *r, const struct graph *g);

/* The names, then the template that makes room; nothing when nothing clashes. */
int print_room(struct arena *a, const json_t *previous, const struct graph *g, bool indent);

/* type, path and "replace" or "may replace", with tabs between */
void print_replace_table(void);

/* A JSON list; gives each build an upload's key. */
void print_builds(
    struct arena *a, const struct plan_request *r, struct plan_build *b, size_t count);

/* A line a change: sign, group, id, type, properties, what becomes of the resource. */
void print_diff(const char *old_path, const struct graph *g);

/* {"template", "yaml", "config", "script", "notes", "builds"}; `how` is "engine" or "eject". */
int print_pulumi(
    struct arena *a,
    const char *how,
    struct plan_request *r,
    struct plan_build *b,
    size_t count,
    struct error *err);

/* How many stages there are; then the one-offs: stage, name, hash, and who waits. */
void print_stages(struct arena *a, const struct plan_request *r, const struct graph *g);
