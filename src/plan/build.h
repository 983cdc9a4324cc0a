/* Image builds: which there are, and what must be there before they run.
 *
 * Two calls: plan_builds() before packing, for the folders; plan_build_finish() for each once its
 * object_key is set. All in the arena that is given. */
#pragma once

#include "plan/request.h"

/* What a service's image build is; `image` members are filled by plan_builds. */
struct plan_build {
    const char *service;
    const char *context, *dockerfile; /* as in the model; dockerfile relative to context */
    const char *object_key;           /* "uploads/sha256-….tar.gz": set by the caller after pack */
    const char *arch;                 /* "x86_64" | "aarch64" */
    const char *repository;           /* "<project>/kaniko-build", lower-case ECR name */
    const char *tag; /* "<svc>-image-<8 hex>-<arch>": hash over context digest, args, dockerfile,
                        target, platform */
    const char *task_family; /* "Defang-<project>-<stack>-kanikoAmd64" */
    const char **command;
    size_t command_count; /* Kaniko's arguments; needs object_key and deployment */
    unsigned storage_gib; /* of the task's disk, by plan_build_storage(); 0: Fargate's own 20 */
};

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
void plan_build_finish(struct arena *arena, const struct plan_request *r, struct plan_build *b);

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
