/* Secrets that somebody else keeps (references.c): external `secrets` and `configs` whose name is
 * an ARN or the path of a parameter. The compose layer marks them (compose_file_source.reference).
 */
#pragma once

#include "plan/common/context.h"

/* Whether ECS can fetch it: arn:…:secretsmanager:…:secret:NAME with or without a JSON key, stage
 * and version behind it, arn:…:ssm:…:parameter/NAME, or /NAME in this account. */
bool plan_reference_ok(const char *reference);

/* ValueFrom of a container's secret. A new reference. */
json_t *plan_reference_value(const char *reference);

/* Pushes what ECS needs to fetch those that services of the project name. */
void plan_reference_statements(const struct plan_ctx *c, json_t *statements);
