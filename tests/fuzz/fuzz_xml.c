/* XML: no crash, and the tree hangs together: parents, order and bounds. */
#include "base/limits.h"
#include "base/mem.h"
#include "data/xml.h"
#include "fuzz.h"
#include <string.h>

static void check(const struct xml_node *n, size_t depth)
{
    fuzz_require(depth <= LIMIT_XML_DEPTH && n->name && n->text);
    for (const struct xml_attr *a = n->attrs; a; a = a->next)
        fuzz_require(a->name && a->value);
    for (const struct xml_node *c = n->first; c; c = c->next) {
        fuzz_require(c->parent == n);
        fuzz_require(xml_child(n, c->name) != NULL);
        check(c, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_arena struct arena *arena = arena_new();
    struct xml_node *root = NULL;
    struct error err = ERROR_INIT;
    if (xml_parse(arena, (const char *)data, size, &root, &err) != 0) {
        fuzz_require(error_is_set(&err));
        error_done(&err);
        return 0;
    }
    fuzz_require(root && !root->parent && !root->next);
    check(root, 1);
    (void)xml_text(root, "Error/Code");
    return 0;
}
