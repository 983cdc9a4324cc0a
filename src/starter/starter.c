/* Which kind a folder is: what only a server of that kind has comes first; package.json comes after
 * them, because many have one for their assets, and plain files last. A file of each kind writes
 * its Dockerfile: several stages, versions that are maintained (the project's own where it says
 * one), a user that is not root, the port in $PORT.
 *
 * What is asked of a file is small: whether a word stands in it, the number after one, the name
 * before one. A guess that is wrong is seen in the text, which is the user's from then on. */
#include "base/mem.h"
#include "starter/parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define COMMON                                                                                     \
    ".git\n.github\n.vscode\n.idea\n.DS_Store\n.env\n.env.*\n*.log\nDockerfile\n.dockerignore\n"   \
    "compose.yaml\ncompose.yml\ndocker-compose*.yml\ndocker-compose*.yaml\n"

static const char *const READ[] = {
    ".node-version",    ".nvmrc",           ".python-version", ".ruby-version",  "Gemfile",
    "Pipfile",          "angular.json",     "api/main.py",     "app.py",         "app/__init__.py",
    "app/app.py",       "app/main.py",      "application.py",  "asgi.py",        "astro.config.mjs",
    "build.gradle",     "build.gradle.kts", "composer.json",   "config.ru",      "go.mod",
    "main.go",          "main.py",          "manage.py",       "next.config.js", "next.config.mjs",
    "next.config.ts",   "package.json",     "pom.xml",         "pyproject.toml", "requirements.txt",
    "run.py",           "runtime.txt",      "server.py",       "src/app.py",     "src/main.py",
    "streamlit_app.py", "vite.config.js",   "vite.config.mjs", "vite.config.ts", "wsgi.py",
};

bool starter_reads(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(READ); i++)
        if (strcmp(READ[i], path) == 0)
            return true;
    return false;
}

const struct starter_file *starter_find(const struct starter_folder *f, const char *path)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->files[i].path, path) == 0)
            return &f->files[i];
    return NULL;
}

bool starter_has(const struct starter_folder *f, const char *path)
{
    return starter_find(f, path) != NULL;
}

bool starter_has_in(const struct starter_folder *f, const char *folder)
{
    size_t n = strlen(folder);

    for (size_t i = 0; i < f->count; i++)
        if (strncmp(f->files[i].path, folder, n) == 0 && f->files[i].path[n] == '/')
            return true;
    return false;
}

static const char *text_of(const struct starter_folder *f, const char *path)
{
    const struct starter_file *file = starter_find(f, path);

    return file && file->text ? file->text : "";
}

bool starter_says(const struct starter_folder *f, const char *path, const char *word)
{
    return strcasestr(text_of(f, path), word) != NULL;
}

unsigned starter_number(const struct starter_folder *f, const char *path, const char *word)
{
    const char *at = strstr(text_of(f, path), word);

    for (at = at ? at + strlen(word) : NULL; at && *at && *at != '\n'; at++)
        if (isdigit((unsigned char)*at))
            return (unsigned)strtoul(at, NULL, 10);
    return 0;
}

bool starter_is_plain(const char *text)
{
    return !text_empty(text) && text[strspn(
                                    text,
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                    "._-/@+")] == '\0';
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

const char *starter_variable(
    struct arena *a, const struct starter_folder *f, const char *path, const char *word)
{
    const char *text = text_of(f, path);

    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
        const char *p = at;

        while (p > text && p[-1] == ' ')
            p--;
        if (p == text || p[-1] != '=')
            continue;
        for (p--; p > text && p[-1] == ' ';)
            p--;

        const char *end = p;
        while (p > text && is_name(p[-1]))
            p--;
        if (p < end && (p == text || p[-1] == '\n'))
            return arena_strndup(a, p, (size_t)(end - p));
    }

    return NULL;
}

const char *starter_module(struct arena *a, const char *path)
{
    char *module = arena_strndup(a, path, strlen(path) - strlen(".py"));
    const char *init = "/__init__";

    if (text_ends(module, init))
        module[strlen(module) - strlen(init)] = '\0';
    for (char *p = module; *p; p++)
        *p = *p == '/' ? '.' : *p;
    return module;
}

unsigned starter_port(const struct starter_folder *f, unsigned usual)
{
    return f->port ? f->port : usual;
}

void starter_static(struct str *out, const char *from, unsigned port)
{
    str_appendf(
        out,
        "FROM nginxinc/nginx-unprivileged:stable-alpine\n"
        "ENV PORT=%u\n"
        "COPY <<'EOF' /etc/nginx/templates/default.conf.template\n"
        "server {\n"
        "    listen ${PORT};\n"
        "    root /usr/share/nginx/html;\n"
        "    location / {\n"
        "        try_files $uri $uri.html $uri/ /index.html;\n"
        "    }\n"
        "}\n"
        "EOF\n"
        "COPY %s /usr/share/nginx/html\n"
        "EXPOSE %u\n",
        port,
        from,
        port);
}

void starter_give(
    struct arena *a,
    struct starter *out,
    const char *kind,
    unsigned port,
    struct str *dockerfile,
    const char *ignore)
{
    *out = (struct starter){
        .kind = kind,
        .port = port,
        .dockerfile = arena_strdup(a, str_get(dockerfile)),
        .dockerignore = arena_printf(a, COMMON "%s", ignore)};
}

bool starter_plain(struct arena *a, const struct starter_folder *f, struct starter *out)
{
    cleanup_str struct str text = STR_INIT;
    unsigned port = starter_port(f, 8080);
    const char *from = starter_has(f, "index.html") ? "." : NULL;
    static const char *const folders[] = {"public", "dist", "html", "site", "www"};

    for (size_t i = 0; !from && i < ARRAY_LEN(folders); i++)
        if (starter_has(f, arena_printf(a, "%s/index.html", folders[i])))
            from = folders[i];
    if (!from)
        return false;

    starter_static(&text, from, port);
    starter_give(a, out, "static files", port, &text, "");
    return true;
}

bool starter_make(struct arena *a, const struct starter_folder *f, struct starter *out)
{
    return starter_go(a, f, out) || starter_java(a, f, out) || starter_ruby(a, f, out) ||
           starter_php(a, f, out) || starter_python(a, f, out) || starter_node(a, f, out) ||
           starter_plain(a, f, out);
}
