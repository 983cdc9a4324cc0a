/* The account's CD stack: what all projects of an account and region share (account/cd.c). */
#pragma once

#include "plan/graph/graph.h"

/* Of what is made; a stack with a lower one is updated, one with a higher one is left alone. */
#define PLAN_CD_REVISION 3

/* What is under uploads/ (build contexts, programs) goes so many days after it was sent: images
 * stay in ECR, so an archive is needed only until its image is built. One that is near its end is
 * sent again before it is used. */
#define PLAN_UPLOAD_DAYS       30
#define PLAN_UPLOAD_FRESH_DAYS 20

struct plan_cd_settings {
    const char *cd_name, *prefix;
    const char *adopt_bucket; /* one that is there is used instead of a new one; NULL */
    const char *pulumi_image; /* NULL: the pinned one */
    const char *zone;         /* of the subnet; NULL: AWS chooses one, perhaps without Fargate */
    bool retain_bucket;       /* it outlives the stack */
    bool pull_through;        /* images of ECR Public through a cache of the account's own */
};

/* ECR's cache is not everywhere; NULL: of a usual region. */
bool plan_cd_has_pull_through(const char *region);

/* Outputs: bucketName, clusterName, logGroupName, subnetId, securityGroupId, taskDefArn,
 * templateVersion … Of the caller, graph_free(). */
struct graph *plan_cd(const struct plan_cd_settings *s);
