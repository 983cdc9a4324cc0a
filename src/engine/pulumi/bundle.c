/* The program as one archive in the bucket: Pulumi.yaml, the stack's file, the graph that it was
 * printed from, and the script that builds images. Named by its digest, so that the same program is
 * uploaded once and the task can check what it fetched.
 *
 * The archive is a memory file and never has a name on this machine: nothing is left by a kill. */
#include "engine/pulumi/bundle.h"

#include "base/digest.h"
#include "base/mem.h"
#include "data/object.h"
#include "engine/build/upload.h"
#include "engine/stack/stack.h"
#include "pack/pack.h"
#include "plan/pulumi/pulumi.h"
#include "plan/scripts/scripts.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void pulumi_bundle_done(struct pulumi_bundle *b)
{
    free(b->key);
    free(b->sha256);
    *b = (struct pulumi_bundle){0};
}

/* CloudFormation gives its tags to everything; here the provider does. */
static json_t *default_tags(struct engine_context *c)
{
    cleanup_json json_t *list = cfn_tags(c, "");
    json_t *tags = json_object();
    size_t i;
    json_t *tag;

    json_array_foreach(list, i, tag) {
        json_add(tags, json_str_or(tag, "Key", ""), json_of(json_str_or(tag, "Value", "")));
    }

    return tags;
}

/* Without a graph the program is empty: Pulumi works from its state then. */
static int make_program(
    struct engine_context *c,
    const struct graph *g,
    struct plan_pulumi_program *out,
    struct error *err)
{
    if (!g) {
        *out = (struct plan_pulumi_program){
            .yaml = xasprintf("name: %s\nruntime: yaml\n", c->project),
            .config = xstrdup("config: {}\n")};
        return 0;
    }

    cleanup_json json_t *tags = default_tags(c);
    struct plan_pulumi_request r = {
        .project = c->project,
        .model = c->model,
        .settings = c->settings,
        .facts = c->facts,
        .graph = g,
        .tags = tags,
        .deployment = c->deployment,
        .builds = c->builds,
        .build_count = c->build_count};
    return plan_pulumi(&r, out, err);
}

static int write_archive(
    const struct pack_extra *files,
    size_t count,
    int *fd,
    struct pack_result *result,
    struct error *err)
{
    struct pack_entry *entries = xcalloc(count, sizeof *entries);

    for (size_t i = 0; i < count; i++)
        entries[i] = (struct pack_entry){
            .path = (char *)(uintptr_t)files[i].name,
            .kind = PACK_EXTRA,
            .mode = files[i].mode ? files[i].mode : 0644,
            .size = files[i].n,
            .extra = &files[i]};
    struct pack_list list = {.entries = entries, .len = count, .files = count};
    struct pack_options options = {.context = "the Pulumi program"};
    *fd = memfd_create("program", MFD_CLOEXEC);
    int rc = 0;
    if (*fd < 0)
        rc = error_raise_errno(
            err, ERR_FAILED, errno, "no memory file for the Pulumi program: %s", strerror(errno));
    else
        rc = pack_archive(&options, &list, *fd, result, err);
    free(entries);
    return rc;
}

static int upload(
    struct engine_context *c,
    int fd,
    const struct pack_result *result,
    struct pulumi_bundle *out,
    struct error *err)
{
    bool uploaded = false;
    cleanup_free char *path = xasprintf("/proc/self/fd/%d", fd);
    out->key = xstrdup(result->object_name);
    out->sha256 = digest_hex(result->sha256, sizeof result->sha256);

    struct flow_archive archive = {
        .path = path, .object_key = out->key, .size = result->archive_bytes};
    return flow_upload(c, "pulumi", &archive, &uploaded, err);
}

int pulumi_bundle_store(
    struct engine_context *c, const struct graph *g, struct pulumi_bundle *out, struct error *err)
{
    struct plan_pulumi_program program = {0};
    *out = (struct pulumi_bundle){0};
    int rc = make_program(c, g, &program, err);
    if (rc < 0)
        return rc;

    cleanup_free char *graph = g ? graph_template_text(g) : xstrdup("{}");
    cleanup_free char *stack_file = xasprintf("Pulumi.%s.yaml", c->settings->stack);
    const char *script = plan_pulumi_image_script();
    struct pack_extra files[] = {
        {.name = stack_file, .data = program.config, .n = strlen(program.config)},
        {.name = "Pulumi.yaml", .data = program.yaml, .n = strlen(program.yaml)},
        {.name = "graph.json", .data = graph, .n = strlen(graph)},
        {.name = PLAN_PULUMI_IMAGE_SCRIPT, .data = script, .n = strlen(script), .mode = 0755},
    };
    cleanup_fd int fd = -1;
    cleanup_pack_result struct pack_result result = {0};

    for (size_t i = 0; i < program.note_count; i++)
        engine_note(c, ENGINE_SAY_NOTE, NULL, "Pulumi's provider cannot say: %s", program.notes[i]);
    rc = write_archive(files, ARRAY_LEN(files), &fd, &result, err);
    if (rc == 0)
        rc = upload(c, fd, &result, out, err);
    plan_pulumi_program_done(&program);
    return rc;
}
