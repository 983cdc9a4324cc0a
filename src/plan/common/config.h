/* Which version of a config value a request plans with. */
#pragma once

#include "plan/plan.h"

/* SSM's own number, from 1; 0 when not known. */
long long plan_config_version(const struct plan_request *r, const char *name);

/* Another number whenever the value is set, also when it was removed between; 0 when not known. */
long long plan_config_mark(const struct plan_request *r, const char *name);

/* The same of values that are known. */
long long plan_mark(long long version, long long set_ms);

/* The version that the password of database `id` is referred to by: SSM's own, or, where the config
 * was removed and set anew since `previous` was deployed, one more than the deployed one. The
 * engine (values/renew.h) brings the parameter there. 0 when not known. */
long long plan_password_version(const struct plan_request *r, const char *id, const char *name);
