/* A function over S3 in a fiber, with static keys and a scripted transport. */
#pragma once

#include "aws/s3/s3.h"
#include "unit/aws/fixture.h"

#define BUCKET "https://my-bucket.s3.us-west-2.amazonaws.com"

struct s3_run {
    struct fixture f;
    struct aws_session *s;
    int rc;
    struct error err;
    int (*fn)(struct s3_run *r);

    /* Of uploads. */
    char *path, *known_id;
    char noted_id[64];
    unsigned patience; /* how often to say "again" */
    uint64_t progress;
};

void s3_start(struct s3_run *r, int (*fn)(struct s3_run *r));
void s3_step(struct s3_run *r, const struct script_step *s);
void s3_go(struct s3_run *r);
/* Fails the test when a step was not asked for. */
void s3_finish(struct s3_run *r);
