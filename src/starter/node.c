/* Node: npm, yarn, pnpm or bun by the lock file; Next.js and Nuxt by themselves, what is built into
 * plain files (Vite, Create React App, Astro, Angular …) behind nginx, the rest by its start script
 * or main file. */
#include "base/mem.h"
#include "data/json.h"
#include "starter/parts.h"

#include <stdlib.h>
#include <string.h>

#define NODE_OLDEST 20
#define NODE_NOW    24
#define IGNORE      "node_modules\n.next\n.nuxt\n.output\ndist\nbuild\ncoverage\n"

struct node {
    const struct starter_folder *f;
    json_t *package;
    const char *manager; /* npm, yarn, pnpm, bun */
    unsigned version, port;
};

static bool depends(const struct node *n, const char *name)
{
    return json_object_get(json_object_get(n->package, "dependencies"), name) ||
           json_object_get(json_object_get(n->package, "devDependencies"), name);
}

static bool depends_any(const struct node *n, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (depends(n, names[i]))
            return true;
    return false;
}

static const char *script(const struct node *n, const char *name)
{
    return json_string_value(json_object_get(json_object_get(n->package, "scripts"), name));
}

static const char *manager_of(const struct node *n)
{
    const char *said = json_string_value(json_object_get(n->package, "packageManager"));

    if (starter_has(n->f, "pnpm-lock.yaml") || text_starts(said, "pnpm"))
        return "pnpm";
    if (starter_has(n->f, "yarn.lock") || text_starts(said, "yarn"))
        return "yarn";
    if (starter_has(n->f, "bun.lock") || starter_has(n->f, "bun.lockb"))
        return "bun";
    return "npm";
}

/* "^20", ">=18 <23", "lts/iron": the first number, within what is maintained. */
static unsigned version_of(const struct node *n)
{
    json_t *engines = json_object_get(n->package, "engines");
    const char *said = json_string_value(json_object_get(engines, "node"));
    unsigned version = said ? (unsigned)strtoul(said + strcspn(said, "0123456789"), NULL, 10) : 0;

    if (said && strchr(said, '>'))
        version = version > NODE_NOW ? version : NODE_NOW; /* the newest that it takes */
    if (!version)
        version = starter_number(n->f, ".nvmrc", "");
    if (!version)
        version = starter_number(n->f, ".node-version", "");
    return version < NODE_OLDEST ? NODE_NOW : version;
}

/* The stage that has everything: sources, packages, what was built. */
static void build_stage(const struct node *n, struct str *out)
{
    bool berry = starter_has(n->f, ".yarnrc.yml");
    const char *run = strcmp(n->manager, "npm") == 0 ? "npm run" : n->manager;
    bool bun = strcmp(n->manager, "bun") == 0;

    if (bun)
        str_append(out, "FROM oven/bun:1 AS build\nWORKDIR /app\n");
    else
        str_appendf(out, "FROM node:%u-slim AS build\nWORKDIR /app\n", n->version);

    if (strcmp(n->manager, "pnpm") == 0)
        str_append(out, "RUN npm install -g pnpm@10\n");
    if (berry)
        str_append(out, "RUN npm install -g corepack && corepack enable\n");

    /* Packages of a workspace are in folders of their own, and patches are. */
    bool whole = berry || starter_has(n->f, "pnpm-workspace.yaml") ||
                 starter_has_in(n->f, "patches") || json_object_get(n->package, "workspaces") ||
                 starter_has_in(n->f, "prisma");
    static const char *const files[] = {
        "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb", ".npmrc"};
    bool locked = false;

    str_append(out, whole ? "COPY ." : "COPY package.json");
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        bool there = starter_has(n->f, files[i]);
        locked = locked || (there && strcmp(files[i], ".npmrc") != 0);
        if (there && !whole)
            str_appendf(out, " %s", files[i]);
    }
    str_append(out, " ./\n");

    if (strcmp(n->manager, "npm") == 0)
        str_append(
            out, starter_has(n->f, "package-lock.json") ? "RUN npm ci\n" : "RUN npm install\n");
    else
        str_appendf(
            out,
            "RUN %s install%s\n",
            n->manager,
            !locked ? ""
            : berry ? " --immutable"
                    : " --frozen-lockfile");
    if (!whole)
        str_append(out, "COPY . .\n");
    if (script(n, "build"))
        str_appendf(out, "RUN %s build\n", run);
}

/* The stage that runs, up to its command. */
static void run_stage(const struct node *n, struct str *out, const char *from)
{
    bool bun = strcmp(n->manager, "bun") == 0;

    if (bun)
        str_append(out, "\nFROM oven/bun:1-slim\n");
    else
        str_appendf(out, "\nFROM node:%u-slim\n", n->version);
    str_appendf(
        out,
        "ENV NODE_ENV=production HOSTNAME=0.0.0.0 HOST=0.0.0.0 PORT=%u\n"
        "WORKDIR /app\n"
        "COPY --from=build --chown=%s:%s %s ./\n",
        n->port,
        bun ? "bun" : "node",
        bun ? "bun" : "node",
        from);
}

static void end_stage(const struct node *n, struct str *out, const char *command)
{
    bool bun = strcmp(n->manager, "bun") == 0;

    str_appendf(out, "USER %s\nEXPOSE %u\nCMD %s\n", bun ? "bun" : "node", n->port, command);
}

static bool next_says(const struct node *n, const char *word)
{
    return starter_says(n->f, "next.config.js", word) ||
           starter_says(n->f, "next.config.mjs", word) ||
           starter_says(n->f, "next.config.ts", word);
}

