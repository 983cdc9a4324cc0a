/* gzip into a file descriptor, bounded, hashed and counted on the way: what goes out is at the
 * same time what the digest is of.
 *
 * The header names no file, no time and no system, as all of these would be in the digest. */
#define ZLIB_CONST /* next_in is not written to */
#include "pack/internal.h"

#include "base/limits.h"
#include "base/mem.h"
#include <errno.h>
#include <unistd.h>
#include <zlib.h>

#define OUT_BYTES KIB(64)
/* Level, window and memory are part of the digest, and so is the build of zlib: another one may
 * pack the same tree to other bytes. The cost is one more build of the image, never a wrong one. */
#define LEVEL  6
#define WINDOW (15 + 16) /* 16: with a gzip wrapper */
#define MEMORY 8

struct gzip {
    z_stream z;
    gz_header header;
    struct digest_stream *digest;
    int fd;
    uint64_t bytes, limit;
    uint8_t out[OUT_BYTES];
};

struct gzip *gzip_new(int fd, uint64_t limit_bytes)
{
    struct gzip *g = xcalloc(1, sizeof *g);

    g->fd = fd;
    g->limit = limit_bytes;
    g->digest = digest_stream_new();
    g->header.os = 255; /* unknown; no name, no time */
    if (deflateInit2(&g->z, LEVEL, Z_DEFLATED, WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK ||
        deflateSetHeader(&g->z, &g->header) != Z_OK)
        abort();
    return g;
}

void gzip_free(struct gzip *g)
{
    if (!g)
        return;
    deflateEnd(&g->z);
    digest_stream_free(g->digest);
    free(g);
}

static int put(struct gzip *g, size_t n)
{
    g->bytes += n;
    if (g->bytes > g->limit)
        return -EFBIG;
    digest_stream_update(g->digest, g->out, n);
    for (const uint8_t *p = g->out; n;) {
        ssize_t done = write(g->fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        p += done;
        n -= (size_t)done;
    }

    return 0;
}

static int pump(struct gzip *g, int flush)
{
    int rc = 0, state;

    do {
        g->z.next_out = g->out;
        g->z.avail_out = sizeof g->out;
        state = deflate(&g->z, flush);
        if (state == Z_STREAM_ERROR)
            abort();
        size_t n = sizeof g->out - g->z.avail_out;
        if (n)
            rc = put(g, n);
    } while (rc == 0 && (flush == Z_FINISH ? state != Z_STREAM_END : g->z.avail_out == 0));
    return rc;
}

int gzip_write(struct gzip *g, const void *data, size_t n)
{
    const uint8_t *p = data;
    int rc = 0;

    while (n && rc == 0) {
        size_t part = MIN(n, MIB(1)); /* zlib counts in unsigned int */
        g->z.next_in = p;
        g->z.avail_in = (unsigned)part;
        rc = pump(g, Z_NO_FLUSH);
        p += part;
        n -= part;
    }

    return rc;
}

int gzip_finish(struct gzip *g, uint8_t sha256[SHA256_BYTES], uint64_t *bytes)
{
    g->z.avail_in = 0;
    int rc = pump(g, Z_FINISH);
    if (rc)
        return rc;

    struct digest_stream *digest = steal(g->digest);
    digest_stream_finish(digest, sha256);
    *bytes = g->bytes;
    return 0;
}
