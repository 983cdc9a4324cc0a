/* What a service says beside its container: build, deploy, develop, hooks.
 *
 * Keys stand in the order in which the reference loader prints them; print_order() goes by it. A
 * key's flags say whether a variable that nothing defines may become a config there, and when it
 * is shown. */
#include "compose/spec/spec.h"

/* build */
static const struct spec context = {.types = T_STR, .form = FORM_CONTEXT};
static const struct spec ssh = {
    .types = T_MAP | T_SEQ, .form = FORM_SSH, .merge = MERGE_KV, .items = &spec_str};
static const struct spec contexts = {
    .types = T_MAP | T_SEQ,
    .form = FORM_KV,
    .merge = MERGE_KV,
    .values = &context,
    .items = &spec_str};
static const struct spec str_or_bool = {.types = T_STR | T_BOOL, .form = FORM_TEXT};
static const struct spec plain_list = {.types = T_SEQ, .items = &spec_str};
/* Here the reference casts no text to a number. */
static const struct spec build_ulimit_value = {.types = T_INT};
static const struct spec_key build_ulimit_keys[] = {
    {"soft", &build_ulimit_value, KEY_REQUIRED | KEY_ZERO},
    {"hard", &build_ulimit_value, KEY_REQUIRED | KEY_ZERO},
    {0}};
static const struct spec build_ulimit = {
    .types = T_INT | T_MAP, .keys = build_ulimit_keys, .extensions = true, .merge = MERGE_ULIMIT};
static const struct spec build_ulimits = {.types = T_MAP, .values = &build_ulimit};
static const struct spec_key build_keys[] = {
    {"context", &context},
    {"dockerfile", &spec_str},
    {"dockerfile_inline", &spec_str},
    {"entitlements", &plain_list},
    {"args", &spec_kv, KEY_CONFIG},
    {"provenance", &str_or_bool},
    {"sbom", &str_or_bool},
    {"ssh", &ssh, KEY_BLANK},
    {"labels", &spec_labels, KEY_BLANK},
    {"cache_from", &plain_list},
    {"cache_to", &plain_list},
    {"no_cache", &spec_bool},
    {"no_cache_filter", &spec_texts},
    {"additional_contexts", &contexts},
    {"pull", &spec_bool},
    {"extra_hosts", &spec_hosts, KEY_BLANK},
    {"isolation", &spec_str},
    {"network", &spec_str},
    {"target", &spec_str},
    {"secrets", &spec_file_refs},
    {"shm_size", &spec_bytes},
    {"tags", &spec_list},
    {"ulimits", &build_ulimits},
    {"platforms", &plain_list},
    {"privileged", &spec_bool},
    {0},
};
const struct spec spec_build = {
    .types = T_STR | T_MAP, .form = FORM_BUILD, .keys = build_keys, .extensions = true};

/* deploy */
static const char *const orders[] = {"start-first", "stop-first", NULL};
static const struct spec order = {.types = T_STR, .choices = orders};
static const struct spec_key update_keys[] = {
    {"parallelism", &spec_int, KEY_ZERO},
    {"delay", &spec_duration},
    {"failure_action", &spec_str},
    {"monitor", &spec_duration},
    {"max_failure_ratio", &spec_float},
    {"order", &order},
    {0},
};
static const struct spec update = {.types = T_MAP, .keys = update_keys, .extensions = true};
static const struct spec cpus = {.types = T_NUM | T_STR, .form = FORM_CPUS};
static const struct spec bytes_text = {.types = T_STR, .form = FORM_BYTES};
static const struct spec_key discrete_keys[] = {
    {"kind", &spec_str, KEY_ZERO}, {"value", &spec_float, KEY_ZERO}, {0}};
