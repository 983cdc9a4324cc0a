/* `init`: a Dockerfile for each folder that is built and has none. The files of the project are
 * read, nothing is written: that is the caller's own. In a folder without a Compose file it is the
 * folder itself that is looked at, and a Compose file for it comes along. */
#include "daemon/verb.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>

struct init {
    struct verb_call *v;
    struct arena *a;
    Defang__InitReply reply;
};

static void
add_file(struct init *i, const char *service, const char *kind, const char *path, const char *text)
{
    Defang__InitFile *m = arena_make(i->a, Defang__InitFile);

    defang__init_file__init(m);
    m->service = verb_text(i->a, service);
    m->kind = verb_text(i->a, kind);
    m->path = verb_text(i->a, path);
    m->text = verb_text(i->a, text);
    i->reply.files[i->reply.n_files++] = m;
}

static void add_note(struct init *i, const char *text)
{
    i->reply.notes[i->reply.n_notes++] = verb_text(i->a, text);
}

static void
add_folder(struct init *i, const char *service, const char *folder, const struct starter *made)
{
    cleanup_free char *ignore = path_join(folder, ".dockerignore");
    cleanup_free char *dockerfile = path_join(folder, "Dockerfile");

    for (size_t k = 0; k < i->reply.n_files; k++)
        if (text_eq(i->reply.files[k]->path, dockerfile))
            return; /* two services of one folder */

    add_file(i, service, made->kind, dockerfile, made->dockerfile);
    if (!file_exists(ignore))
        add_file(i, service, made->kind, ignore, made->dockerignore);
}

static int unknown_folder(const char *folder, struct error *err)
{
    int rc = error_raise(
        err, ERR_NOT_FOUND, "nothing in %s says what it is: no Dockerfile can be made", folder);

    error_hint(
        err,
        "known are Node (package.json), Python (requirements.txt, pyproject.toml and a main file), "
        "Go (go.mod), Ruby (Gemfile), PHP (index.php), Java (pom.xml, build.gradle) and static "
        "files (index.html); else write a Dockerfile");
    return rc;
}

static bool is_asked_for(const Defang__InitRequest *r, const char *service)
{
    for (size_t i = 0; i < r->n_services; i++)
        if (text_eq(r->services[i], service))
            return true;
    return r->n_services == 0;
}

/* One that was named and has a Dockerfile is said; of the others only those without one count. */
static int take_service(
    struct init *i,
    const Defang__InitRequest *r,
    const struct compose_service *s,
    struct error *err)
{
    struct starter made;

    if (!is_asked_for(r, s->name))
        return 0;
    if (!starters_wanted(s)) {
        const char *why = !s->has_build ? "is not built" : "has a Dockerfile";
        if (r->n_services)
            add_note(i, arena_printf(i->a, "service %s %s", s->name, why));
        return 0;
    }
    if (!starters_look(i->v->daemon, i->a, s->build.context, starters_port(s), &made))
        return unknown_folder(s->build.context, err);

    add_folder(i, s->name, s->build.context, &made);
    return 0;
}

static int
check_names(const Defang__InitRequest *r, const struct compose_project *p, struct error *err)
{
    for (size_t i = 0; i < r->n_services; i++)
        if (!compose_service_get(p, r->services[i]))
            return error_raise(
                err, ERR_USAGE, "there is no service \"%s\" in this project", r->services[i]);
    return 0;
}

/* The folder alone, and a Compose file for it. */
static int take_folder(struct init *i, const char *folder, struct error *err)
{
    cleanup_free char *compose = path_join(folder, "compose.yaml");
    cleanup_free char *dockerfile = path_join(folder, "Dockerfile");
    struct starter made;

    if (!starters_look(i->v->daemon, i->a, folder, 0, &made))
        return unknown_folder(folder, err);

    const char *ports = made.port ? arena_printf(i->a, "    ports: [\"80:%u\"]\n", made.port) : "";
    if (!file_exists(dockerfile))
        add_folder(i, "app", folder, &made);
    add_file(
        i,
        "app",
        made.kind,
        compose,
        arena_printf(i->a, "services:\n  app:\n    build: .\n%s    restart: always\n", ports));
    return 0;
}

static int verb_init(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__InitRequest *r = (const Defang__InitRequest *)request;
    struct init i = {.v = v, .reply = DEFANG__INIT_REPLY__INIT};
    cleanup_error struct error local = ERROR_INIT;
    int rc = project_read(v->daemon, r->caller, false, &v->project, &local);
    const struct compose_project *p = v->project.model;
    bool no_file = rc == -ENOENT && r->caller->n_files == 0;

    if (rc < 0 && !no_file) {
        error_move(err, &local);
        return rc;
    }

    size_t most = p ? p->service_count + 1 : 1;
    i.a = v->project.arena;
    i.reply.files = arena_array(i.a, Defang__InitFile *, 3 * most);
    i.reply.notes = arena_array(i.a, char *, most);

    rc = no_file ? take_folder(&i, r->caller->cwd, err) : check_names(r, p, err);
    for (size_t k = 0; p && rc == 0 && k < p->service_count; k++)
        rc = take_service(&i, r, &p->services[k], err);
    if (rc == 0)
        server_reply(v->call, &i.reply.base);

    return rc;
}

void verbs_init_register(struct daemon *d)
{
    verb_handle(d, RPC_INIT, verb_init);
}
