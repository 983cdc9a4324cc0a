/* Which version of a config value a request plans with. */
#pragma once

#include "plan/plan.h"

/* SSM's own number, from 1; 0 when not known. */
long long plan_config_version(const struct plan_request *r, const char *name);

/* Another number whenever the value is set, also when it was removed between; 0 when not known. */
long long plan_config_mark(const struct plan_request *r, const char *name);
