#include "plan/make/pretend.h"
#include "plan/view/view.h"

void plan_images_pretend(
    struct arena *a, const struct compose_project *p, const struct plan_image **out, size_t *count)
{
    struct plan_image *images = arena_array(a, struct plan_image, p->service_count + 1);

    *out = images;
    *count = 0;
    for (size_t i = 0; i < p->service_count; i++)
        if (plan_builds_image(&p->services[i]))
            images[(*count)++] = (struct plan_image){p->services[i].name, "image"};
}

void plan_pretend_request(
    struct arena *a,
    const struct compose_project *p,
    const struct plan_settings *s,
    struct plan_request *out)
{
    static const char *const zones[] = {"a", "b", "c", "d"};
    static const struct plan_facts facts = {
        .account = "000000000000",
        .region = "region",
        .partition = "aws",
        .dns_suffix = "amazonaws.com",
        .zones = zones,
        .zone_count = 4,
        .bucket = "bucket"};

    *out = (struct plan_request){
        .project = p, .settings = s, .facts = &facts, .deployment = "000000000000"};
    plan_images_pretend(a, p, &out->images, &out->image_count);
}

struct graph *
plan_pretend(struct arena *a, const struct compose_project *p, const struct plan_settings *s)
{
    cleanup_error struct error err = ERROR_INIT;
    struct plan_request r;
    struct graph *g = NULL;

    plan_pretend_request(a, p, s, &r);
    if (plan_make(&r, &g, NULL, &err) < 0)
        return NULL;
    return g;
}
