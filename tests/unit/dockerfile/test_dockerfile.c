/* Dockerfiles judged (compose.md 28, 44, 45): on the left a Dockerfile, on the right what is said
 * of it, a finding a line: severity, line, the rule, and what has to stand in its message or hint.
 *
 * All of them are held against one context: CONTEXT is what is sent, FOLDER what else lies in the
 * folder. */
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/dockerfile.h"
#include "unit/lib/suite.h"

#include <stdlib.h>
#include <string.h>

static const struct dockerfile_path CONTEXT[] = {
    {"Dockerfile", NULL},
    {"a b/c", NULL},
    {"app/main.go", NULL},
    {"app/sub/x.txt", NULL},
    {"current", "releases/1"},
    {"empty", NULL},
    {"package.json", NULL},
    {"releases/1/index.js", NULL},
    {"up", "../outside"},
};
static const char *const FOLDER[] = {".git", "node_modules", "dist", "dist/index.js", NULL};
static const char *const CONTEXTS[] = {"assets"};
static const struct dockerfile_arg ARGS[] = {{"VERSION", "2"}, {"FROM_CONFIG", NULL}};

struct row {
    const char *text;
    const char *said;   /* lines of "E 2 rule: text"; "" for nothing */
    const char *ignore; /* the ignore file; NULL: the built-in list */
    const char *target;
    size_t args; /* how many of ARGS are given */
};

static bool in_folder(void *arg, const char *path)
{
    (void)arg;
    for (const char *const *f = FOLDER; *f; f++)
        if (strcmp(*f, path) == 0)
            return true;
    return false;
}

static void judge(
    struct arena *a,
    const struct row *r,
    struct dockerfile_image *image,
    struct dockerfile_findings *f)
{
    const struct dockerfile_context context = {
        .paths = CONTEXT,
        .len = ARRAY_LEN(CONTEXT),
        .ignore_file = r->ignore,
        .in_folder = in_folder};
    const struct dockerfile_build build = {
        .target = r->target,
        .args = ARGS,
        .arg_count = r->args,
        .contexts = CONTEXTS,
        .context_count = ARRAY_LEN(CONTEXTS),
        .by_kaniko = true,
        .secrets = (const char *[]){"npm"},
        .secret_count = 1,
        .folders = (const char *[]){"assets"},
        .folder_count = 1,
        .context = &context};
    struct dockerfile d;

    *f = (struct dockerfile_findings){.arena = a};
    dockerfile_parse(r->text, strlen(r->text), &d, f);
    dockerfile_judge(&d, &build, image, f);
}

/* "E 2 rule: text" against the finding; the text may stand in the message or the hint. */
static bool fits(const char *want, const struct dockerfile_finding *f)
{
    const char *letters = "EWN";
    cleanup_free char *head =
        xasprintf("%c %u %s", letters[f->severity], f->line, f->rule + strlen("dockerfile/"));
    const char *colon = strchr(want, ':');
    size_t n = colon ? (size_t)(colon - want) : strlen(want);

    if (strlen(head) != n || strncmp(head, want, n) != 0)
        return false;
    return !colon || strstr(f->message, colon + 2) || (f->hint && strstr(f->hint, colon + 2));
}

static void show(const struct dockerfile_findings *f, struct str *out)
{
    for (size_t i = 0; i < f->len; i++)
        str_appendf(
            out,
            "\n  %u %s: %s (%s)",
            f->items[i].line,
            f->items[i].rule,
            f->items[i].message,
            f->items[i].hint ? f->items[i].hint : "");
}

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cleanup_arena struct arena *a = arena_new();
        struct dockerfile_findings f;
        struct dockerfile_image image;
        cleanup_str struct str said = STR_INIT;
        cleanup_free char *want = xstrdup(rows[i].said);
        char *rest = want;
        size_t k = 0;

        judge(a, &rows[i], &image, &f);
        show(&f, &said);
        for (char *line; *want && (line = strsep(&rest, "\n")); k++)
            ck_assert_msg(
                k < f.len && fits(line, &f.items[k]),
                "row %zu: %s\nwanted %s, got%s",
                i,
                rows[i].text,
                line,
                str_get(&said));
        ck_assert_msg(k == f.len, "row %zu: %s\ngot more:%s", i, rows[i].text, str_get(&said));
    }
}

