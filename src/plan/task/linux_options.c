/* Options of the kernel's that Fargate honours in part: capabilities, sysctls, one PID namespace
 * for a task, and the size of its disk.
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html,
 * …/AmazonECS/latest/APIReference/API_KernelCapabilities.html, …/API_SystemControl.html,
 * …/API_EphemeralStorage.html */
#include "base/mem.h"
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/context.h"
#include "plan/extensions.h"
#include "plan/task/task.h"
#include <ctype.h>
#include <string.h>

#define STORAGE_FREE_GIB 20
#define STORAGE_MAX_GIB  200

static const char *const CAPABILITIES[] = {
    "ALL",        "AUDIT_CONTROL",   "AUDIT_WRITE",      "BLOCK_SUSPEND",
    "CHOWN",      "DAC_OVERRIDE",    "DAC_READ_SEARCH",  "FOWNER",
    "FSETID",     "IPC_LOCK",        "IPC_OWNER",        "KILL",
    "LEASE",      "LINUX_IMMUTABLE", "MAC_ADMIN",        "MAC_OVERRIDE",
    "MKNOD",      "NET_ADMIN",       "NET_BIND_SERVICE", "NET_BROADCAST",
    "NET_RAW",    "SETFCAP",         "SETGID",           "SETPCAP",
    "SETUID",     "SYS_ADMIN",       "SYS_BOOT",         "SYS_CHROOT",
    "SYS_MODULE", "SYS_NICE",        "SYS_PACCT",        "SYS_PTRACE",
    "SYS_RAWIO",  "SYS_RESOURCE",    "SYS_TIME",         "SYS_TTY_CONFIG",
    "SYSLOG",     "WAKE_ALARM",
};

static const struct yaml_node *list_of(const struct compose_service *s, const char *key)
{
    const struct yaml_node *n = s->node ? yaml_get(s->node, key) : NULL;
    return n && n->kind == YAML_KIND_SEQUENCE ? n : NULL;
}

/* ECS's name of it, or NULL. */
static const char *capability(const struct yaml_node *n)
{
    const char *name = n->kind == YAML_KIND_SCALAR ? n->value : "";
    if (strncasecmp(name, "CAP_", 4) == 0)
        name += 4;
    for (size_t i = 0; i < ARRAY_LEN(CAPABILITIES); i++)
        if (text_eq_nocase(CAPABILITIES[i], name))
            return CAPABILITIES[i];
    return NULL;
}

static bool may_add(const char *name)
{
    return text_eq(name, "SYS_PTRACE");
}

static json_t *capabilities(const struct compose_service *s, const char *key, bool add)
{
    const struct yaml_node *n = list_of(s, key);
    json_t *list = json_array();
    for (size_t i = 0; n && i < n->len; i++) {
        const char *name = capability(n->items[i]);
        if (name && (!add || may_add(name)))
            json_push(list, json_string(name));
    }
    return list;
}

