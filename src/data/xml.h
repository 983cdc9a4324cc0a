/* XML: a small bounded tree over expat, for AWS replies. DTDs and entities are refused; depth,
 * nodes and size are bounded (LIMIT_XML_*); namespaces prefixes are cut off (local names).
 * Everything lives in the caller's arena. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include <stddef.h>

struct xml_attr {
    const char *name, *value;
    struct xml_attr *next;
};

struct xml_node {
    const char *name; /* local name */
    const char *text; /* all character data directly inside, joined; never NULL */
    struct xml_attr *attrs;
    struct xml_node *first, *next, *parent;
};

int xml_parse(
    struct arena *arena, const char *text, size_t n, struct xml_node **root, struct error *err);
/* The first child of that name, or NULL; n may be NULL. */
struct xml_node *xml_child(const struct xml_node *n, const char *name);
/* The next sibling of that name. */
struct xml_node *xml_next(const struct xml_node *n, const char *name);
struct xml_node *xml_path(const struct xml_node *n, const char *path); /* "Error/Code" */
/* NULL when missing; path NULL = n itself. */
const char *xml_text(const struct xml_node *n, const char *path);
const char *xml_attr_get(const struct xml_node *n, const char *name);
