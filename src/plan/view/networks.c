/* The view: which Compose networks a service is on, and what that means to security groups. Part of
 * plan_view_make(), which has told before whose task each sidecar is in.
 *
 * Services reach each other, on any port, when they share a network; those that share none do not.
 * So each network has a badge, a security group without rules that all tasks on it wear, and each
 * service's own group admits the badges of its networks. The badge of the default network is
 * AppSecurityGroup, which is there in every project.
 *
 * ECS gives a task five groups: its own and four badges. A service on more networks than that (a
 * proxy in front of many projects' networks, say) wears one badge of its own instead, and everyone
 * on any of its networks admits that one too: who reaches whom stays the same.
 * docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html (securityGroups)
 */
#include "base/mem.h"
#include "base/str.h"
#include "plan/names.h"
#include "plan/view/parts.h"
#include "plan/view/view.h"
#include <string.h>

#define DEFAULT_NETWORK "default"
#define BADGES_MAX      4

bool plan_has_name(const struct plan_service *s)
{
    return plan_is_store(s) || (s->kind == PLAN_CONTAINER && !s->once);
}

const char *plan_hub_badge(struct arena *a, const struct plan_service *s)
{
    return arena_printf(a, "HubSecurityGroup%s", s->id);
}

static bool is_on(const struct plan_service *s, const struct plan_network *n)
{
    for (size_t i = 0; i < s->network_count; i++)
        if (s->networks[i] == n)
            return true;
    return false;
}

bool plan_share_network(const struct plan_service *a, const struct plan_service *b)
{
    const struct plan_service *x = plan_task_of(a), *y = plan_task_of(b);

    for (size_t i = 0; i < x->network_count; i++)
        if (is_on(y, x->networks[i]))
            return true;
    return x == y;
}

/* A sidecar is where its service is, and files are nowhere. */
static bool has_networks(const struct plan_service *s)
{
    return s->kind == PLAN_CONTAINER || plan_is_store(s);
}

static const struct plan_network *network(struct arena *a, struct plan_view *v, const char *name)
{
    for (size_t i = 0; i < v->network_count; i++)
        if (strcmp(v->networks[i].name, name) == 0)
            return &v->networks[i];

    const char *id = plan_logical_id(a, name);
    bool is_default = strcmp(name, DEFAULT_NETWORK) == 0;
    struct plan_network *n = &v->networks[v->network_count++];
    *n = (struct plan_network){
        .name = name,
        .badge = is_default ? "AppSecurityGroup" : arena_printf(a, "NetworkSecurityGroup%s", id)};
    return n;
}

/* The gateway of a model has a network of its own that no file declares (expand/models.c; the
 * tree stays what the files say): it serves the whole project. */
static bool serves_all(const struct compose_project *p, const struct compose_service *s)
{
    const struct yaml_node *declared = p->root ? yaml_get(p->root, "networks") : NULL;

    return s->network_count == 1 && strcmp(s->networks[0].name, DEFAULT_NETWORK) != 0 &&
           !(declared && yaml_get(declared, s->networks[0].name));
}

/* `network_mode: host` and their like name no network: such a service is on the default one. */
static void join(struct arena *a, struct plan_view *v, struct plan_service *s)
{
    const struct compose_service *x = s->s;

    s->networks = arena_array(a, const struct plan_network *, x->network_count + 1);
    if (!x->network_count)
        s->networks[s->network_count++] = network(a, v, DEFAULT_NETWORK);
    for (size_t i = 0; i < x->network_count; i++)
        s->networks[s->network_count++] = network(a, v, x->networks[i].name);
}

static void join_all(struct arena *a, struct plan_view *v, struct plan_service *s)
{
    if (!v->network_count)
        (void)network(a, v, DEFAULT_NETWORK);

    s->networks = arena_array(a, const struct plan_network *, v->network_count);
    for (size_t i = 0; i < v->network_count; i++)
        s->networks[s->network_count++] = &v->networks[i];
}

static void wear(struct arena *a, struct plan_service *s)
{
    s->hub = s->network_count > BADGES_MAX;
    s->worn = arena_array(a, const char *, BADGES_MAX);
    if (s->hub)
        s->worn[s->worn_count++] = plan_hub_badge(a, s);
    for (size_t i = 0; i < s->network_count && !s->hub; i++)
        s->worn[s->worn_count++] = s->networks[i]->badge;
}

static void admit(struct arena *a, const struct plan_view *v, struct plan_service *s)
{
    s->admits = arena_array(a, const char *, s->network_count + v->count);
    for (size_t i = 0; i < s->network_count; i++)
        s->admits[s->admit_count++] = s->networks[i]->badge;
    for (size_t i = 0; i < v->count; i++) {
        const struct plan_service *other = &v->services[i];
        if (other->hub && plan_share_network(other, s))
            s->admits[s->admit_count++] = plan_hub_badge(a, other);
    }
}

void plan_view_networks(struct arena *a, const struct compose_project *p, struct plan_view *v)
{
    size_t most = 1;

    for (size_t i = 0; i < v->count; i++)
        most += v->services[i].s->network_count;
    v->networks = arena_array(a, struct plan_network, most);

    for (size_t i = 0; i < v->count; i++)
        if (has_networks(&v->services[i]) && !serves_all(p, v->services[i].s))
            join(a, v, &v->services[i]);
    for (size_t i = 0; i < v->count; i++)
        if (has_networks(&v->services[i]) && serves_all(p, v->services[i].s))
            join_all(a, v, &v->services[i]);

    for (size_t i = 0; i < v->count; i++)
        if (has_networks(&v->services[i]))
            wear(a, &v->services[i]);
    for (size_t i = 0; i < v->count; i++)
        if (has_networks(&v->services[i]))
            admit(a, v, &v->services[i]);
}
