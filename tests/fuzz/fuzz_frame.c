/* Frames: any bytes, cut anywhere, give the same frames; what decodes encodes to a frame that
 * decodes to the same; memory follows what came, not what was announced. The first byte says how
 * the rest is cut. */
#include "base/mem.h"
#include "fuzz.h"
#include "rpc/frame.h"
#include <string.h>

#define MAX_BYTES 4096

struct outcome {
    unsigned frames;
    size_t bytes;
    int rc;
};

static void check_frame(const uint8_t *message, size_t n)
{
    struct error err = ERROR_INIT;
    Defang__Frame *f = frame_decode(message, n, &err);
    if (!f) {
        fuzz_require(error_is_set(&err));
        error_done(&err);
        return;
    }
    cleanup_str struct str out = STR_INIT;
    fuzz_require(frame_encode(&out, f, SIZE_MAX, NULL) == 0);
    Defang__Frame *again = frame_decode(
        (const uint8_t *)out.data + FRAME_HEADER_BYTES, out.len - FRAME_HEADER_BYTES, NULL);
    fuzz_require(again && again->call_id == f->call_id && again->body_case == f->body_case);
    cleanup_str struct str twice = STR_INIT;
    fuzz_require(frame_encode(&twice, again, SIZE_MAX, NULL) == 0);
    fuzz_require(twice.len == out.len && memcmp(twice.data, out.data, out.len) == 0);
    if (f->body_case == DEFANG__FRAME__BODY_ERROR) {
        struct error there = ERROR_INIT;
        fuzz_require(frame_error_to(f->error, &there) < 0 && error_is_set(&there));
        error_done(&there);
    }
    defang__frame__free_unpacked(f, NULL);
    defang__frame__free_unpacked(again, NULL);
}

static struct outcome decode(const uint8_t *data, size_t size, size_t step, bool check)
{
    struct outcome o = {0};
    struct frame_decoder d;
    frame_decoder_init(&d, MAX_BYTES);
    const uint8_t *message;
    size_t n;
    while (size > 0 && o.rc == 0) {
        size_t room;
        void *to = frame_decoder_space(&d, &room);
        size_t part = MIN(step, size);
        part = MIN(part, room);
        memcpy(to, data, part);
        frame_decoder_filled(&d, part);
        data += part;
        size -= part;
        while ((o.rc = frame_decoder_next(&d, &message, &n, NULL)) > 0) {
            fuzz_require(n <= MAX_BYTES);
            o.frames++;
            o.bytes += n;
            if (check)
                check_frame(message, n);
        }
        fuzz_require(d.cap <= 4 * MAX_BYTES);
    }
    frame_decoder_done(&d);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct outcome pieces = decode(data + 1, size - 1, (size_t)data[0] % 63 + 1, true);
    struct outcome whole = decode(data + 1, size - 1, SIZE_MAX, false);
    fuzz_require(
        pieces.frames == whole.frames && pieces.bytes == whole.bytes && pieces.rc == whole.rc);
    return 0;
}
