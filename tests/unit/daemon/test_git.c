/* The remote of a folder's repository, read from git's files as git reads them. */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/look/git.h"
#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/lib/suite.h"

static char folder[64];

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(path);
}

static void put(const char *name, const char *text)
{
    cleanup_free char *path = path_join(folder, name);
    cleanup_free char *parent = path_dirname(path);

    ck_assert_int_eq(file_mkdirs(parent, 0700, NULL), 0);
    ck_assert_int_eq(file_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

static void begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/defang-git-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void end(void)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* "" for a repository without a remote, "none" for no repository. */
static void expect(const char *where, const char *remote)
{
    cleanup_free char *path = path_join(folder, where);
    cleanup_free char *home = path_join(folder, "home");
    struct git_place place;
    bool found = git_find(path, home, &place);
    const char *seen = !found ? "none" : place.remote ? place.remote : "";

    ck_assert_msg(strcmp(seen, remote) == 0, "%s: \"%s\", not \"%s\"", where, seen, remote);
    git_place_done(&place);
}

START_TEST(trust_15_the_remote_of_a_repository)
{
    static const char *const cases[][2] = {
        {"[remote \"origin\"]\n\turl = git@h.test:a/b.git\n\tfetch = +refs\n",
         "git@h.test:a/b.git"},
        {"[core]\n bare=false\n[remote \"up\"]\nurl=one\n[remote \"origin\"] url = two\n", "two"},
        {"[remote \"up\"]\nurl = one\n[remote \"down\"]\nurl = two\n", "one"},
        {"[remote \"origin\"]\nurl = \"a b\" # note\n", "a b"},
        {"[remote \"origin\"]\n; url = no\n# url = no\nURL = yes ; note\n", "yes"},
        {"[remote \"origin\"]\nurl = one\\\ntwo\n", "onetwo"},
        {"[remote \"origin\"]\r\nurl = one\r\n", "one"},
        {"[remote \"origin\"]\nurl = one\nurl = two\n", "one"},
        {"[remote \"origin\"]\nurl = gh:a/b\n[url \"https://h.test/\"]\ninsteadOf = gh:\n",
         "https://h.test/a/b"},
        {"[branch \"main\"]\nremote = origin\n", ""},
        {"[remote \"origin\"\nurl", ""},
        {"= = [[\"\\", ""},
        {"", ""},
    };

    begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        put("r/.git/config", cases[i][0]);
        put("r/deep/er/file", "");
        expect("r", cases[i][1]);
        expect("r/deep/er", cases[i][1]);
    }

    expect(".", "none");
    put("home/.gitconfig", "[url \"ssh://h.test/\"]\n\tinsteadOf = mine:\n");
    put("r/.git/config", "[remote \"origin\"]\nurl = mine:a\n");
    expect("r", "ssh://h.test/a");
    end();
}
END_TEST

START_TEST(trust_15_worktrees_and_submodules_have_their_settings_elsewhere)
{
    begin();
    put("r/.git/config", "[remote \"origin\"]\nurl = shared\n");
    put("r/.git/worktrees/w/commondir", "../..\n");
    put("w/.git", "gitdir: ../r/.git/worktrees/w\n");
    expect("w", "shared");
    put("r/.git/modules/m/config", "[remote \"origin\"]\nurl = own\n");
    put("r/m/.git", "gitdir: ../.git/modules/m\n");
    expect("r/m", "own");
    put("broken/.git", "gitdir: /nowhere\n");
    expect("broken", "");
    put("odd/.git", "something else");
    expect("odd", "");
    end();
}
END_TEST

static void head(const char *where, const char *commit, const char *branch)
{
    cleanup_free char *path = path_join(folder, where);
    struct git_place place;

    ck_assert(git_find(path, NULL, &place));
    ck_assert_msg(text_eq(place.commit, commit), "%s: commit %s", where, place.commit);
    ck_assert_msg(text_eq(place.branch, branch), "%s: branch %s", where, place.branch);
    git_place_done(&place);
}

#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define OTHER  "89abcdef0123456789abcdef0123456789abcdef"

START_TEST(what_is_checked_out)
{
    begin();
    put("a/.git/HEAD", "ref: refs/heads/feature/x\n");
    put("a/.git/packed-refs", "# peeled\n" OTHER " refs/heads/feature/x\n^" COMMIT "\n");
    head("a", OTHER, "feature/x");
    put("a/.git/refs/heads/feature/x", COMMIT "\n"); /* newer than what is packed */
    head("a", COMMIT, "feature/x");
    put("b/.git/HEAD", COMMIT "\n");
    head("b", COMMIT, NULL);
    put("c/.git/HEAD", "ref: refs/heads/main\n"); /* nothing was committed yet */
    head("c", NULL, "main");
    put("d/.git/HEAD", "ref: ../../../etc/passwd\n");
    head("d", NULL, NULL);
    put("e/.git/HEAD", "ref: refs/heads/../../secret\n");
    head("e", NULL, NULL);
    put("f/.git", "gitdir: ../a/.git/worktrees/f\n"); /* a worktree: its HEAD, shared branches */
    put("a/.git/worktrees/f/HEAD", "ref: refs/heads/wt\n");
    put("a/.git/worktrees/f/commondir", "../..\n");
    put("a/.git/refs/heads/wt", OTHER "\n");
    head("f", OTHER, "wt");
    end();
}
END_TEST

SUITE(
    "daemon/git",
    trust_15_the_remote_of_a_repository,
    trust_15_worktrees_and_submodules_have_their_settings_elsewhere,
    what_is_checked_out)
