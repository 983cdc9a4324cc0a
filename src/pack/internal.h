/* Shared inside src/pack only. */
#pragma once

#include "pack/pack.h"

int pack_path_order(const char *a, const char *b);
bool pack_path_below(const char *path, const char *dir);

static inline bool pack_canceled(const struct pack_options *o)
{
    return o->canceled && atomic_load_explicit(o->canceled, memory_order_relaxed);
}

/* gzip to a file descriptor, hashed and counted on the way. Calls return 0 or a negative errno:
 * -EFBIG when the limit is passed, else that of write(2). */
struct gzip;
struct gzip *gzip_new(int fd, uint64_t limit_bytes);
void gzip_free(struct gzip *g);
int gzip_write(struct gzip *g, const void *data, size_t n);
int gzip_finish(struct gzip *g, uint8_t sha256[SHA256_BYTES], uint64_t *bytes);

/* The header of one tar entry, with a pax header before it where ustar has no room. */
int tar_header(struct gzip *g, const struct pack_entry *e, uint64_t size);
int tar_pad(struct gzip *g, uint64_t size); /* to the end of the block */
int tar_end(struct gzip *g);

/* ---- secrets.c ---- */

/* Names of the first files of the list that hold passwords or keys; malloc'd, with its texts. Reads
 * small files whose name alone does not tell. */
struct pack_list;
char **pack_secret_files(const struct pack_list *list, size_t *count);
