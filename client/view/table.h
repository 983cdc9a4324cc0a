/* A table for people: columns as wide as their widest cell, on stdout. */
#pragma once

#include <stddef.h>

struct table;

/* `titles` has `columns` of them, and every row has as many cells. */
struct table *table_new(size_t columns, const char *const *titles);
void table_row(struct table *t, const char *const *cells); /* copied and cleaned; NULL = "" */
void table_print(struct table *t);                         /* and frees */
