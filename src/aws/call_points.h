/* The fault points of calls (base/faultpoint.h): each call that changes something at AWS has one
 * before it is sent and one after its answer came. In builds without fault points there is nothing.
 */
#pragma once

#include "aws/model/model.h"
#include "base/faultpoint.h"

#ifdef DEFANG_FAULT_POINTS

/* Whether it does more than read, as its name says. */
bool aws_operation_changes(const struct aws_operation *op);

/* "ecs.RunTask"; malloc'd. */
char *aws_operation_about(const struct aws_operation *op);

void aws_call_point(const char *kind, const struct aws_operation *op);

#else
#define aws_call_point(kind, op) ((void)0)
#endif
