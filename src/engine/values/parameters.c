#include "engine/values/parameters.h"

#include "aws/model/operations.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

#define NAMES_A_CALL 10 /* DeleteParameters */

json_t *parameters_under(const char *path)
{
    json_t *filter =
        object(key("Key", "Name"), key("Option", "BeginsWith"), key("Values", texts(path)));
    return object(key("ParameterFilters", array(filter)));
}

/* By tens, as many as one call takes; the last round of the loop sends the rest. */
int parameters_prune(
    struct engine_context *c,
    const char *root,
    bool (*keep)(const void *arg, const char *name),
    const void *arg,
    struct error *err)
{
    cleanup_json json_t *items = NULL;

    int rc = engine_call_all(c, &aws_ssm_DescribeParameters, parameters_under(root), &items, err);
    if (rc < 0)
        return error_wrap(err, "listing the parameters under %s", root);

    json_t *names = json_array();

    for (size_t i = 0; i <= json_array_size(items) && rc == 0; i++) {
        const char *name = json_str(json_array_get(items, i), "Name");
        if (name && text_starts(name, root) && !keep(arg, name))
            json_push(names, json_of(name));

        bool last = i == json_array_size(items);
        if (!json_array_size(names) || (!last && json_array_size(names) < NAMES_A_CALL))
            continue;
        rc = engine_call(c, &aws_ssm_DeleteParameters, object(key("Names", names)), NULL, err);
        names = json_array();
    }

    json_decref(names);
    return rc < 0 ? error_wrap(err, "removing parameters under %s", root) : 0;
}
