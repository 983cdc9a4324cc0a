/* Pulumi's state: which providers it needs, which resources it holds.
 *
 * Format: the checkpoint of Pulumi's DIY backend, "checkpoint.latest.resources". A resource is
 * known by its URN, whose last part is the name that the program gave it: our logical id. */
#include "engine/pulumi/checkpoint.h"

#include "base/mem.h"
#include "base/str.h"
#include "plan/pulumi/pulumi.h"

#include <string.h>

static const json_t *resources_of(const json_t *checkpoint)
{
    return json_at(checkpoint, "checkpoint.latest.resources");
}

char *pulumi_plugins(const json_t *checkpoint, bool builds)
{
    struct str out = STR_INIT;
    str_appendf(&out, "aws=%s", PLAN_PULUMI_AWS_VERSION);
    if (builds)
        str_appendf(&out, " command=%s", PLAN_PULUMI_COMMAND_VERSION);
    size_t i;
    json_t *r;

    json_array_foreach(resources_of(checkpoint), i, r) {
        const char *type = json_str_or(r, "type", "");
        const char *version = json_str(r, "inputs.version");

        if (!text_starts(type, "pulumi:providers:") || text_empty(version))
            continue;
        cleanup_free char *spec = xasprintf("%s=%s", type + strlen("pulumi:providers:"), version);
        bool clean = strspn(spec, "abcdefghijklmnopqrstuvwxyz-=0123456789.") == strlen(spec);

        if (clean && !strstr(str_get(&out), spec)) /* it goes into a shell's words */
            str_appendf(&out, " %s", spec);
    }

    return str_take(&out);
}

json_t *pulumi_physical_ids(const json_t *checkpoint)
{
    /* Where the provider's id is not what CloudFormation calls the physical id. */
    static const struct {
        const char *type, *output;
    } other[] = {
        {"aws:rds/instance:Instance", "outputs.identifier"},
        {"aws:docdb/cluster:Cluster", "outputs.clusterIdentifier"},
    };

    json_t *ids = json_object();
    size_t i;
    json_t *r;

    json_array_foreach(resources_of(checkpoint), i, r) {
        const char *urn = json_str_or(r, "urn", ""), *name = strrchr(urn, ':');
        const char *id = json_str(r, "id");

        for (size_t k = 0; k < ARRAY_LEN(other); k++)
            if (text_eq(other[k].type, json_str(r, "type")) && json_str(r, other[k].output))
                id = json_str(r, other[k].output);
        if (name && id)
            json_object_set_new(ids, name + 1, json_string(id));
    }

    return ids;
}
