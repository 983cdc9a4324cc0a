/* Names of images: one that is read can be written, and reads as the same again. */
#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/image.h"
#include "fuzz.h"

static bool same(const char *a, const char *b)
{
    return text_eq(a ? a : "", b ? b : "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_free char *text = xstrndup((const char *)data, size);
    struct arena *arena = arena_new();
    struct image_name name, again;

    if (image_name_parse(arena, text, &name, NULL) == 0) {
        const char *whole = image_name_text(arena, &name, name.digest);

        fuzz_require(image_name_parse(arena, whole, &again, NULL) == 0);
        fuzz_require(same(name.registry, again.registry) && same(name.path, again.path));
        fuzz_require(same(name.tag, again.tag) && same(name.digest, again.digest));
    }
    arena_free(arena);
    return 0;
}
