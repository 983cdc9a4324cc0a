/* A project's stack, an apply of the engine `cloudformation` and its cancel: what the tests of both
 * share. */
#pragma once

#include "engine/cloudformation/cloudformation.h"
#include "engine/engine.h"
#include "unit/engine/fake_stack.h"
#include "unit/lib/suite.h"

#include "base/str.h"
#include <errno.h>
#include <string.h>

static struct cloud cl;
static struct fake_stack stack;
static struct engine_outcome out;
static struct graph *graph;
static struct engine_end end_;

static const struct beat created[] __attribute__((unused)) = {
    {"CREATE_IN_PROGRESS", {"*||CREATE_IN_PROGRESS", "Vpc|AWS::EC2::VPC|CREATE_IN_PROGRESS"}},
    {"CREATE_IN_PROGRESS",
     {"Vpc|AWS::EC2::VPC|CREATE_COMPLETE", "Web|AWS::ECS::Service|CREATE_IN_PROGRESS"}},
    {"CREATE_COMPLETE", {"Web|AWS::ECS::Service|CREATE_COMPLETE", "*||CREATE_COMPLETE"}},
    {0},
};
static const struct beat updated[] __attribute__((unused)) = {
    {"UPDATE_IN_PROGRESS", {"*||UPDATE_IN_PROGRESS", "Web|AWS::ECS::Service|UPDATE_IN_PROGRESS"}},
    {"UPDATE_IN_PROGRESS", {NULL}},
    {"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
     {"Web|AWS::ECS::Service|UPDATE_COMPLETE", "*||UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"}},
    {"UPDATE_COMPLETE", {"*||UPDATE_COMPLETE"}},
    {0},
};
static const struct beat failed_create[] __attribute__((unused)) = {
    {"CREATE_IN_PROGRESS", {"*||CREATE_IN_PROGRESS", "Web|AWS::ECS::Service|CREATE_IN_PROGRESS"}},
    {"ROLLBACK_IN_PROGRESS",
     {"Web|AWS::ECS::Service|CREATE_FAILED|no such image", "*||ROLLBACK_IN_PROGRESS"}},
    {"ROLLBACK_COMPLETE", {"Web|AWS::ECS::Service|DELETE_COMPLETE", "*||ROLLBACK_COMPLETE"}},
    {0},
};
static const struct beat endless[] __attribute__((unused)) = {
    {"UPDATE_IN_PROGRESS", {"*||UPDATE_IN_PROGRESS", "Web|AWS::ECS::Service|UPDATE_IN_PROGRESS"}},
    {0},
};
static const struct beat taken_back[] __attribute__((unused)) = {
    {"UPDATE_ROLLBACK_IN_PROGRESS", {"*||UPDATE_ROLLBACK_IN_PROGRESS|User Initiated"}},
    {"UPDATE_ROLLBACK_COMPLETE",
     {"Web|AWS::ECS::Service|UPDATE_COMPLETE", "*||UPDATE_ROLLBACK_COMPLETE"}},
    {0},
};
static const struct beat deleted[] __attribute__((unused)) = {
    {"DELETE_IN_PROGRESS", {"*||DELETE_IN_PROGRESS", "Web|AWS::ECS::Service|DELETE_IN_PROGRESS"}},
    {"GONE", {"Web|AWS::ECS::Service|DELETE_COMPLETE", "*||DELETE_COMPLETE"}},
    {0},
};

static inline void setup(const char *status)
{
    cloud_init(&cl);
    fake_stack_init(&stack, &cl, "Defang-shop-beta", FAKE_STACK_ID);
    cloud_reply(&cl, "DescribeDBInstances", "<DBInstances></DBInstances>");
    stack.status = status;
    stack.outputs =
        "<member><OutputKey>EndpointWeb</OutputKey><OutputValue>https://web</OutputValue></member>";
    stack.on_execute = status && !text_eq(status, "REVIEW_IN_PROGRESS") ? updated : created;
    stack.on_delete = deleted;
    stack.on_cancel = taken_back;
    graph = graph_new("shop");
    graph_add(
        graph, "network", "Vpc", "AWS::EC2::VPC", json_pack("{s:s}", "CidrBlock", "10.0.0.0/16"));
    graph_add(
        graph, "service/web", "Web", "AWS::ECS::Service", json_pack("{s:i}", "DesiredCount", 1));
}

static inline void finish(void)
{
    engine_outcome_done(&out);
    engine_end_done(&end_);
    graph_free(graph);
    fake_stack_done(&stack);
    cloud_done(&cl);
}

static inline void apply(struct cloud *c)
{
    error_done(&c->err);
    engine_outcome_done(&out);
    c->rc = engine_cloudformation.apply(&c->c, "whole", graph, &out, &c->err);
}

static inline void cancel_whole(struct cloud *c)
{
    engine_end_done(&end_);
    engine_cloudformation.cancel(&c->c, "whole", &end_);
}

static inline void cancel_keep(struct cloud *c)
{
    engine_end_done(&end_);
    engine_cloudformation.cancel(&c->c, "keep", &end_);
}
