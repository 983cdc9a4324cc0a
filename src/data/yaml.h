/* YAML: libyaml's events as nodes with positions. Anchors and aliases are resolved (an alias is the
 * same node shared), merge keys
 * (`<<`, a map or a list of maps) are applied, duplicate keys are an error, recursion of aliases
 * too. Bounded by LIMIT_YAML_*; the count of nodes is taken after expansion, so that alias bombs
 * are refused in milliseconds. Scalars keep their text and whether they were plain: types are
 * resolved late (after interpolation) by yaml_scalar_type(). Everything lives in the caller's
 * arena. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>

enum yaml_kind { YAML_KIND_SCALAR, YAML_KIND_SEQUENCE, YAML_KIND_MAPPING };

enum yaml_type { YAML_TYPE_NULL, YAML_TYPE_BOOL, YAML_TYPE_INT, YAML_TYPE_FLOAT, YAML_TYPE_STRING };

struct yaml_pos {
    const char *file;      /* as given to yaml_parse */
    unsigned line, column; /* 1-based */
};

struct yaml_pair {
    struct yaml_node *key; /* scalar */
    struct yaml_node *value;
};

struct yaml_node {
    enum yaml_kind kind;
    struct yaml_pos pos;
    const char *tag;   /* explicit tag ("!reset", "!!str" as "tag:yaml.org,2002:str") or NULL */
    const char *value; /* scalar text */
    bool plain;        /* scalar without quotes and not a block scalar */
    bool filled;       /* set by the Compose loader: a variable gave the text, or a part of it */

    union {
        struct yaml_node **items; /* sequence */
        /* scalar: free for who walks the tree, to remember what `memo` is of */
        const void *memo_of;
    };

    union {
        struct yaml_pair *pairs; /* mapping, in document order, merged keys after own ones */
        const void *memo;
    };

    size_t len;
    size_t cap;           /* private: room in items or pairs */
    struct strmap *index; /* private: key → pair, kept for long mappings only */
};

/* Every document, empty ones left out; 0 roots for an empty file. Compose merges the documents of a
 * file in order. */
int yaml_parse_all(
    struct arena *arena,
    const char *file,
    const char *text,
    size_t n,
    struct yaml_node ***roots,
    size_t *count,
    struct error *err);
/* The first document; more than one is an error unless all but one are empty. An empty file gives
 * *root = NULL. */
int yaml_parse(
    struct arena *arena,
    const char *file,
    const char *text,
    size_t n,
    struct yaml_node **root,
    struct error *err);
/* NULL when missing or not a map. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* YAML 1.2 core schema plus what the Compose reference loader takes (yes/no stay strings; 0o17,
 * 0x1f, .inf, ~). */
enum yaml_type yaml_scalar_type(const struct yaml_node *scalar);
#define YAML_DIGITS_MAX 24                    /* a sign, 20 digits, the end */
bool yaml_is_null(const struct yaml_node *n); /* plain null, ~, empty; or NULL pointer */
/* Values of plain scalars, in the notations above; 0 or -EINVAL / -ERANGE. A float takes an integer
 * too. */
int yaml_scalar_int(const struct yaml_node *scalar, long long *value);
/* A whole number from -2^63 to 2^64-1 as decimal digits; false for anything else. One above 2^63-1
 * is of YAML_TYPE_INT too, but yaml_scalar_int() gives -ERANGE. */
bool yaml_scalar_digits(const struct yaml_node *scalar, char out[YAML_DIGITS_MAX]);
int yaml_scalar_float(const struct yaml_node *scalar, double *value);
bool yaml_scalar_bool(const struct yaml_node *scalar); /* true only for a plain true */
/* Building, for merges. */
struct yaml_node *
yaml_new_scalar(struct arena *arena, struct yaml_pos pos, const char *value, bool plain);
struct yaml_node *yaml_new_mapping(struct arena *arena, struct yaml_pos pos);
struct yaml_node *yaml_new_sequence(struct arena *arena, struct yaml_pos pos);
void yaml_map_set(
    struct arena *arena,
    struct yaml_node *map,
    struct yaml_node *key,
    struct yaml_node *value); /* replaces or appends */
bool yaml_map_remove(struct yaml_node *map, const char *key);
void yaml_seq_push(struct arena *arena, struct yaml_node *seq, struct yaml_node *item);
/* A copy of the node alone: items and pairs are shared with the original, the arrays that hold them
 * are not. */
struct yaml_node *yaml_copy_shallow(struct arena *arena, const struct yaml_node *n);
struct yaml_node *yaml_copy_deep(struct arena *arena, const struct yaml_node *n);
bool yaml_equal(
    const struct yaml_node *a,
    const struct yaml_node *b); /* kinds, types, values; mappings in any order */
