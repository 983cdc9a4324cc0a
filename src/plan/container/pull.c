/* By what right images are pulled.
 *
 *   ECR                  the role that starts tasks may read the repository, whosever it is; a
 *                        repository of another account must admit this one by its own policy
 *   other registries     a secret of Secrets Manager: the one that x-aws-pull_credentials names, or
 *                        the one made of what `defangctl registry login` keeps for the host
 *   public images        none; those of the library come through the account's cache (image.c)
 *
 * Builds pull their base images with the same credentials: Kaniko reads all of them from one
 * variable, DOCKER_AUTH_CONFIG. github.com/osscontainertools/kaniko docs/registries.md
 * ECS: docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html */
#include "plan/container/pull.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/image.h"
#include "plan/common/config.h"
#include "plan/common/iam.h"
#include "plan/container/derived.h"
#include "plan/container/environment.h"
#include "plan/container/image.h"
#include "plan/names.h"
#include "plan/registries.h"
#include <string.h>

#define DOCKER_HUB "docker.io"
/* Under which Docker's configuration has the credentials of Docker Hub. */
#define DOCKER_HUB_KEY "https://index.docker.io/v1/"
#define SECRET "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:"

const char *plan_pulled_image(const struct plan_service *s)
{
    return plan_is_task(s) && !plan_builds_image(s->s) ? s->s->image : NULL;
}

/* ---- secrets ---- */

const char *
plan_pull_registry(struct arena *a, const struct plan_request *r, const struct plan_service *s)
{
    const char *image = plan_pulled_image(s);
    struct image_name name;
    struct plan_ecr ecr;

    if (!image || s->adopt.pull_credentials.value || plan_ecr_parse(a, image, &ecr) ||
        image_name_parse(a, image, &name, NULL) < 0)
        return NULL;

    const char *config = plan_registry_config(a, name.registry);
    return plan_config_mark(r, config) ? name.registry : NULL;
}

const char *plan_registry_secret(struct arena *a, const struct plan_request *r, const char *host)
{
    cleanup_free char *root = plan_derived_path(r->settings, r->project->name);

    return arena_printf(a, "%s%s", root + 1, plan_registry_config(a, host));
}

/* What comes through the account's cache is read from ECR, with the role's own right. */
static bool through_cache(const struct plan_ctx *c, const struct plan_service *s)
{
    struct plan_ecr ecr;

    return plan_ecr_parse(c->a, plan_image_uri(c, s->s->image), &ecr);
}

const char *plan_pull_secret(const struct plan_ctx *c, const struct plan_service *s)
{
    struct plan_ecr ecr;

    if (!plan_pulled_image(s) || plan_ecr_parse(c->a, s->s->image, &ecr))
        return NULL;
    if (s->adopt.pull_credentials.value)
        return s->adopt.pull_credentials.value;

    const char *registry = plan_pull_registry(c->a, c->r, s);
    return registry && !through_cache(c, s) ? plan_registry_secret(c->a, c->r, registry) : NULL;
}

static bool holds(const json_t *list, const json_t *item)
{
    size_t i;
    json_t *other;

    json_array_foreach(list, i, other)
        if (json_equal(other, item))
            return true;
    return false;
}

static void push_once(json_t *list, json_t *item)
{
    if (holds(list, item))
        json_decref(item);
    else
        json_push(list, item);
}

/* Repositories of any account and region that images name themselves. */
static void push_repositories(const struct plan_ctx *c, json_t *statements)
{
    json_t *repositories = array();

    if (c->v.builds)
        json_push(repositories, graph_attr("BuildRepository", "Arn"));
    for (size_t i = 0; i < c->v.count; i++) {
        const char *image = plan_pulled_image(&c->v.services[i]);
        struct plan_ecr ecr;

        if (!image || !plan_ecr_parse(c->a, image, &ecr))
            continue;

        bool here =
            strcmp(ecr.account, c->f->account) == 0 && strcmp(ecr.region, c->f->region) == 0;
        push_once(
            repositories,
            graph_sub(
                "arn:${AWS::Partition}:ecr:%s:%s:repository/%s",
                here ? "${AWS::Region}" : ecr.region,
                here ? "${AWS::AccountId}" : ecr.account,
                ecr.repository));
    }

    repositories = json_unless_empty(repositories);
    if (!repositories)
        return;

    json_t *actions =
        texts("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability");
    json_push(statements, iam_allow("Pull", actions, repositories));
}

/* A secret that is not ours may have a key of its owner's; ours have the account's own, which needs
 * no right. */
static void push_decrypt(json_t *statements)
{
    json_t *via =
        object(key("kms:ViaService", graph_sub("secretsmanager.${AWS::Region}.${AWS::URLSuffix}")));
    json_t *keys = graph_sub("arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/*");

    json_push(
        statements,
        iam_allow_if("RegistryKeys", texts("kms:Decrypt"), keys, object(key("StringEquals", via))));
}

static void push_secrets(const struct plan_ctx *c, json_t *statements)
{
    json_t *secrets = array();
    bool theirs = false;

    for (size_t i = 0; i < c->v.count; i++) {
        const char *secret = plan_pull_secret(c, &c->v.services[i]);

        if (!secret)
            continue;
        /* The end of a secret's ARN is six characters of AWS's. */
        bool arn = text_starts(secret, "arn:");
        theirs = theirs || arn;
        push_once(secrets, arn ? json_string(secret) : graph_sub(SECRET "%s-??????", secret));
    }

    secrets = json_unless_empty(secrets);
    if (!secrets)
        return;
    json_push(statements, iam_allow("Registries", texts("secretsmanager:GetSecretValue"), secrets));
    if (theirs)
        push_decrypt(statements);
}

void plan_pull_statements(const struct plan_ctx *c, json_t *statements)
{
    push_repositories(c, statements);
    push_secrets(c, statements);
}

/* ---- builds ---- */

static void
append_part(struct arena *a, struct compose_part ***tail, bool is_config, const char *text)
{
    struct compose_part *part = arena_make(a, struct compose_part);

    *part = (struct compose_part){.is_config = is_config, .text = text};
    **tail = part;
    *tail = &part->next;
}

bool plan_build_login(struct arena *a, const struct plan_request *r, struct plan_derived *out)
{
    struct compose_part *parts = NULL, **tail = &parts;
    const char *between = "{\"auths\":{\"";

    for (size_t i = 0; i < r->config_count; i++) {
        const char *host = plan_registry_of_config(a, r->configs[i].name);

        if (!host)
            continue;

        const char *address = strcmp(host, DOCKER_HUB) == 0 ? DOCKER_HUB_KEY : host;
        append_part(a, &tail, false, arena_printf(a, "%s%s\":{\"auth\":\"", between, address));
        append_part(a, &tail, true, r->configs[i].name);
        between = "\"},\"";
    }
    if (!parts)
        return false;

    append_part(a, &tail, false, "\"}}}");
    const char *digest = plan_parts_digest(a, r, parts, plan_config_mark);
    *out = (struct plan_derived){
        .service = "registry",
        .variable = "login",
        .parts = parts,
        .parameter = plan_derived_parameter(a, r, "registry", "login", digest)};
    return true;
}

bool plan_pulls_by_secret(const json_t *resource)
{
    size_t i;
    json_t *container;

    json_array_foreach(json_at(resource, "Properties.ContainerDefinitions"), i, container)
        if (json_object_get(container, "RepositoryCredentials"))
            return true;
    return false;
}