static const struct spec discrete = {.types = T_MAP, .keys = discrete_keys, .extensions = true};
static const struct spec_key generic_keys[] = {{"discrete_resource_spec", &discrete}, {0}};
static const struct spec generic = {.types = T_MAP, .keys = generic_keys, .extensions = true};
static const struct spec generics = {.types = T_SEQ, .items = &generic};
static const struct spec_key limit_keys[] = {
    {"cpus", &cpus}, {"memory", &bytes_text}, {"pids", &spec_int}, {0}};
static const struct spec_key reservation_keys[] = {
    {"cpus", &cpus},
    {"memory", &bytes_text},
    {"devices", &spec_devices},
    {"generic_resources", &generics},
    {0},
};
static const struct spec limits = {.types = T_MAP, .keys = limit_keys, .extensions = true};
static const struct spec reservations = {
    .types = T_MAP, .keys = reservation_keys, .extensions = true};
static const struct spec_key resource_keys[] = {
    {"limits", &limits}, {"reservations", &reservations}, {0}};
static const struct spec resources = {.types = T_MAP, .keys = resource_keys, .extensions = true};
static const struct spec_key restart_keys[] = {
    {"condition", &spec_str},
    {"delay", &spec_duration, KEY_ZERO},
    {"max_attempts", &spec_int, KEY_ZERO},
    {"window", &spec_duration, KEY_ZERO},
    {0},
};
static const struct spec restart_policy = {
    .types = T_MAP, .keys = restart_keys, .extensions = true};
static const struct spec_key preference_keys[] = {{"spread", &spec_str}, {0}};
static const struct spec preference = {.types = T_MAP, .keys = preference_keys, .extensions = true};
static const struct spec preferences = {.types = T_SEQ, .items = &preference};
static const struct spec_key placement_keys[] = {
    {"constraints", &plain_list},
    {"preferences", &preferences},
    {"max_replicas_per_node", &spec_int},
    {0},
};
static const struct spec placement = {.types = T_MAP, .keys = placement_keys, .extensions = true};
static const struct spec_key deploy_keys[] = {
    {"mode", &spec_str},
    {"replicas", &spec_int, KEY_ZERO},
    {"labels", &spec_labels, KEY_BLANK},
    {"update_config", &update},
    {"rollback_config", &update},
    {"resources", &resources, KEY_STRUCT},
    {"restart_policy", &restart_policy},
    {"placement", &placement, KEY_BLANK | KEY_STRUCT},
    {"endpoint_mode", &spec_str},
    {0},
};
const struct spec spec_deploy = {.types = T_MAP | T_NULL, .keys = deploy_keys, .extensions = true};

/* develop */
static const struct spec_key hook_keys[] = {
    {"command", &spec_command, KEY_REQUIRED | KEY_CONFIG | KEY_NULLED},
    {"user", &spec_str},
    {"privileged", &spec_bool},
    {"working_dir", &spec_str},
    {"environment", &spec_kv, KEY_CONFIG},
    {0},
};
static const struct spec hook = {.types = T_MAP, .keys = hook_keys, .extensions = true};
const struct spec spec_hooks = {.types = T_SEQ, .items = &hook};
static const char *const watch_actions[] = {
    "rebuild", "sync", "restart", "sync+restart", "sync+exec", NULL};
static const struct spec watch_action = {.types = T_STR, .choices = watch_actions};
static const struct spec strict_bool = {.types = T_BOOL};
static const struct spec_key watch_keys[] = {
    {"path", &spec_path, KEY_REQUIRED | KEY_ZERO},
    {"action", &watch_action, KEY_REQUIRED | KEY_ZERO},
    {"target", &spec_str},
    {"exec", &hook, KEY_STRUCT},
    {"include", &spec_texts},
    {"ignore", &spec_texts},
    {"initial_sync", &strict_bool},
    {0},
};
static const struct spec watch = {.types = T_MAP, .keys = watch_keys, .extensions = true};
static const struct spec watches = {.types = T_SEQ, .items = &watch};
static const struct spec_key develop_keys[] = {{"watch", &watches}, {0}};
const struct spec spec_develop = {
    .types = T_MAP | T_NULL, .keys = develop_keys, .extensions = true};
