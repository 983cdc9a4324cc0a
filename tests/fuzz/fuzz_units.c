/* Durations and command lines of Compose files: what is read as a duration is printed as one that
 * reads the same; a command line has no more words than characters. */
#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/units.h"
#include "fuzz.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_free char *text = xstrndup((const char *)data, size);
    cleanup_str struct str printed = STR_INIT;
    struct arena *arena = arena_new();
    const char **words = NULL;
    size_t count = 0;
    int64_t ns, again;

    if (units_parse_duration_ns(text, &ns) == 0 && ns >= 0) {
        units_format_duration_ns(ns, &printed);
        fuzz_require(units_parse_duration_ns(str_get(&printed), &again) == 0 && again == ns);
    }
    if (units_split_words(arena, text, &words, &count) >= 0) {
        fuzz_require(count <= size + 1);
        for (size_t i = 0; i < count; i++)
            fuzz_require(strlen(words[i]) <= size);
    }
    arena_free(arena);
    return 0;
}
