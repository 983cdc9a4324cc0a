/* A service. Keys stand in the order in which the reference loader prints them. */
#include "compose/spec.h"

/* build */
static const struct spec context = {.types = T_STR, .form = FORM_CONTEXT};
static const struct spec ssh = {
    .types = T_MAP | T_SEQ, .form = FORM_SSH, .merge = MERGE_KV, .items = &spec_str};
static const struct spec contexts = {
    .types = T_MAP | T_SEQ, .form = FORM_KV, .merge = MERGE_KV, .values = &context, .items = &spec_str};
static const struct spec str_or_bool = {.types = T_STR | T_BOOL, .form = FORM_TEXT};
static const struct spec plain_list = {.types = T_SEQ, .items = &spec_str};
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
    {"ulimits", &spec_ulimits},
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
    {"parallelism", &spec_int},
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
static const struct spec_key discrete_keys[] = {{"kind", &spec_str}, {"value", &spec_float}, {0}};
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
static const struct spec reservations = {.types = T_MAP, .keys = reservation_keys, .extensions = true};
static const struct spec_key resource_keys[] = {{"limits", &limits}, {"reservations", &reservations}, {0}};
static const struct spec resources = {.types = T_MAP, .keys = resource_keys, .extensions = true};
static const struct spec_key restart_keys[] = {
    {"condition", &spec_str},
    {"delay", &spec_duration},
    {"max_attempts", &spec_int},
    {"window", &spec_duration},
    {0},
};
static const struct spec restart_policy = {.types = T_MAP, .keys = restart_keys, .extensions = true};
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
    {"replicas", &spec_int},
    {"labels", &spec_labels, KEY_BLANK},
    {"update_config", &update},
    {"rollback_config", &update},
    {"resources", &resources},
    {"restart_policy", &restart_policy},
    {"placement", &placement, KEY_BLANK},
    {"endpoint_mode", &spec_str},
    {0},
};
const struct spec spec_deploy = {.types = T_MAP | T_NULL, .keys = deploy_keys, .extensions = true};

/* develop */
static const struct spec_key hook_keys[] = {
    {"command", &spec_command, KEY_REQUIRED | KEY_CONFIG},
    {"user", &spec_str},
    {"privileged", &spec_bool},
    {"working_dir", &spec_str},
    {"environment", &spec_kv, KEY_CONFIG},
    {0},
};
static const struct spec hook = {.types = T_MAP, .keys = hook_keys, .extensions = true};
static const struct spec hooks = {.types = T_SEQ, .items = &hook};
static const struct spec pre_start_hook = {.types = T_MAP, .open = true};
static const struct spec pre_start = {.types = T_SEQ, .items = &pre_start_hook};
static const char *const watch_actions[] = {"rebuild", "sync", "restart", "sync+restart", "sync+exec", NULL};
static const struct spec watch_action = {.types = T_STR, .choices = watch_actions};
static const struct spec_key watch_keys[] = {
    {"path", &spec_path, KEY_REQUIRED},
    {"action", &watch_action, KEY_REQUIRED},
    {"target", &spec_str},
    {"exec", &hook},
    {"include", &spec_texts},
    {"ignore", &spec_texts},
    {"initial_sync", &spec_bool},
    {0},
};
static const struct spec watch = {.types = T_MAP, .keys = watch_keys, .extensions = true};
static const struct spec watches = {.types = T_SEQ, .items = &watch};
static const struct spec_key develop_keys[] = {{"watch", &watches}, {0}};
static const struct spec develop = {.types = T_MAP | T_NULL, .keys = develop_keys, .extensions = true};

/* small objects */
static const struct spec_key throttle_keys[] = {{"path", &spec_str}, {"rate", &spec_bytes}, {0}};
static const struct spec throttle = {.types = T_MAP, .keys = throttle_keys};
static const struct spec throttles = {.types = T_SEQ, .items = &throttle};
static const struct spec_key weight_keys[] = {{"path", &spec_str}, {"weight", &spec_int}, {0}};
static const struct spec weight = {.types = T_MAP, .keys = weight_keys};
static const struct spec weights = {.types = T_SEQ, .items = &weight};
static const struct spec_key blkio_keys[] = {
    {"weight", &spec_int},
    {"weight_device", &weights},
    {"device_read_bps", &throttles},
    {"device_read_iops", &throttles},
    {"device_write_bps", &throttles},
    {"device_write_iops", &throttles},
    {0},
};
static const struct spec blkio = {.types = T_MAP, .keys = blkio_keys};
static const struct spec_key credential_keys[] = {
    {"config", &spec_str}, {"file", &spec_str}, {"registry", &spec_str}, {0}};