/* compose.md 44: what is wrong in the file itself */
static const struct row FORM[] = {
    {"FROM alpine\nCMD [\"x\"]\n", ""},
    {"", "E 0 empty: no instruction"},
    {"# only words\n\n", "E 0 empty"},
    {"ARG A=1\n", "E 0 no-from"},
    {"RUN make\nFROM alpine\n", "E 1 before-from: RUN"},
    {"FROM alpine\nRUNN make\n", "E 2 unknown-instruction: mean RUN"},
    {"FROM alpine\nRUN a && \\\n  b\nnpm ci\n", "E 4 unknown-instruction: npm"},
    {"FROM alpine\nCOPYY a b\nWORKDRI /x\n",
     "E 2 unknown-instruction: COPY\nE 3 unknown-instruction: WORKDIR"},
    {"FROM alpine AS 1st\nRUN x\n", "E 1 stage-name: 1st"},
    {"FROM alpine edge\n", "E 1 from-form"},
    {"FROM alpine\nENV A\n", "E 2 no-value: A"},
    {"FROM alpine\nENV A=1 B\n", "E 2 no-equals: B"},
    {"FROM alpine\nCOPY a\n", "E 2 no-destination"},
    {"FROM alpine\nCOPY --form=x package.json /\n", "E 2 unknown-flag: --form"},
    {"FROM alpine\nCMD [\"a\", 1]\n", "E 2 json-texts"},
    {"FROM alpine\nRUN <<EOF\nx\n", "E 2 unterminated-heredoc: EOF"},
    {"FROM alpine\nHEALTHCHECK --interval=30 CMD x\n", "E 2 duration: 30s"},
    {"FROM alpine\nEXPOSE web\n", "E 2 port: web"},
    {"FROM alpine\nEXPOSE 70000\n", "E 2 port"},
    {"FROM alpine\nRUN --mount=type=cahce,target=/x ls\n", "E 2 mount: mean cache"},
    {"FROM alpine\nENV A=${B\n", "E 2 variables: }"},
    {"FROM alpine\r\nCOPY <<EOF /x\r\na\r\nEOF\r\nCMD x\r\n", ""},
    {"\xef\xbb\xbf"
     "FROM alpine\nRUN a\n",
     ""},
};

START_TEST(form)
{
    check(FORM, ARRAY_LEN(FORM));
}
END_TEST

/* compose.md 44: stages and targets */
static const struct row STAGES[] = {
    {"FROM alpine AS build\nFROM build\n", "", .target = "build"},
    {"FROM alpine AS Build\nFROM build\n", "", .target = "BUILD"},
    {"FROM alpine AS build\n", "E 0 unknown-target: mean build", .target = "biuld"},
    {"FROM alpine AS build\n", "E 0 unknown-target: stages: build", .target = "production"},
    {"FROM alpine\n", "E 0 unknown-target: AS name", .target = "0"},
    {"FROM alpine AS build\nFROM scratch\nCOPY --from=build /x /\n", ""},
    {"FROM alpine AS build\nFROM scratch\nCOPY --from=BUILD /x /\nCOPY --from=0 /y /\n", ""},
    {"FROM alpine AS build\nFROM scratch\nCOPY --from=biuld /x /\n", "E 3 unknown-stage: build"},
    {"FROM scratch\nCOPY --from=assets /x /\n", ""},
    {"FROM scratch\nCOPY --from=nginx /etc/nginx /\n", ""},
    {"FROM scratch\nCOPY --from=docker.io/library/newest /x /\n", ""},
    {"FROM scratch\nCOPY --from=team/app:1 /x /\n", ""},
    {"FROM scratch\nCOPY --from=nothing /x /\n", "E 2 unknown-stage: docker.io"},
    {"FROM scratch\nCOPY --from=0 /x /\n", "E 2 unknown-stage: --from=0"},
    {"FROM alpine\nFROM scratch\nCOPY --from=2 /x /\n", "E 3 unknown-stage: 0 to 0"},
    {"FROM scratch AS a\nCOPY --from=late /x /\nFROM alpine AS late\n",
     "E 2 later-stage: late",
     .target = "a"},
    {"FROM alpine AS a\nCOPY --from=a /x /\n", "E 2 later-stage"},
    {"FROM alpine\nARG S\nCOPY --from=$S /x /\n", "E 3 from-variable"},
    {"FROM biuld\nRUN x\nFROM alpine AS build\nFROM scratch\nCOPY --from=0 /a /\n",
     "E 1 unknown-stage: FROM biuld"},
    {"FROM base\nFROM alpine AS base\n", ""},
    {"FROM alpine\nRUN --mount=type=bind,from=nowhere,target=/x ls\n",
     "E 2 unknown-stage\nW 2 mount-from"},
    {"FROM ${BASE}\n", "W 1 undeclared-variable: BASE\nE 1 blank-from"},
    {"ARG BASE=alpine\nFROM ${BASE}:${TAG:-3}\n", ""},
    {"ARG TAG\nFROM alpine:$TAG\n", "W 2 undeclared-variable: TAG"},
    {"FROM --platform=$BUILDPLATFORM golang AS build\n", ""},
    /* a stage that nothing uses is not built */
    {"FROM nosuchimage AS dev\nCOPY nothing /\nFROM alpine\nCOPY package.json /\n", ""},
    {"FROM alpine AS dev\nCOPY nothing /\nFROM alpine\n", "E 2 missing-source", .target = "dev"},
};

