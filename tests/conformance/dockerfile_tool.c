/* What src/dockerfile makes of Dockerfiles, for dockerfiles.py: one JSON text (a Dockerfile) or
 * object (a text to expand, with its variables) a line comes in, one object a line goes out, as
 * dockerfile_oracle/main.go has it. */
#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "data/object.h"
#include "dockerfile/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *texts_of(const char *const *items, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(items[i]));
    return list;
}

static json_t *flags_of(const struct dockerfile_instruction *in)
{
    json_t *list = json_array();

    for (size_t i = 0; i < in->flag_count; i++) {
        const char *value = in->flags[i].value;
        cleanup_free char *text =
            xasprintf("--%s%s%s", in->flags[i].name, value ? "=" : "", value ? value : "");

        json_array_append_new(list, json_string(text));
    }

    return list;
}

static json_t *instruction_of(const struct dockerfile_instruction *in)
{
    json_t *heredocs = json_array();
    size_t args = in->kind == DOCKERFILE_ONBUILD && in->arg_count ? 1 : in->arg_count;

    for (size_t i = 0; i < in->heredoc_count; i++) {
        const struct dockerfile_heredoc *h = &in->heredocs[i];
        cleanup_free char *text = xasprintf(
            "%s %s %s %s",
            h->name,
            h->expand ? "true" : "false",
            h->chomp ? "true" : "false",
            h->content);

        json_array_append_new(heredocs, json_string(text));
    }

    json_t *lines = json_array();
    json_array_append_new(lines, json_integer(in->line));
    json_array_append_new(lines, json_integer(in->end_line));

    return object(
        key("name", dockerfile_kind_name(in->kind)),
        key("lines", lines),
        key("flags", flags_of(in)),
        key("args", texts_of(in->args, args)),
        key("heredocs", heredocs));
}

static json_t *stage_of(const struct dockerfile_stage *s)
{
    return object(
        key("name", s->name ? s->name : ""),
        key("base", s->base),
        key("platform", s->platform ? s->platform : ""),
        key("count", (long long)(s->end - s->first)));
}

static json_t *read_one(const char *text)
{
    cleanup_arena struct arena *a = arena_new();
    struct dockerfile_findings f = {.arena = a};
    struct dockerfile d;

    dockerfile_parse(text, strlen(text), &d, &f);
    if (f.errors)
        return object(key("error", f.items[0].message));

    json_t *stages = json_array(), *instructions = json_array();
    for (size_t i = 0; i < d.stage_count; i++)
        json_array_append_new(stages, stage_of(&d.stages[i]));
    for (size_t i = 0; i < d.len; i++)
        json_array_append_new(instructions, instruction_of(&d.items[i]));

    char escape[2] = {d.escape, 0};
    return object(key("escape", escape), key("stages", stages), key("instructions", instructions));
}

static int look_up(void *arg, const char *name, const char **value)
{
    *value = json_string_value(json_object_get(arg, name));
    return *value ? DOCKERFILE_SET : DOCKERFILE_UNSET;
}

static json_t *expand_one(const json_t *question)
{
    cleanup_arena struct arena *a = arena_new();
    const struct dockerfile_expand e = {
        .escape = '\\', .lookup = look_up, .arg = json_object_get(question, "env")};
    struct dockerfile_expanded out;
    const char *problem = NULL;

    if (dockerfile_expand(a, &e, json_str_or(question, "text", ""), &out, &problem) < 0)
        return object(key("error", problem));
    return object(key("text", out.text));
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;

    for (ssize_t n; (n = getline(&line, &cap, stdin)) > 0;) {
        cleanup_json json_t *question =
            json_loadb(line, (size_t)n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        cleanup_json json_t *answer =
            json_is_string(question) ? read_one(json_string_value(question)) : expand_one(question);
        cleanup_free char *text = json_print(answer, false, false);

        puts(text);
    }
    free(line);

    return 0;
}
