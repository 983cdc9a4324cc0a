/* Dockerfiles: what stands before the first NUL. Whatever the text is, it is read and judged within
 * bounds; what is taken for an instruction has a place in the text, in order, and every error has a
 * message. */
#include "base/limits.h"
#include "base/mem.h"
#include "dockerfile/dockerfile.h"
#include "fuzz.h"

#include <string.h>

static bool in_folder(void *arg, const char *path)
{
    (void)arg;
    return strlen(path) % 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct dockerfile_path paths[] = {{"a", NULL}, {"b/c", NULL}, {"d", "b"}};
    static const struct dockerfile_arg args[] = {{"X", "1"}, {"Y", NULL}};
    const struct dockerfile_context context = {
        .paths = paths, .len = ARRAY_LEN(paths), .in_folder = in_folder};
    const struct dockerfile_build build = {
        .args = args, .arg_count = ARRAY_LEN(args), .context = &context};
    cleanup_arena struct arena *a = arena_new();
    struct dockerfile_findings f = {.arena = a};
    struct dockerfile_image image;
    struct dockerfile d;
    unsigned last = 0;

    dockerfile_parse((const char *)data, size, &d, &f);
    for (size_t i = 0; i < d.len; i++) {
        fuzz_require(d.items[i].line > last && d.items[i].end_line >= d.items[i].line);
        last = d.items[i].end_line;
    }
    for (size_t i = 0; i < d.stage_count; i++)
        fuzz_require(d.stages[i].first <= d.stages[i].end && d.stages[i].end <= d.len);
    fuzz_require(d.stage_count || f.errors);

    dockerfile_judge(&d, &build, &image, &f);
    fuzz_require(f.len <= LIMIT_DOCKERFILE_FINDINGS && image.port_count <= LIMIT_DOCKERFILE_PORTS);
    for (size_t i = 0; i < f.len; i++)
        fuzz_require(*f.items[i].message && *f.items[i].rule);

    return 0;
}
