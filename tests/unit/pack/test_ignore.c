/* Rows were run through moby/patternmatcher v0.6.1 with results carried from parent to child, as
 * BuildKit does; all but those of `own_way`. */
#include "base/mem.h"
#include "base/str.h"
#include "pack/ignore.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <string.h>

/* Asks for each folder on the way, as a walk does. *reached: no folder on the way was one that need
 * not be looked into. */
static bool ignored(struct ignore *ig, const char *path, bool *reached)
{
    cleanup_free bool *parent = xcalloc(ignore_count(ig), 1), *own = xcalloc(ignore_count(ig), 1);
    bool result = false, first = true;
    *reached = true;
    for (const char *p = path;;) {
        size_t n = strcspn(p, "/");
        cleanup_free char *part = xstrndup(path, (size_t)(p - path) + n);
        result = ignore_match(ig, part, first ? NULL : parent, own);
        memcpy(parent, own, ignore_count(ig));
        first = false;
        if (!p[n])
            return result;
        if (result && !ignore_may_reinclude(ig, part))
            *reached = false;
        p += n + 1;
    }
}

struct row {
    const char *rules, *path;
    bool ignored;
};

static void check(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cleanup_ignore struct ignore *ig = NULL;
        cleanup_error struct error err = ERROR_INIT;
        bool reached;
        ck_assert_msg(
            ignore_parse("f", rows[i].rules, strlen(rows[i].rules), &ig, &err) == 0,
            "%s: %s",
            rows[i].rules,
            err.message);
        bool got = ignored(ig, rows[i].path, &reached);
        ck_assert_msg(
            got == rows[i].ignored,
            "rules \"%s\", path %s: %s",
            rows[i].rules,
            rows[i].path,
            got ? "ignored" : "kept");
        ck_assert_msg(
            got || reached,
            "rules \"%s\": %s is kept, but its folder would not be searched",
            rows[i].rules,
            rows[i].path);
    }
}