static const struct spec credential = {.types = T_MAP, .keys = credential_keys, .extensions = true};

static const char *const conditions[] = {"service_started", "service_healthy",
                                         "service_completed_successfully", NULL};
static const struct spec condition = {.types = T_STR, .choices = conditions};
static const struct spec_key dependency_keys[] = {
    {"condition", &condition, KEY_REQUIRED},
    {"restart", &spec_bool},
    {"required", &spec_bool},
    {0},
};
static const struct spec dependency = {.types = T_MAP, .keys = dependency_keys, .extensions = true};
static const struct spec depends_on = {.types = T_MAP | T_SEQ,
                                       .form = FORM_DEPENDS_ON,
                                       .values = &dependency,
                                       .items = &spec_str,
                                       .names = NAMES_RESOURCE};

static const struct spec_key device_mapping_keys[] = {
    {"source", &spec_str, KEY_REQUIRED},
    {"target", &spec_str},
    {"permissions", &spec_str},
    {0},
};
static const struct spec device_mapping = {
    .types = T_STR | T_MAP, .form = FORM_DEVICE, .keys = device_mapping_keys, .extensions = true};
static const struct spec devices = {.types = T_SEQ, .items = &device_mapping, .unique = UNIQUE_TARGET};

static const char *const env_formats[] = {"raw", NULL};
static const struct spec env_format = {.types = T_STR, .choices = env_formats};
static const struct spec_key env_file_keys[] = {
    {"path", &spec_path, KEY_REQUIRED},
    {"required", &spec_bool},
    {"format", &env_format},
    {0},
};
static const struct spec env_file = {.types = T_STR | T_MAP, .form = FORM_ENV_FILE, .keys = env_file_keys};
static const struct spec env_files = {
    .types = T_STR | T_SEQ, .form = FORM_ENV_FILES, .items = &env_file, .unique = UNIQUE_PATH};
static const struct spec label_files = {
    .types = T_STR | T_SEQ, .form = FORM_LIST, .items = &spec_path, .unique = UNIQUE_TEXT};

static const struct spec_key extends_keys[] = {
    {"service", &spec_str, KEY_REQUIRED}, {"file", &spec_str}, {0}};
static const struct spec extends = {
    .types = T_STR | T_MAP, .form = FORM_EXTENDS, .keys = extends_keys, .merge = MERGE_REPLACE};

static const struct spec str_or_num = {.types = T_STR | T_NUM, .form = FORM_TEXT};
static const struct spec str_or_num_list = {.types = T_SEQ, .items = &str_or_num, .unique = UNIQUE_TEXT};

static const struct spec test = {
    .types = T_STR | T_SEQ, .form = FORM_TEST, .merge = MERGE_REPLACE, .items = &spec_str};
static const struct spec_key healthcheck_keys[] = {
    {"test", &test, KEY_CONFIG},      {"timeout", &spec_duration},
    {"interval", &spec_duration},     {"retries", &spec_int},
    {"start_period", &spec_duration}, {"start_interval", &spec_duration},
    {"disable", &spec_bool},          {0},
};
static const struct spec healthcheck = {.types = T_MAP, .keys = healthcheck_keys, .extensions = true};

static const struct spec option_value = {.types = T_STR | T_NUM | T_NULL, .form = FORM_LABEL};
static const struct spec options = {.types = T_MAP, .values = &option_value};
static const struct spec_key logging_keys[] = {{"driver", &spec_str}, {"options", &options}, {0}};
static const struct spec logging = {
    .types = T_MAP, .keys = logging_keys, .extensions = true, .merge = MERGE_LOGGING};

static const struct spec_key model_ref_keys[] = {{"endpoint_var", &spec_str}, {"model_var", &spec_str}, {0}};
static const struct spec model_ref = {.types = T_MAP | T_NULL, .keys = model_ref_keys, .extensions = true};
static const struct spec models = {.types = T_MAP | T_SEQ,
                                   .form = FORM_NAMES,
                                   .values = &model_ref,
                                   .items = &spec_str,
                                   .names = NAMES_RESOURCE};

