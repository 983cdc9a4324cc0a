/* JSON values written as they read: each key beside its value, a line each, nested as the document
 * is nested.
 *
 *     json_t *gateway = object(
 *         key("AllocationId", graph_attr(address, "AllocationId")),
 *         key("ConnectivityType", "public"),
 *         key("SubnetIds", texts(first, second)),
 *         key("Tags", tags));
 *
 * A value is text, a whole number, a double, a bool or JSON; another type does not compile. NULL
 * leaves the key (or the element of a list) out, so that a condition is a named variable and not an
 * `if` around a second call. JSON values are stolen: the result owns them. Text is copied and must
 * be UTF-8.
 *
 * None of these fails: memory ends the program (base/mem.h), and so do text that is not UTF-8 and a
 * double that is no number, which are mistakes of the caller: what comes from outside was checked
 * where it came in. */
#pragma once

#include "data/json.h"
#include <stdbool.h>
#include <stddef.h>

/* In C17 `true` is an int, and a member would become 1. The standard lets a program define both
 * anew (7.18). */
#if __STDC_VERSION__ < 202311L
#undef true
#undef false
#define true  ((bool)1)
#define false ((bool)0)
#endif

struct json_member {
    const char *name; /* NULL ends the list */
    json_t *value;    /* NULL: left out */
};

/* An object of its keys; object() alone has none. */
#define object(...) json_object_of((const struct json_member[]){__VA_ARGS__ __VA_OPT__(, ){0}})

#define key(name, value) ((struct json_member){(name), json_of(value)})

/* An array of JSON values. */
#define array(...) json_array_of((json_t *const[]){__VA_ARGS__ __VA_OPT__(, ) & json_array_end})

/* An array of texts. */
#define texts(...) json_texts_of((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) json_texts_end})

/* One value of any of the types that a key takes; NULL stays NULL. */
#define json_of(value)                                                                             \
    _Generic(                                                                                      \
        (value),                                                                                   \
        bool: json_of_bool,                                                                        \
        int: json_of_number,                                                                       \
        unsigned: json_of_number,                                                                  \
        long: json_of_number,                                                                      \
        unsigned long: json_of_size,                                                               \
        long long: json_of_number,                                                                 \
        unsigned short: json_of_number,                                                            \
        double: json_of_double,                                                                    \
        char *: json_of_text,                                                                      \
        const char *: json_of_text,                                                                \
        json_t *: json_of_json)(value)

json_t *json_object_of(const struct json_member *members) __attribute__((returns_nonnull));
json_t *json_array_of(json_t *const *values) __attribute__((returns_nonnull));
json_t *json_texts_of(const char *const *texts) __attribute__((returns_nonnull));

json_t *json_of_bool(bool value);
json_t *json_of_number(long long value);
json_t *json_of_size(unsigned long value); /* at most LLONG_MAX */
json_t *json_of_double(double value);
json_t *json_of_text(const char *text); /* NULL → NULL */
json_t *json_of_json(json_t *value);

/* For what is not known when the value is written: a key or an element more. NULL adds nothing;
 * `value` is stolen. */
void json_add(json_t *object, const char *name, json_t *value);
void json_push(json_t *array, json_t *value);

/* The array or object itself; NULL when there is nothing in it (or it is NULL): for a key that is
 * to be left out then. Steals `value`. */
json_t *json_unless_empty(json_t *value);

/* Ends of the lists above; nobody else's business. */
extern json_t json_array_end;
extern const char json_texts_end[];
