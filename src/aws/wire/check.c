/* Parameters against the tables before anything goes out: a member that does not exist would be
 * dropped in silence, one left out would come back as a riddle. */
#include "aws/wire/internal.h"
#include <string.h>

struct check {
    const struct aws_operation *op;
    struct str path; /* "overrides.containerOverrides[0]" */
    struct error *err;
};

static int check_value(struct check *c, const struct aws_shape *shape, const json_t *v);

static int check_at(
    struct check *c, const char *name, size_t index, const struct aws_shape *shape, const json_t *v)
{
    size_t before = c->path.len;
    int rc;

    if (name)
        str_appendf(&c->path, "%s%s", before ? "." : "", name);
    else
        str_appendf(&c->path, "[%zu]", index);
    rc = check_value(c, shape, v);
    str_truncate(&c->path, before);

    return rc;
}

static int complain(const struct check *c, const char *what, const char *name)
{
    return error_raise(
        c->err,
        ERR_FAILED,
        "%s %s %s%s%s",
        c->op->name,
        what,
        str_get(&c->path),
        c->path.len ? "." : "",
        name);
}

static const struct aws_member *find(const struct aws_shape *shape, const char *name)
{
    for (size_t i = 0; shape && i < shape->member_count; i++)
        if (strcmp(shape->members[i].name, name) == 0)
            return &shape->members[i];
    return NULL;
}

static int check_structure(struct check *c, const struct aws_shape *shape, const json_t *v)
{
    const char *key;
    json_t *item;

    json_object_foreach((json_t *)v, key, item) {
        const struct aws_member *m = find(shape, key);
        int rc = m ? 0 : complain(c, "has no parameter", key);

        if (rc == 0 && !json_is_null(item) && !m->json_value)
            rc = check_at(c, key, 0, m->shape, item);
        if (rc < 0)
            return rc;
    }

    for (size_t i = 0; shape && i < shape->member_count; i++) {
        const json_t *value = json_object_get(v, shape->members[i].name);

        if (shape->members[i].required && (!value || json_is_null(value)))
            return complain(c, "needs the parameter", shape->members[i].name);
    }

    return 0;
}

/* Types of scalars are looked at where they are written. */
static int check_value(struct check *c, const struct aws_shape *shape, const json_t *v)
{
    const char *key;
    json_t *item;
    size_t i;
    int rc = 0;

    if (shape->document)
        return 0;
    if (shape->type == AWS_STRUCTURE && json_is_object(v))
        return check_structure(c, shape, v);
    if (shape->type == AWS_LIST && json_is_array(v))
        json_array_foreach(v, i, item) {
            rc = json_is_null(item) ? 0 : check_at(c, NULL, i, shape->item->shape, item);
            if (rc < 0)
                return rc;
        }
    if (shape->type == AWS_MAP && json_is_object(v))
        json_object_foreach((json_t *)v, key, item) {
            rc = json_is_null(item) ? 0 : check_at(c, key, 0, shape->item->shape, item);
            if (rc < 0)
                return rc;
        }
    return 0;
}

int wire_check(const struct aws_operation *op, const json_t *in, struct error *err)
{
    static const struct aws_shape nothing = {.type = AWS_STRUCTURE};
    struct check c = {.op = op, .err = err};
    int rc = check_structure(&c, op->input ? op->input : &nothing, in);

    str_done(&c.path);
    return rc;
}
