/* An id names the file and the case: "FILE ID", or where the case has none "FILE SUITE#i.k". By it
 * a case is left out (exceptions.h). The model of a suite lives as long as its cases run. */
#include "vectors/protocol_cases.h"
#include "base/mem.h"
#include "base/str.h"
#include "vectors/exceptions.h"

typedef void case_fn(struct vectors *v, struct model_loader *m, const char *id, const json_t *c);

static char *
id_of(const char *file, const json_t *suite, size_t suite_index, const json_t *c, size_t case_index)
{
    const char *id = json_str(c, "id"), *description = json_str_or(suite, "description", "?");

    return id ? xasprintf("%s %s", file, id)
              : xasprintf("%s %s#%zu.%zu", file, description, suite_index, case_index);
}

static void run_file(struct vectors *v, const char *folder, const char *name, case_fn *run)
{
    cleanup_free char *relative = xasprintf("%s/%s", folder, name);
    cleanup_json json_t *suites = vectors_json(relative);
    json_t *suite, *c;
    size_t i, k;

    json_array_foreach(suites, i, suite) {
        cleanup_arena struct arena *arena = arena_new();
        struct model_loader m;

        model_loader_init(
            &m, arena, json_object_get(suite, "metadata"), json_object_get(suite, "shapes"));
        json_array_foreach(json_object_get(suite, "cases"), k, c) {
            cleanup_free char *id = id_of(relative, suite, i, c, k);
            const char *reason = exception_reason(id);

            if (reason)
                vectors_not_applicable(v, id, reason);
            else
                run(v, &m, id, c);
        }
    }
}

int protocol_cases_run(const char *direction, case_fn *run)
{
    static const char *const parents[] = {"protocol-tests", "protocol-tests/legacy"};
    cleanup_free char *title = xasprintf("protocol %s", direction);
    struct vectors v = {.name = title};

    for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
        cleanup_free char *folder = xasprintf("%s/%s", parents[i], direction);
        char **names = vectors_list(folder);

        for (char **n = names; *n; n++)
            run_file(&v, folder, *n, run);
        vectors_list_free(names);
    }

    return vectors_end(&v);
}
