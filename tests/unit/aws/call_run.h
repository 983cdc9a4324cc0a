/* One call in a fiber, with static keys and a scripted transport. */
#pragma once

#include "aws/aws.h"
#include "unit/aws/fixture.h"

/* A good answer of sts:GetCallerIdentity. */
#define IDENTITY                                                                                   \
    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"              \
    "<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/me</Arn><UserId>AIDA</UserId>"   \
    "<Account>123456789012</Account></GetCallerIdentityResult>"                                    \
    "<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"

struct call_run {
    struct fixture f;
    const struct aws_operation *op;
    json_t *in, *out;
    bool all; /* aws_call_all() */
    int rc;
    struct error err;
};

/* `in` is stolen. Then the steps, call_go(), looking at what came of it, and call_finish(). */
void call_start(struct call_run *r, const struct aws_operation *op, json_t *in);
void call_step(struct call_run *r, const struct script_step *s);
void call_try(struct call_run *r); /* steps may be left */
/* Fails the test when a step was not asked for. */
void call_go(struct call_run *r);
void call_finish(struct call_run *r);
