/* The keys at the top of a Compose file (keys.h). Sorted by path, a row a key.
 *
 * Those of networks, volumes, configs and secrets are about Docker's own objects in many places: on
 * AWS a network is security groups, a volume a file system, a config a parameter, each with names
 * and labels of its own, so that these keys mean nothing there. */
#include "base/mem.h"
#include "plan/keys/keys.h"

/* The words of keys.h, short enough for a row to be a line. */
#define HONOURED PLAN_KEY_HONOURED
#define PARTLY   PLAN_KEY_PARTLY
#define SILENT   PLAN_KEY_SILENT
#define NOTED    PLAN_KEY_NOTED
#define WARNED   PLAN_KEY_WARNED
#define REFUSED  PLAN_KEY_REFUSED

/* clang-format off */
static const struct plan_key PROJECT_KEYS[] = {
    {"/configs.*.content", HONOURED,
     "kept as a parameter; ${NAME} that nothing defines is config", NULL},
    {"/configs.*.environment", PARTLY, "config of that name", NULL},
    {"/configs.*.external", PARTLY, "config of that name, or an ARN", NULL},
    {"/configs.*.file", HONOURED, "read when the deployment runs", NULL},
    {"/configs.*.labels", SILENT, "no configs of Swarm are made", NULL},
    {"/configs.*.name", PARTLY, "of an external one: the config's name, or an ARN", NULL},
    {"/configs.*.template_driver", WARNED,
     "templates are Swarm's: the file comes as it is",
     "Write out what the template would fill in."},
    {"/include", HONOURED, "read as part of this file", NULL},
    {"/jobs", SILENT,
     "run by hand or by a schedule of Compose's own, and nothing of them is deployed", NULL},
    {"/models.*.context_size", PARTLY, "ignored with a warning: Bedrock has its own", NULL},
    {"/models.*.model", PARTLY, "a model of Bedrock", NULL},
    {"/models.*.name", SILENT, "the model's key names its service", NULL},
    {"/models.*.runtime_flags", PARTLY, "ignored with a warning: Bedrock has its own", NULL},
    {"/name", HONOURED, "part of all names: stack, log groups, repositories, private zone", NULL},
    {"/networks.*.attachable", SILENT, "nothing from outside joins a network", NULL},
    {"/networks.*.driver", SILENT, "every network is security groups in the project's VPC", NULL},
    {"/networks.*.driver_opts", SILENT,
     "every network is security groups in the project's VPC", NULL},
    {"/networks.*.enable_ipv4", SILENT, "the VPC has IPv4", NULL},
    {"/networks.*.enable_ipv6", NOTED, "the VPC has IPv4 only", NULL},
    {"/networks.*.external", PARTLY, "a network of the project's own, with a warning", NULL},
    {"/networks.*.internal", PARTLY,
     "no way out but port 443, where Fargate fetches images and config", NULL},
    {"/networks.*.ipam", SILENT,
     "the VPC has addresses of its own; fixed ones of services are warned of", NULL},
    {"/networks.*.labels", SILENT, "they are for Docker's own commands", NULL},
    {"/networks.*.name", SILENT, "security groups have names of their own", NULL},
    {"/secrets.*.driver", WARNED,
     "stores of secrets are Swarm's",
     "Use external: true, with name: and the ARN of a secret in Secrets Manager."},
    {"/secrets.*.driver_opts", SILENT, "said with the driver", NULL},
    {"/secrets.*.environment", PARTLY, "config of that name", NULL},
    {"/secrets.*.external", PARTLY,
     "config of that name, or an ARN of Secrets Manager or SSM", NULL},
    {"/secrets.*.file", HONOURED, "read when the deployment runs", NULL},
    {"/secrets.*.labels", SILENT, "no secrets of Swarm are made", NULL},
    {"/secrets.*.name", PARTLY, "of an external one: the config's name, or an ARN", NULL},
    {"/secrets.*.template_driver", WARNED,
     "templates are Swarm's: the file comes as it is",
     "Write out what the template would fill in."},
    {"/version", SILENT, "Compose has no versions any more", NULL},
    {"/volumes.*.driver", SILENT, "every named volume is an EFS file system", NULL},
    {"/volumes.*.driver_opts", PARTLY, "those that EFS has; others are warned of", NULL},
    {"/volumes.*.external", PARTLY,
     "with a name fs-…: that file system; else one is made and kept", NULL},
    {"/volumes.*.labels", SILENT, "they are for Docker's own commands", NULL},
    {"/volumes.*.name", SILENT,
     "the file system is found by the volume's key; fs-… of an external one names it", NULL},
};
/* clang-format on */

const struct plan_key *plan_keys_of_project(size_t *count)
{
    *count = ARRAY_LEN(PROJECT_KEYS);
    return PROJECT_KEYS;
}