START_TEST(single_patterns)
{
    static const struct row rows[] = {
        /* exact names and their content */
        {"docs", "docs", true},
        {"docs", "docs/a", true},
        {"docs", "docs/a/b", true},
        {"docs", "x/docs", false},
        {"docs", "docs2", false},
        {"docs/", "docs/a", true},
        {"/docs", "docs", true},
        {"//docs", "docs", true},
        {"./docs", "docs", true},
        {"a/../docs", "docs", true},
        {"a/b", "a/b", true},
        {"a/b", "a", false},
        {"a//b", "a/b", true},
        {"../a", "a", false},
        {".", "a", false},
        {"/", "a", false},
        /* one star stops at the slash */
        {"*", "a", true},
        {"*", "a/b", true},
        {"*.go", "a.go", true},
        {"*.go", "d/a.go", false},
        {"*/a", "b/a", true},
        {"*/a", "a", false},
        {"a/*.txt", "a/f.txt", true},
        {"a/*.txt", "a/d/f.txt", false},
        {"a*b*c", "axxbyyc", true},
        {"a*b*c", "a/bc", false},
        {".*", ".foo", true},
        {".*", "foo", false},
        {"*c", "abc", true},
        {"a*", "a", true},
        {"a*b", "a/b", false},
        /* two stars do not */
        {"**", "a", true},
        {"**", "a/b/c", true},
        {"**/", "a/b", true},
        {"**/a", "a", true},
        {"**/a", "x/a", true},
        {"**/a", "x/y/a", true},
        {"**/a", "xa", false},
        {"**/a/b", "a/b", true},
        {"**/a/b", "x/a/b", true},
        {"**/a", "a/f", true},
        {"**/.foo", "bar.foo", false},
        {"**file", "file", true},
        {"**file", "d/xfile", true},
        {"**fil?", "d/xfile", false},
        {"**fil?", "d/file", true},
        {"d/**", "d", false},
        {"d/**", "d/a", true},
        {"d/**", "d/a/b", true},
        {"d**", "dx/y", true},
        {"d/**/f", "d/f", true},
        {"d/**/f", "d/a/b/f", true},
        {"d/**/f", "d/af", false},
        {"a**/*.txt", "a/f.txt", true},
        {"a**/*.txt", "a/d/d/f.txt", true},
        {"**/*.txt", "f.txt", true},
        {"**/*.txt", "d/d/f.txt", true},
        {"**/**/*.txt", "f.txt", true},
        {"**/d2/*", "d/d2/f", true},
        {"**/d2/**", "d/d2/d3/f", true},
        {"**/d2/**", "d/d2", false},
        {"a/*.txt**", "a/f.txt", true},
        {"**/**", "a", true},
        {"***", "a", true},
        /* ? and classes */
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"a?c", "a/c", false},
        {"a?b",
         "a\xe2\x98\xba"
         "b",
         true},
        {"a???b",
         "a\xe2\x98\xba"
         "b",
         false},
        {"a[b-d]e", "ace", true},
        {"a[b-d]e", "aae", false},
        {"a[b-d]e", "ae", false},
        {"a[^b-d]e", "aze", true},
        {"a[^b-d]e", "ace", false},
        {"a[^b]c", "a/c", true},
        {"[abx-z]", "y", true},
        {"[abx-z]", "c", false},
        {"[\xce\xb1-\xce\xb6]", "\xce\xb2", true},
        {"[a!]", "!", true},
        {"[\\]a]", "]", true},
        {"[x\\-]", "-", true},
        {"[x\\-]", "z", false},
        {"[\\--a]", "A", true},
        {"a]", "a]", true},
        {"x[!a]", "xb", false},
        /* what means nothing here */
        {"a.c", "abc", false},
        {"a+", "aa", false},
        {"(a)", "(a)", true},
        {"(a)", "a", false},
        {"a$", "a$", true},
        {"^a", "^a", true},
        {"a\\*b", "a*b", true},
        {"a\\*b", "axb", false},
        {"\\!a", "!a", true},
        {"a\\\\", "a\\", true},
        {"\\#a", "#a", true},
    };
    check(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(files_of_patterns)
{
    static const struct row rows[] = {
        {"", "a", false},
        {"\n\n  \n", "a", false},
        {"# a\na", "a", true},
        {"#a\n", "#a", false},
        {" #a", "#a", true},
        {"a # b", "a", false},
        {"a # b", "a # b", true},
        {"  a\t\r\nb\r\n", "b", true},
        {"  a\t\r\nb\r\n", "a", true},
        {"\xef\xbb\xbf"
         "a\nb",
         "a",
         true},
        {"a", "b", false},
        /* the last match wins */
        {"*.md\n!README.md", "README.md", false},
        {"*.md\n!README.md", "x.md", true},
        {"!README.md\n*.md", "README.md", true},
        {"*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true},
        {"*.md\nREADME-secret.md\n!README*.md", "README-secret.md", false},
        {"*\n!a", "a", false},
        {"*\n!a", "b", true},
        {"*\n! a", "a", false},
        {"*\n!/a", "a", false},
        {"*\n!./a/", "a", false},
        /* below an ignored folder */
        {"docs\n!docs/README.md", "docs/README.md", false},
        {"docs\n!docs/README.md", "docs/x", true},
        {"docs/\n!docs/README.md", "docs/README.md", false},
        {"docs/*\n!docs/README.md", "docs/README.md", false},
        {"docs/*\n!docs/README.md", "docs/sub/README.md", true},
        {"*\n!src", "src/a/b", false},
        {"*\n!src/a", "src/a/b", false},
        {"*\n!src/a", "src/c", true},
        {"*\n!src/*/x", "src/q/x", false},
        {"*\n!src/*/x", "src/q/y", true},
        {"**\n!util/docker/web", "util/docker/web/foo", false},
        {"**\n!util/docker/web\nutil/docker/web/foo", "util/docker/web/foo", true},
        {"**\n!dist/*.whl", "dist/p-2.4+g0.whl", false},
        {"node_modules\n!**/keep", "node_modules/a/b/keep", false},
        {"a\n!a/b\na/b/c\n!a/b/c/d", "a/b/c/d", false},
        {"a\n!a/b\na/b/c\n!a/b/c/d", "a/b/c/e", true},
        {"a/b\n!a", "a/b", true},
        {"a/b\n!a", "a/b/c", true},
        {"x/*\n!x", "x/f", true},
        {"*\n!x\nx/*", "x/f", true},
        {"a*\n!a[b]c/d", "abc/d", false},
    };
    check(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(own_way)
{
    /* moby passes these on to Go's regexp, where "\d" is any digit, "[*]" a class and a piece of
     * text, and an unescaped "|" matches everything */
    static const struct row rows[] = {
        {"a\\d", "ad", true},
        {"a\\d", "a1", false},
        {"[*]", "*", true},
        {"[*]", "a", false},
        {"a|*", "b", false},
        {"a|*", "a|x", true},
        {"a*\n!a\\bc/d", "abc/d", false},
        {"a{2}*", "aa", false},
        {"a{2}*", "a{2}", true},
    };
    check(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *rules;
        unsigned line;
    } rows[] = {
        {"!", 1},
        {"a\n! \n", 2},
        {"!/", 1},
        {"a\n\n[", 3},
        {"[]a]", 1},
        {"[-]", 1},
        {"[x-]", 1},
        {"[-x]", 1},
        {"a\\", 1},
        {"[a-b-c]", 1},
        {"[^", 1},
        {"[^bc", 1},
        {"a[", 1},
        {"[z-a]", 1},
        {"[\\", 1},
        {"[]", 1},
        {"[^]", 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ignore *ig = NULL;
        cleanup_error struct error err = ERROR_INIT;
        ck_assert_msg(
            ignore_parse("f", rows[i].rules, strlen(rows[i].rules), &ig, &err) == -EINVAL && !ig,
            "%s",
            rows[i].rules);
        ck_assert_int_eq(err.kind, ERR_USAGE);
        ck_assert_str_eq(err.file, "f");
        ck_assert_uint_eq(err.line, rows[i].line);
    }
    struct ignore *ig = NULL;
    ck_assert_int_eq(ignore_parse("f", "a\0b", 3, &ig, NULL), -EINVAL);
}
END_TEST

START_TEST(pruning)
{
    static const struct {
        const char *rules, *dir;
        bool look;
    } rows[] = {
        {"a", "a", false},
        {"a\n!b", "a", false},
        {"a\n!a/b", "a", true},
        {"a\n!a/b/c", "a/b", true},
        {"a\n!a/b", "a/c", false},
        {"a\n!ab", "a", false},
        {"a\n!**/x", "a", true},
        {"a\n!b/*", "a", false},
        {"a\n!a*", "a", true},
        {"a\n!a*/x", "ab", true},
        {"a\n!a/b", "a/b/c", true},
        {"a\n!x\\y", "x", true},
        {"a\n!x/y", "xz", false},
        {"a\n!x\\y/z", "xy", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_ignore struct ignore *ig = NULL;
        ck_assert_int_eq(ignore_parse("f", rows[i].rules, strlen(rows[i].rules), &ig, NULL), 0);
        ck_assert_msg(ignore_may_reinclude(ig, rows[i].dir) == rows[i].look, "row %zu", i);
    }
}
END_TEST

START_TEST(built_in_list)
{
    cleanup_ignore struct ignore *ig = ignore_default();
    static const struct row rows[] = {
        {"", ".git/config", true},
        {"", "a/node_modules/x/y", true},
        {"", "compose.yaml", true},
        {"", "a/compose.dev.yml", true},
        {"", "docker-compose.prod.yaml", true},
        {"", "Dockerfile", true},
        {"", "web.Dockerfile", true},
        {"", "a/Dockerfile", false},
        {"", ".defang.env", true},
        {"", ".env", false},
        {"", ".envrc", true},
        {"", "src/main.c", false},
        {"", "composer.yaml", false},
        {"", "defang", true},
        {"", "a/defang", false},
        {"", ".gitignore", false},
        {"", "x/__pycache__/a.pyc", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool reached;
        ck_assert_msg(ignored(ig, rows[i].path, &reached) == rows[i].ignored, "%s", rows[i].path);
    }
    ck_assert_uint_eq(ignore_count(ig), 24);
}
END_TEST

/* Patterns that make a backtracking matcher run for years. */
START_TEST(no_blow_up)
{
    cleanup_str struct str rules = STR_INIT, path = STR_INIT;
    for (int i = 0; i < 200; i++)
        str_append(&rules, "**/a*");
    str_append(&rules, "b");
    for (int i = 0; i < 2000; i++)
        str_append(&path, i % 10 == 9 ? "/" : "a");
    cleanup_ignore struct ignore *ig = NULL;
    ck_assert_int_eq(ignore_parse("f", rules.data, rules.len, &ig, NULL), 0);
    ck_assert(!ignore_match(ig, path.data, NULL, NULL));
}
END_TEST

SUITE(
    "pack/ignore",
    single_patterns,
    files_of_patterns,
    own_way,
    refused,
    pruning,
    built_in_list,
    no_blow_up)
