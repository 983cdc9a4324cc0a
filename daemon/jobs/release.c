/* A deployment that ended leaves a release in the account (engine/release/release.h): what it was
 * made of, by whom, and how it ended.
 *
 *   release_note()     while the deployment's plan is at hand: services, config, the sealed inputs
 *   release_end()      at the end, with the result: the record is written, and has a number
 *
 * Nothing here fails a deployment: what cannot be written is a warning, which says that there is no
 * going back to it. A deployment that changed nothing leaves none: what runs is the release before
 * it. */
#include "daemon/jobs/up.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"
#include "data/object.h"
#include "engine/release/release.h"
#include "plan/settings.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

/* ---- what it is made of ---- */

static const char *image_of(const struct up *u, const struct compose_service *s)
{
    for (size_t i = 0; i < u->images.uri_count; i++)
        if (text_eq(u->images.uris[i].service, s->name))
            return u->images.uris[i].uri;
    return s->image;
}

static json_t *services_of(const struct up *u)
{
    const struct compose_project *p = u->j->project.model;
    json_t *list = array();

    for (size_t i = 0; i < p->service_count; i++) {
        const struct compose_service *s = &p->services[i];
        json_push(
            list,
            object(
                key("service", s->name), key("image", image_of(u, s)), key("built", s->has_build)));
    }
    return list;
}

static json_t *configs_of(const struct up *u)
{
    json_t *list = array();

    for (size_t i = 0; i < u->request.config_count; i++)
        json_push(
            list,
            object(
                key("name", u->request.configs[i].name),
                key("version", u->request.configs[i].version)));
    return list;
}

/* Settings come from variables too; keys are not among the inputs. */
static json_t *settings_of(const struct job *j)
{
    json_t *kept = object();
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(j->inputs, "env"), name, value) {
        if (text_starts(name, "DEFANG_") && json_is_string(value))
            json_object_set(kept, name, value);
    }
    return kept;
}

static json_t *inputs_of(const struct job *j)
{
    return object(
        key("model", json_str(j->inputs, "model")),
        key("mode", json_str(j->inputs, "mode")),
        key("env", settings_of(j)),
        key("files", release_files_read(j->project.model)));
}

void release_note(struct up *u, bool whole)
{
    struct job *j = u->j;
    if (!j->context.facts || !j->context.facts->bucket || j->nothing_changed ||
        engine_detaching(&j->context))
        return;

    json_t *services = services_of(u), *configs = configs_of(u);
    cleanup_free char *content = release_content(
        json_str(j->inputs, "model"), json_str(j->inputs, "mode"), services, configs);

    json_decref(j->release);
    j->release = object(
        key("content", content),
        key("partial",
            json_array_size(json_object_get(j->inputs, "only")) > 0 ? json_true() : NULL),
        key("services", services),
        key("configs", configs),
        key("template", whole && u->graph ? graph_template(u->graph) : NULL));
}

/* ---- the end ---- */

static char *who(void)
{
    char host[256] = "";
    struct passwd *user = getpwuid(geteuid());

    if (gethostname(host, sizeof host - 1) < 0)
        host[0] = '\0';
    return xasprintf("%s@%s", user ? user->pw_name : "?", host);
}

static const char *folder_of(const struct job *j)
{
    const char *folder = json_string_value(json_object_get(j->inputs, "cwd"));
    return folder && text_utf8_valid(folder, strlen(folder)) ? folder : NULL;
}

static void
fill(struct job *j, json_t *record, const char *state, const char *summary, const struct error *why)
{
    const struct store_deployment *row = &j->row;
    long long of = json_int_or(j->inputs, "rollback_of", 0);
    cleanup_free char *person = who();
    json_t *error =
        error_is_set(why) ? object(key("message", why->message), key("hint", why->hint)) : NULL;
    cleanup_json json_t *more = object(
        key("version", 1),
        key("deployment", row->id),
        key("kind", of ? "rollback" : row->kind),
        key("of", of ? json_of(of) : NULL),
        key("project", row->project),
        key("stack", row->stack),
        key("account", row->account),
        key("region", row->region),
        key("engine", row->engine),
        key("mode", plan_mode_name(&j->project.settings)),
        key("product", version_of_daemon),
        key("principal", row->principal),
        key("who", person),
        key("folder", folder_of(j)),
        key("origin", json_incref(j->project.origin)),
        key("source", json_incref(json_object_get(j->inputs, "source"))),
        key("created_ms", (long long)row->created_ms),
        key("ended_ms", (long long)clock_wall_ms()),
        key("state", state),
        key("summary", summary),
        key("error", error));

    json_object_update(record, more);
}

void release_end(struct job *j, const char *state, const char *summary, const struct error *why)
{
    if (!j->release)
        return;

    cleanup_error struct error err = ERROR_INIT;
    cleanup_json json_t *inputs = inputs_of(j);
    cleanup_free char *sealed = NULL;

    fill(j, j->release, state, summary, why);
    fiber_shield(true);
    int rc = release_seal(&j->context, inputs, &sealed, &err);
    if (rc == 0) {
        json_object_set_new(j->release, "sealed", json_of(sealed));
        rc = release_publish(&j->context, j->context.facts->bucket, j->release, &err);
    }
    fiber_shield(false);

    if (rc < 0)
        engine_note(
            &j->context,
            ENGINE_SAY_WARNING,
            NULL,
            "this deployment is in no history, and `defangctl rollback` cannot come back to it: "
            "%s",
            err.message);
}
