/* Checks: one function a topic; each says what it finds through `diag`. */
#pragma once

#include "plan/diag.h"
#include "plan/view.h"

struct plan_check {
    const struct compose_project *p;
    const struct plan_settings *s;
    struct arena *a;
    struct plan_view v;
    struct plan_diag diag;
};

void plan_check_keys(
    struct plan_check *c, const struct plan_service *s); /* keys that AWS cannot honour */
void plan_check_ports(struct plan_check *c, const struct plan_service *s);
void plan_check_ingress(struct plan_check *c); /* of the whole project */
void plan_check_health(struct plan_check *c, const struct plan_service *s);
void plan_check_env(struct plan_check *c, const struct plan_service *s);
void plan_check_build(struct plan_check *c, const struct plan_service *s);
void plan_check_store(struct plan_check *c, const struct plan_service *s);
void plan_check_static(struct plan_check *c, const struct plan_service *s);
void plan_check_mongodb(struct plan_check *c, const struct plan_service *s);
void plan_check_models(struct plan_check *c);
void plan_check_adopt(struct plan_check *c); /* of the project and of its services */
void plan_check_depends(struct plan_check *c, const struct plan_service *s);
void plan_check_volumes(struct plan_check *c);
void plan_check_files(struct plan_check *c, const struct plan_service *s);
void plan_check_scaling(struct plan_check *c, const struct plan_service *s);
void plan_check_grants(struct plan_check *c, const struct plan_service *s);
void plan_check_linux(struct plan_check *c, const struct plan_service *s);
void plan_check_gpu(struct plan_check *c, const struct plan_service *s);
void plan_check_sidecar(struct plan_check *c, const struct plan_service *s); /* of a sidecar */
void plan_check_once(struct plan_check *c, const struct plan_service *s);
bool plan_key_rule(
    const char *path,
    const char **why,
    bool *refused); /* a key that AWS cannot honour, whatever the service */
bool plan_looks_secret(const char *name, const char *value);
