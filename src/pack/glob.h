/* One pattern of an ignore file, compiled. Matching takes time in proportion to pattern times path,
 * whatever the pattern. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct glob;

struct glob *glob_compile(const char *pattern); /* NULL: the pattern is malformed */
void glob_free(struct glob *g);
bool glob_match(struct glob *g, const char *path);
/* The text that everything it matches starts with; borrowed, maybe empty. */
const char *glob_head(const struct glob *g, size_t *len);
