/* Registries by their names: what people type after `registry login`, how a host is spelled in the
 * names of SSM and Secrets Manager, and which hosts are ECR's (whose account and region their names
 * tell). Which of them a task needs is pull.c's. */
#include "plan/registries.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/bind/image.h"
#include "plan/container/pull.h"
#include "plan/view/view.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>

#define DOCKER_HUB "docker.io"

/* ---- registries ---- */

static bool is_host_char(char ch)
{
    return isalnum((unsigned char)ch) || strchr("-.:", ch);
}

static bool is_host(const char *host)
{
    size_t n = strlen(host), name = strcspn(host, ":");
    const char *port = host + name;

    for (const char *p = host; *p; p++)
        if (!is_host_char(*p))
            return false;
    if (n < 1 || n > 253 || !name || strchr("-.", host[0]) || strchr("-.", host[name - 1]))
        return false;
    if (*port && (!port[1] || strspn(port + 1, "0123456789") != strlen(port + 1)))
        return false;
    return strchr(host, '.') || *port || strcmp(host, "localhost") == 0;
}

static int no_host(const char *text, struct error *err)
{
    error_raise(err, ERR_USAGE, "\"%s\" is no registry", text);
    error_hint(err, "name its host, as images of it begin: ghcr.io, quay.io, docker.io");
    return -EINVAL;
}

int plan_registry_host(struct arena *a, const char *text, const char **host, struct error *err)
{
    static const char *const hub[] = {
        "docker.io", "index.docker.io", "registry-1.docker.io", "hub.docker.com", "docker.com"};
    const char *start = strstr(text, "://");
    char *lower = arena_strdup(a, start ? start + 3 : text);

    lower[strcspn(lower, "/")] = '\0';
    for (char *p = lower; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    for (size_t i = 0; i < ARRAY_LEN(hub); i++)
        if (strcmp(lower, hub[i]) == 0) {
            *host = DOCKER_HUB;
            return 0;
        }

    struct plan_ecr ecr;
    if (plan_ecr_parse(a, arena_printf(a, "%s/x", lower), &ecr)) {
        error_raise(err, ERR_USAGE, "%s is ECR, which needs no log-in", lower);
        error_hint(
            err, "name the image in the Compose file: the right to pull it is given by `up`");
        return -EINVAL;
    }
    if (strcmp(lower, "public.ecr.aws") == 0)
        return error_raise(err, ERR_USAGE, "images of %s are public, it needs no log-in", lower);
    if (!is_host(lower))
        return no_host(text, err);

    *host = lower;
    return 0;
}

static bool parse_ecr_host(struct arena *a, const char *host, struct plan_ecr *out);

/* By the words of containerd, of Docker's registry and of the go-containerregistry of builders. */
static bool is_refusal(const char *said)
{
    static const char *const words[] = {
        "pull access denied",
        "access to the resource is denied",
        "authorization failed",
        "authentication required",
        "no basic auth credentials",
        "UNAUTHORIZED",
        "401 Unauthorized",
        "403 Forbidden"};

    for (size_t i = 0; said && i < ARRAY_LEN(words); i++)
        if (strstr(said, words[i]))
            return true;
    return false;
}

/* "GET https://ghcr.io/v2/acme/base/manifests/3: UNAUTHORIZED": the last address that was asked. */
static const char *host_in(struct arena *a, const char *said)
{
    const char *found = NULL;

    for (const char *p = said; (p = strstr(p, "https://")); p++) {
        const char *host = p + strlen("https://");
        if (text_starts(host + strcspn(host, "/ "), "/v2/"))
            found = host;
    }
    return found ? arena_strndup(a, found, strcspn(found, "/")) : NULL;
}

const char *plan_registry_hint(struct arena *a, const char *image, const char *said)
{
    struct image_name name;
    struct plan_ecr ecr;
    const char *asked = image ? NULL : said ? host_in(a, said) : NULL, *host = NULL;

    if (!is_refusal(said))
        return NULL;
    if (image && image_name_parse(a, image, &name, NULL) == 0)
        asked = name.registry;
    if (!asked || parse_ecr_host(a, asked, &ecr) || plan_registry_host(a, asked, &host, NULL) < 0)
        return NULL;
    return arena_printf(
        a,
        "is it private? `defangctl registry login %s` keeps the credentials; then run `defangctl "
        "up` again",
        host);
}

/* SSM and Secrets Manager take no colon; no host has an underscore. */
static const char *swapped(struct arena *a, const char *text, char from, char to)
{
    char *copy = arena_strdup(a, text);

    for (char *p = copy; *p; p++)
        if (*p == from)
            *p = to;
    return copy;
}

const char *plan_registry_config(struct arena *a, const char *host)
{
    return arena_printf(a, PLAN_REGISTRY_CONFIG "%s", swapped(a, host, ':', '_'));
}

const char *plan_registry_of_config(struct arena *a, const char *config)
{
    if (!text_starts(config, PLAN_REGISTRY_CONFIG))
        return NULL;
    return swapped(a, config + strlen(PLAN_REGISTRY_CONFIG), '_', ':');
}

/* ---- ECR ---- */

/* "123456789012.dkr.ecr.eu-west-1.amazonaws.com", with "ecr-fips", "amazonaws.com.cn", or as
 * "123456789012.dkr-ecr.eu-west-1.on.aws", which speaks IPv6 too. */
static bool parse_ecr_host(struct arena *a, const char *host, struct plan_ecr *out)
{
    static const char *const after[] = {
        ".dkr.ecr.", ".dkr.ecr-fips.", ".dkr-ecr.", ".dkr-ecr-fips."};

    if (strspn(host, "0123456789") != 12)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(after); i++) {
        const char *region = host + 12 + strlen(after[i]);

        const char *suffix = strchr(region, '.');
        if (!text_starts(host + 12, after[i]) || !suffix ||
            (!text_starts(suffix, ".amazonaws.") && strcmp(suffix, ".on.aws") != 0))
            continue;
        *out = (struct plan_ecr){
            .account = arena_strndup(a, host, 12),
            .region = arena_strndup(a, region, strcspn(region, "."))};
        return true;
    }
    return false;
}

