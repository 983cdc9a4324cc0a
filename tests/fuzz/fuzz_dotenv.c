/* dotenv: no crash; names are names, lines stand inside the file; an error names a line. */
#include "compose/read/dotenv.h"
#include "fuzz.h"
#include <string.h>

static const char *lookup(void *arg, const char *name)
{
    return name[0] == 'S' ? "shell $X" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int raw = 0; raw < 2; raw++) {
        cleanup_arena struct arena *arena = arena_new();
        const char *text = arena_strndup(arena, (const char *)data, size);
        struct error err = ERROR_INIT;
        struct dotenv d;
        if (dotenv_parse(arena, "f", text, raw != 0, lookup, NULL, &d, &err) != 0) {
            fuzz_require(err.kind == ERR_USAGE && err.line >= 1 && err.line <= size + 1);
            error_done(&err);
            continue;
        }
        for (size_t i = 0; i < d.len; i++) {
            fuzz_require(d.items[i].name[0] && !strpbrk(d.items[i].name, " \t\n=:"));
            fuzz_require(d.items[i].pos.line >= 1 && d.items[i].pos.line <= size + 1);
        }
    }
    return 0;
}