/* Those of the task's own namespaces: the network's and IPC's. */
static bool sysctl_ok(const char *name)
{
    static const char *const ipc[] = {
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced"};
    for (size_t i = 0; i < ARRAY_LEN(ipc); i++)
        if (text_eq(ipc[i], name))
            return true;
    return text_starts(name, "net.") || text_starts(name, "fs.mqueue.");
}

struct sysctl {
    const char *name, *value;
    struct yaml_pos pos;
};

static bool
sysctl_at(struct arena *a, const struct compose_service *s, size_t i, struct sysctl *out)
{
    const struct yaml_node *n = s->node ? yaml_get(s->node, "sysctls") : NULL;
    if (!n || i >= n->len || (n->kind != YAML_KIND_MAPPING && n->kind != YAML_KIND_SEQUENCE))
        return false;
    if (n->kind == YAML_KIND_MAPPING) {
        const struct yaml_node *value = n->pairs[i].value;
        *out = (struct sysctl){
            n->pairs[i].key->value,
            value->kind == YAML_KIND_SCALAR ? value->value : "",
            n->pairs[i].key->pos};
        return true;
    }
    const char *text = n->items[i]->kind == YAML_KIND_SCALAR ? n->items[i]->value : "",
               *eq = strchr(text, '=');
    *out = (struct sysctl){
        arena_strndup(a, text, eq ? (size_t)(eq - text) : strlen(text)),
        eq ? eq + 1 : "",
        n->items[i]->pos};
    return true;
}

void plan_linux_options(
    const struct plan_ctx *c, const struct compose_service *s, json_t *container)
{
    json_t *add = capabilities(s, "cap_add", true), *drop = capabilities(s, "cap_drop", false),
           *of_kernel = json_object(), *linux_ = json_object();
    plan_json_list(of_kernel, "Add", add);
    plan_json_list(of_kernel, "Drop", drop);
    if (s->init)
        json_add(linux_, "InitProcessEnabled", json_true());
    if (json_object_size(of_kernel))
        json_add(linux_, "Capabilities", json_incref(of_kernel));
    if (json_object_size(linux_))
        json_add(container, "LinuxParameters", json_incref(linux_));
    json_decref(of_kernel);
    json_decref(linux_);
    json_t *controls = json_array();
    struct sysctl one;
    for (size_t i = 0; sysctl_at(c->a, s, i, &one); i++)
        if (sysctl_ok(one.name))
            json_push(controls, plan_json("{s:s,s:s}", "Namespace", one.name, "Value", one.value));
    plan_json_list(container, "SystemControls", controls);
}

/* ---- the task's disk: storage_opt.size of its containers together ---- */
static bool storage_of(const struct compose_service *s, double *gib)
{
    const struct yaml_node *n = s->node ? yaml_get(s->node, "storage_opt") : NULL,
                           *size = n ? yaml_get(n, "size") : NULL;
    *gib = 0;
    if (!size || size->kind != YAML_KIND_SCALAR)
        return true;
    size_t digits = strspn(size->value, "0123456789");
    cleanup_free char *number = xstrndup(size->value, digits);
    const char *unit = size->value + digits;
    long long v;
    if (text_parse_int(number, 1, 1000000, &v) < 0)
        return false;
    bool giga =
        text_eq_nocase(unit, "g") || text_eq_nocase(unit, "gb") || text_eq_nocase(unit, "gib");
    bool mega =
        text_eq_nocase(unit, "m") || text_eq_nocase(unit, "mb") || text_eq_nocase(unit, "mib");
    *gib = giga ? (double)v : (double)v / 1024;
    return giga || mega;
}

unsigned plan_task_storage(const struct plan_view *v, const struct plan_service *s)
{
    const struct plan_service *member;
    double all = 0, gib;
    for (size_t i = 0; (member = plan_task_member(v, s, i)); i++)
        if (storage_of(member->s, &gib))
            all += gib;
    unsigned whole = (unsigned)all;
    return whole < all ? whole + 1 : whole;
}

void plan_task_options(const struct plan_ctx *c, const struct plan_service *s, json_t *task)
{
    unsigned gib = plan_task_storage(&c->v, s);
    if (gib > STORAGE_FREE_GIB)
        json_add(task, "EphemeralStorage", plan_json("{s:i}", "SizeInGiB", (int)gib));
    const struct plan_service *member;
    for (size_t i = 0; (member = plan_task_member(&c->v, s, i)); i++) {
        const char *pid = member->s->node ? plan_ext_string(member->s->node, "pid") : NULL;
        if (pid && text_starts(pid, "service:"))
            json_add(task, "PidMode", json_string("task"));
    }
}

/* ---- checks ---- */
static void
check_capabilities(struct plan_check *c, const struct plan_service *s, const char *key, bool add)
{
    const struct yaml_node *n = list_of(s->s, key);
    for (size_t i = 0; n && i < n->len; i++) {
        const char *name = capability(n->items[i]),
                   *text = n->items[i]->kind == YAML_KIND_SCALAR ? n->items[i]->value : "";
        if (!name)
            plan_warn(
                &c->diag,
                n->items[i]->pos,
                "Remove it.",
                "service %s: %s names %s, which ECS does not know",
                s->s->name,
                key,
                text);
        else if (add && !may_add(name))
            plan_warn(
                &c->diag,
                n->items[i]->pos,
                "Remove it.",
                "service %s: cap_add %s is ignored, Fargate grants SYS_PTRACE and no other",
                s->s->name,
                text);
    }
}

static void check_storage(struct plan_check *c, const struct plan_service *s)
{
    const struct yaml_node *n = s->s->node ? yaml_get(s->s->node, "storage_opt") : NULL;
    double gib;
    for (size_t i = 0; n && n->kind == YAML_KIND_MAPPING && i < n->len; i++)
        if (!text_eq(n->pairs[i].key->value, "size"))
            plan_warn(
                &c->diag,
                n->pairs[i].key->pos,
                "Remove it.",
                "service %s: storage_opt.%s is ignored, only size means something on Fargate",
                s->s->name,
                n->pairs[i].key->value);
    if (!storage_of(s->s, &gib))
        plan_error(
            &c->diag,
            n->pos,
            "As in storage_opt: {size: 50G}.",
            "service %s: storage_opt.size is no size",
            s->s->name);
    else if (s->kind == PLAN_CONTAINER && plan_task_storage(&c->v, s) > STORAGE_MAX_GIB)
        plan_error(
            &c->diag,
            n ? n->pos : s->s->pos,
            "Ask for less, or use a named volume.",
            "service %s asks for %u GiB of disk, and a Fargate task has at most %d",
            s->s->name,
            plan_task_storage(&c->v, s),
            STORAGE_MAX_GIB);
}

void plan_check_linux(struct plan_check *c, const struct plan_service *s)
{
    struct sysctl one;
    const char *pid = s->s->node ? plan_ext_string(s->s->node, "pid") : NULL;
    check_capabilities(c, s, "cap_add", true);
    check_capabilities(c, s, "cap_drop", false);
    for (size_t i = 0; sysctl_at(c->a, s->s, i, &one); i++)
        if (!sysctl_ok(one.name))
            plan_warn(
                &c->diag,
                one.pos,
                "Remove it.",
                "service %s: sysctl %s is ignored, a task sets those of its network and of IPC "
                "only",
                s->s->name,
                one.name);
    check_storage(c, s);
    if (!pid)
        return;
    const struct plan_service *with =
        text_starts(pid, "service:") ? plan_view_get(&c->v, pid + strlen("service:")) : NULL;
    if (!with || !plan_is_task(with) || plan_task_of(with) != plan_task_of(s))
        plan_warn(
            &c->diag,
            yaml_get(s->s->node, "pid")->pos,
            "Remove pid, or run both in one task (network_mode: service:…).",
            "service %s: pid \"%s\" is ignored, only containers of one task share processes",
            s->s->name,
            pid);
}
