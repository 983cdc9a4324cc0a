/* Dockerfiles with additional contexts in front, and which contexts are repositories. */
#include "base/mem.h"
#include "plan/build.h"
#include "unit/lib/suite.h"

static const struct plan_named_context CONTEXTS[] = {
    {.name = "shared", .folder = "/src/shared"},
    {.name = "alpine:3.20", .image = "alpine:3.21"},
    {.name = "lib", .service = "lib"},
};

#define STAGES                                                                                     \
    "ARG DEFANG_CONTEXT_2\n"                                                                       \
    "FROM scratch AS shared\n"                                                                     \
    "COPY ../contexts/0 /\n"                                                                       \
    "FROM alpine:3.21 AS defang-context-1\n"                                                       \
    "FROM ${DEFANG_CONTEXT_2} AS lib\n"

START_TEST(contexts_become_stages)
{
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"FROM a\nCOPY --from=shared x y\n", STAGES "FROM a\nCOPY --from=shared x y\n"},
        {"# syntax=docker/dockerfile:1\nARG V=1\nFROM a:$V\n",
         "# syntax=docker/dockerfile:1\nARG V=1\n" STAGES "FROM a:$V\n"},
        {"from --platform=linux/amd64 alpine:3.20 AS x\n",
         STAGES "from --platform=linux/amd64 defang-context-1 AS x\n"},
        {"FROM docker.io/library/alpine:3.20\n", STAGES "FROM defang-context-1\n"},
        {"FROM alpine:3.200\n", STAGES "FROM alpine:3.200\n"},
        /* stages by number move up */
        {"FROM a\nFROM b\nCOPY --chown=1 --from=0 x y\n",
         STAGES "FROM a\nFROM b\nCOPY --chown=1 --from=3 x y\n"},
        {"FROM a\nRUN --mount=type=bind,from=0,target=/x --mount=from=lib,target=/y ls --from=0\n",
         STAGES "FROM a\nRUN --mount=type=bind,from=3,target=/x --mount=from=lib,target=/y ls "
                "--from=0\n"},
        /* a folder that is mounted lies beside the context */
        {"FROM a\nRUN --mount=type=bind,from=shared,source=/a/b,target=/x ls\n",
         STAGES "FROM a\nRUN --mount=type=bind,target=/x,source=../contexts/0/a/b ls\n"},
        {"FROM a\nRUN --mount=from=shared,target=/x ls /x\n",
         STAGES "FROM a\nRUN --mount=target=/x,source=../contexts/0 ls /x\n"},
        {"FROM a\nRUN --mount=type=cache,from=shared,target=/x ls\n",
         STAGES "FROM a\nRUN --mount=type=cache,from=shared,target=/x ls\n"},
        /* a stage that is called as a context is hidden by it */
        {"FROM a AS shared\nFROM b\nCOPY --from=shared x y\n",
         "ARG DEFANG_CONTEXT_2\nFROM scratch AS defang-context-0\nCOPY ../contexts/0 /\n"
         "FROM alpine:3.21 AS defang-context-1\nFROM ${DEFANG_CONTEXT_2} AS lib\n"
         "FROM a AS shared\nFROM b\nCOPY --from=defang-context-0 x y\n"},
        /* lines that go on, comments among them, another escape, no end of line */
        {"FROM a\nCOPY \\\n# why\n  --from=0 \\\n  x y",
         STAGES "FROM a\nCOPY \\\n# why\n  "
                "--from=3 \\\n  x y"},
        {"# escape=`\nFROM a\nCOPY `\n --from=0 x y\n",
         "# escape=`\n" STAGES "FROM a\nCOPY `\n --from=3 x y\n"},
        /* a heredoc is no instruction */
        {"FROM a\nRUN <<EOF\nCOPY --from=0 x\nFROM alpine:3.20\nEOF\nCOPY --from=0 x y\n",
         STAGES "FROM a\nRUN <<EOF\nCOPY --from=0 x\nFROM alpine:3.20\nEOF\nCOPY --from=3 x y\n"},
        {"FROM a\nCOPY <<-'A' <<B /x/\nFROM b\n\tA\nFROM b\nB\nFROM alpine:3.20\n",
         STAGES "FROM a\nCOPY <<-'A' <<B /x/\nFROM b\n\tA\nFROM b\nB\nFROM defang-context-1\n"},
        {"RUN <<EOF\nno end", "RUN <<EOF\nno end"},
        {"", ""},
        {"# nothing", "# nothing"},
        {"FROM", "FROM"},
        {"FROM a\r\nCOPY --from=0 x y\r\n", STAGES "FROM a\r\nCOPY --from=3 x y\r\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_free char *made =
            plan_dockerfile_with_contexts(rows[i].text, CONTEXTS, ARRAY_LEN(CONTEXTS));
        ck_assert_str_eq(made, rows[i].wanted);
    }

    cleanup_free char *same = plan_dockerfile_with_contexts("FROM a\nCOPY --from=0 x y\n", NULL, 0);
    ck_assert_str_eq(same, "FROM a\nCOPY --from=0 x y\n");
}
END_TEST

START_TEST(repositories)
{
    static const struct {
        const char *context, *url, *ref, *folder; /* url NULL: refused */
    } rows[] = {
        {"https://github.com/acme/app.git", "https://github.com/acme/app.git", NULL, NULL},
        {"https://git.acme.io:8443/a/b/c.git#v1:web/app",
         "https://git.acme.io:8443/a/b/c.git",
         "v1",
         "web/app"},
        {"https://github.com/acme/app.git#:web", "https://github.com/acme/app.git", NULL, "web"},
        {"https://github.com/acme/app.git#", "https://github.com/acme/app.git", NULL, NULL},
        {"github.com/acme/app", "https://github.com/acme/app.git", NULL, NULL},
        {"github.com/acme/app.git#dev", "https://github.com/acme/app.git", "dev", NULL},
        {"https://github.com/acme/app", NULL, NULL, NULL},
        {"https://example.com/app.tar.gz", NULL, NULL, NULL},
        {"https://me:secret@github.com/acme/app.git", NULL, NULL, NULL},
        {"https://github.com", NULL, NULL, NULL},
        {"https://github.com/", NULL, NULL, NULL},
        {"https://", NULL, NULL, NULL},
        {"http://github.com/acme/app.git", NULL, NULL, NULL},
        {"git://github.com/acme/app.git", NULL, NULL, NULL},
        {"git@github.com:acme/app.git", NULL, NULL, NULL},
        {"ssh://git@github.com/acme/app.git", NULL, NULL, NULL},
        {"https://github.com/acme/app.git?ref=x", NULL, NULL, NULL},
        {"https://github.com/acme/app.git#a,b=c", NULL, NULL, NULL},
        {"https://github.com/acme/a b.git", NULL, NULL, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_arena struct arena *a = arena_new();
        struct plan_git git = {0};
        const char *why = NULL;
        bool ok = plan_git_parse(a, rows[i].context, &git, &why);

        ck_assert_msg(ok == (rows[i].url != NULL), "%s: %s", rows[i].context, why ? why : "taken");
        ck_assert_msg(ok == !why, "%s", rows[i].context);
        if (!ok)
            continue;
        ck_assert_str_eq(git.url, rows[i].url);
        ck_assert_pstr_eq(git.ref, rows[i].ref);
        ck_assert_pstr_eq(git.folder, rows[i].folder);
    }

    ck_assert(plan_git_is_commit("0123456789abcdef0123456789abcdef01234567"));
    ck_assert(!plan_git_is_commit("0123456"));
}
END_TEST

SUITE("plan/builds", contexts_become_stages, repositories)
