/* What the Compose tests share: a caller's environment, loading, cases on disk. */
#pragma once

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "compose/compose.h"
#include "unit/lib/suite.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>

struct kit {
    struct env *env;
    struct compose_options options;
    struct compose_project *project;
    struct compose_diagnostics diags;
    struct error err;
    int rc;
};

static inline void kit_init(struct kit *k, const char *cwd)
{
    *k = (struct kit){.env = env_new(), .options = {.cwd = cwd}};
    env_set(k->env, "CALLER", "from-shell");
    env_set(k->env, "HOME", "/home/ada");
    k->options.env = k->env;
}

static inline void kit_load(struct kit *k)
{
    k->rc = compose_load(&k->options, &k->project, &k->diags, &k->err);
}

/* From one text, as if piped in. */
static inline void kit_load_text(struct kit *k, const char *text)
{
    static const char *const files[] = {"-", NULL};
    kit_init(k, "/project");
    k->options.files = files;
    k->options.stdin_text = text;
    kit_load(k);
}

static inline void kit_done(struct kit *k)
{
    compose_project_free(k->project);
    compose_diagnostics_done(&k->diags);
    error_done(&k->err);
    env_free(k->env);
}

#define cleanup_kit __attribute__((cleanup(kit_done)))

/* Canonical text → model → canonical text must come back. */
static inline void kit_check_round_trip(const struct compose_project *p, const char *name)
{
    cleanup_str struct str first = STR_INIT, second = STR_INIT;
    cleanup_error struct error err = ERROR_INIT;
    struct compose_project *again;
    compose_print_yaml(p, &first);
    int rc = compose_load_canonical(str_get(&first), first.len, &again, &err);
    ck_assert_msg(
        rc == 0,
        "%s: canonical text refused: %s (%u:%u)\n%s",
        name,
        err.message,
        err.line,
        err.column,
        str_get(&first));
    compose_print_yaml(again, &second);
    ck_assert_msg(
        strcmp(str_get(&first), str_get(&second)) == 0,
        "%s: not the same again:\n%s\n---\n%s",
        name,
        str_get(&first),
        str_get(&second));
    compose_project_free(again);
}

/* Calls fn for each entry of a folder, sorted; returns how many. */
static inline size_t kit_each(const char *dir, void (*fn)(const char *path, const char *name))
{
    struct dirent **entries;
    int n = scandir(dir, &entries, NULL, alphasort);
    size_t count = 0;
    ck_assert_msg(n >= 0, "cannot list %s", dir);
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            cleanup_free char *path = path_join(dir, entries[i]->d_name);
            fn(path, entries[i]->d_name);
            count++;
        }
        free(entries[i]);
    }
    free(entries);
    return count;
}
