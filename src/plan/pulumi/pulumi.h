/* Resource graph → Pulumi YAML program (`Pulumi.yaml`, `runtime: yaml`) on Pulumi's providers `aws`
 * and `command`, for the `pulumi` engine and for `eject`. Pure and deterministic: same graph, same
 * bytes.
 *
 * Every resource of the graph becomes one resource of the same name, and, where the provider splits
 * what CloudFormation holds in one, parts named "<LogicalId>_<part>": a role's policies, a security
 * group's rules, a bucket's settings. So the logical id of an event's URN is its name up to the '_'
 * (plan_pulumi_owner). A type, property or attribute that no row of the table names is an error
 * that names it.
 *
 * Images are built within the Pulumi run. Each is a resource "Image_<service id>" of type
 * command:local:Command: it runs `sh ./image.sh` (the text is plan_pulumi_image_script) in the
 * program's folder, with curl alone. The script asks ECR for the tag, which is made of everything
 * that goes into the image; when it is not there it runs one Kaniko task on the project's cluster
 * and waits; either way the digest is its whole stdout and the task definition's image is
 * "<repository>@${Image_Web.stdout}". Kaniko's output is in the log group builds, as with the other
 * engine. So an unchanged image costs one call of ECR and no change of any resource, and the order
 * (repository, roles, cluster, build, service) is Pulumi's own. What the script needs from its
 * environment: AWS_REGION, credentials of an ECS task or AWS_ACCESS_KEY_ID …, and DEFANG_ETAG, the
 * deployment's id for the image's label and the task's tags. SIGTERM stops the task that it
 * started.
 *
 * The caller plans with images whose uri is the tag's ("<registry>/<repository>:<tag>",
 * plan_pulumi_image_uri): a service whose image did not change then keeps its deployment id, and
 * the program puts the digest of the run in the place of the tag. */
#pragma once

#include "plan/plan.h"

/* Of the CLI (tag of the image public.ecr.aws/pulumi/pulumi-base), of the provider plugin aws, and
 * of the plugin command, which only programs that build images need. */
#define PLAN_PULUMI_VERSION         "3.259.0"
#define PLAN_PULUMI_AWS_VERSION     "7.48.0"
#define PLAN_PULUMI_COMMAND_VERSION "1.2.1"

#define PLAN_PULUMI_IMAGE_SCRIPT "image.sh"

struct plan_pulumi_request {
    const char *project;                  /* Compose project: the Pulumi project's name */
    const struct plan_settings *settings; /* its stack is the Pulumi stack */
    const struct plan_facts *facts;
    const struct graph *graph;

    /* What CloudFormation gives to everything of a stack: {"key": "value"}; may be NULL. */
    const json_t *tags;
    const char *deployment; /* id: of the final snapshot that a store made now would leave */

    /* Finished ones. None: the images are what the graph says. */
    const struct plan_build *builds;
    size_t build_count;

    /* For `eject`: each build's image is a config value "image-<service>" with this default
     * (parallel to builds), and nothing is built. NULL: Kaniko builds. */
    const char *const *images;

    /* For builds in a cluster or VPC that the project brings (x-defang-aws); NULL: it brings none.
     */
    const struct compose_project *model;
};

struct plan_pulumi_program {
    char *yaml;   /* Pulumi.yaml */
    char *config; /* Pulumi.<stack>.yaml */
    bool builds;  /* needs image.sh and the plugin command */

    /* What the provider cannot say: "Namespace: Properties.DnsProperties.SOA.TTL"; also a comment
     * of the program. */
    char **notes;
    size_t note_count;
};

/* Fills `out`, which the caller frees with plan_pulumi_program_done(), after a failure too. The
 * request is borrowed for the call. ERR_FAILED names what has no row in the table, ERR_REFUSED what
 * a program cannot express. */
int plan_pulumi(
    const struct plan_pulumi_request *r, struct plan_pulumi_program *out, struct error *err);
void plan_pulumi_program_done(struct plan_pulumi_program *p);

/* "<registry>/<repository>:<tag>"; malloc'd. */
char *plan_pulumi_image_uri(const struct plan_facts *f, const struct plan_build *b);

/* "Image_Web" of service "web"; malloc'd. */
char *plan_pulumi_image_name(const char *service);

/* The logical id that a Pulumi resource name belongs to: "Cluster", of "ExecutionRole_policy1"
 * "ExecutionRole". NULL: of an image or of a provider. malloc'd. */
char *plan_pulumi_owner(const char *name);
