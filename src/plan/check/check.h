/* Checks: one function a topic. Each says what it finds through `diag`, errors and warnings with a
 * position and what to do, and goes on: a project with five mistakes hears of five.
 *
 * plan_check() (plan.h) is the entry; nothing here makes a resource. The functions of a service are
 * called for the kinds of service that they are about, in the order of check.c. */
#pragma once

#include "plan/diag.h"
#include "plan/view/view.h"

/* One run of the checks; the view's strings and what a check makes live in `a`. */
struct plan_check {
    const struct compose_project *p;
    const struct plan_settings *s;
    struct arena *a;
    struct plan_view v;
    struct plan_diag diag;
    const size_t *circles; /* plan_view_circles() */
};

/* ---- of the whole project ---- */
void plan_check_adopt(struct plan_check *c);   /* what it brings itself, and its services too */
void plan_check_ingress(struct plan_check *c); /* the load balancer's limits, names, certificates */
void plan_check_models(struct plan_check *c);
void plan_check_project_keys(struct plan_check *c);
void plan_check_volumes(struct plan_check *c);

/* ---- of every service ---- */
void plan_check_image(struct plan_check *c, const struct plan_service *s);
void plan_check_keys(struct plan_check *c, const struct plan_service *s);
void plan_check_size(struct plan_check *c, const struct plan_service *s);

/* ---- of a service that runs as a container ---- */
void plan_check_build(struct plan_check *c, const struct plan_service *s);
void plan_check_depends(struct plan_check *c, const struct plan_service *s);
void plan_check_env(struct plan_check *c, const struct plan_service *s);
void plan_check_files(struct plan_check *c, const struct plan_service *s);
void plan_check_gpu(struct plan_check *c, const struct plan_service *s);
void plan_check_grants(struct plan_check *c, const struct plan_service *s);
void plan_check_health(struct plan_check *c, const struct plan_service *s);
void plan_check_linux(struct plan_check *c, const struct plan_service *s);
void plan_check_mounts(struct plan_check *c, const struct plan_service *s);
void plan_check_once(struct plan_check *c, const struct plan_service *s);
void plan_check_ports(struct plan_check *c, const struct plan_service *s);
void plan_check_scaling(struct plan_check *c, const struct plan_service *s);
void plan_check_sidecar(struct plan_check *c, const struct plan_service *s); /* one of another's */
void plan_check_task(struct plan_check *c, const struct plan_service *s);

/* ---- of a managed store, of static files ---- */
void plan_check_mongodb(struct plan_check *c, const struct plan_service *s);
void plan_check_postgres(struct plan_check *c, const struct plan_service *s);
void plan_check_redis(struct plan_check *c, const struct plan_service *s);
void plan_check_static(struct plan_check *c, const struct plan_service *s);

/* ---- what several checks ask ---- */

/* The service's variable of that name; NULL when it has none. */
const struct compose_env *plan_check_variable(const struct compose_service *s, const char *name);

/* A store's user or database that is one config: what there is to say of it. False: it is not. */
bool plan_check_name_of_config(
    struct plan_check *c, const struct plan_service *s, const struct compose_env *e);

/* The variable that has a store's password; `store` is what people call it. */
void plan_check_password(
    struct plan_check *c, const struct plan_service *s, const char *name, const char *store);

bool plan_looks_secret(const char *name, const char *value);
