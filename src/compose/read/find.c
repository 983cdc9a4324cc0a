/* Which files make the project, what its environment is, and what it is called.
 *
 * Files: -f, else COMPOSE_FILE, else the usual names in the folder and those above it, with an
 * override beside. The folder of the first file is the project's. Environment: the caller's, below
 * it --env-file or COMPOSE_ENV_FILES, else .env of the project's folder. As .env beside the caller
 * may itself say COMPOSE_FILE, it is read first, and once more when the project turns out to lie
 * elsewhere.
 *
 * Names are checked here when they are given; the folder's name, which is only a guess, is made to
 * fit. */
#include "compose/read/find.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/vec.h"
#include "compose/read/dotenv.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static const char *const DEFAULT_FILES[] = {
    "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", NULL};
static const char *const OVERRIDE_FILES[] = {
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
    NULL};

const char *workspace_lookup(void *arg, const char *name)
{
    return env_get(arg, name);
}

const char *workspace_normalise_name(struct arena *arena, const char *text)
{
    char *out = arena_strdup(arena, text);
    size_t n = 0;

    for (const char *c = text; *c; c++) {
        char low = (char)tolower((unsigned char)*c);
        bool alnum = (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9');
        if (alnum || (n && (low == '_' || low == '-')))
            out[n++] = low;
    }

    out[n] = '\0';
    return out;
}

int workspace_read(
    struct workspace *w, const char *path, const char **text, size_t *n, struct error *err)
{
    if (++w->files_read > LIMIT_COMPOSE_FILES)
        return error_raise(
            err, ERR_USAGE, "more than %d files in one project", LIMIT_COMPOSE_FILES);
    if (strcmp(path, "-") == 0) {
        if (!w->options->stdin_text)
            return error_raise(
                err, ERR_USAGE, "\"-f -\" was given but nothing came on standard input");
        *text = w->options->stdin_text;
        *n = strlen(*text);
        return 0;
    }

    cleanup_str struct str content = STR_INIT;
    int rc = file_read(path, LIMIT_YAML_BYTES, &content, err);
    if (rc < 0)
        return rc;
    *text = arena_strndup(w->arena, str_get(&content), content.len);
    *n = content.len;
    return 0;
}

int workspace_add_env_file(
    struct workspace *w, struct env *env, const char *path, struct error *err)
{
    cleanup_str struct str content = STR_INIT;
    int rc = file_read(path, LIMIT_COMPOSE_ENV_BYTES, &content, err);

    if (rc < 0)
        return rc;
    if (!text_utf8_valid(str_get(&content), content.len))
        return error_raise_errno(err, ERR_USAGE, EILSEQ, "%s is not UTF-8", path);

    struct dotenv file;
    rc = dotenv_parse(w->arena, path, str_get(&content), false, workspace_lookup, env, &file, err);
    for (size_t i = file.len;
         rc == 0 && i-- > 0;) { /* from the end: the last one of a name counts */
        const struct dotenv_entry *e = &file.items[i];
        if (!e->value || env_get(env, e->name))
            continue;
        if (template_has_parts(e->value))
            compose_diagnose(
                w->diags,
                COMPOSE_WARNING,
                e->pos,
                NULL,
                "variable %s is not set; it is taken as empty",
                template_first_part(w->arena, e->value));
        env_set(env, e->name, template_drop_parts(w->arena, e->value));
    }

    return rc;
}

static const char *folder_of(struct workspace *w, const char *path)
{
    cleanup_free char *dir = path_dirname(path);
    return arena_strdup(w->arena, dir);
}

static const char *first_existing(struct workspace *w, const char *dir, const char *const *names)
{
    for (; *names; names++) {
        const char *path = path_absolute_in(w->arena, dir, *names);
        if (file_exists(path))
            return path;
    }
    return NULL;
}

typedef VEC(const char *) paths;

static int search_default(struct workspace *w, paths *files, struct error *err)
{
    const char *dir = w->options->cwd;

    for (;;) {
        const char *file = first_existing(w, dir, DEFAULT_FILES);
        if (file) {
            vec_push(files, file);
            const char *over = first_existing(w, dir, OVERRIDE_FILES);
            if (over)
                vec_push(files, over);
            return 0;
        }
        if (strcmp(dir, "/") == 0)
            break;
        dir = folder_of(w, dir);
    }

    int rc = error_raise_errno(
        err,
        ERR_USAGE,
        ENOENT,
        "no Compose file found in %s or the folders above it",
        w->options->cwd);
    error_hint(err, "Name it with -f, or create compose.yaml.");

    return rc;
}

static void add_file(struct workspace *w, paths *files, const char *path)
{
    vec_push(
        files, strcmp(path, "-") == 0 ? "-" : path_absolute_in(w->arena, w->options->cwd, path));
}

static int choose_files(struct workspace *w, struct error *err)
{
    paths files = {0};
    int rc = 0;
    const char *list = env_get_nonempty(w->env, "COMPOSE_FILE");

    if (w->options->files && w->options->files[0]) {
        for (const char *const *f = w->options->files; *f; f++)
            add_file(w, &files, *f);
    } else if (list) {
        const char *separator = env_get_nonempty(w->env, "COMPOSE_PATH_SEPARATOR");
        char *rest = arena_strdup(w->arena, list);
        size_t width = strlen(separator ? separator : ":");
        while (rest) {
            char *cut = strstr(rest, separator ? separator : ":");
            if (cut)
                *cut = '\0';
            if (*rest)
                add_file(w, &files, rest);
            rest = cut ? cut + width : NULL;
        }
    }

    if (!files.len)
        rc = search_default(w, &files, err);
    if (rc == 0 && files.len > LIMIT_COMPOSE_FILES)
        rc = error_raise(err, ERR_USAGE, "more than %d Compose files", LIMIT_COMPOSE_FILES);
    if (rc == 0) {
        w->files = arena_array(w->arena, const char *, files.len);
        memcpy(w->files, files.items, files.len * sizeof *files.items);
        w->file_count = files.len;
    }

    vec_free(&files);

    return rc;
}

static int
add_named_env_files(struct workspace *w, const char *const *paths_given, struct error *err)
{
    /* a later file wins: it is added first, below nothing but the caller's environment */
    size_t n = 0;

    while (paths_given[n])
        n++;
    while (n--) {
        int rc = workspace_add_env_file(
            w, w->env, path_absolute_in(w->arena, w->options->cwd, paths_given[n]), err);
        if (rc < 0)
            return error_wrap(err, "reading --env-file %s", paths_given[n]);
    }

    return 0;
}

static const char *const *split_commas(struct workspace *w, const char *list)
{
    size_t n = 2;

    for (const char *c = list; *c; c++)
        n += *c == ',';
    const char **out = arena_array(w->arena, const char *, n);
    char *rest = arena_strdup(w->arena, list);
    size_t count = 0;
    for (char *item; (item = strsep(&rest, ","));)
        if (*item)
            out[count++] = item;
    return out;
}

static int add_env_files(struct workspace *w, struct error *err)
{
    const char *const *given = w->options->env_files;
    const char *list = env_get_nonempty(w->env, "COMPOSE_ENV_FILES");

    if (given && given[0])
        return add_named_env_files(w, given, err);
    if (list)
        return add_named_env_files(w, split_commas(w, list), err);

    const char *disabled = env_get_nonempty(w->env, "COMPOSE_DISABLE_ENV_FILE");
    if (disabled && !text_eq_nocase(disabled, "false") && !text_eq(disabled, "0"))
        return 0;

    const char *path = path_absolute_in(w->arena, w->dir, ".env");
    return file_exists(path) && !file_is_dir(path) ? workspace_add_env_file(w, w->env, path, err)
                                                   : 0;
}

static int choose_name(struct workspace *w, struct error *err)
{
    const char *name = w->options->project_name, *from = "-p/--project-name";

    if (text_empty(name)) {
        name = env_get_nonempty(w->env, "COMPOSE_PROJECT_NAME");
        from = "COMPOSE_PROJECT_NAME";
    }

    if (text_empty(name))
        return 0;
    if (strcmp(workspace_normalise_name(w->arena, name), name) != 0) {
        int rc = error_raise_errno(
            err, ERR_USAGE, EINVAL, "\"%s\" (from %s) is not a valid project name", name, from);
        error_hint(
            err, "Use lower-case letters, digits, '-' and '_', starting with a letter or a digit.");
        return rc;
    }

    w->name = arena_strdup(w->arena, name);

    return 0;
}

/* Bytes that are no UTF-8 would be taken for marks of config parts. Such a variable is not dropped,
 * for then a default would stand in its place: whoever uses it gets an error. */
static struct env *sound_env(const struct env *from)
{
    struct env *out = from ? env_dup(from) : env_new();

    for (size_t i = env_count(out); i-- > 0;) {
        const char *name = env_name(out, i), *value = env_value(out, i);
        if (!text_utf8_valid(name, strlen(name)))
            env_set(out, name, NULL); /* no Compose file can name it */
        else if (!text_utf8_valid(value, strlen(value)))
            env_set(out, name, TEMPLATE_NO_TEXT);
    }

    return out;
}

int workspace_init(
    struct workspace *w,
    struct arena *arena,
    const struct compose_options *o,
    struct compose_diagnostics *diags,
    struct error *err)
{
    *w = (struct workspace){.arena = arena, .options = o, .diags = diags, .env = sound_env(o->env)};
    /* .env beside the caller may itself say COMPOSE_FILE, so it is read once more when the project
     * folder is another one */
    w->dir = arena_strdup(arena, o->cwd);
    struct env *caller = env_dup(w->env);
    int rc = add_env_files(w, err);
    if (rc == 0)
        rc = choose_files(w, err);
    if (rc == 0) {
        const char *first = w->files[0];
        const char *dir = strcmp(first, "-") == 0 ? w->dir : folder_of(w, first);
        if (strcmp(dir, w->dir) != 0) {
            env_free(w->env);
            w->env = env_dup(caller);
            w->dir = dir;
            rc = add_env_files(w, err);
        }
    }

    env_free(caller);

    return rc < 0 ? rc : choose_name(w, err);
}

void workspace_done(struct workspace *w)
{
    env_free(w->env);
    w->env = NULL;
}
