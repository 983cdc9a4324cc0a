/* The VPC and subnets that a project brings. Private to the room. */
#pragma once

#include "engine/context.h"
#include "plan/view/adopt.h"

/* One look at what is brought; all borrowed but what is found, which lies in `arena`. */
struct adopted_look {
    struct engine_context *c;
    struct arena *arena;
    const struct plan_adopt *adopt;
    struct plan_facts *facts;
};

/* Raises ERR_REFUSED at the place in the file that `at` was read from. */
int adopted_refuse(
    struct error *err, const struct plan_said *at, const char *hint, const char *text);

/* Fills vpc_cidr and subnets of the facts. `need_two`: subnets of two zones at least. */
int adopted_network(const struct adopted_look *l, bool need_two, struct error *err);
