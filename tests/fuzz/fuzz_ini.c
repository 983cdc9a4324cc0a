/* INI: no crash; names are unique, keys lower-case, lines inside the file; an error names a line.
 */
#include "base/mem.h"
#include "data/ini.h"
#include "fuzz.h"
#include <string.h>

static void
check(struct arena *arena, const struct ini_file *f, const struct ini_section *s, size_t lines)
{
    fuzz_require(s->name[0] && s->line >= 1 && s->line <= lines);
    for (const struct ini_section *t = s->next; t; t = t->next)
        fuzz_require(strcmp(s->name, t->name) != 0);
    for (const struct ini_entry *e = s->entries; e; e = e->next) {
        struct ini_entry *nested;
        fuzz_require(
            e->key[0] && e->value && e->line >= 1 && e->line <= lines && ini_get(s, e->key) == e);
        if (ini_nested(arena, f, e, &nested, NULL) == 0)
            for (; nested; nested = nested->next)
                fuzz_require(
                    nested->key && nested->value && nested->line > e->line &&
                    nested->line <= lines);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_arena struct arena *arena = arena_new();
    struct ini_file f;
    struct error err = ERROR_INIT;
    size_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n' || data[i] == '\r';
    if (ini_parse(arena, "config", (const char *)data, size, &f, &err) != 0) {
        fuzz_require(err.kind == ERR_AUTH && err.line >= 1 && err.line <= lines);
        error_done(&err);
        return 0;
    }
    for (const struct ini_section *s = f.sections; s; s = s->next)
        check(arena, &f, s, lines);
    return 0;
}
