/* The Dockerfile of a build, and lists of packages beside it, read on the pool. They are read for
 * two things that may be left out: how large the image may get, and the line that failed. So a file
 * that cannot be read is as one that is not there; the build itself says what is missing. */

#include "daemon/jobs/images.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/build/step.h"
#include "loop/work.h"

#define FILE_BYTES MIB(1)

/* Where languages of large packages name them. */
static const char *const LISTS[] = {
    "requirements.txt", "pyproject.toml", "Pipfile", "environment.yml", "setup.py"};

struct reading {
    char *paths[1 + ARRAY_LEN(LISTS)];
    struct str texts[1 + ARRAY_LEN(LISTS)];
    size_t count;
};

static void read_on_pool(void *arg)
{
    struct reading *r = arg;

    for (size_t i = 0; i < r->count; i++) {
        cleanup_error struct error ignored = ERROR_INIT;

        if (file_read(r->paths[i], FILE_BYTES, &r->texts[i], &ignored) < 0)
            str_clear(&r->texts[i]);
    }
}

static void reading_done(struct reading *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->paths[i]);
        str_done(&r->texts[i]);
    }
}

static const char *inline_text(struct job *j, const struct plan_build *b)
{
    const struct compose_service *s = compose_service_get(j->project.model, b->service);

    return s && s->has_build ? s->build.dockerfile_inline : NULL;
}

unsigned image_storage(struct job *j, const struct plan_build *b, uint64_t content_bytes)
{
    struct reading r = {.count = 1 + ARRAY_LEN(LISTS)};
    const char *texts[2 + ARRAY_LEN(LISTS)];

    r.paths[0] = path_join(b->context, b->dockerfile);
    for (size_t i = 0; i < ARRAY_LEN(LISTS); i++)
        r.paths[1 + i] = path_join(b->context, LISTS[i]);
    work_run(j->daemon->loop, read_on_pool, &r, NULL);

    for (size_t i = 0; i < r.count; i++)
        texts[i] = str_get(&r.texts[i]);
    texts[r.count] = inline_text(j, b);

    unsigned gib = plan_build_storage(j->context.settings, texts, r.count + 1, content_bytes);
    reading_done(&r);
    return gib;
}

/* The position of an inline Dockerfile is the file's that holds it: which of its lines is not said.
 */
void image_error_at(
    struct job *j,
    const struct plan_build *b,
    const struct engine_failure *failure,
    struct error *err)
{
    if (!failure->step || inline_text(j, b))
        return;

    struct reading r = {.count = 1};
    r.paths[0] = path_join(b->context, b->dockerfile);
    work_run(j->daemon->loop, read_on_pool, &r, NULL);

    unsigned line =
        build_step_line(str_get(&r.texts[0]), r.texts[0].len, failure->stage, failure->step);
    if (line)
        error_wrap(err, "%s:%u", r.paths[0], line);
    reading_done(&r);
}
