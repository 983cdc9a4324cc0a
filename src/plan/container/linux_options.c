/* Options of the kernel's that Fargate honours in part: capabilities, sysctls, one PID namespace
 * for a task, and the size of its disk.
 *
 * What Fargate takes goes into the task, the rest is left out and said by check/linux.c, which asks
 * the same questions here: so a warning and what is planned cannot differ.
 *
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html,
 * …/AmazonECS/latest/APIReference/API_KernelCapabilities.html, …/API_SystemControl.html,
 * …/API_EphemeralStorage.html */
#include "plan/container/linux_options.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/compute/sizing.h"
#include "plan/view/extensions.h"
#include <string.h>
#include <strings.h>

#define STORAGE_FREE_GIB 20 /* every Fargate task has them, and none may ask for less */

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

/* ---- capabilities ---- */

const struct yaml_node *plan_capability_list(const struct compose_service *s, const char *key)
{
    const struct yaml_node *n = s->node ? yaml_get(s->node, key) : NULL;

    return n && n->kind == YAML_KIND_SEQUENCE ? n : NULL;
}

const char *plan_capability(const struct yaml_node *n)
{
    const char *name = n->kind == YAML_KIND_SCALAR ? n->value : "";

    if (strncasecmp(name, "CAP_", 4) == 0)
        name += 4;
    for (size_t i = 0; i < ARRAY_LEN(CAPABILITIES); i++)
        if (text_eq_nocase(CAPABILITIES[i], name))
            return CAPABILITIES[i];
    return NULL;
}

/* Fargate grants the one and takes all others as if they were not there. */
bool plan_may_add_capability(const char *name)
{
    return text_eq(name, "SYS_PTRACE");
}

/* A dropped capability is dropped whichever it is; of those to add, what Fargate grants. */
static json_t *capabilities(const struct compose_service *s, const char *key, bool add)
{
    const struct yaml_node *n = plan_capability_list(s, key);
    json_t *list = array();

    for (size_t i = 0; n && i < n->len; i++) {
        const char *name = plan_capability(n->items[i]);
        bool taken = name && (!add || plan_may_add_capability(name));

        if (taken)
            json_push(list, json_string(name));
    }
    return json_unless_empty(list);
}

/* InitProcessEnabled: a process 1 that forwards signals and reaps, as `init: true` in Compose. */
json_t *plan_linux_parameters(const struct plan_ctx *c, const struct plan_service *service)
{
    const struct compose_service *s = service->s;
    json_t *init = s->init ? json_true() : NULL;

    json_t *of_kernel = object(
        key("Add", capabilities(s, "cap_add", true)),
        key("Drop", capabilities(s, "cap_drop", false)));
    json_t *parameters = object(
        key("InitProcessEnabled", init),
        key("Capabilities", json_unless_empty(of_kernel)),
        key("SharedMemorySize", plan_shared_memory(c, service)),
        key("Tmpfs", plan_tmpfs(c, service)));

    return json_unless_empty(parameters);
}

/* ---- sysctls ---- */

/* Those of the task's own namespaces: the network's and IPC's. */
bool plan_sysctl_ok(const char *name)
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

/* A value that is no text, a list say, reads as empty. */
static const char *text_of(const struct yaml_node *n)
{
    return n->kind == YAML_KIND_SCALAR ? n->value : "";
}

bool plan_sysctl_at(
    struct arena *a, const struct compose_service *s, size_t i, struct plan_sysctl *out)
{
    const struct yaml_node *n = s->node ? yaml_get(s->node, "sysctls") : NULL;

    if (!n || i >= n->len)
        return false;

    if (n->kind == YAML_KIND_MAPPING) {
        const struct yaml_pair *pair = &n->pairs[i];

        *out = (struct plan_sysctl){pair->key->value, text_of(pair->value), pair->key->pos};
        return true;
    }
    if (n->kind != YAML_KIND_SEQUENCE)
        return false;

    const char *text = text_of(n->items[i]);
    const char *equals = strchr(text, '=');
    size_t name_length = equals ? (size_t)(equals - text) : strlen(text);

    *out = (struct plan_sysctl){
        arena_strndup(a, text, name_length), equals ? equals + 1 : "", n->items[i]->pos};
    return true;
}

json_t *plan_system_controls(const struct plan_ctx *c, const struct compose_service *s)
{
    struct plan_sysctl one;
    json_t *list = array();

    for (size_t i = 0; plan_sysctl_at(c->a, s, i, &one); i++)
        if (plan_sysctl_ok(one.name))
            json_push(list, object(key("Namespace", one.name), key("Value", one.value)));
    return json_unless_empty(list);
}

/* pid: service:x of any container makes all of the task share processes: ECS knows no smaller
 * circle. */
static bool shares_processes(const struct plan_ctx *c, const struct plan_service *s)
{
    const struct plan_service *member;

    for (size_t i = 0; (member = plan_task_member(&c->v, s, i)); i++) {
        const char *pid = member->s->node ? plan_ext_string(member->s->node, "pid") : NULL;

        if (pid && text_starts(pid, "service:"))
            return true;
    }
    return false;
}

void plan_task_options(const struct plan_ctx *c, const struct plan_service *s, json_t *task)
{
    unsigned gib = plan_task_storage(&c->v, s);

    if (gib > STORAGE_FREE_GIB)
        json_add(task, "EphemeralStorage", object(key("SizeInGiB", gib)));
    if (shares_processes(c, s))
        json_add(task, "PidMode", json_string("task"));
}