START_TEST(stages)
{
    check(STAGES, ARRAY_LEN(STAGES));
}
END_TEST

/* compose.md 44 and 45: sources against what is sent */
static const struct row SOURCES[] = {
    {"FROM alpine\nCOPY . /app\nCOPY ./ /\nCOPY / /x\nADD app /a\nCOPY app/ app/sub /b/\n", ""},
    {"FROM alpine\nCOPY [\"a b/c\", \"/x/\"]\nCOPY ./app/../package.json /\n", ""},
    {"FROM alpine\nCOPY nothing /\n", "E 2 missing-source: nothing"},
    {"FROM alpine\nADD app/main.c app/sub/y /\n", "E 2 missing-source: main.c\nE 2 missing-source"},
    {"FROM alpine\nCOPY App/main.go /\n", "E 2 missing-source: mean app/main.go"},
    {"FROM alpine\nCOPY ../package.json /\nCOPY ../x /\n", "E 3 missing-source: above"},
    {"FROM alpine\nCOPY package.json yarn.lock* /\n", "W 2 empty-pattern: yarn.lock*"},
    {"FROM alpine\nCOPY *.json a?p/*.go app/[a-m]*.go /x/\n", ""},
    {"FROM alpine\nCOPY *.txt /x/\n", "W 2 empty-pattern: *.txt"},
    {"FROM alpine\nCOPY --parents ./app/./**/*.txt /x/\n", ""},
    {"FROM alpine\nCOPY --parents app/./sub/x.txt app/./none /x/\n", "E 2 missing-source: none"},
    {"FROM alpine\nCOPY current/index.js /\nCOPY current /x\n", ""},
    {"FROM alpine\nCOPY current/gone.js up/x /\n", "E 2 missing-source\nE 2 missing-source: up/x"},
    {"FROM alpine\nCOPY <<EOF <<two /x/\na\nEOF\nb\ntwo\n", ""},
    {"FROM alpine\nADD https://example.com/x.tgz git@github.com:a/b.git /x/\n", ""},
    {"FROM alpine\nCOPY https://example.com/x.tgz /x/\n", "E 2 copy-url: ADD"},
    {"FROM alpine\nCOPY --chown=1:1 --chmod=755 --link nothing /\n", "E 2 missing-source"},
    {"FROM alpine\nRUN --mount=type=bind,source=package.json,target=/x ls\n", ""},
    {"FROM alpine\nRUN --mount=source=gone,target=/x ls\n", "E 2 missing-source: RUN: gone"},
    {"FROM alpine\nRUN --mount=type=secret,id=npm,source=gone ls\n", ""},
    {"FROM alpine\nRUN --mount=type=secret,target=/run/secrets/npm ls\n", ""},
    {"FROM alpine\nRUN --mount=type=secret,id=x ls\n", "W 2 secret-not-given: x"},
    {"FROM alpine\nRUN --mount=type=secret,id=x,required ls\n", "E 2 secret-not-given: x"},
    {"FROM alpine AS a\nFROM alpine\nRUN --mount=from=a,target=/x ls\n", "W 3 mount-from: a"},
    {"FROM alpine\nRUN --mount=from=assets,target=/x ls\n", ""},

    /* left out, by whom */
    {"FROM alpine\nCOPY dist /\n", "E 2 ignored-source: !dist", .ignore = ".dockerignore"},
    {"FROM alpine\nCOPY ./dist/index.js /\n", "E 2 ignored-source", .ignore = "x.dockerignore"},
    {"FROM alpine\nCOPY dist/gone.js /\n", "E 2 missing-source", .ignore = ".dockerignore"},
    {"FROM alpine\nCOPY node_modules /\nRUN x\nCOPY .git ./node_modules /\n",
     "E 2 built-in-ignored: node_modules, .git"},

    /* through variables */
    {"FROM alpine\nARG DIR=app\nCOPY $DIR ${DIR}/main.go /\n", ""},
    {"FROM alpine\nARG DIR=app\nENV D=$DIR/sub\nCOPY ${D}/x.txt ${D}/y.txt /\n",
     "E 4 missing-source: app/sub/y.txt"},
    {"FROM alpine\nARG VERSION\nCOPY v$VERSION /\n", "E 3 missing-source: v2", .args = 1},
    {"FROM alpine\nARG FROM_CONFIG VERSION\nCOPY v$FROM_CONFIG /\n", "", .args = 2},
    {"ARG F=app/main.go\nFROM alpine AS a\nARG F\nFROM a\nCOPY ${F%.go}.go ${F##*/} /x/\n",
     "E 5 missing-source: main.go"},
    {"FROM node\nCOPY $NODE_VERSION /\n", ""},
};

