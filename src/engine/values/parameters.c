#include "engine/values/parameters.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define NAMES_A_CALL 10 /* DeleteParameters */

int parameters_prune(
    struct engine_context *c,
    const char *root,
    bool (*keep)(const void *arg, const char *name),
    const void *arg,
    struct error *err)
{
    cleanup_json json_t *items = NULL;
    json_t *in = json_pack(
        "{s:[{s:s,s:s,s:[s]}]}",
        "ParameterFilters",
        "Key",
        "Name",
        "Option",
        "BeginsWith",
        "Values",
        root);
    int rc = engine_call_all(c, &aws_ssm_DescribeParameters, in, &items, err);
    if (rc < 0)
        return error_wrap(err, "listing the parameters under %s", root);
    json_t *names = json_array();
    for (size_t i = 0; i <= json_array_size(items) && rc == 0; i++) {
        const char *name = json_str(json_array_get(items, i), "Name");
        if (name && text_starts(name, root) && !keep(arg, name))
            json_array_append_new(names, json_string(name));
        bool last = i == json_array_size(items);
        if (!json_array_size(names) || (!last && json_array_size(names) < NAMES_A_CALL))
            continue;
        rc = engine_call(
            c, &aws_ssm_DeleteParameters, json_pack("{s:o}", "Names", names), NULL, err);
        names = json_array();
    }
    json_decref(names);
    return rc < 0 ? error_wrap(err, "removing parameters under %s", root) : 0;
}
