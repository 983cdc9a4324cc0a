/* The fault points of calls (loop/fault_point.h): each call that changes something at AWS has one
 * before it is sent and one after its answer came. In builds without fault points there is nothing.
 */
#pragma once

#include "aws/model/model.h"
#include "loop/fault_point.h"

#ifdef DEFANG_FAULT_POINTS

/* Those of one kind, a line each: "call.after/ecs.RunTask", a tab, `why`. */
void aws_call_points_print(const char *kind, const char *why);

void aws_call_point(const char *kind, const struct aws_operation *op);

#else
#define aws_call_point(kind, op) ((void)0)
#endif
