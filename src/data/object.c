/* What stands behind object(), key(), array() and texts() of data/object.h.
 *
 * The macros write an array on the caller's stack that ends with a mark; the functions here put it
 * into jansson's values. NULL is left out. Whatever jansson cannot make is a mistake of the caller
 * or want of memory, and both end the program: no call has a result to check, and so a resource
 * reads as its template does. */
#include "data/object.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

json_t json_array_end;
const char json_texts_end[] = "";

/* jansson says NULL to bad text, to a double that is no number and to want of memory alike. */
static json_t *made(json_t *value)
{
    if (!value) {
        fputs("json: a value cannot be written: text that is not UTF-8, or no memory\n", stderr);
        abort();
    }
    return value;
}

void json_add(json_t *object, const char *name, json_t *value)
{
    if (value && json_object_set_new(object, name, value) < 0)
        abort();
}

void json_push(json_t *array, json_t *value)
{
    if (value && json_array_append_new(array, value) < 0)
        abort();
}

json_t *json_unless_empty(json_t *value)
{
    if (json_array_size(value) || json_object_size(value))
        return value;
    json_decref(value);
    return NULL;
}

json_t *json_object_of(const struct json_member *members)
{
    json_t *object = made(json_object());

    for (; members->name; members++)
        json_add(object, members->name, members->value);
    return object;
}

json_t *json_array_of(json_t *const *values)
{
    json_t *array = made(json_array());

    for (; *values != &json_array_end; values++)
        json_push(array, *values);
    return array;
}

json_t *json_texts_of(const char *const *texts)
{
    json_t *array = made(json_array());

    for (; *texts != json_texts_end; texts++)
        json_push(array, json_of_text(*texts));
    return array;
}

json_t *json_of_bool(bool value)
{
    return json_boolean(value);
}

json_t *json_of_number(long long value)
{
    return made(json_integer(value));
}

json_t *json_of_size(unsigned long value)
{
    if (value > LLONG_MAX)
        abort();
    return made(json_integer((json_int_t)value));
}

json_t *json_of_double(double value)
{
    return made(json_real(value));
}

json_t *json_of_text(const char *text)
{
    return text ? made(json_string(text)) : NULL;
}

json_t *json_of_json(json_t *value)
{
    return value;
}
