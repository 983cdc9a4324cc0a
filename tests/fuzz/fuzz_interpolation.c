/* Interpolation: no crash; what comes out, printed, expands to itself again; a failure says what
 * failed. */
#include "base/str.h"
#include "compose/template.h"
#include "fuzz.h"
#include <string.h>

static const char *lookup(void *arg, const char *name)
{
    return name[0] == 'V' ? "value" : name[0] == 'E' ? "" : name[0] == 'D' ? "$V ${" : NULL;
}

static const char *nothing(void *arg, const char *name)
{
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_arena struct arena *arena = arena_new();
    const char *text = arena_strndup(arena, (const char *)data, size), *out, *again,
               *problem = NULL;
    if (!text_utf8_valid(
            text, strlen(text))) /* texts come from YAML and dotenv, which refuse such bytes */
        return 0;
    if (template_expand(arena, text, lookup, NULL, &out, &problem) != 0) {
        fuzz_require(problem && *problem);
        return 0;
    }
    cleanup_str struct str printed = STR_INIT;
    template_print(&printed, out);
    fuzz_require(template_expand(arena, str_get(&printed), nothing, NULL, &again, &problem) == 0);
    fuzz_require(strcmp(again, out) == 0);
    struct compose_text parts = template_to_text(arena, out, (struct yaml_pos){0});
    for (const struct compose_part *p = parts.first; p; p = p->next)
        fuzz_require(p->text[0] && (!p->is_config || template_is_name(p->text)));
    fuzz_require(!template_has_parts(template_drop_parts(arena, out)));
    return 0;
}
