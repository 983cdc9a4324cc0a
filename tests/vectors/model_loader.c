/* A model at run time: the shapes of a suite become the structs that the generated tables are made
 * of, each once, when a case first refers to it; a shape that refers to itself finds its own slot.
 * What the generator writes and what is filled here must mean the same, so both follow the model's
 * words (locationName, flattened, queryName, …) one by one. */
#include "vectors/model_loader.h"
#include "base/mem.h"
#include "base/str.h"
#include <string.h>

struct model_slot {
    const char *name;
    struct aws_shape *shape;
    struct model_slot *next;
};

static const char *text(struct model_loader *m, const json_t *j, const char *key)
{
    return arena_strdup(m->arena, json_string_value(json_object_get(j, key)));
}

static bool flag(const json_t *j, const char *key)
{
    return json_is_true(json_object_get(j, key));
}

static enum aws_protocol protocol_of(const json_t *meta)
{
    const char *name = json_str_or(meta, "protocol", "");

    if (strcmp(name, "query") == 0)
        return AWS_QUERY;
    if (strcmp(name, "ec2") == 0)
        return AWS_EC2_QUERY;
    if (strcmp(name, "rest-xml") == 0)
        return AWS_REST_XML;
    if (strcmp(name, "rest-json") == 0)
        return AWS_REST_JSON;
    return text_eq(json_str(meta, "jsonVersion"), "1.0") ? AWS_JSON_1_0 : AWS_JSON_1_1;
}

void model_loader_init(
    struct model_loader *m, struct arena *arena, const json_t *metadata, const json_t *shapes)
{
    *m = (struct model_loader){
        .arena = arena, .shapes = shapes, .service = arena_make(arena, struct aws_service)};
    m->service->id = json_str_or(metadata, "endpointPrefix", "test");
    m->service->service_id = json_str_or(metadata, "serviceId", "Test");
    m->service->signing_name = "test";
    m->service->api_version = json_str_or(metadata, "apiVersion", "");
    m->service->target_prefix = json_str_or(metadata, "targetPrefix", "");
    m->service->protocol = protocol_of(metadata);
}

static void
read_namespace(struct model_loader *m, const json_t *traits, const char **uri, const char **prefix)
{
    const json_t *ns = json_object_get(traits, "xmlNamespace");

    if (json_is_string(ns)) {
        *uri = json_string_value(ns);
    } else if (json_is_object(ns)) {
        *uri = text(m, ns, "uri");
        *prefix = text(m, ns, "prefix");
    }
}

static enum aws_shape_type type_of(const char *name)
{
    static const struct {
        const char *name;
        enum aws_shape_type type;
    } types[] = {
        {"structure", AWS_STRUCTURE},
        {"list", AWS_LIST},
        {"map", AWS_MAP},
        {"integer", AWS_INTEGER},
        {"long", AWS_LONG},
        {"double", AWS_DOUBLE},
        {"float", AWS_DOUBLE},
        {"boolean", AWS_BOOLEAN},
        {"timestamp", AWS_TIMESTAMP},
        {"blob", AWS_BLOB},
    };

    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    return AWS_STRING;
}

static const struct aws_shape *shape(struct model_loader *m, const char *name);

static enum aws_location location_of(const char *name)
{
    static const char *const names[] = {"uri", "querystring", "header", "headers", "statusCode"};

    for (size_t i = 0; name && i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return (enum aws_location)(AWS_IN_URI + (int)i);
    return AWS_IN_BODY;
}

static void
fill_member(struct model_loader *m, struct aws_member *out, const char *name, const json_t *ref)
{
    const json_t *target = json_object_get(m->shapes, json_str_or(ref, "shape", ""));

    out->name = name;
    out->wire = text(m, ref, "locationName");
    if (!out->wire && json_str(target, "location")) /* the older suite says it at the shape */
        out->wire = text(m, target, "locationName");
    out->shape = shape(m, json_str_or(ref, "shape", "String"));
    out->location = location_of(
        json_str(ref, "location") ? json_str(ref, "location") : json_str(target, "location"));
    out->flattened = flag(ref, "flattened");
    out->xml_attribute = flag(ref, "xmlAttribute");
    out->idempotency_token = flag(ref, "idempotencyToken");
    out->host_label = flag(ref, "hostLabel");
    out->json_value = flag(ref, "jsonvalue");
    out->timestamp_format = text(m, ref, "timestampFormat");
    out->query_name = text(m, ref, "queryName");
    read_namespace(m, ref, &out->xml_namespace, &out->xml_prefix);
}

static struct aws_member *one_member(struct model_loader *m, const char *name, const json_t *ref)
{
    struct aws_member *out = arena_make(m->arena, struct aws_member);