static const struct spec_key network_ref_keys[] = {
    {"aliases", &spec_list},
    {"interface_name", &spec_str},
    {"ipv4_address", &spec_str},
    {"ipv6_address", &spec_str},
    {"link_local_ips", &spec_list},
    {"mac_address", &spec_str},
    {"driver_opts", &options},
    {"priority", &spec_float},
    {"gw_priority", &spec_float},
    {"use_service_name_alias", &spec_bool},
    {0},
};
static const struct spec network_ref = {
    .types = T_MAP | T_NULL, .keys = network_ref_keys, .extensions = true};
static const struct spec networks = {.types = T_MAP | T_SEQ,
                                     .form = FORM_NAMES,
                                     .values = &network_ref,
                                     .items = &spec_str,
                                     .names = NAMES_RESOURCE};

static const struct spec published = {.types = T_STR | T_INT, .form = FORM_TEXT};
static const struct spec_key port_keys[] = {
    {"name", &spec_str},       {"mode", &spec_str},     {"host_ip", &spec_str},      {"target", &spec_int},
    {"published", &published}, {"protocol", &spec_str}, {"app_protocol", &spec_str}, {0},
};
static const struct spec port = {.types = T_NUM | T_STR | T_MAP, .keys = port_keys, .extensions = true};
static const struct spec ports = {.types = T_SEQ, .form = FORM_PORTS, .items = &port, .unique = UNIQUE_PORT};

static const struct spec provider_options = {.types = T_MAP, .open = true};
static const struct spec_key provider_keys[] = {
    {"type", &spec_str, KEY_REQUIRED}, {"options", &provider_options, KEY_CONFIG}, {0}};
static const struct spec provider = {.types = T_MAP, .keys = provider_keys, .extensions = true};

static const char *const mount_types[] = {"bind", "volume", "tmpfs", "cluster", "npipe", "image", NULL};
static const struct spec mount_type = {.types = T_STR, .choices = mount_types};
static const char *const recursives[] = {"enabled", "disabled", "writable", "readonly", NULL};
static const struct spec recursive = {.types = T_STR, .choices = recursives};
static const char *const selinuxes[] = {"z", "Z", NULL};
static const struct spec selinux = {.types = T_STR, .choices = selinuxes};
static const struct spec_key bind_keys[] = {
    {"selinux", &selinux},
    {"propagation", &spec_str},
    {"create_host_path", &spec_bool},
    {"recursive", &recursive},
    {0},
};
static const struct spec bind = {.types = T_MAP, .keys = bind_keys, .extensions = true};
static const struct spec_key mount_volume_keys[] = {
    {"labels", &spec_labels}, {"nocopy", &spec_bool}, {"subpath", &spec_str}, {0}};
static const struct spec mount_volume = {.types = T_MAP, .keys = mount_volume_keys, .extensions = true};
static const struct spec_key tmpfs_keys[] = {{"size", &spec_bytes}, {"mode", &spec_int}, {0}};
static const struct spec mount_tmpfs = {.types = T_MAP, .keys = tmpfs_keys, .extensions = true};
static const struct spec_key mount_image_keys[] = {{"subpath", &spec_str}, {0}};
static const struct spec mount_image = {.types = T_MAP, .keys = mount_image_keys, .extensions = true};
static const struct spec_key mount_keys[] = {
    {"type", &mount_type, KEY_REQUIRED},
    {"source", &spec_str},
    {"target", &spec_str},
    {"read_only", &spec_bool},
    {"consistency", &spec_str},
    {"bind", &bind},
    {"volume", &mount_volume},
    {"tmpfs", &mount_tmpfs},
    {"image", &mount_image},
    {0},
};
static const struct spec mount = {
    .types = T_STR | T_MAP, .form = FORM_VOLUME, .keys = mount_keys, .extensions = true};
static const struct spec mounts = {.types = T_SEQ, .items = &mount, .unique = UNIQUE_TARGET};

static const struct spec null_or_str = {.types = T_NULL | T_STR};
static const char *const cgroups[] = {"host", "private", NULL};
static const struct spec cgroup = {.types = T_STR, .choices = cgroups};
static const struct spec service_cpus = {.types = T_NUM | T_STR, .cast = CAST_FLOAT, .form = FORM_CPUS};
static const struct spec pull_policy = {.types = T_STR, .form = FORM_PULL};
static const struct spec cpu_percent = {.types = T_INT | T_STR, .cast = CAST_FLOAT};
static const struct spec storage_opt = {.types = T_MAP, .open = true};
static const struct spec memory_swap = {.types = T_NUM | T_STR, .form = FORM_BYTES};

