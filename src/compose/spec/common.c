/* Values that many keys share, and how a table is asked.
 *
 * A mapping has known keys, free ones, or both; a key `x-...` is taken where the table says so.
 * Passes over a large project ask for the same key again and again: the node of a key remembers
 * the answer (yaml_node.memo_of) for the mapping that it was looked up in. */
#include "compose/spec/spec.h"

#include <string.h>

const struct spec spec_any = {.types = T_ANY, .open = true};
const struct spec spec_str = {.types = T_STR};
const struct spec spec_bool = {.types = T_BOOL | T_STR, .cast = CAST_BOOL};
const struct spec spec_int = {.types = T_INT | T_STR, .cast = CAST_INT};
const struct spec spec_float = {.types = T_NUM | T_STR, .cast = CAST_FLOAT};
const struct spec spec_bytes = {.types = T_NUM | T_STR, .form = FORM_BYTES};
const struct spec spec_duration = {.types = T_STR, .form = FORM_DURATION};
const struct spec spec_path = {.types = T_STR, .form = FORM_PATH};

static const struct spec kv_value = {.types = T_SCALAR | T_NULL, .form = FORM_TEXT};
const struct spec spec_kv = {
    .types = T_MAP | T_SEQ,
    .form = FORM_KV,
    .merge = MERGE_KV,
    .values = &kv_value,
    .items = &spec_str};

/* The same where a name without a value has an empty one. */
static const struct spec label_value = {.types = T_SCALAR | T_NULL, .form = FORM_LABEL};
const struct spec spec_labels = {
    .types = T_MAP | T_SEQ,
    .form = FORM_KV,
    .merge = MERGE_KV,
    .values = &label_value,
    .items = &spec_str};

/* A text or a list of texts. */
const struct spec spec_texts = {
    .types = T_STR | T_SEQ, .form = FORM_LIST, .items = &spec_str, .unique = UNIQUE_TEXT};
const struct spec spec_list = {.types = T_SEQ, .items = &spec_str, .unique = UNIQUE_TEXT};

/* Replaced as a whole by a later file: half a command is no command. */
const struct spec spec_command = {
    .types = T_NULL | T_STR | T_SEQ,
    .form = FORM_COMMAND,
    .merge = MERGE_REPLACE,
    .items = &spec_str};

const struct spec spec_file_mode = {.types = T_NUM | T_STR, .form = FORM_MODE};
static const struct spec_key file_ref_keys[] = {
    {"source", &spec_str},
    {"target", &spec_str},
    {"uid", &spec_str},
    {"gid", &spec_str},
    {"mode", &spec_file_mode, KEY_ZERO},
    {0},
};
static const struct spec file_ref = {
    .types = T_STR | T_MAP, .form = FORM_FILE_REF, .keys = file_ref_keys, .extensions = true};
const struct spec spec_file_refs = {
    .types = T_SEQ, .items = &file_ref, .unique = UNIQUE_SOURCE_OR_TARGET};

static const struct spec host_value = {.types = T_STR | T_SEQ, .items = &spec_str};
const struct spec spec_hosts = {
    .types = T_MAP | T_SEQ, .form = FORM_HOSTS, .values = &host_value, .items = &spec_str};

static const struct spec_key ulimit_keys[] = {
    {"soft", &spec_int, KEY_REQUIRED | KEY_ZERO},
    {"hard", &spec_int, KEY_REQUIRED | KEY_ZERO},
    {0}};
static const struct spec ulimit = {
    .types = T_INT | T_STR | T_MAP,
    .cast = CAST_INT,
    .keys = ulimit_keys,
    .extensions = true,
    .merge = MERGE_ULIMIT};
const struct spec spec_ulimits = {.types = T_MAP, .values = &ulimit};

static const struct spec count = {.types = T_INT | T_STR, .form = FORM_COUNT};
#define DEVICE_KEYS                                                                                \
    {"driver", &spec_str}, {"count", &count}, {"device_ids", &spec_list},                          \
    {                                                                                              \
        "options", &spec_kv                                                                        \
    }
static const struct spec_key device_keys[] = {
    {"capabilities", &spec_list, KEY_REQUIRED}, DEVICE_KEYS, {0}};
static const struct spec_key gpu_keys[] = {{"capabilities", &spec_list}, DEVICE_KEYS, {0}};
static const struct spec device = {.types = T_MAP, .keys = device_keys, .extensions = true};
static const struct spec gpu = {.types = T_MAP, .keys = gpu_keys, .open = true};
const struct spec spec_devices = {.types = T_SEQ, .items = &device};
const struct spec spec_gpus = {.types = T_STR | T_SEQ, .form = FORM_GPUS, .items = &gpu};

bool spec_is_extension(const char *name)
{
    return strncmp(name, "x-", 2) == 0;
}

const struct spec_key *spec_find(const struct spec *spec, const char *name)
{
    for (const struct spec_key *k = spec->keys; k && k->name; k++)
        if (k->name[0] == name[0] && strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

const struct spec_key *spec_find_key(const struct spec *spec, const struct yaml_node *key)
{
    static const struct spec_key none;
    struct yaml_node *k = (struct yaml_node *)key;

    if (!spec->keys)
        return NULL;
    if (k->memo_of != spec) {
        const struct spec_key *found = spec_find(spec, key->value);
        k->memo_of = spec;
        k->memo = found ? found : &none;
    }

    return k->memo == &none ? NULL : k->memo;
}

static const struct spec *
value_of(const struct spec *spec, const struct spec_key *key, const char *name, unsigned *flags)
{
    *flags = 0;
    if (key) {
        *flags = key->flags;
        return key->spec;
    }

    if (!spec->keys && !spec->open)
        return spec->values ? spec->values : &spec_any;
    if (spec->extensions && spec_is_extension(name)) {
        *flags = KEY_CONFIG;
        return &spec_any;
    }

    return spec->open ? &spec_any : NULL;
}

const struct spec *spec_value(const struct spec *spec, const char *name, unsigned *flags)
{
    return value_of(spec, spec_find(spec, name), name, flags);
}

const struct spec *
spec_value_of(const struct spec *spec, const struct yaml_node *key, unsigned *flags)
{
    return value_of(spec, spec_find_key(spec, key), key->value, flags);
}
