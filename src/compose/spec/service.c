/* A container and the three that are made of one: a service, a job, a hook that runs before a
 * service.
 *
 * Keys stand in the order in which the reference loader prints them; print_order() goes by it.
 * Small objects come before the keys that hold them, so the file reads from leaf to service. */
#include "compose/spec/spec.h"

/* small objects */
static const struct spec_key throttle_keys[] = {
    {"path", &spec_str, KEY_ZERO}, {"rate", &spec_bytes, KEY_ZERO}, {0}};
const struct spec spec_throttle = {.types = T_MAP, .keys = throttle_keys};
static const struct spec throttles = {.types = T_SEQ, .items = &spec_throttle};
static const struct spec_key weight_keys[] = {
    {"path", &spec_str, KEY_ZERO}, {"weight", &spec_int, KEY_ZERO}, {0}};
const struct spec spec_weight = {.types = T_MAP, .keys = weight_keys};
static const struct spec weights = {.types = T_SEQ, .items = &spec_weight};
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

static const char *const conditions[] = {
    "service_started", "service_healthy", "service_completed_successfully", NULL};
static const struct spec condition = {.types = T_STR, .choices = conditions};
static const struct spec_key dependency_keys[] = {
    {"condition", &condition, KEY_REQUIRED},
    {"restart", &spec_bool},
    {"required", &spec_bool, KEY_ZERO},
    {0},
};
static const struct spec dependency = {.types = T_MAP, .keys = dependency_keys, .extensions = true};
static const struct spec depends_on = {
    .types = T_MAP | T_SEQ,
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
static const struct spec devices = {
    .types = T_SEQ, .items = &device_mapping, .unique = UNIQUE_TARGET};

static const char *const env_formats[] = {"raw", NULL};
static const struct spec env_format = {.types = T_STR, .choices = env_formats};
static const struct spec_key env_file_keys[] = {
    {"path", &spec_path, KEY_REQUIRED},
    {"required", &spec_bool, KEY_TRUE},
    {"format", &env_format},
    {0},
};
static const struct spec env_file = {
    .types = T_STR | T_MAP, .form = FORM_ENV_FILE, .keys = env_file_keys};
static const struct spec env_files = {
    .types = T_STR | T_SEQ, .form = FORM_ENV_FILES, .items = &env_file, .unique = UNIQUE_PATH};
static const struct spec label_files = {
    .types = T_STR | T_SEQ, .form = FORM_LIST, .items = &spec_path, .unique = UNIQUE_TEXT};

static const struct spec_key extends_keys[] = {
    {"service", &spec_str, KEY_REQUIRED}, {"file", &spec_str}, {0}};
static const struct spec extends = {
    .types = T_STR | T_MAP, .form = FORM_EXTENDS, .keys = extends_keys, .merge = MERGE_REPLACE};

static const struct spec str_or_num = {.types = T_STR | T_NUM, .form = FORM_TEXT};
static const struct spec str_or_num_list = {
    .types = T_SEQ, .items = &str_or_num, .unique = UNIQUE_TEXT};

static const struct spec test = {
    .types = T_STR | T_SEQ, .form = FORM_TEST, .merge = MERGE_REPLACE, .items = &spec_str};
static const struct spec_key healthcheck_keys[] = {
    {"test", &test, KEY_CONFIG},
    {"timeout", &spec_duration, KEY_ZERO},
    {"interval", &spec_duration, KEY_ZERO},
    {"retries", &spec_int, KEY_ZERO},
    {"start_period", &spec_duration, KEY_ZERO},
    {"start_interval", &spec_duration, KEY_ZERO},
    {"disable", &spec_bool},
    {0},
};
static const struct spec healthcheck = {
    .types = T_MAP, .keys = healthcheck_keys, .extensions = true};

/* Null changes nothing when merged, and is empty in the end. */
static const struct spec option_value = {.types = T_STR | T_NUM | T_NULL, .form = FORM_OPTION};
static const struct spec options = {.types = T_MAP, .values = &option_value};
static const struct spec_key logging_keys[] = {{"driver", &spec_str}, {"options", &options}, {0}};
static const struct spec logging = {
    .types = T_MAP, .keys = logging_keys, .extensions = true, .merge = MERGE_LOGGING};

static const struct spec_key model_ref_keys[] = {
    {"endpoint_var", &spec_str}, {"model_var", &spec_str}, {0}};
static const struct spec model_ref = {
    .types = T_MAP | T_NULL, .keys = model_ref_keys, .extensions = true};
static const struct spec models = {
    .types = T_MAP | T_SEQ,
    .form = FORM_NAMES,
    .values = &model_ref,
    .items = &spec_str,
    .names = NAMES_RESOURCE};

static const struct spec whole = {.types = T_NUM};
static const struct spec_key network_ref_keys[] = {
    {"aliases", &spec_list},
    {"driver_opts", &options},
    {"gw_priority", &whole},
    {"interface_name", &spec_str},
    {"ipv4_address", &spec_str},
    {"ipv6_address", &spec_str},
    {"link_local_ips", &spec_list},
    {"mac_address", &spec_str},
    {"priority", &whole},
    {"use_service_name_alias", &spec_bool, KEY_ZERO},
    {0},
};
static const struct spec network_ref = {
    .types = T_MAP | T_NULL, .keys = network_ref_keys, .extensions = true};
static const struct spec networks = {
    .types = T_MAP | T_SEQ,
    .form = FORM_NAMES,
    .values = &network_ref,
    .items = &spec_str,
    .names = NAMES_RESOURCE};

static const struct spec published = {.types = T_STR | T_INT, .form = FORM_TEXT};
static const struct spec_key port_keys[] = {
    {"name", &spec_str},
    {"mode", &spec_str},
    {"host_ip", &spec_str},
    {"target", &spec_int},
    {"published", &published},
    {"protocol", &spec_str},
    {"app_protocol", &spec_str},
    {0},
};
const struct spec spec_port = {
    .types = T_NUM | T_STR | T_MAP, .keys = port_keys, .extensions = true};
static const struct spec ports = {
    .types = T_SEQ, .form = FORM_PORTS, .items = &spec_port, .unique = UNIQUE_PORT};

static const struct spec option_text = {.types = T_SCALAR, .form = FORM_TEXT};
static const struct spec provider_option = {
    .types = T_SCALAR | T_SEQ, .form = FORM_TEXTS, .items = &option_text};
static const struct spec provider_options = {.types = T_MAP, .values = &provider_option};
static const struct spec_key provider_keys[] = {
    {"type", &spec_str, KEY_REQUIRED}, {"options", &provider_options, KEY_CONFIG}, {0}};
static const struct spec provider = {.types = T_MAP, .keys = provider_keys, .extensions = true};

static const char *const mount_types[] = {
    "bind", "volume", "tmpfs", "cluster", "npipe", "image", NULL};
static const struct spec mount_type = {.types = T_STR, .choices = mount_types};
static const char *const recursives[] = {"enabled", "disabled", "writable", "readonly", NULL};
static const struct spec recursive = {.types = T_STR, .choices = recursives};
static const char *const selinuxes[] = {"z", "Z", NULL};
static const struct spec selinux = {.types = T_STR, .choices = selinuxes};
static const struct spec_key bind_keys[] = {
    {"selinux", &selinux},
    {"propagation", &spec_str},
    {"create_host_path", &spec_bool, KEY_TRUE},
    {"recursive", &recursive},
    {0},
};
static const struct spec bind = {.types = T_MAP, .keys = bind_keys, .extensions = true};
static const struct spec_key mount_volume_keys[] = {
    {"labels", &spec_labels}, {"nocopy", &spec_bool}, {"subpath", &spec_str}, {0}};
static const struct spec mount_volume = {
    .types = T_MAP, .keys = mount_volume_keys, .extensions = true};
static const struct spec_key tmpfs_keys[] = {{"size", &spec_bytes}, {"mode", &spec_int}, {0}};
static const struct spec mount_tmpfs = {.types = T_MAP, .keys = tmpfs_keys, .extensions = true};
static const struct spec_key mount_image_keys[] = {{"subpath", &spec_str}, {0}};
static const struct spec mount_image = {
    .types = T_MAP, .keys = mount_image_keys, .extensions = true};
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
static const struct spec service_cpus = {
    .types = T_NUM | T_STR, .cast = CAST_FLOAT, .form = FORM_CPUS};
static const struct spec pull_policy = {.types = T_STR, .form = FORM_PULL};
static const struct spec cpu_percent = {.types = T_INT | T_STR, .cast = CAST_FLOAT};
static const struct spec swappiness = {.types = T_INT | T_STR, .form = FORM_BYTES};
static const struct spec umask_value = {.types = T_INT | T_STR | T_NULL, .cast = CAST_UMASK};
static const struct spec dns = {
    .types = T_STR | T_SEQ, .form = FORM_DNS, .items = &spec_str, .unique = UNIQUE_TEXT};
static const struct spec strict_bool = {.types = T_BOOL};
static const struct spec storage_opt = {.types = T_MAP, .open = true};
static const struct spec memory_swap = {.types = T_NUM | T_STR, .form = FORM_BYTES};

/* clang-format off */
#define CONTAINER_KEYS \
    {"annotations", &spec_labels, KEY_BLANK}, \
    {"blkio_config", &blkio, KEY_BLANK}, \
    {"cap_add", &spec_list}, \
    {"cap_drop", &spec_list}, \
    {"cgroup_parent", &spec_str, KEY_BLANK}, \
    {"cgroup", &cgroup}, \
    {"cpu_count", &spec_int}, \
    {"cpu_percent", &cpu_percent}, \
    {"cpu_period", &spec_int}, \
    {"cpu_quota", &spec_int}, \
    {"cpu_rt_period", &spec_int}, \
    {"cpu_rt_runtime", &spec_int}, \
    {"cpus", &service_cpus}, \
    {"cpuset", &spec_str, KEY_BLANK}, \
    {"cpu_shares", &spec_int}, \
    {"command", &spec_command, KEY_CONFIG | KEY_NULLED}, \
    {"configs", &spec_file_refs}, \
    {"credential_spec", &credential, KEY_BLANK}, \
    {"device_cgroup_rules", &spec_list, KEY_BLANK}, \
    {"devices", &devices, KEY_BLANK}, \
    {"dns", &dns, KEY_BLANK}, \
    {"dns_opt", &spec_list, KEY_BLANK}, \
    {"dns_search", &spec_texts, KEY_BLANK}, \
    {"domainname", &spec_str}, \
    {"entrypoint", &spec_command, KEY_CONFIG | KEY_NULLED}, \
    {"environment", &spec_kv, KEY_CONFIG}, \
    {"env_file", &env_files}, \
    {"extra_hosts", &spec_hosts, KEY_BLANK}, \
    {"group_add", &str_or_num_list, KEY_BLANK}, \
    {"gpus", &spec_gpus}, \
    {"hostname", &spec_str, KEY_BLANK}, \
    {"image", &spec_str}, \
    {"init", &spec_bool, KEY_ZERO}, \
    {"ipc", &spec_str}, \
    {"isolation", &spec_str}, \
    {"labels", &spec_labels, KEY_BLANK}, \
    {"label_file", &label_files}, \
    {"logging", &logging, KEY_BLANK}, \
    {"mem_limit", &spec_bytes}, \
    {"mem_reservation", &spec_bytes}, \
    {"memswap_limit", &memory_swap}, \
    {"mem_swappiness", &swappiness}, \
    {"mac_address", &spec_str, KEY_BLANK}, \
    {"models", &models}, \
    {"network_mode", &spec_str}, \
    {"networks", &networks}, \
    {"oom_kill_disable", &spec_bool}, \
    {"oom_score_adj", &spec_int}, \
    {"pid", &null_or_str}, \
    {"pids_limit", &spec_int}, \
    {"platform", &spec_str}, \
    {"privileged", &spec_bool}, \
    {"pull_policy", &pull_policy}, \
    {"pull_refresh_after", &spec_str}, \
    {"read_only", &spec_bool}, \
    {"runtime", &spec_str}, \
    {"secrets", &spec_file_refs}, \
    {"security_opt", &spec_list, KEY_BLANK}, \
    {"shm_size", &spec_bytes}, \
    {"stop_grace_period", &spec_duration, KEY_ZERO}, \
    {"stop_signal", &spec_str}, \
    {"storage_opt", &storage_opt, KEY_BLANK}, \
    {"sysctls", &spec_labels, KEY_BLANK}, \
    {"tmpfs", &spec_texts, KEY_BLANK}, \
    {"ulimits", &spec_ulimits}, \
    {"umask", &umask_value, KEY_ZERO}, \
    {"use_api_socket", &strict_bool}, \
    {"user", &spec_str, KEY_BLANK}, \
    {"userns_mode", &spec_str}, \
    {"uts", &spec_str}, \
    {"volumes", &mounts, KEY_BLANK}, \
    {"volumes_from", &spec_list}, \
    {"working_dir", &spec_str}

#define WORKLOAD_KEYS \
    {"build", &spec_build}, \
    {"depends_on", &depends_on}, \
    {"expose", &str_or_num_list}, \
    {"healthcheck", &healthcheck}, \
    {"ports", &ports}, \
    {"stdin_open", &spec_bool}, \
    {"tty", &spec_bool}
/* clang-format on */

static const struct spec_key pre_start_keys[] = {CONTAINER_KEYS, {"per_replica", &spec_bool}, {0}};
const struct spec spec_pre_start = {.types = T_MAP, .keys = pre_start_keys, .extensions = true};
static const struct spec pre_starts = {.types = T_SEQ, .items = &spec_pre_start};

/* The one extension that names a folder of the project. It stays as it is written, because an
 * absolute one is none of this machine; that of a file in another folder is said from the
 * project's. */
static const struct spec static_folder = {.types = T_ANY, .form = FORM_SITE};
static const struct spec_key static_keys[] = {{"folder", &static_folder}, {0}};
static const struct spec static_files = {
    .types = T_ANY, .form = FORM_SITE, .keys = static_keys, .open = true};
static const struct spec_key service_keys[] = {
    {"profiles", &spec_list},
    {"deploy", &spec_deploy},
    {"develop", &spec_develop, KEY_BLANK},
    {"restart", &spec_str},
    {"scale", &spec_int, KEY_ZERO},
    {"attach", &spec_bool, KEY_ZERO},
    {"container_name", &spec_str, KEY_BLANK},
    {"provider", &provider},
    {"extends", &extends},
    {"external_links", &spec_list, KEY_BLANK},
    {"links", &spec_list},
    {"pre_start", &pre_starts},
    {"post_start", &spec_hooks},
    {"pre_stop", &spec_hooks},
    CONTAINER_KEYS,
    WORKLOAD_KEYS,
    {"x-defang-static-files", &static_files},
    {0},
};
const struct spec spec_service = {.types = T_MAP, .keys = service_keys, .extensions = true};

static const char *const concurrencies[] = {"forbid", "queue", NULL};
static const struct spec concurrency = {.types = T_STR, .choices = concurrencies};
static const char *const missed[] = {"one", "skip", NULL};
static const struct spec missed_fires = {.types = T_STR, .choices = missed};
static const struct spec_key schedule_keys[] = {
    {"cron", &spec_str, KEY_REQUIRED},
    {"timezone", &spec_str},
    {"concurrency", &concurrency},
    {"missed_fires", &missed_fires},
    {0},
};
static const struct spec schedule = {
    .types = T_STR | T_MAP, .form = FORM_SCHEDULE, .keys = schedule_keys, .extensions = true};
static const struct spec schedules = {.types = T_SEQ, .items = &schedule};
static const struct spec_key trigger_keys[] = {
    {"manual", &spec_bool, KEY_ZERO}, {"schedule", &schedules}, {0}};
static const struct spec triggers = {.types = T_MAP, .keys = trigger_keys, .extensions = true};
static const struct spec_key job_keys[] = {
    {"profiles", &spec_list},
    {"triggers", &triggers, KEY_REQUIRED},
    CONTAINER_KEYS,
    WORKLOAD_KEYS,
    {0},
};
const struct spec spec_job = {.types = T_MAP, .keys = job_keys, .extensions = true};