static const struct spec_key service_keys[] = {
    {"profiles", &spec_list},
    {"annotations", &spec_labels, KEY_BLANK},
    {"attach", &spec_bool},
    {"build", &spec_build},
    {"develop", &develop, KEY_BLANK},
    {"blkio_config", &blkio, KEY_BLANK},
    {"cap_add", &spec_list},
    {"cap_drop", &spec_list},
    {"cgroup_parent", &spec_str, KEY_BLANK},
    {"cgroup", &cgroup},
    {"cpu_count", &spec_int},
    {"cpu_percent", &cpu_percent},
    {"cpu_period", &spec_int},
    {"cpu_quota", &spec_int},
    {"cpu_rt_period", &spec_int},
    {"cpu_rt_runtime", &spec_int},
    {"cpus", &service_cpus},
    {"cpuset", &spec_str, KEY_BLANK},
    {"cpu_shares", &spec_int},
    {"command", &spec_command, KEY_CONFIG},
    {"configs", &spec_file_refs},
    {"container_name", &spec_str, KEY_BLANK},
    {"credential_spec", &credential, KEY_BLANK},
    {"depends_on", &depends_on},
    {"deploy", &spec_deploy},
    {"device_cgroup_rules", &spec_list, KEY_BLANK},
    {"devices", &devices, KEY_BLANK},
    {"dns", &spec_texts, KEY_BLANK},
    {"dns_opt", &spec_list, KEY_BLANK},
    {"dns_search", &spec_texts, KEY_BLANK},
    {"domainname", &spec_str},
    {"entrypoint", &spec_command, KEY_CONFIG},
    {"provider", &provider},
    {"environment", &spec_kv, KEY_CONFIG},
    {"env_file", &env_files},
    {"expose", &str_or_num_list},
    {"extends", &extends},
    {"external_links", &spec_list, KEY_BLANK},
    {"extra_hosts", &spec_hosts, KEY_BLANK},
    {"group_add", &str_or_num_list, KEY_BLANK},
    {"gpus", &spec_gpus},
    {"hostname", &spec_str, KEY_BLANK},
    {"healthcheck", &healthcheck},
    {"image", &spec_str},
    {"init", &spec_bool},
    {"ipc", &spec_str},
    {"isolation", &spec_str},
    {"labels", &spec_labels, KEY_BLANK},
    {"label_file", &label_files},
    {"links", &spec_list},
    {"logging", &logging, KEY_BLANK},
    {"mem_limit", &spec_bytes},
    {"mem_reservation", &spec_bytes},
    {"memswap_limit", &memory_swap},
    {"mem_swappiness", &spec_int},
    {"mac_address", &spec_str, KEY_BLANK},
    {"models", &models},
    {"network_mode", &spec_str},
    {"networks", &networks},
    {"oom_kill_disable", &spec_bool},
    {"oom_score_adj", &spec_int},
    {"pid", &null_or_str},
    {"pids_limit", &spec_int},
    {"platform", &spec_str},
    {"ports", &ports},
    {"privileged", &spec_bool},
    {"pull_policy", &pull_policy},
    {"pull_refresh_after", &spec_str},
    {"read_only", &spec_bool},
    {"restart", &spec_str},
    {"runtime", &spec_str},
    {"scale", &spec_int},
    {"secrets", &spec_file_refs},
    {"security_opt", &spec_list, KEY_BLANK},
    {"shm_size", &spec_bytes},
    {"stdin_open", &spec_bool},
    {"stop_grace_period", &spec_duration},
    {"stop_signal", &spec_str},
    {"storage_opt", &storage_opt, KEY_BLANK},
    {"sysctls", &spec_labels, KEY_BLANK},
    {"tmpfs", &spec_texts, KEY_BLANK},
    {"tty", &spec_bool},
    {"ulimits", &spec_ulimits},
    {"umask", &spec_int},
    {"use_api_socket", &spec_bool},
    {"user", &spec_str, KEY_BLANK},
    {"userns_mode", &spec_str},
    {"uts", &spec_str},
    {"volumes", &mounts, KEY_BLANK},
    {"volumes_from", &spec_list},
    {"working_dir", &spec_str},
    {"pre_start", &pre_start, KEY_CONFIG},
    {"post_start", &hooks},
    {"pre_stop", &hooks},
    {0},
};
const struct spec spec_service = {.types = T_MAP, .keys = service_keys, .extensions = true};
