/* JSON: jansson's values, bounded on the way in (size by the caller and LIMIT_JSON_BYTES, depth
 * LIMIT_JSON_DEPTH), with path helpers that never crash on a missing or differently typed member.
 * Duplicate keys are an error. Numbers keep integers as integers. */
#pragma once

#include "base/error.h"
#include "base/str.h"
#include <jansson.h>
#include <stdbool.h>

int json_parse(const char *text, size_t n, json_t **out, struct error *err); /* new reference */
void json_unref(json_t **j);
#define cleanup_json __attribute__((cleanup(json_unref)))

/* `path` is dotted: "tasks.0.containers". NULL / fallback when missing or of another type.
 * Borrowed. */
json_t *json_at(const json_t *j, const char *path);
const char *json_str(const json_t *j, const char *path); /* NULL when missing */
const char *json_str_or(const json_t *j, const char *path, const char *fallback);
long long json_int_or(const json_t *j, const char *path, long long fallback);
bool json_bool_or(const json_t *j, const char *path, bool fallback);
size_t json_len(const json_t *j, const char *path); /* of an array or object; 0 otherwise */

/* Compact or indented (2), members in sorted order when `sorted` (deterministic). malloc'd. */
char *json_print(const json_t *j, bool indented, bool sorted);
