/* Dockerfiles: read as BuildKit reads them, and judged before anything is built.
 *
 *     dockerfile_parse()   text → instructions and stages; every mistake of form is a finding
 *     dockerfile_judge()   what a build of a target would stumble over, and what its image says of
 *                          itself (HEALTHCHECK, EXPOSE, USER)
 *
 * Pure: what is sent to the builder is handed in as a list of paths. Everything that is made lives
 * in the arena that is given; texts of the caller are copied where they are kept. No mistake ends
 * the work: a file with five of them hears of five (at most LIMIT_DOCKERFILE_FINDINGS).
 *
 * Source: the Dockerfile reference (docs.docker.com), and how BuildKit's parser understands it;
 * tests/conformance/dockerfiles.py compares. */
#pragma once

#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- what is said ---- */

enum dockerfile_severity { DOCKERFILE_ERROR, DOCKERFILE_WARNING, DOCKERFILE_NOTE };

/* What a finding is about, and so where it stands: a line of the Dockerfile, or what asked for the
 * build. */
enum dockerfile_about { DOCKERFILE_LINE, DOCKERFILE_TARGET, DOCKERFILE_BUILD_ARG };

struct dockerfile_finding {
    enum dockerfile_severity severity;
    enum dockerfile_about about;
    unsigned line;                     /* 1-based; 0: about the whole file */
    size_t argument;                   /* DOCKERFILE_BUILD_ARG: its index */
    const char *rule, *message, *hint; /* hint may be NULL; the rule is "dockerfile/…" */
};

struct dockerfile_findings {
    struct arena *arena;
    struct dockerfile_finding *items;
    size_t len, cap, errors;
};

/* ---- what is read ---- */

enum dockerfile_kind {
    DOCKERFILE_ADD,
    DOCKERFILE_ARG,
    DOCKERFILE_CMD,
    DOCKERFILE_COPY,
    DOCKERFILE_ENTRYPOINT,
    DOCKERFILE_ENV,
    DOCKERFILE_EXPOSE,
    DOCKERFILE_FROM,
    DOCKERFILE_HEALTHCHECK,
    DOCKERFILE_LABEL,
    DOCKERFILE_MAINTAINER,
    DOCKERFILE_ONBUILD,
    DOCKERFILE_RUN,
    DOCKERFILE_SHELL,
    DOCKERFILE_STOPSIGNAL,
    DOCKERFILE_USER,
    DOCKERFILE_VOLUME,
    DOCKERFILE_WORKDIR,
};

struct dockerfile_flag {
    const char *name;  /* without the dashes */
    const char *value; /* NULL: none was said */
};

struct dockerfile_heredoc {
    const char *name;
    bool expand, chomp;  /* not quoted; "<<-" */
    const char *content; /* as it stands in the file */
};

struct dockerfile_instruction {
    enum dockerfile_kind kind;
    unsigned line, end_line;
    const struct dockerfile_flag *flags;
    size_t flag_count;
    /* Words, a list in JSON, or one text, as the instruction has it. ENV and LABEL: name and value
     * in turns. ONBUILD: the name of what is put off, then its arguments. HEALTHCHECK: CMD or NONE
     * first. */
    const char **args;
    size_t arg_count;
    bool json;
    const struct dockerfile_heredoc *heredocs;
    size_t heredoc_count;
};

struct dockerfile_stage {
    const char *name;     /* lower-case; NULL when it has none */
    const char *base;     /* as written */
    const char *platform; /* as written; NULL */
    unsigned line;
    size_t first, end; /* its instructions, FROM not among them: [first, end) */
};

struct dockerfile {
    char escape; /* '\\' or '`' */
    struct dockerfile_instruction *items;
    size_t len;
    struct dockerfile_stage *stages;
    size_t stage_count;
};

/* "COPY"; constant. */
const char *dockerfile_kind_name(enum dockerfile_kind kind);
/* The flag's value ("true" where a switch has none); NULL when it is not there. */
const char *dockerfile_flag(const struct dockerfile_instruction *in, const char *name);

/* All that can be read is in *out, also when there were mistakes. `f->arena` is set by the caller
 * and holds everything. */
void dockerfile_parse(
    const char *text, size_t n, struct dockerfile *out, struct dockerfile_findings *f);

/* ---- what is judged ---- */

struct dockerfile_arg {
    const char *name, *value; /* value NULL: not known before the build */
};

struct dockerfile_path {
    const char *path; /* relative, no leading "./", no trailing "/" */
    const char *link; /* where a symbolic link points; else NULL */
};

/* What is sent to the builder. */
struct dockerfile_context {
    const struct dockerfile_path *paths; /* sorted by strcmp() */
    size_t len;
    const char *ignore_file; /* whose rules left the rest out; NULL: the built-in list */
    /* Whether it is in the folder, sent or not. */
    bool (*in_folder)(void *arg, const char *path);
    void *arg;
};

struct dockerfile_build {
    const char *target; /* NULL: the last stage */
    const struct dockerfile_arg *args;
    size_t arg_count;
    const char *const *contexts; /* names of additional contexts: FROM and --from may name them */
    size_t context_count;
    /* Kaniko builds it: what it does not do is said, and what is mounted that it is not given. */
    bool by_kaniko;
    const char *const *secrets; /* ids that RUN --mount=type=secret may name */
    size_t secret_count;
    const char *const *folders; /* those of `contexts` that are folders */
    size_t folder_count;
    const struct dockerfile_context *context; /* NULL: not known, and sources are not looked for */
};

struct dockerfile_health {
    unsigned line; /* 0: there is none */
    bool none;     /* HEALTHCHECK NONE */
    const char **test;
    size_t test_count; /* CMD or CMD-SHELL first */
    int64_t interval_ms, timeout_ms, start_period_ms, start_interval_ms; /* -1: not said */
    int retries;                                                         /* -1: not said */
};

struct dockerfile_port {
    uint16_t port;
    bool udp;
    unsigned line;
};

/* What the image of the target says of itself, as far as this file says it: what an image outside
 * of it brings along is not known here. */
struct dockerfile_image {
    struct dockerfile_health health;
    struct dockerfile_port *ports; /* in the order of their numbers, each once */
    size_t port_count;
    const char *user; /* NULL: not said, or not known before the build */
    unsigned user_line;
};

void dockerfile_judge(
    const struct dockerfile *d,
    const struct dockerfile_build *b,
    struct dockerfile_image *image,
    struct dockerfile_findings *f);
