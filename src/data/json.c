/* JSON by jansson, bounded before it is parsed: jansson's own bound of levels is fixed when it is
 * built, so the nesting is counted here first.
 *
 * Its allocator is ours, which wipes: replies hold credentials. For the same reason its "near ..."
 * is cut off a message. Paths (`tasks.0.name`) end in NULL or the fallback wherever something is
 * missing or of another type, so a reply of an unknown form never crashes a reader. */
#include "data/json.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include <errno.h>
#include <string.h>

/* Values may be secrets: replies of STS and SSO, parameters, credentials. */
__attribute__((constructor)) static void wipe_what_is_freed(void)
{
    json_set_alloc_funcs(secret_malloc, secret_free);
}

/* jansson's own bound of 2048 levels is fixed at its build; the nesting is counted before it sees
 * the text. */
static bool too_deep(const char *text, size_t n)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > LIMIT_JSON_DEPTH)
                return true;
        } else if ((c == '}' || c == ']') && depth) {
            depth--;
        }
    }

    return false;
}

int json_parse(const char *text, size_t n, json_t **out, struct error *err)
{
    if (n > LIMIT_JSON_BYTES)
        return error_raise_errno(
            err,
            ERR_FAILED,
            EFBIG,
            "JSON text of %zu bytes is too large (at most %zu)",
            n,
            LIMIT_JSON_BYTES);
    if (too_deep(text, n))
        return error_raise_errno(
            err,
            ERR_FAILED,
            EBADMSG,
            "JSON text is nested deeper than %d levels",
            LIMIT_JSON_DEPTH);
    json_error_t fault;

    /* \u0000 is let through: log lines of containers hold it, and one of them must not lose the
     * whole page. */
    json_t *j = json_loadb(
        n ? text : "", n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &fault);
    if (!j) {
        /* " near '…'" quotes the text, which may be a token */
        char *quote = strstr(fault.text, " near '");
        if (quote)
            *quote = '\0';
        return error_raise_errno(
            err,
            ERR_FAILED,
            EBADMSG,
            "not valid JSON: line %d, column %d: %s",
            fault.line,
            fault.column,
            fault.text);
    }
    *out = j;
    return 0;
}

void json_unref(json_t **j)
{
    json_decref(*j);
    *j = NULL;
}

static bool array_index(const char *part, size_t n, size_t *out)
{
    size_t value = 0;

    if (n == 0 || n > 9)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (part[i] < '0' || part[i] > '9')
            return false;
        value = value * 10 + (size_t)(part[i] - '0');
    }
    *out = value;
    return true;
}

json_t *json_at(const json_t *j, const char *path)
{
    while (j && path && *path) {
        size_t n = strcspn(path, "."), index;
        if (json_is_object(j))
            j = json_object_getn(j, path, n);
        else if (json_is_array(j) && array_index(path, n, &index))
            j = json_array_get(j, index);
        else
            j = NULL;
        path += n + (path[n] == '.');
    }

    json_t *found;
    memcpy(
        &found,
        &j,
        sizeof found); /* jansson hands members of a const object out as non-const, so do we */

    return found;
}

const char *json_str(const json_t *j, const char *path)
{
    return json_string_value(json_at(j, path));
}

const char *json_str_or(const json_t *j, const char *path, const char *fallback)
{
    const char *s = json_str(j, path);
    return s ? s : fallback;
}

long long json_int_or(const json_t *j, const char *path, long long fallback)
{
    const json_t *v = json_at(j, path);
    return json_is_integer(v) ? json_integer_value(v) : fallback;
}

bool json_bool_or(const json_t *j, const char *path, bool fallback)
{
    const json_t *v = json_at(j, path);
    return json_is_boolean(v) ? json_is_true(v) : fallback;
}

size_t json_len(const json_t *j, const char *path)
{
    const json_t *v = json_at(j, path);
    return json_is_array(v) ? json_array_size(v) : json_object_size(v);
}

char *json_print(const json_t *j, bool indented, bool sorted)
{
    /* 15 digits: 0.1 stays 0.1. Members that were written keep their order unless `sorted`. */
    size_t flags =
        JSON_ENCODE_ANY | JSON_REAL_PRECISION(15) | (indented ? JSON_INDENT(2) : JSON_COMPACT);

    if (sorted)
        flags |= JSON_SORT_KEYS;
    if (!j)
        return xstrdup("null");

    char *text = json_dumps(j, flags);
    if (!text) /* out of memory, or a value that holds itself: a bug */
        abort();
    return text;
}