START_TEST(sources)
{
    check(SOURCES, ARRAY_LEN(SOURCES));
}
END_TEST

/* compose.md 44: arguments */
static const struct row NAMES[] = {
    {"ARG VERSION=1\nFROM alpine:$VERSION\nENV V=$VERSION\n", "W 3 undeclared-variable: FROM"},
    {"ARG VERSION=1\nFROM alpine:$VERSION\nRUN echo ${VERSION}\n", "W 3 undeclared-variable"},
    {"ARG VERSION=1\nFROM alpine:$VERSION\nRUN VERSION=3; echo $VERSION\n", ""},
    {"ARG VERSION=1\nFROM alpine\nARG VERSION\nRUN echo $VERSION\n", ""},
    {"FROM alpine\nRUN echo $TARGETARCH\n", "W 2 undeclared-variable: ARG TARGETARCH"},
    {"FROM alpine\nARG TARGETARCH\nRUN echo $TARGETARCH\nCOPY app-$TARGETARCH* /\n", ""},
    {"FROM alpine\nWORKDIR $APP\nUSER $APP\n", "W 2 undeclared-variable: APP"},
    {"FROM alpine\nWORKDIR ${APP:-/app}\nENV PATH=/x:$PATH HOME=$HOME\n", ""},
    {"FROM scratch\nENV PATH=/x:$PATH\n", "W 2 undeclared-variable: PATH"},
    {"FROM alpine\nRUN echo $anything $(date)\n", ""},
    {"FROM alpine\nENV A=1 B=$A\n", "W 2 undeclared-variable: A"},
    {"FROM alpine\nRUN x\n", "W 0 unused-argument: VERSION", .args = 1},
    {"FROM alpine\nARG VERSIN\nRUN x\n", "W 0 unused-argument: mean VERSIN", .args = 1},
    {"FROM alpine\nRUN x\nFROM alpine\nARG VERSION\n", "", .args = 1},
    {"FROM alpine\nLABEL v=$VERSION\n",
     "W 0 unused-argument\nW 2 undeclared-variable: no ARG takes it",
     .args = 1},
};

START_TEST(names)
{
    check(NAMES, ARRAY_LEN(NAMES));
}
END_TEST

