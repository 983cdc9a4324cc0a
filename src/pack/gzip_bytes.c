/* gzip in memory, by zlib. What comes in may be anybody's: it is unpacked in steps, and no step
 * goes beyond the bound, so that a small bomb stays small. One member; what follows it is an
 * error, because nobody here writes such. */
#include "pack/gzip_bytes.h"

#include "base/mem.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib's largest window; 16 more means gzip's frame */
#define STEP_BYTES  ((size_t)64 << 10)

static void check_begun(int rc)
{
    if (rc != Z_OK) /* memory, or a zlib that is not the one of its header */
        abort();
}

void gzip_bytes(const void *data, size_t n, struct str *out)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)n};
    uint8_t step[4096];
    int rc;

    check_begun(
        deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 9, Z_DEFAULT_STRATEGY));
    do {
        z.next_out = step;
        z.avail_out = sizeof step;
        rc = deflate(&z, Z_FINISH);
        str_append_bytes(out, step, sizeof step - z.avail_out);
    } while (rc == Z_OK);
    deflateEnd(&z);
}

int gunzip_bytes(const void *data, size_t n, size_t max_bytes, struct str *out)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)n};
    uint8_t *step = xmalloc(STEP_BYTES);
    size_t done = 0;
    int rc;

    check_begun(inflateInit2(&z, GZIP_WINDOW));
    do {
        z.next_out = step;
        z.avail_out = STEP_BYTES;
        rc = inflate(&z, Z_NO_FLUSH);

        size_t got = STEP_BYTES - z.avail_out;
        done += got;
        if (done > max_bytes)
            break;
        str_append_bytes(out, step, got);
    } while (rc == Z_OK);

    bool whole = rc == Z_STREAM_END && z.avail_in == 0;
    inflateEnd(&z);
    free(step);
    if (done > max_bytes)
        return -EMSGSIZE;
    return whole ? 0 : -EBADMSG;
}
