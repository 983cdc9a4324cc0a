/* Records of failures in the bucket, where anybody may have written who may write there: no crash,
 * and what becomes a line of a log has all that a line has. */
#include "base/arena.h"
#include "data/json.h"
#include "engine/run/kept.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *doc = NULL;

    if (json_parse((const char *)data, size, &doc, NULL) < 0)
        return 0;

    struct arena *arena = arena_new();
    struct kept_lines lines = {0};
    struct flow_log_query q = {.run = true};

    kept_lines_of(arena, json_object_get(doc, "items"), &q, true, &lines);
    kept_lines_of(arena, json_object_get(doc, "items"), &q, false, &lines);
    kept_lines_end(arena, json_str_or(doc, "state", "FAILED"), json_str(doc, "message"), 0, &lines);
    for (size_t i = 0; i < lines.len; i++) {
        const struct engine_log *l = &lines.items[i];
        fuzz_require(l->service && l->source && l->host && l->text);
    }
    kept_lines_done(&lines);
    arena_free(arena);
    json_decref(doc);
    return 0;
}
