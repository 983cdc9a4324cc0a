/* From the normalised tree to the typed model: readers that the parts of a project share.
 * Everything lives in the project's arena. */
#pragma once

#include "compose/model.h"
#include "compose/spec/spec.h"

struct yaml_node *bind_map(const struct yaml_node *n, const char *key); /* NULL unless a mapping */
struct yaml_node *bind_seq(const struct yaml_node *n, const char *key); /* NULL unless a list */
const char *
bind_text(struct arena *a, const struct yaml_node *n, const char *key); /* NULL when not said */
bool bind_bool(const struct yaml_node *n, const char *key);
long long bind_int(const struct yaml_node *n, const char *key, long long fallback);
double bind_float(const struct yaml_node *n, const char *key, double fallback);
int64_t bind_bytes(const struct yaml_node *n, const char *key, int64_t fallback);
int64_t bind_duration_ms(const struct yaml_node *n, const char *key, int64_t fallback);
const char **bind_texts(struct arena *a, const struct yaml_node *seq, size_t *count);
struct compose_env *
bind_env(struct arena *a, const struct yaml_node *map, size_t *count); /* sorted by name */
/* Sorted by key; `map` NULL: none. */
struct compose_kv *bind_pairs(struct arena *a, const struct yaml_node *map, size_t *count);
struct compose_file_ref *
bind_file_refs(struct arena *a, const struct yaml_node *seq, size_t *count); /* seq NULL: none */
struct yaml_node *bind_extensions(struct arena *a, const struct yaml_node *n);
const struct yaml_pair **
bind_sorted(struct arena *a, const struct yaml_node *map); /* map->len pairs, by key */
void bind_service(struct arena *a, const struct yaml_pair *pair, struct compose_service *s);
/* n NULL: nothing is said. */
void bind_healthcheck(struct arena *a, const struct yaml_node *n, struct compose_healthcheck *h);
void bind_expose(struct arena *a, const struct yaml_node *seq, struct compose_service *s);
void bind_service_lists(struct arena *a, const struct yaml_node *n, struct compose_service *s);
/* Fills the typed fields from p->root. */
void bind_project(struct compose_project *p);
