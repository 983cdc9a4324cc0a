/* The top level: networks, volumes, secrets, configs, models, includes. Services are in service.c.
 *
 * Keys stand in the order in which the reference loader prints them; print_order() goes by it. */
#include "compose/spec/spec.h"

static const struct spec jobs = {.types = T_MAP, .values = &spec_job, .names = NAMES_RESOURCE};
static const struct spec services = {
    .types = T_MAP, .values = &spec_service, .names = NAMES_RESOURCE};

static const struct spec external_value = {
    .types = T_BOOL | T_STR | T_MAP, .cast = CAST_BOOL, .open = true};
static const struct spec option_value = {.types = T_STR | T_NUM, .form = FORM_TEXT};
static const struct spec options = {.types = T_MAP, .values = &option_value};
static const struct spec text_values = {.types = T_MAP, .values = &spec_str};

static const struct spec_key subnet_keys[] = {
    {"subnet", &spec_str},
    {"gateway", &spec_str},
    {"ip_range", &spec_str},
    {"aux_addresses", &text_values},
    {0},
};
static const struct spec subnet = {.types = T_MAP, .keys = subnet_keys, .extensions = true};
static const struct spec subnets = {.types = T_SEQ, .items = &subnet, .merge = MERGE_IPAM};
static const struct spec_key ipam_keys[] = {
    {"driver", &spec_str}, {"config", &subnets}, {"options", &text_values}, {0}};
static const struct spec ipam = {.types = T_MAP, .keys = ipam_keys, .extensions = true};
static const struct spec_key network_keys[] = {
    {"name", &spec_str},
    {"driver", &spec_str},
    {"driver_opts", &options},
    {"ipam", &ipam, KEY_STRUCT},
    {"external", &external_value},
    {"internal", &spec_bool},
    {"attachable", &spec_bool},
    {"labels", &spec_labels},
    {"enable_ipv4", &spec_bool, KEY_ZERO},
    {"enable_ipv6", &spec_bool, KEY_ZERO},
    {0},
};
static const struct spec network = {
    .types = T_MAP | T_NULL, .form = FORM_EXTERNAL, .keys = network_keys, .extensions = true};
const struct spec spec_networks = {.types = T_MAP, .values = &network, .names = NAMES_RESOURCE};

static const struct spec_key volume_keys[] = {
    {"name", &spec_str},
    {"driver", &spec_str},
    {"driver_opts", &options},
    {"external", &external_value},
    {"labels", &spec_labels},
    {0},
};
static const struct spec volume = {
    .types = T_MAP | T_NULL, .form = FORM_EXTERNAL, .keys = volume_keys, .extensions = true};
const struct spec spec_volumes = {.types = T_MAP, .values = &volume, .names = NAMES_RESOURCE};

static const struct spec_key secret_keys[] = {
    {"name", &spec_str},
    {"file", &spec_path},
    {"environment", &spec_str},
    {"external", &external_value},
    {"labels", &spec_labels},
    {"driver", &spec_str},
    {"driver_opts", &options},
    {"template_driver", &spec_str},
    {0},
};
static const struct spec secret = {
    .types = T_MAP, .form = FORM_EXTERNAL, .keys = secret_keys, .extensions = true};
const struct spec spec_secrets = {.types = T_MAP, .values = &secret, .names = NAMES_RESOURCE};

static const struct spec_key config_keys[] = {
    {"name", &spec_str},
    {"file", &spec_path},
    {"environment", &spec_str},
    {"content", &spec_str, KEY_CONFIG},
    {"external", &external_value},
    {"labels", &spec_labels},
    {"template_driver", &spec_str},
    {0},
};
static const struct spec config = {
    .types = T_MAP, .form = FORM_EXTERNAL, .keys = config_keys, .extensions = true};
const struct spec spec_configs = {.types = T_MAP, .values = &config, .names = NAMES_RESOURCE};

static const struct spec context_size = {.types = T_INT};
static const struct spec flags = {.types = T_SEQ, .items = &spec_str};
static const struct spec_key model_keys[] = {
    {"name", &spec_str},
    {"model", &spec_str, KEY_REQUIRED},
    {"context_size", &context_size},
    {"runtime_flags", &flags},
    {0},
};
static const struct spec model = {.types = T_MAP, .keys = model_keys, .extensions = true};
static const struct spec models = {.types = T_MAP, .values = &model, .names = NAMES_RESOURCE};

static const struct spec path_list = {
    .types = T_STR | T_SEQ, .form = FORM_LIST, .items = &spec_str};
static const struct spec_key include_keys[] = {
    {"path", &path_list},
    {"env_file", &path_list},
    {"project_directory", &spec_str},
    {0},
};
static const struct spec include = {
    .types = T_STR | T_MAP, .form = FORM_INCLUDE, .keys = include_keys};
static const struct spec includes = {.types = T_SEQ, .items = &include};

static const struct spec_key project_keys[] = {
    {"version", &spec_str},
    {"name", &spec_str},
    {"services", &services, KEY_ZERO},
    {"jobs", &jobs},
    {"networks", &spec_networks},
    {"volumes", &spec_volumes},
    {"secrets", &spec_secrets},
    {"configs", &spec_configs},
    {"models", &models},
    {"include", &includes},
    {0},
};
const struct spec spec_project = {.types = T_MAP, .keys = project_keys, .extensions = true};
