/* See rewrite.h. A value is looked at as one text, with a hole where a config value will be, so
 * that "@db:5432" behind a password is seen as what it is; what is found is then written into the
 * part that it stands in. A hole is never part of a name. */
#include "plan/common/rewrite.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/host_words.h"
#include <string.h>

/* What the word becomes, or NULL: it stays. A record carries a name as it is; but names with
 * underscores are no host names to many a library, so what can be written without them is. */
static const char *
written(struct arena *a, const struct plan_view *v, const struct plan_alias *name)
{
    if (!plan_has_name(name->of))
        return NULL;

    const char *suffix = v->suffix ? v->suffix : "";
    bool own = name->called == PLAN_CALLED_SERVICE;
    bool carried = !own && name->record && (name->shared || !strchr(name->record, '_')) &&
                   !plan_name_is_parted(v, name);
    const char *label = carried ? name->record : name->of->label;
    const char *full = arena_printf(a, "%s%s", label, suffix);
    bool stays = carried ? text_eq_nocase(full, name->text) : strcmp(full, name->text) == 0;

    return stays ? NULL : full;
}

/* The parts as one text. */
static void join(const struct compose_part *first, struct str *out)
{
    for (const struct compose_part *p = first; p; p = p->next) {
        if (p->is_config)
            str_append_char(out, HOST_WORD_HOLE);
        else
            str_append(out, p->text);
    }
}

static struct host_text host_text(const struct plan_value *of, const char *text)
{
    return (struct host_text){.text = text, .variable = of->variable, .before = of->before};
}

/* `words`: those of this part, by their places in the whole text, where it begins at `begins`. */
static const char *one_part(
    struct arena *a,
    const struct plan_view *v,
    const struct plan_service *asker,
    const char *text,
    size_t begins,
    const struct host_word *words,
    size_t count)
{
    cleanup_str struct str out = STR_INIT;
    size_t done = 0;

    for (size_t i = 0; i < count; i++) {
        size_t at = words[i].at - begins;
        const struct plan_alias *name = plan_named(v, asker, text + at, words[i].len);
        const char *instead = name ? written(a, v, name) : NULL;

        if (!instead)
            continue;
        str_append_bytes(&out, text + done, at - done);
        str_append(&out, instead);
        done = at + words[i].len;
    }
    if (!done)
        return text;
    str_append(&out, text + done);
    return arena_strdup(a, str_get(&out));
}

const struct compose_part *plan_rewrite_parts(
    struct arena *a,
    const struct plan_view *v,
    const struct plan_value *of,
    const struct compose_part *first)
{
    struct compose_part *head = NULL;
    struct compose_part **tail = &head;
    cleanup_str struct str whole = STR_INIT;

    join(first, &whole);
    struct host_text text = host_text(of, str_get(&whole));
    struct host_word *words;
    size_t count = plan_host_words(a, &text, &words), next = 0, at = 0;

    for (const struct compose_part *p = first; p; p = p->next) {
        struct compose_part *copy = arena_make(a, struct compose_part);
        size_t len = p->is_config ? 1 : strlen(p->text);
        size_t mine = next;

        while (next < count && words[next].at < at + len)
            next++;
        *copy = (struct compose_part){.is_config = p->is_config, .text = p->text};
        if (!p->is_config)
            copy->text = one_part(a, v, of->asker, p->text, at, words + mine, next - mine);
        at += len;
        *tail = copy;
        tail = &copy->next;
    }
    return head;
}

const char *plan_rewrite(
    struct arena *a, const struct plan_view *v, const struct plan_value *of, const char *text)
{
    struct compose_part part = {.text = text};
    const struct compose_part *out = plan_rewrite_parts(a, v, of, &part);

    return out->text;
}

const char **plan_rewrite_words(
    struct arena *a,
    const struct plan_view *v,
    const struct plan_service *asker,
    const char **words,
    size_t count)
{
    const char **out = arena_array(a, const char *, count + 1);

    for (size_t i = 0; i < count; i++) {
        struct plan_value of = {.asker = asker, .before = i ? words[i - 1] : NULL};
        out[i] = plan_rewrite(a, v, &of, words[i]);
    }
    return out;
}

void plan_names_in(
    struct arena *a,
    const struct plan_view *v,
    const struct plan_value *of,
    const struct compose_part *first,
    plan_name_fn *each,
    void *arg)
{
    cleanup_str struct str whole = STR_INIT;

    join(first, &whole);
    struct host_text text = host_text(of, str_get(&whole));
    struct host_word *words;
    size_t count = plan_host_words(a, &text, &words);
    for (size_t i = 0; i < count; i++) {
        const struct plan_alias *name =
            plan_named(v, of->asker, text.text + words[i].at, words[i].len);
        if (!name)
            continue;
        struct plan_name_use use = {name, written(a, v, name), words[i].sure};
        each(arg, &use);
    }
}
