/* Looking things up for a row: physical ids in the engine's resources, what the planner noted of a
 * service in the template's Metadata, and the containers of its task definition as deployed. */
#include "engine/run/status_reader.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

const char *status_physical(const struct status_reader *r, const char *logical_id)
{
    return json_string_value(json_object_get(r->resources, logical_id));
}

/* What the planner noted of the service in the template's Metadata. */
static const json_t *note_of(const struct status_reader *r, const char *service)
{
    return json_object_get(json_at(r->template, "Metadata.Defang.services"), service);
}

/* An output of the stack where the address is known only there, else the planner's word. */
static char *endpoint_of(const struct status_reader *r, const char *service)
{
    const json_t *note = note_of(r, service);
    const char *output = json_str(note, "endpointOutput");
    const char *value = output ? json_str(r->outputs, output) : NULL;

    return xstrdup_null(value ? value : json_str(note, "endpoint"));
}

char *status_deployment(const struct status_reader *r, const char *service)
{
    return xstrdup_null(json_str(note_of(r, service), "deployment"));
}

const json_t *status_containers(const struct status_reader *r, const char *service)
{
    cleanup_free char *group = xasprintf("service/%s", service);
    const char *id;
    json_t *resource;

    json_object_foreach(json_object_get(r->template, "Resources"), id, resource) {
        bool is_definition = text_eq(json_str(resource, "Type"), "AWS::ECS::TaskDefinition");
        if (is_definition && text_eq(json_str(resource, "Metadata.Group"), group))
            return json_at(resource, "Properties.ContainerDefinitions");
    }

    return NULL;
}

char *status_health_text(unsigned healthy, unsigned total)
{
    if (healthy == total)
        return xstrdup("healthy");
    return xasprintf("%u of %u healthy", healthy, total);
}

struct flow_service_status *
status_row_add(struct status_reader *r, const char *service, const char *kind)
{
    struct flow_service_status row = {
        .name = xstrdup(service),
        .kind = xstrdup(kind),
        .deployment = status_deployment(r, service),
        .endpoint = endpoint_of(r, service)};

    vec_push(&r->rows, row);
    return vec_last(&r->rows);
}

/* A project may run in a cluster that its stack does not hold: the ARN names it. */
char *status_cluster_of(const char *service_arn)
{
    const char *at = service_arn ? strstr(service_arn, ":service/") : NULL;
    const char *name = at ? at + strlen(":service/") : NULL;
    const char *slash = name ? strchr(name, '/') : NULL;

    return slash ? xstrndup(name, (size_t)(slash - name)) : NULL;
}