/* compose.md 28: what the image says of itself */
static void
read_image(struct arena *a, const char *text, const char *target, struct dockerfile_image *image)
{
    const struct row r = {.text = text, .target = target, .ignore = "x"};
    struct dockerfile_findings f;

    judge(a, &r, image, &f);
    ck_assert_uint_eq(f.errors, 0);
}

START_TEST(image_of_target)
{
    cleanup_arena struct arena *a = arena_new();
    struct dockerfile_image i;

    read_image(
        a,
        "FROM node AS base\nARG PORT=3000\nENV P=$PORT\nEXPOSE $P 53/udp 9000-9002\nUSER node\n"
        "HEALTHCHECK --interval=1m30s --timeout=500ms --retries=5 CMD curl -f localhost:$P || exit "
        "1\n"
        "FROM base AS dev\nEXPOSE 9229\nHEALTHCHECK NONE\n"
        "FROM base\nEXPOSE 80/tcp 3000\nUSER 1000:1000\n",
        NULL,
        &i);
    ck_assert_uint_eq(i.port_count, 6);
    ck_assert_uint_eq(i.ports[0].port, 53);
    ck_assert(i.ports[0].udp && !i.ports[1].udp);
    ck_assert_uint_eq(i.ports[1].port, 80);
    ck_assert_uint_eq(i.ports[1].line, 11);
    ck_assert_uint_eq(i.ports[2].port, 3000);
    ck_assert_uint_eq(i.ports[5].port, 9002);
    ck_assert_str_eq(i.user, "1000:1000");
    ck_assert_uint_eq(i.health.line, 6);
    ck_assert_str_eq(i.health.test[0], "CMD-SHELL");
    ck_assert_str_eq(i.health.test[1], "curl -f localhost:$P || exit 1");
    ck_assert_int_eq(i.health.interval_ms, 90000);
    ck_assert_int_eq(i.health.timeout_ms, 500);
    ck_assert_int_eq(i.health.start_period_ms, -1);
    ck_assert_int_eq(i.health.retries, 5);

    read_image(
        a,
        "FROM node AS a\nHEALTHCHECK CMD [\"x\", \"y z\"]\nFROM a AS b\nHEALTHCHECK NONE\n",
        "b",
        &i);
    ck_assert(i.health.none);
    read_image(
        a,
        "FROM node AS a\nHEALTHCHECK cmd [\"x\", \"y z\"]\nFROM a AS b\nHEALTHCHECK NONE\n",
        "a",
        &i);
    ck_assert(!i.health.none && i.health.test_count == 3);
    ck_assert_str_eq(i.health.test[0], "CMD");
    ck_assert_str_eq(i.health.test[2], "y z");
}
END_TEST

START_TEST(bounds)
{
    cleanup_arena struct arena *a = arena_new();
    struct dockerfile_findings f;
    struct dockerfile_image image;
    cleanup_str struct str text = STR_INIT;

    /* values that double with each line, folders that never end, ports by the thousand */
    str_append(&text, "FROM scratch\nENV A=0123456789\n");
    for (int i = 0; i < 64; i++)
        str_append(&text, "ENV A=$A$A\n");
    str_append(&text, "COPY $A /\nEXPOSE 1-65535\n");
    struct row r = {.text = str_get(&text), .ignore = "x"};
    judge(a, &r, &image, &f);
    ck_assert_uint_eq(f.errors, 0);
    ck_assert_uint_le(image.port_count, 100);

    str_clear(&text);
    for (int i = 0; i < 100000; i++)
        str_append(&text, "x\n");
    r.text = str_get(&text);
    judge(a, &r, &image, &f);
    ck_assert_uint_le(f.len, 100);

    str_clear(&text);
    str_append(&text, "FROM a\nENV X=");
    for (int i = 0; i < 10000; i++)
        str_append(&text, "${X:-");
    str_append(&text, "\n");
    r.text = str_get(&text);
    judge(a, &r, &image, &f);
    ck_assert_uint_ge(f.errors, 1);

    struct dockerfile d;
    f = (struct dockerfile_findings){.arena = a};
    dockerfile_parse("FROM a\n\0RUN x", 13, &d, &f);
    ck_assert_str_eq(f.items[0].rule, "dockerfile/no-text");
}
END_TEST

SUITE("dockerfile", form, stages, sources, names, image_of_target, bounds)