    fill_member(m, out, name, ref);
    return out;
}

static void fill_structure(struct model_loader *m, struct aws_shape *out, const json_t *in)
{
    const json_t *members = json_object_get(in, "members");
    const char *payload = json_str_or(in, "payload", ""), *key;
    struct aws_member *list =
        arena_array(m->arena, struct aws_member, json_object_size(members) + 1);
    const json_t *needed = json_object_get(in, "required");
    json_t *ref, *name;
    size_t i;

    out->members = list;
    json_object_foreach((json_t *)members, key, ref) {
        struct aws_member *it = &list[out->member_count];
        fill_member(m, it, key, ref);
        it->payload = strcmp(payload, key) == 0;
        json_array_foreach(needed, i, name)
            it->required = it->required || text_eq(json_string_value(name), key);
        out->member_count++; /* only now: a shape may contain itself */
    }
}

static const struct aws_shape *shape(struct model_loader *m, const char *name)
{
    const json_t *in = json_object_get(m->shapes, name);

    for (struct model_slot *s = m->slots; s; s = s->next)
        if (strcmp(s->name, name) == 0)
            return s->shape;
    struct model_slot *slot = arena_make(m->arena, struct model_slot);
    struct aws_shape *out = arena_make(m->arena, struct aws_shape);
    *slot = (struct model_slot){arena_strdup(m->arena, name), out, m->slots};
    m->slots = slot;
    out->type = type_of(json_str_or(in, "type", "string"));
    out->name = json_str(in, "locationName") ? json_str(in, "locationName") : slot->name;
    out->flattened = flag(in, "flattened");
    out->document = flag(in, "document");
    out->sparse = flag(in, "sparse");
    out->is_union = flag(in, "union");
    out->streaming = flag(in, "streaming");
    out->timestamp_format = text(m, in, "timestampFormat");
    read_namespace(m, in, &out->xml_namespace, &out->xml_prefix);
    if (out->type == AWS_STRUCTURE)
        fill_structure(m, out, in);
    if (out->type == AWS_LIST)
        out->item = one_member(m, "member", json_object_get(in, "member"));
    if (out->type == AWS_MAP) {
        out->key = one_member(m, "key", json_object_get(in, "key"));
        out->item = one_member(m, "value", json_object_get(in, "value"));
    }
    return out;
}

/* The older suite names the payload where the operation refers to the shape. */
static const struct aws_shape *
with_payload(struct model_loader *m, const struct aws_shape *in, const char *payload)
{
    if (!payload)
        return in;
    struct aws_shape *out = arena_make(m->arena, struct aws_shape);
    struct aws_member *members = arena_array(m->arena, struct aws_member, in->member_count + 1);

    *out = *in;
    for (size_t i = 0; i < in->member_count; i++) {
        members[i] = in->members[i];
        members[i].payload = strcmp(members[i].name, payload) == 0;
    }
    out->members = members;
    return out;
}

const struct aws_operation *model_operation(struct model_loader *m, const json_t *given)
{
    struct aws_operation *op = arena_make(m->arena, struct aws_operation);
    const char *ignored = NULL;

    op->service = m->service;
    op->name = json_str_or(given, "name", "Op");
    op->method = json_str_or(given, "http.method", "POST");
    op->uri = json_str_or(given, "http.requestUri", "/");
    op->host_prefix = json_str(given, "endpoint.hostPrefix");
    op->result_wrapper = json_str(given, "output.resultWrapper");
    if (!op->result_wrapper)
        op->result_wrapper = json_str(
            json_object_get(m->shapes, json_str_or(given, "output.shape", "")), "resultWrapper");
    op->input_name = json_str(given, "input.locationName");
    read_namespace(m, json_object_get(given, "input"), &op->input_namespace, &ignored);
    if (json_str(given, "input.shape"))
        op->input = with_payload(
            m, shape(m, json_str(given, "input.shape")), json_str(given, "input.payload"));
    if (json_str(given, "output.shape"))
        op->output = with_payload(
            m, shape(m, json_str(given, "output.shape")), json_str(given, "output.payload"));
    return op;
}
