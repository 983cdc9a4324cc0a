/* The Compose specification as a table: what may stand where, of which type, how it is cast after
 * interpolation, brought into its long form, merged and printed (keys in the order of their table).
 * Source: github.com/compose-spec/compose-spec, and the JSON schema of the reference loader
 * (compose-go v2.16). Passes over a project walk tree and table together; none of them names a key
 * by hand that the table can name. */
#pragma once

#include "data/yaml.h"

#include <stdbool.h>
#include <stddef.h>

enum { /* types a value may have, as a mask */
       T_NULL = 1,
       T_BOOL = 2,
       T_INT = 4,
       T_FLOAT = 8,
       T_STR = 16,
       T_SEQ = 32,
       T_MAP = 64,
       T_NUM = T_INT | T_FLOAT,
       T_SCALAR = T_BOOL | T_NUM | T_STR,
       T_ANY = 127,
};

enum spec_cast { CAST_NONE, CAST_BOOL, CAST_INT, CAST_UMASK, CAST_FLOAT };

enum spec_merge {
    MERGE_DEEP, /* mappings by key, lists appended without doubles, scalars replaced, null changes
                   nothing */
    MERGE_REPLACE,
    MERGE_KV,      /* a mapping of names to texts, where null is a value */
    MERGE_LOGGING, /* deep when the driver is the same, else replaced */
    MERGE_ULIMIT,  /* deep when both are mappings, else replaced */
    MERGE_IPAM,    /* a list of mappings, same subnet = same item */
};

enum spec_unique { /* lists in which a later item replaces an earlier one with the same key */
                   UNIQUE_NONE,
                   UNIQUE_TEXT,
                   UNIQUE_PORT,
                   UNIQUE_TARGET,
                   UNIQUE_SOURCE_OR_TARGET,
                   UNIQUE_PATH,
};

enum spec_form { /* short → long, and values in their canonical notation; canon.c */
                 FORM_NONE,
                 FORM_BUILD,
                 FORM_BYTES,
                 FORM_COMMAND,
                 FORM_CONTEXT,
                 FORM_COUNT,
                 FORM_CPUS,
                 FORM_DEPENDS_ON,
                 FORM_DEVICE,
                 FORM_DNS,
                 FORM_DURATION,
                 FORM_ENV_FILE,
                 FORM_ENV_FILES,
                 FORM_EXTENDS,
                 FORM_EXTERNAL,
                 FORM_FILE_REF,
                 FORM_GPUS,
                 FORM_HOSTS,
                 FORM_INCLUDE,
                 FORM_KV,
                 FORM_LABEL,
                 FORM_LIST,
                 FORM_MODE,
                 FORM_NAMES,
                 FORM_OPTION,
                 FORM_PATH,
                 FORM_PORTS,
                 FORM_PULL,
                 FORM_SCHEDULE,
                 FORM_SITE,
                 FORM_SSH,
                 FORM_TEST,
                 FORM_TEXT,
                 FORM_TEXTS,
                 FORM_VOLUME,
};

enum spec_names { NAMES_ANY, NAMES_RESOURCE };

enum { /* of a key; CONFIG and BLANK are inherited by what stands below */
       KEY_REQUIRED = 1,
       KEY_CONFIG = 2, /* an undefined variable becomes a config part */
       KEY_BLANK = 4, /* an undefined variable becomes nothing, with a warning: places that AWS does
                         not use */
       /* how it is shown (show.c); without one of these a zero, an empty text or an empty list is
          not */
       KEY_ZERO = 8,  /* shown whatever it is */
       KEY_TRUE = 16, /* true is what is meant without it, so only false is shown */
       KEY_STRUCT =
           32, /* in JSON an empty mapping when it is not there, in YAML nothing when it is empty */
       KEY_NULLED = 64, /* in JSON null when it is not there; [] is shown */
};

/* The tag of a dependency that need not be there, and is not: set by refs_check(), for the model.
 */
#define TAG_ABSENT "!absent"

struct spec {
    unsigned char types, cast, merge, form, unique, names;
    bool extensions;             /* mapping: x-… keys are taken */
    bool open;                   /* mapping: any other key is taken too */
    const struct spec_key *keys; /* mapping with known keys; ends with name NULL */
    const struct spec *values;   /* mapping with free keys, NULL = anything */
    const struct spec *items;    /* list; NULL = anything */
    const char *const *choices;  /* texts allowed; ends with NULL */
};

struct spec_key {
    const char *name;
    const struct spec *spec;
    unsigned flags;
};

extern const struct spec spec_project, spec_service, spec_job, spec_pre_start, spec_any;
extern const struct spec spec_str, spec_bool, spec_int, spec_float, spec_bytes, spec_duration,
    spec_path, spec_kv, spec_labels, spec_list, spec_texts;
extern const struct spec spec_build, spec_deploy, spec_networks, spec_volumes, spec_secrets,
    spec_configs, spec_ulimits, spec_file_refs, spec_hosts, spec_devices, spec_gpus, spec_command,
    spec_develop, spec_hooks, spec_file_mode, spec_port, spec_throttle, spec_weight;

const struct spec_key *spec_find(const struct spec *spec, const char *name);
/* The spec of the value of `name` in a mapping of `spec`; NULL when the name is unknown there.
 * *flags: of the key. */
const struct spec *spec_value(const struct spec *spec, const char *name, unsigned *flags);
/* The same for a key of a tree, which remembers the answer: passes over a project ask for it again
 * and again. */
const struct spec_key *spec_find_key(const struct spec *spec, const struct yaml_node *key);
const struct spec *
spec_value_of(const struct spec *spec, const struct yaml_node *key, unsigned *flags);
bool spec_is_extension(const char *name);
