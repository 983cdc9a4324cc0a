#include "vectors/blobs.h"
#include "base/digest.h"
#include "base/mem.h"
#include <string.h>

json_t *blobs_encode(const struct aws_shape *shape, const json_t *v)
{
    const char *key;
    json_t *item, *out;
    size_t i;

    if (shape->type == AWS_BLOB && json_is_string(v) && !shape->document) {
        cleanup_free char *text = digest_base64(json_string_value(v), json_string_length(v));
        return json_string(text);
    }
    if (shape->type == AWS_LIST && json_is_array(v)) {
        out = json_array();
        json_array_foreach(v, i, item)
            json_array_append_new(out, blobs_encode(shape->item->shape, item));
        return out;
    }
    if (shape->type == AWS_MAP && json_is_object(v)) {
        out = json_object();
        json_object_foreach((json_t *)v, key, item)
            json_object_set_new(out, key, blobs_encode(shape->item->shape, item));
        return out;
    }
    out = json_deep_copy(v);
    for (size_t m = 0; shape->type == AWS_STRUCTURE && !shape->document && m < shape->member_count;
         m++) {
        const struct aws_member *member = &shape->members[m];
        item = json_object_get(v, member->name);
        if (item && !member->json_value)
            json_object_set_new(out, member->name, blobs_encode(member->shape, item));
    }
    return out;
}
