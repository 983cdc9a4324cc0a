/* YAML: no crash; nodes stand inside the file and inside the bounds, keys are unique and found
 * again; an error has a place. */
#include "base/limits.h"
#include "data/yaml.h"
#include "fuzz.h"
#include <string.h>

static void check(const struct yaml_node *n, unsigned lines, unsigned depth)
{
    fuzz_require(
        depth <= LIMIT_YAML_DEPTH + 1 && n->pos.line >= 1 && n->pos.line <= lines &&
        n->pos.column >= 1);
    if (n->kind == YAML_KIND_SCALAR) {
        long long whole;
        double real;
        enum yaml_type type = yaml_scalar_type(n);
        fuzz_require(n->value && (n->plain || n->tag || type == YAML_TYPE_STRING));
        fuzz_require(n->tag || type != YAML_TYPE_INT || yaml_scalar_int(n, &whole) == 0);
        fuzz_require(n->tag || type != YAML_TYPE_FLOAT || yaml_scalar_float(n, &real) == 0);
    }
    for (size_t i = 0; i < n->len && n->kind == YAML_KIND_SEQUENCE; i++)
        check(n->items[i], lines, depth + 1);
    for (size_t i = 0; i < n->len && n->kind == YAML_KIND_MAPPING; i++) {
        fuzz_require(yaml_get(n, n->pairs[i].key->value) == n->pairs[i].value);
        check(n->pairs[i].value, lines, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_arena struct arena *arena = arena_new();
    struct error err = ERROR_INIT;
    struct yaml_node **roots;
    size_t count;
    if (size > 4096) /* aliases multiply up to the bound: slow under a sanitizer, and nothing new */
        return 0;
    if (yaml_parse_all(arena, "f", (const char *)data, size, &roots, &count, &err) != 0) {
        fuzz_require(err.kind == ERR_USAGE && err.message && err.line >= 1);
        error_done(&err);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        check(roots[i], (unsigned)size + 2, 0);
        fuzz_require(yaml_equal(roots[i], yaml_copy_deep(arena, roots[i])));
    }
    return 0;
}
