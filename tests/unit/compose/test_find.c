/* Which files, which environment, which name: in a folder of the test's own. */
#include "unit/compose/kit.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static void put(const char *path, const char *text)
{
    cleanup_free char *full = path_join(root, path);
    cleanup_free char *dir = path_dirname(full);
    ck_assert_int_eq(file_mkdirs(dir, 0700, NULL), 0);
    ck_assert_int_eq(file_write_atomic(full, text, strlen(text), 0600, NULL), 0);
}

static void make_root(void)
{
    snprintf(root, sizeof root, "/tmp/compose-find-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    put("Shop_1.x/compose.yaml",
        "services: {a: {image: 'i:${TAG:-none}', environment: {FROM: base}}}\n");
    put("Shop_1.x/compose.override.yml", "services: {a: {environment: {FROM: override}}}\n");
    put("Shop_1.x/.env", "TAG=dotenv\n");
    put("Shop_1.x/deep/er/keep", "");
    put("Shop_1.x/other.env", "TAG=other\n");
    put("Shop_1.x/third.env", "TAG=third\n");
    put("named/docker-compose.yml",
        "name: From-File\nservices: {a: {image: '${COMPOSE_PROJECT_NAME}'}}\n");
    put("named/two.yaml", "services: {a: {image: two}}\n");
    put("list/.env",
        "COMPOSE_FILE=a.yaml;b.yaml\nCOMPOSE_PATH_SEPARATOR=;\nCOMPOSE_PROFILES=p,q\nCOMPOSE_"
        "PROJECT_NAME=from-env\n");
    put("list/a.yaml", "services: {a: {image: one, profiles: [p]}}\n");
    put("list/b.yaml", "services: {a: {image: two}, z: {image: z, profiles: [no]}}\n");
    put("___/compose.yml", "services: {a: {image: x}}\n");
}

static void drop_root(void)
{
    ck_assert(strncmp(root, "/tmp/compose-find-", 18) == 0);
    static const char *const paths[] = {
        "Shop_1.x/compose.yaml",
        "Shop_1.x/compose.override.yml",
        "Shop_1.x/.env",
        "Shop_1.x/deep/er/keep",
        "Shop_1.x/deep/er",
        "Shop_1.x/deep",
        "Shop_1.x/other.env",
        "Shop_1.x/third.env",
        "Shop_1.x",
        "named/docker-compose.yml",
        "named/two.yaml",
        "named",
        "list/.env",
        "list/a.yaml",
        "list/b.yaml",
        "list",
        "___/compose.yml",
        "___",
        "."};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        cleanup_free char *full = path_absolute(root, paths[i]);
        ck_assert_msg(remove(full) == 0, "%s", full);
    }
}

struct row {
    const char *cwd, *file, *env_file, *project, *variable, *value;
    const char *name, *image, *from;
};

static void check_row(const struct row *r)
{
    cleanup_kit struct kit k;
    cleanup_free char *cwd = path_join(root, r->cwd);
    const char *files[] = {r->file, NULL}, *env_files[] = {r->env_file, NULL};
    kit_init(&k, cwd);
    k.options.files = r->file ? files : NULL;
    k.options.env_files = r->env_file ? env_files : NULL;
    k.options.project_name = r->project;
    if (r->variable)
        env_set(k.env, r->variable, r->value);
    kit_load(&k);
    ck_assert_msg(k.rc == 0, "%s: %s", r->cwd, k.err.message);
    ck_assert_str_eq(k.project->name, r->name);
    const struct compose_service *s = compose_service_get(k.project, "a");
    ck_assert_ptr_nonnull(s);
    ck_assert_str_eq(s->image, r->image);
    if (r->from)
        ck_assert_str_eq(compose_text_literal(k.project->arena, &s->environment[0].value), r->from);
}

START_TEST(found)
{
    static const struct row rows[] = {
        {"Shop_1.x", .name = "shop_1x", .image = "i:dotenv", .from = "override"},
        {"Shop_1.x/deep/er", .name = "shop_1x", .image = "i:dotenv", .from = "override"},
        {"Shop_1.x",
         .file = "compose.yaml",
         .name = "shop_1x",
         .image = "i:dotenv",
         .from = "base"},
        {"named",
         .file = "../Shop_1.x/compose.yaml",
         .name = "shop_1x",
         .image = "i:dotenv",
         .from = "base"},
        {"Shop_1.x", .env_file = "other.env", .name = "shop_1x", .image = "i:other"},
        {"Shop_1.x",
         .variable = "COMPOSE_ENV_FILES",
         .value = "other.env,third.env",
         .name = "shop_1x",
         .image = "i:third"},
        {"Shop_1.x",
         .variable = "COMPOSE_DISABLE_ENV_FILE",
         .value = "true",
         .name = "shop_1x",
         .image = "i:none"},
        {"Shop_1.x", .variable = "TAG", .value = "shell", .name = "shop_1x", .image = "i:shell"},
        {"Shop_1.x",
         .variable = "COMPOSE_PROJECT_NAME",
         .value = "env-name",
         .name = "env-name",
         .image = "i:dotenv"},
        {"Shop_1.x",
         .project = "flag",
         .variable = "COMPOSE_PROJECT_NAME",
         .value = "env-name",
         .name = "flag",
         .image = "i:dotenv"},
        {"named", .name = "from-file", .image = "from-file"},
        {"named", .project = "flag", .name = "flag", .image = "flag"},
        {"named",
         .variable = "COMPOSE_FILE",
         .value = "docker-compose.yml:two.yaml",
         .name = "from-file",
         .image = "two"},
        {"list", .name = "from-env", .image = "two"},
    };
    make_root();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(&rows[i]);
    drop_root();
}
END_TEST

START_TEST(not_found)
{
    make_root();

    static const struct {
        const char *cwd, *file, *project, *message;
    } rows[] = {
        {".", NULL, NULL, "no Compose file found"},
        {"named", "gone.yaml", NULL, "cannot open"},
        {"named", NULL, "Bad Name", "not a valid project name"},
        {"___", NULL, NULL, "no project name"},
        {"named", "-", NULL, "standard input"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_kit struct kit k;
        cleanup_free char *cwd = path_absolute(root, rows[i].cwd);
        const char *files[] = {rows[i].file, NULL};
        kit_init(&k, cwd);
        k.options.files = rows[i].file ? files : NULL;
        k.options.project_name = rows[i].project;
        kit_load(&k);
        ck_assert_msg(
            k.rc < 0 && k.err.message && strstr(k.err.message, rows[i].message),
            "row %zu: %s",
            i,
            k.err.message);
        ck_assert_ptr_null(k.project);
    }
    drop_root();
}
END_TEST

START_TEST(profiles)
{
    make_root();
    cleanup_kit struct kit k;
    cleanup_free char *cwd = path_join(root, "list");
    static const char *const given[] = {"no", NULL};
    kit_init(&k, cwd);
    k.options.profiles = given;
    kit_load(&k);
    ck_assert_int_eq(k.rc, 0);
    ck_assert_uint_eq(k.project->service_count, 2);
    ck_assert_uint_eq(k.project->file_count, 2);
    drop_root();
}
END_TEST

SUITE("compose/find", found, not_found, profiles)
