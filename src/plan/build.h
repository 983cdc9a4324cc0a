/* Image builds: which there are, what goes into each, and what must be there before they run.
 *
 * Three calls: plan_builds() before packing, for the folders; plan_build_finish() for each once all
 * have their object_key; plan_builds_share() when all are finished. All in the arena that is
 * given. */
#pragma once

#include "plan/request.h"

/* One of `additional_contexts`; one of the last three is set. */
struct plan_named_context {
    const char *name;
    const char *folder;  /* absolute */
    const char *image;   /* as in FROM */
    const char *service; /* that is built here too */
};

/* A context that the builder clones itself. */
struct plan_git {
    const char *url;    /* "https://host/path.git" */
    const char *ref;    /* branch, tag, "refs/…" or commit; NULL: the default branch */
    const char *folder; /* inside; NULL: its root */
};

/* What a service's image build is. Until "set by" all is filled by plan_builds(). */
struct plan_build {
    const char *service;
    const char *context, *dockerfile; /* as in the model; dockerfile relative to context */
    /* The archive holds more than the context: an inline Dockerfile, one from outside, or further
     * folders. Then the context is under PLAN_BUILD_CONTEXT, and the Dockerfile (its text, or that
     * of the file at the path) is PLAN_BUILD_DOCKERFILE. */
    bool beside;
    const char *dockerfile_text, *dockerfile_path;
    const struct plan_named_context *contexts;
    size_t context_count;
    const struct plan_git *git; /* NULL: the context is a folder, and packed */
    const char *source;         /* equal for builds that pack to the same archive */
    const char *arch;           /* "x86_64" | "aarch64" */
    const char *repository;     /* "<project>/kaniko-build", lower-case ECR name */
    const char *task_family;    /* "Defang-<project>-<stack>-kanikoAmd64" */
    struct plan_build *all;     /* of the project, this one among them */
    size_t all_count;

    const char *object_key; /* "uploads/sha256-….tar.gz": set by the caller after pack; of git by
                               plan_builds(), "git://host/path.git#ref" */

    /* Set by plan_build_finish(). */
    const char *tag; /* "<svc>-image-<8 hex>-<arch>": hash over context digest, args, dockerfile,
                        target, platform, labels, contexts */
    const char *content; /* digest of the same, whole */
    const char **command;
    size_t command_count; /* Kaniko's arguments; needs object_key and deployment */
    unsigned storage_gib; /* of the task's disk, by plan_build_storage(); 0: Fargate's own 20 */
    unsigned step;        /* from 0: after the builds whose images it is made from */

    /* Set by plan_builds_share(): the first build with this content; NULL: it is that itself. */
    const struct plan_build *same_as;
};

#define PLAN_BUILD_CONTEXT    "context"
#define PLAN_BUILD_CONTEXTS   "contexts" /* and the number of the additional one */
#define PLAN_BUILD_DOCKERFILE "defang.Dockerfile"
/* And the number of the context: the image of a service that is built here too. */
#define PLAN_BUILD_CONTEXT_ARG "DEFANG_CONTEXT_"

/* Of a foundation's graph what builds need, and nothing else. The texts of `whole` are borrowed: it
 * lives longer. New. */
struct graph;
struct graph *plan_build_place(const struct graph *whole, const struct compose_project *p);

/* What an image needs of disk, in GiB; 0: no more than every task has. `dockerfile` and the like:
 * texts that name what goes into it (bases, packages), `content_bytes`: of its context. The setting
 * build-storage counts more. */
unsigned plan_build_storage(
    const struct plan_settings *s,
    const char *const *texts,
    size_t count,
    unsigned long long content_bytes);
/* The next step up, for a build whose disk was full; the same when there is none. */
unsigned plan_build_more_storage(unsigned gib);

/* Size of the builder's task: units of CPU and MiB. */
void plan_build_size(const struct plan_settings *s, unsigned *cpu, unsigned *memory_mib);
/* Twice the memory, for a build that was killed for want of it; false: Fargate has no more. */
bool plan_build_more_memory(const struct plan_settings *s, unsigned *cpu, unsigned *memory_mib);

/* The Kaniko task definitions' container and log stream prefix: streams are
 * "<prefix>/<container>/<task id>" in the group builds. */
#define PLAN_BUILD_CONTAINER     "kaniko"
#define PLAN_BUILD_STREAM_PREFIX "image"
/* Logical id of the bucket that keeps each build's output ("defang-build"). */
#define PLAN_BUILD_BUCKET "BuildBucket"

/* The builds of the project (services with build), sorted by service; two calls: before pack for
 * context/dockerfile, then plan_build_finish for each with its object_key set. In `arena`. */
int plan_builds(
    struct arena *arena,
    const struct plan_request *r,
    struct plan_build **out,
    size_t *count,
    struct error *err);
/* With the builds whose images it is made from. */
void plan_build_finish(struct arena *arena, const struct plan_request *r, struct plan_build *b);
/* Which of them need no build of their own. */
void plan_builds_share(struct plan_build *builds, size_t count);

/* Whether the deployed template's builder, if it has one, is given what this request's would be. */
bool plan_builder_is_current(struct arena *a, const struct plan_request *r);

/* The Dockerfile with a stage for each additional context in front, which its instructions name:
 * the builder knows stages and images, and no named contexts. malloc'd. */
char *plan_dockerfile_with_contexts(
    const char *text, const struct plan_named_context *contexts, size_t count);

/* Whether a context is a git repository that the builder can clone; else `why` says why not (a
 * literal). In `arena`. */
bool plan_git_parse(
    struct arena *arena, const char *context, struct plan_git *out, const char **why);
bool plan_git_is_commit(const char *ref); /* whole, 40 digits: it never names anything else */

/* Logical ids that must be complete before a build can run, and where to find what RunTask needs
 * (physical ids of resources). */
/* `cluster` and `subnets` are physical ids where the project brings them itself; subnets[1] may be
 * NULL. In `arena`. */
struct plan_build_needs {
    const char **logical_ids;
    size_t count;
    const char *cluster, *subnets[2], *security_group;
    bool own_cluster, own_network;
};

void plan_build_needs(
    struct arena *arena,
    const struct compose_project *p,
    struct plan_build_needs *out); /* p NULL: one that brings nothing */