bool plan_ecr_parse(struct arena *a, const char *image, struct plan_ecr *out)
{
    struct image_name name;

    if (image_name_parse(a, image, &name, NULL) < 0 || !parse_ecr_host(a, name.registry, out))
        return false;
    out->repository = name.path;
    return true;
}

/* `aws ecr set-repository-policy`, as one pastes it into a shell. */
static const char *
admit_command(struct arena *a, const struct plan_facts *f, const struct plan_ecr *ecr)
{
    return arena_printf(
        a,
        "aws ecr set-repository-policy --registry-id %s --region %s --repository-name %s "
        "--policy-text '{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Pull%s\",\"Effect\":"
        "\"Allow\",\"Principal\":{\"AWS\":\"arn:%s:iam::%s:root\"},\"Action\":[\"ecr:"
        "BatchGetImage\","
        "\"ecr:GetDownloadUrlForLayer\",\"ecr:BatchCheckLayerAvailability\"]}]}'",
        ecr->account,
        ecr->region,
        ecr->repository,
        f->account,
        f->partition,
        f->account);
}

static bool is_listed(const struct plan_foreign *list, size_t count, const struct plan_ecr *ecr)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].ecr.account, ecr->account) == 0 &&
            strcmp(list[i].ecr.region, ecr->region) == 0 &&
            strcmp(list[i].ecr.repository, ecr->repository) == 0)
            return true;
    return false;
}

static struct yaml_pos image_pos(const struct compose_service *s)
{
    const struct yaml_node *image = s->node ? yaml_get(s->node, "image") : NULL;

    return image ? image->pos : s->pos;
}

void plan_foreign_repositories(
    struct arena *a,
    const struct compose_project *p,
    const struct plan_facts *f,
    struct plan_foreign **out,
    size_t *count)
{
    struct plan_view v;

    plan_view_make(a, p, &v);
    *out = arena_array(a, struct plan_foreign, v.count + 1);
    *count = 0;
    for (size_t i = 0; i < v.count; i++) {
        const struct plan_service *s = &v.services[i];
        const char *image = plan_pulled_image(s);
        struct plan_ecr ecr;

        if (!image || !plan_ecr_parse(a, image, &ecr) || strcmp(ecr.account, f->account) == 0 ||
            is_listed(*out, *count, &ecr))
            continue;
        (*out)[(*count)++] = (struct plan_foreign){
            .service = s->s->name,
            .ecr = ecr,
            .pos = image_pos(s->s),
            .command = admit_command(a, f, &ecr)};
    }
}
