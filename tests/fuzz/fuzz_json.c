/* JSON: whatever parses prints, and what is printed parses to an equal value. */
#include "base/mem.h"
#include "data/json.h"
#include "fuzz.h"
#include <string.h>

/* Reals are printed with 15 digits, so a number may move in its last ones: only their kind is
 * compared. */
static bool same(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_real(a) && json_is_number(b))
        return true;
    if (json_typeof(a) != json_typeof(b) || json_len(a, NULL) != json_len(b, NULL))
        return false;
    if (json_is_array(a)) {
        json_array_foreach((json_t *)(uintptr_t)a, i, value)
            if (!same(value, json_array_get(b, i)))
                return false;
        return true;
    }
    if (json_is_object(a)) {
        json_object_foreach((json_t *)(uintptr_t)a, key, value) {
            const json_t *other = json_object_get(b, key);
            if (!other || !same(value, other))
                return false;
        }
        return true;
    }
    return json_equal(a, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_json json_t *j = NULL, *again = NULL;
    struct error err = ERROR_INIT;
    if (json_parse((const char *)data, size, &j, &err) != 0) {
        fuzz_require(error_is_set(&err) && j == NULL);
        error_done(&err);
        return 0;
    }
    fuzz_require(!error_is_set(&err));
    cleanup_free char *text = json_print(j, size & 1, size & 2);
    fuzz_require(json_parse(text, strlen(text), &again, NULL) == 0 && same(j, again));
    (void)json_str(j, "a.0.b");
    (void)json_int_or(j, "0", 1);
    return 0;
}
