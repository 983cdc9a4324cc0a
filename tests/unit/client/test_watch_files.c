/* Which files of develop.watch count, and that a change is seen. */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/commands/watch_files.h"
#include "unit/lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(compose_12_what_counts)
{
    static const struct {
        const char *ignore, *include, *path;
        bool counts;
    } rows[] = {
        {NULL, NULL, "src/app.js", true},
        {NULL, NULL, "", true},
        {"node_modules", NULL, "node_modules/x/index.js", false},
        {"node_modules/", NULL, "node_modules", false},
        {"node_modules/", NULL, "src/node_modules/x", true},
        {"./dist/**", NULL, "dist/a/b", false},
        {"/dist", NULL, "dist/a", false},
        {"**/*.log", NULL, "a/b/c.log", false},
        {"**/*.log", NULL, "c.log", false},
        {"*.log", NULL, "a/c.log", true},
        {"**/cache", NULL, "a/cache/x", false},
        {NULL, "src", "src/a.c", true},
        {NULL, "src", "doc/a.md", false},
        {NULL, "**/*.py", "a/b.py", true},
        {NULL, "**/*.py", "a/b.txt", false},
        {"src/gen", "src", "src/gen/x", false},
        {NULL, NULL, ".git/index", false},
        {NULL, NULL, "lib/.git/HEAD", false},
        {NULL, NULL, ".gitignore", true},
        {NULL, NULL, "src/.app.js.swp", false},
        {NULL, NULL, "src/app.js~", false},
        {"", NULL, "src/app.js", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Defang__WatchRule rule = DEFANG__WATCH_RULE__INIT;
        char *ignore = (char *)rows[i].ignore, *include = (char *)rows[i].include;

        rule.ignore = &ignore;
        rule.n_ignore = ignore != NULL;
        rule.include = &include;
        rule.n_include = include != NULL;
        ck_assert_msg(
            watch_rule_counts(&rule, rows[i].path) == rows[i].counts,
            "row %zu: %s",
            i,
            rows[i].path);
    }
}
END_TEST

static void put(const char *folder, const char *name)
{
    cleanup_free char *path = path_join(folder, name);

    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs("x", f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(compose_12_a_change_names_its_rule)
{
    char folder[] = "/tmp/watch-files-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    cleanup_free char *src = path_join(folder, "src"), *lib = path_join(folder, "lib");
    cleanup_free char *deep = path_join(src, "deep");
    char *ignored = (char *)"skip";
    ck_assert_int_eq(mkdir(src, 0700), 0);
    ck_assert_int_eq(mkdir(lib, 0700), 0);

    Defang__WatchRule web = DEFANG__WATCH_RULE__INIT, api = DEFANG__WATCH_RULE__INIT;
    Defang__WatchRule *rules[] = {&web, &api};
    web.service = (char *)"web";
    web.path = src;
    web.ignore = &ignored;
    web.n_ignore = 1;
    api.service = (char *)"api";
    api.path = lib;

    struct watch_files *w = NULL;
    int never[2];
    ck_assert_int_eq(pipe(never), 0);
    ck_assert_int_eq(watch_files_open(rules, 2, &w, NULL), 0);

    /* a file that is ignored, then one in a folder that was made meanwhile */
    put(src, "skip");
    ck_assert_int_eq(mkdir(deep, 0700), 0);
    struct watch_changes changes = {0};
    ck_assert_int_eq(watch_files_wait(w, never[0], &changes, NULL), 1);
    ck_assert_uint_eq(changes.rules.len, 1);
    ck_assert_str_eq(changes.rules.items[0]->service, "web");
    ck_assert_str_eq(changes.first, "deep");
    watch_changes_done(&changes);

    put(deep, "a");
    put(lib, "b");
    changes = (struct watch_changes){0};
    ck_assert_int_eq(watch_files_wait(w, never[0], &changes, NULL), 1);
    ck_assert_uint_eq(changes.rules.len, 2);
    watch_changes_done(&changes);

    ck_assert_int_eq(write(never[1], "x", 1), 1);
    changes = (struct watch_changes){0};
    ck_assert_int_eq(watch_files_wait(w, never[0], &changes, NULL), 0);
    watch_changes_done(&changes);
    watch_files_free(w);
    close(never[0]);
    close(never[1]);
}
END_TEST

SUITE("client/watch_files", compose_12_what_counts, compose_12_a_change_names_its_rule)