static void next(const struct node *n, struct str *out)
{
    bool standalone = next_says(n, "'standalone'") || next_says(n, "\"standalone\"");

    run_stage(n, out, standalone ? "/app/.next/standalone" : "/app");
    if (standalone)
        str_append(out, "COPY --from=build --chown=node:node /app/.next/static ./.next/static\n");
    if (standalone && starter_has_in(n->f, "public"))
        str_append(out, "COPY --from=build --chown=node:node /app/public ./public\n");
    end_stage(
        n,
        out,
        standalone ? "[\"node\", \"server.js\"]"
                   : "[\"sh\", \"-c\", \"exec node_modules/.bin/next start -H 0.0.0.0 -p $PORT\"]");
}

/* Where the plain files land; NULL: they are no plain files. */
static const char *plain_folder(const struct node *n)
{
    static const char *const servers[] = {
        "express",
        "fastify",
        "koa",
        "hono",
        "@nestjs/core",
        "@hapi/hapi",
        "nuxt",
        "@sveltejs/kit",
        "@remix-run/serve",
        "@remix-run/node",
        "@react-router/serve",
        "@react-router/node",
        "@astrojs/node",
        "@hono/node-server",
        "socket.io",
        "ws"};
    static const struct {
        const char *package, *folder;
    } makers[] = {
        {"react-scripts", "build"},
        {"gatsby", "public"},
        {"astro", "dist"},
        {"@vue/cli-service", "dist"},
        {"parcel", "dist"},
        {"vite", "dist"}};
    static const char *const configs[] = {"vite.config.ts", "vite.config.js", "vite.config.mjs"};

    if (!script(n, "build") || depends_any(n, servers, ARRAY_LEN(servers)))
        return NULL;
    if (depends(n, "next"))
        return next_says(n, "'export'") || next_says(n, "\"export\"") ? "out" : NULL;
    for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
        if (!depends(n, makers[i].package))
            continue;
        for (size_t k = 0; k < ARRAY_LEN(configs); k++)
            if (starter_says(n->f, configs[k], "outDir: 'build'") ||
                starter_says(n->f, configs[k], "outDir: \"build\""))
                return "build";
        return makers[i].folder;
    }
    return NULL;
}

/* In words: JSON's form, for CMD. NULL: nothing to start. */
static const char *command_of(struct arena *a, const struct node *n)
{
    static const char *const files[] = {
        "server.js",
        "index.js",
        "app.js",
        "main.js",
        "server.mjs",
        "index.mjs",
        "src/index.js",
        "src/server.js",
        "src/app.js"};
    const char *program = strcmp(n->manager, "bun") == 0 ? "bun" : "node";
    const char *main = json_string_value(json_object_get(n->package, "main"));

    if (script(n, "start"))
        return strcmp(n->manager, "bun") == 0 ? "[\"bun\", \"run\", \"start\"]"
                                              : "[\"npm\", \"start\"]";
    if (main && starter_has(n->f, main) && starter_is_plain(main))
        return arena_printf(a, "[\"%s\", \"%s\"]", program, main);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        if (starter_has(n->f, files[i]))
            return arena_printf(a, "[\"%s\", \"%s\"]", program, files[i]);
    return NULL;
}

static const char *kind_of(const struct node *n, const char *plain)
{
    static const char *const known[][2] = {
        {"next", "Next.js"},
        {"nuxt", "Nuxt"},
        {"@nestjs/core", "NestJS"},
        {"astro", "Astro"},
        {"gatsby", "Gatsby"},
        {"react-scripts", "React"},
        {"vite", "Vite"},
        {"express", "Express"},
        {"fastify", "Fastify"}};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (depends(n, known[i][0]))
            return known[i][1];
    return plain ? "static site" : "Node.js";
}

static bool make(struct arena *a, struct node *n, struct starter *out)
{
    cleanup_str struct str text = STR_INIT;
    const char *plain = plain_folder(n), *command = command_of(a, n);
    bool is_next = depends(n, "next") && !plain, is_nuxt = depends(n, "nuxt");

    if (!plain && !is_next && !is_nuxt && !command)
        return false;

    n->port = starter_port(n->f, plain ? 8080 : 3000);
    build_stage(n, &text);
    if (plain) {
        str_append(&text, "\n");
        starter_static(&text, arena_printf(a, "--from=build /app/%s", plain), n->port);
    } else if (is_next) {
        next(n, &text);
    } else if (is_nuxt) {
        run_stage(n, &text, "/app/.output");
        end_stage(n, &text, "[\"node\", \"server/index.mjs\"]");
    } else {
        run_stage(n, &text, "/app");
        end_stage(n, &text, command);
    }

    const char *kind = arena_printf(a, "%s (%s)", kind_of(n, plain), n->manager);
    starter_give(a, out, kind, n->port, &text, IGNORE);
    return true;
}

bool starter_node(struct arena *a, const struct starter_folder *f, struct starter *out)
{
    const struct starter_file *file = starter_find(f, "package.json");
    cleanup_error struct error ignored = ERROR_INIT;
    struct node n = {.f = f};

    if (!file || !file->text || json_parse(file->text, file->n, &n.package, &ignored) < 0)
        return false;

    n.manager = manager_of(&n);
    n.version = version_of(&n);
    bool made = json_is_object(n.package) && make(a, &n, out);
    json_decref(n.package);
    return made;
}
