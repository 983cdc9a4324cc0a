/* What a build is made of: its context, where its Dockerfile stands, and which folders go along.
 *
 * An archive holds the context as it is, with its Dockerfile in it. Only where that cannot be (the
 * Dockerfile is a text of the Compose file or lies outside of the context, or there are further
 * contexts) the context moves one folder down and the Dockerfile stands beside it: so it is in no
 * COPY of the image, and the builder reads it as "../defang.Dockerfile" (--context-sub-path). */
#include "plan/build/source.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include <string.h>

#define IMAGE   "docker-image://"
#define SERVICE "service:"

static struct plan_named_context named(const struct compose_kv *kv)
{
    const char *value = kv->value ? kv->value : "";
    struct plan_named_context c = {.name = kv->key};

    if (text_starts(value, IMAGE))
        c.image = value + strlen(IMAGE);
    else if (text_starts(value, SERVICE))
        c.service = value + strlen(SERVICE);
    else
        c.folder = value;
    return c;
}

static void read_contexts(struct arena *a, const struct compose_build *from, struct plan_build *b)
{
    struct plan_named_context *list =
        arena_array(a, struct plan_named_context, from->context_count + 1);

    for (size_t i = 0; i < from->context_count; i++)
        list[i] = named(&from->contexts[i]);
    b->contexts = list;
    b->context_count = from->context_count;
}

/* All that decides what is packed. */
static const char *source_text(struct arena *a, const struct plan_build *b)
{
    cleanup_str struct str all = STR_INIT;

    str_appendf(
        &all,
        "%s\n%s\n%d\n%s\n%s\n",
        b->context ? b->context : "",
        b->dockerfile,
        b->beside,
        b->dockerfile_path ? b->dockerfile_path : "",
        b->dockerfile_text ? b->dockerfile_text : "");
    for (size_t i = 0; i < b->context_count; i++) {
        const struct plan_named_context *c = &b->contexts[i];

        str_appendf(
            &all,
            "%s\n%s\n%s\n%s\n",
            c->name,
            c->folder ? c->folder : "",
            c->image ? c->image : "",
            c->service ? c->service : "");
    }
    return arena_strdup(a, str_get(&all));
}

/* Its place is its name: what a branch holds is not asked. */
static void read_git(struct arena *a, struct plan_build *b)
{
    struct plan_git *git = arena_make(a, struct plan_git);
    const char *why;

    if (!b->context || *b->context == '/' || !plan_git_parse(a, b->context, git, &why))
        return;
    b->git = git;
    b->object_key = arena_printf(
        a,
        "git://%s%s%s",
        git->url + strlen("https://"),
        git->ref ? "#" : "",
        git->ref ? git->ref : "");
}

void plan_build_source(struct arena *a, const struct compose_build *from, struct plan_build *b)
{
    const char *dockerfile = from->dockerfile ? from->dockerfile : "Dockerfile";
    const char *context = from->context ? from->context : "";
    cleanup_free char *full = path_absolute(context, dockerfile);
    cleanup_free char *root = path_absolute(context, "");
    size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);
    bool inside = strncmp(full, root, n) == 0 && full[n] == '/';

    b->context = from->context;
    b->dockerfile = dockerfile;
    read_git(a, b);
    read_contexts(a, from, b);

    /* A repository that the builder clones has its Dockerfile in it. */
    if (!b->git && *context == '/') {
        b->beside = from->dockerfile_inline || !inside || b->context_count;
        b->dockerfile_text = from->dockerfile_inline;
        if (inside && !b->beside)
            b->dockerfile = arena_strdup(a, full + n + 1);
        if (b->beside && !from->dockerfile_inline)
            b->dockerfile_path = arena_strdup(a, full);
    }
    b->source = source_text(a, b);
}
