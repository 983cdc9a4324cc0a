/* `eject`: the project as a template or a program that needs no defangd. The daemon plans it as
 * `plan` does and answers with the files; the client writes them, since only it stands in the
 * user's folder. */
#include "daemon/preview/preview.h"

#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "plan/report/eject.h"

#include <errno.h>
#include <string.h>

/* Parameters that hold what was made from config: whoever deploys the files has to make them
 * too. */
static const char **derived_names(struct preview *p, size_t *count)
{
    struct arena *arena = p->v->project.arena;
    struct plan_derived *list = NULL;

    plan_derived(arena, &p->request, &list, count);

    const char **names = arena_array(arena, const char *, *count + 1);
    for (size_t i = 0; i < *count; i++)
        names[i] = list[i].parameter;

    return names;
}

/* The images are named as they would be after a build. */
static int files(struct preview *p, bool cloudformation, struct plan_files *out, struct error *err)
{
    struct arena *arena = p->v->project.arena;
    const char **images = arena_array(arena, const char *, p->plan_build_count + 1);

    for (size_t i = 0; i < p->plan_build_count; i++)
        images[i] = p->images[i].uri;

    cleanup_json json_t *tags = object(
        key("defang:project", p->v->project.name),
        key("defang:stack", p->v->project.settings.stack));
    struct plan_eject_request r = {
        .program =
            {.project = p->v->project.name,
             .model = p->v->project.model,
             .settings = &p->v->project.settings,
             .facts = p->facts,
             .graph = p->graph,
             .tags = tags,
             .deployment = p->context.deployment,
             .builds = p->plan_builds,
             .build_count = p->plan_build_count,
             .images = images},
        .cloudformation = cloudformation,
        .running_engine = p->deployed.exists ? p->context.engine->name : NULL,
    };

    r.derived = derived_names(p, &r.derived_count);

    return plan_eject(&r, out, err);
}

static void reply_files(struct preview *p, const char *engine, const struct plan_files *files)
{
    struct arena *arena = p->v->project.arena;
    Defang__EjectReply reply = DEFANG__EJECT_REPLY__INIT;

    reply.engine = verb_text(arena, engine);
    reply.files = arena_array(arena, Defang__EjectFile *, files->len + 1);

    for (size_t i = 0; i < files->len; i++) {
        Defang__EjectFile *m = arena_make(arena, Defang__EjectFile);

        defang__eject_file__init(m);
        m->name = verb_text(arena, files->items[i].name);
        m->text = (ProtobufCBinaryData){
            .data = (uint8_t *)files->items[i].text, .len = strlen(files->items[i].text)};
        reply.files[reply.n_files++] = m;
    }

    verb_diagnostics(arena, &p->v->project.diagnostics, &reply.diagnostics, &reply.n_diagnostics);
    reply.builds = p->builds.items;
    reply.n_builds = p->builds.len;
    server_reply(p->v->call, &reply.base);
}

static int verb_eject(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__EjectRequest *r = (const Defang__EjectRequest *)request;
    bool pulumi = text_eq(r->engine, "pulumi");
    if (!pulumi && !text_empty(r->engine) && !text_eq(r->engine, "cloudformation")) {
        error_raise(err, ERR_USAGE, "unknown engine \"%s\"", r->engine);
        error_hint(err, "eject writes for: cloudformation, pulumi");
        return -EINVAL;
    }

    int rc = verb_session(v, r->caller, err);
    if (rc == 0)
        rc = project_load(v->daemon, r->caller, r->mode, false, &v->project, err);
    if (rc < 0)
        return rc;

    /* Ejected files go to other people: where they were made is not in them. */
    json_decref(v->project.origin);
    v->project.origin = NULL;

    struct preview p;
    struct plan_files out = {0};

    rc = preview_make(&p, v, false, err);
    if (rc == 0)
        rc = files(&p, !pulumi, &out, err);
    if (rc == 0)
        reply_files(&p, pulumi ? "pulumi" : "cloudformation", &out);
    plan_files_done(&out);
    preview_done(&p);

    return rc;
}

void verbs_eject_register(struct daemon *d)
{
    verb_handle(d, RPC_EJECT, verb_eject);
}
