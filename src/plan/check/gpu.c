/* What GPUs ask of a project: devices that ECS can give, an instance that carries the task, and a
 * way out of its network.
 *
 * Fargate has no GPU: the task runs on an instance, which has no public address. Refused: devices
 * of another capability or driver and chosen ones, a GPU for a managed store or for what runs once,
 * an ARM task, a cluster that is not ours, a project whose name ECS keeps for itself, containers of
 * one task that would share a GPU, a task without a way out where somebody said that there is none,
 * and what no instance type has. Warned of: options of a device, a port of the task's own that the
 * internet would reach elsewhere. Noted: which instances it will be and the NAT gateway that it
 * gets, because they cost. */
#include "plan/compute/gpu.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/common/context.h"
#include "plan/compute/sizing.h"
#include <string.h>
#include <strings.h>

static const struct yaml_node *
at(const struct yaml_node *n, const char *a, const char *b, const char *d)
{
    n = n ? yaml_get(n, a) : NULL;
    n = n && b ? yaml_get(n, b) : n;
    return n && d ? yaml_get(n, d) : n;
}

static bool is_gpu(const struct yaml_node *device)
{
    const struct yaml_node *n = yaml_get(device, "capabilities");

    for (size_t i = 0; n && n->kind == YAML_KIND_SEQUENCE && i < n->len; i++)
        if (text_eq(n->items[i]->value, "gpu"))
            return true;
    return false;
}

static void check_device(
    struct plan_check *c, const struct plan_service *s, const struct yaml_node *device, bool gpu)
{
    const struct yaml_node *driver = yaml_get(device, "driver"),
                           *ids = yaml_get(device, "device_ids"),
                           *options = yaml_get(device, "options");

    if (!gpu && !is_gpu(device)) {
        plan_error(
            &c->diag,
            device->pos,
            "Remove the device.",
            "service %s: AWS gives devices of capability gpu only",
            s->s->name);
        return;
    }

    if (driver && !yaml_is_null(driver) && !text_eq(driver->value, "nvidia") &&
        !text_empty(driver->value))
        plan_error(
            &c->diag,
            driver->pos,
            "Remove driver.",
            "service %s: there is no GPU driver \"%s\", only nvidia",
            s->s->name,
            driver->value);
    if (ids && ids->len)
        plan_error(
            &c->diag,
            ids->pos,
            "Say how many, as in count: 1.",
            "service %s: ECS chooses which GPUs of an instance a task gets: device_ids cannot be "
            "kept",
            s->s->name);
    if (options && options->len)
        plan_warn(
            &c->diag,
            options->pos,
            "Remove options.",
            "service %s: options of a device are ignored",
            s->s->name);
}

/* The position of the last list of devices. */
static struct yaml_pos check_devices(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *lists[] = {
        at(s->s->node, "gpus", NULL, NULL),
        at(at(s->s->node, "deploy", "resources", NULL), "reservations", "devices", NULL),
        at(at(s->s->node, "deploy", "resources", NULL), "limits", "devices", NULL)};
    struct yaml_pos pos = s->s->deploy.present ? s->s->deploy.pos : s->s->pos;

    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        for (size_t k = 0; lists[i] && lists[i]->kind == YAML_KIND_SEQUENCE && k < lists[i]->len;
             k++) {
            check_device(c, s, lists[i]->items[k], i == 0);
            pos = lists[i]->items[k]->pos;
        }
    return pos;
}

static void check_network(struct plan_check *c, const struct plan_service *s, struct yaml_pos pos)
{
    bool inside =
        c->v.adopt.vpc.value ? !c->v.adopt.private_subnet_count : c->s->nat == PLAN_NAT_NONE;

    if (inside && !s->isolated)
        plan_error(
            &c->diag,
            pos,
            c->v.adopt.vpc.value
                ? "Name private subnets in x-defang-aws, or give it internal networks only."
                : "Set x-defang-nat: single (or DEFANG_NAT=single, or mode balanced), or give it "
                  "internal networks only.",
            "service %s: a task on an instance with a GPU has no public address, and without a NAT "
            "gateway it reaches nothing outside",
            s->s->name);
    if (c->s->nat_for_gpu && !s->isolated)
        plan_note(
            &c->diag,
            pos,
            "Set x-defang-nat, or give it internal networks only.",
            "service %s: its tasks have no public address, so the project gets a NAT gateway, "
            "about 36.50 USD a month",
            s->s->name);
    for (size_t i = 0; i < s->port_count; i++)
        if (s->ports[i].open)
            plan_warn(
                &c->diag,
                s->ports[i].pos,
                "Use mode: ingress, or leave the default network.",
                "service %s: a task on an instance with a GPU has no public address, so nobody "
                "outside reaches its port %u",
                s->s->name,
                s->ports[i].target);
}

