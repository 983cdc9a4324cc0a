/* Memory as a folder: tmpfs mounts, and /dev/shm where shm_size asks for more than there is.
 *
 * Fargate mounts tmpfs since January 2026 (github.com/aws/containers-roadmap/issues/736); it has no
 * sharedMemorySize, so a larger /dev/shm is a tmpfs over the one that is there. On instances Docker
 * makes /dev/shm of the size. ECS wants a size of each tmpfs: where Docker has no bound but the
 * machine's, half of the task's memory is one, as the kernel has it of a machine's. Mode 1777 is
 * the kernel's own, so that every user may write.
 *
 * A tmpfs with another mount below it (/run, with /run/secrets) is space of the task's disk
 * instead: in which order ECS mounts the two is not said.
 * docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tmpfs.html */
#include "base/mem.h"
#include "base/str.h"
#include "compose/compose.h"
#include "plan/compute/gpu.h"
#include "plan/compute/sizing.h"
#include "plan/container/linux_options.h"
#include <string.h>

#define SHM      "/dev/shm"
#define SHM_MIB  64 /* that every container has */
#define MIB(n)   (((n) + (1 << 20) - 1) >> 20)
#define WORD_MAX 64

static bool lies_below(const char *target, const char *folder)
{
    size_t n = strlen(folder);

    while (n && folder[n - 1] == '/')
        n--;
    return target && strncmp(target, folder, n) == 0 && target[n] == '/' && target[n + 1];
}

static bool has_below(const struct compose_service *s, const char *folder)
{
    if (s->secret_count && lies_below("/run/secrets/x", folder))
        return true;
    for (size_t i = 0; i < s->volume_count; i++)
        if (lies_below(s->volumes[i].target, folder))
            return true;
    for (size_t i = 0; i < s->secret_count; i++)
        if (lies_below(s->secrets[i].target, folder))
            return true;
    for (size_t i = 0; i < s->config_count; i++)
        if (lies_below(s->configs[i].target, folder))
            return true;
    return false;
}

bool plan_is_tmpfs(const struct compose_service *s, const struct compose_mount *m)
{
    return text_eq(m->type, "tmpfs") && m->target && *m->target == '/' && !has_below(s, m->target);
}

/* MiB of the service's task. */
static unsigned task_memory(const struct plan_ctx *c, const struct plan_service *s)
{
    const struct plan_service *task = plan_task_of(s);
    double vcpus, mib;
    unsigned cpu, memory;

    if (plan_on_instances(&c->v, task))
        return plan_machine_memory(&c->v, task);
    plan_task_needs(&c->v, task, &vcpus, &mib);
    return plan_fargate_size(vcpus, mib, &cpu, &memory) < 0 ? 512 : memory;
}

/* Those that ECS takes, some with a value. */
static bool is_option(const char *word)
{
    static const char *const known[] = {
        "ro",   "rw",    "suid",    "nosuid",    "dev",       "nodev",    "exec",      "noexec",
        "sync", "async", "dirsync", "atime",     "noatime",   "diratime", "relatime",  "norelatime",
        "mode", "uid",   "gid",     "nr_inodes", "nr_blocks", "mpol",     "nodiratime"};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcspn(word, "=") == strlen(known[i]) && text_starts(word, known[i]))
            return true;
    return false;
}

/* "64m", or "50%" of the task's memory; 0 when it is no size. */
static int64_t size_of(const char *text, unsigned memory)
{
    size_t n = strlen(text);
    long long percent;
    cleanup_free char *copy = xstrdup(text);

    if (n && copy[n - 1] == '%') {
        copy[n - 1] = '\0';
        return text_parse_int(copy, 1, 100, &percent) < 0 ? 0 : MAX(memory * percent / 100, 1);
    }

    int64_t bytes = compose_parse_bytes(text);
    return bytes > 0 ? MIB(bytes) : 0;
}

static json_t *tmpfs_of(const struct plan_ctx *c, const struct compose_mount *m, unsigned memory)
{
    int64_t mib = m->size_bytes > 0 ? MIB(m->size_bytes) : 0;
    json_t *options = array();
    cleanup_free char *copy = xstrdup(m->options ? m->options : "");
    char *save = NULL;

    for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        if (text_starts(word, "size="))
            mib = size_of(word + strlen("size="), memory);
        else if (strlen(word) < WORD_MAX && is_option(word))
            json_push(options, json_string(word));
    }
    if (m->mode >= 0)
        json_push(options, json_string(arena_printf(c->a, "mode=%o", (unsigned)m->mode)));
    if (m->read_only)
        json_push(options, json_string("ro"));

    return object(
        key("ContainerPath", m->target),
        key("Size", mib > 0 ? mib : (int64_t)MAX(memory / 2, 1U)),
        key("MountOptions", json_unless_empty(options)));
}

static int64_t shm_mib(const struct compose_service *s)
{
    return s->shm_size_bytes > 0 ? MIB(s->shm_size_bytes) : 0;
}

json_t *plan_tmpfs(const struct plan_ctx *c, const struct plan_service *s)
{
    unsigned memory = task_memory(c, s);
    bool own_shm = false;
    json_t *list = array();

    for (size_t i = 0; i < s->s->volume_count; i++) {
        const struct compose_mount *m = &s->s->volumes[i];

        own_shm = own_shm || text_eq(m->target, SHM);
        if (plan_is_tmpfs(s->s, m))
            json_push(list, tmpfs_of(c, m, memory));
    }

    bool larger = shm_mib(s->s) > SHM_MIB && !plan_on_instances(&c->v, plan_task_of(s));
    if (larger && !own_shm)
        json_push(list, object(key("ContainerPath", SHM), key("Size", shm_mib(s->s))));
    return json_unless_empty(list);
}

json_t *plan_shared_memory(const struct plan_ctx *c, const struct plan_service *s)
{
    bool on_machine = shm_mib(s->s) > 0 && plan_on_instances(&c->v, plan_task_of(s));

    return on_machine ? json_integer(shm_mib(s->s)) : NULL;
}