static void check_machine(struct plan_check *c, const struct plan_service *s, struct yaml_pos pos)
{
    double vcpus, mib;
    struct yaml_pos said;
    const char *wish = plan_machine_wish(s, &said);

    plan_task_needs(&c->v, s, &vcpus, &mib);
    const struct plan_machine *m = plan_machine(&c->v, s);
    if (wish && !plan_machine_known(wish))
        plan_error(
            &c->diag,
            said,
            "One of the families g4dn, g5 and g6, as in node.machine == g6.xlarge.",
            "service %s: no instance type \"%s\" with GPUs is known",
            s->s->name,
            wish);
    else if (!m && wish)
        plan_error(
            &c->diag,
            said,
            "Ask for less, or name a larger type.",
            "service %s: its task asks for more GPUs, vCPUs or memory than %s has",
            s->s->name,
            wish);
    else if (!m)
        plan_error(
            &c->diag,
            pos,
            "Ask for less, or split the service.",
            "service %s: no instance has the GPUs, %g vCPU and %.0f MiB that its task asks for; "
            "the largest has 8, 192 and 736,960",
            s->s->name,
            vcpus,
            mib);
    else if (!wish)
        plan_note(
            &c->diag,
            pos,
            "deploy.placement.constraints: [node.machine == g6.xlarge] names another type.",
            "service %s: its tasks run on %s instances, which cost while a task is there",
            s->s->name,
            m->type);
}

/* Of two containers that ask, neither can have all. */
static void check_share(struct plan_check *c, const struct plan_service *s, struct yaml_pos pos)
{
    const struct plan_service *other, *in = plan_task_of(s);

    for (size_t i = 0; plan_service_gpus(s) < 0 && (other = plan_task_member(&c->v, in, i)); i++)
        if (other != s && plan_service_gpus(other)) {
            plan_error(
                &c->diag,
                pos,
                "Say how many, as in count: 1.",
                "service %s asks for all GPUs of the task, and %s for some: containers share no "
                "GPU",
                s->s->name,
                other->s->name);
            return;
        }
    const struct plan_machine *m = plan_machine(&c->v, in);
    if (plan_service_gpus(s) < 0 && m)
        plan_note(
            &c->diag,
            pos,
            "Set count for another number.",
            "service %s: all GPUs are the %u of its %s instance",
            s->s->name,
            m->gpus,
            m->type);
}

/* What an instance of the project's own cannot be. */
static void check_host(struct plan_check *c, const struct plan_service *s, struct yaml_pos pos)
{
    const struct plan_service *in = plan_task_of(s);
    bool reserved =
        strncasecmp(c->p->name, "ecs", 3) == 0 || strncasecmp(c->p->name, "fargate", 7) == 0;

    if (strcmp(in->arch, "aarch64") == 0)
        plan_error(
            &c->diag,
            pos,
            "Use platform: linux/amd64.",
            "service %s asks for a GPU, and the instances that have one are x86",
            s->s->name);
    if (c->v.adopt.cluster.value)
        plan_error(
            &c->diag,
            pos,
            "Leave the cluster to the project.",
            "service %s asks for a GPU: a cluster that is not ours keeps its capacity providers as "
            "they are",
            s->s->name);
    if (!*c->s->prefix && reserved)
        plan_error(
            &c->diag,
            pos,
            "Rename the project, or set DEFANG_PREFIX.",
            "project %s has a GPU service: ECS takes no capacity provider whose name begins with "
            "aws, ecs or fargate",
            c->p->name);
}

void plan_check_gpu(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_deploy *d = &s->s->deploy;
    struct yaml_pos pos = check_devices(c, s);
    const struct plan_service *in = plan_task_of(s);

    if (!d->reservations.gpu_count && !d->limits.gpu_count)
        return;
    if (!plan_is_task(s)) {
        plan_error(
            &c->diag,
            pos,
            "Remove the devices.",
            "service %s asks for a GPU, which managed stores do not have",
            s->s->name);
        return;
    }

    if (in->once) {
        plan_error(
            &c->diag,
            pos,
            "Set restart: unless-stopped if it is to run on.",
            "service %s asks for a GPU, and what runs once runs on Fargate, which has none",
            in->s->name);
        return;
    }

    check_host(c, s, pos);
    check_share(c, s, pos);
    if (s != in && plan_service_gpus(in))
        return; /* its service says the rest */
    check_network(c, in, pos);
    check_machine(c, in, pos);
}
