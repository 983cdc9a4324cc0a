/* What a container runs: `entrypoint` and `command`; and its labels.
 *
 * Docker tells an ENTRYPOINT that is taken away from one that nobody spoke of. ECS does not: for an
 * empty EntryPoint it takes the image's, and [""] is handed to a runtime that is not Docker's and
 * need not know that trick. So the words of the command become the entry point, all of them, and
 * there is no command behind them that could be the image's; without a command the image's CMD
 * would have to be known, and check/env.c refuses that.
 *
 * An empty command is the image's, in Docker as in ECS.
 * docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html, and merge() in
 * moby's daemon. */
#include "plan/container/words.h"
#include "base/str.h"
#include "plan/common/context.h"
#include "plan/common/rewrite.h"

static bool says_nothing(const char *const *words, size_t count)
{
    return count == 0 || (count == 1 && text_empty(words[0]));
}

bool plan_resets_entrypoint(const struct compose_service *s)
{
    return s->has_entrypoint &&
           says_nothing((const char *const *)s->entrypoint, s->entrypoint_count);
}

/* NULL for an empty list. */
static json_t *
strings(const struct plan_ctx *c, const struct plan_service *s, const char **list, size_t count)
{
    const char **written = plan_rewrite_words(c->a, &c->v, s, list, count);
    json_t *texts = array();

    for (size_t i = 0; i < count; i++)
        json_push(texts, json_string(written[i]));
    return json_unless_empty(texts);
}

void plan_words(
    const struct plan_ctx *c, const struct plan_service *s, json_t **entrypoint, json_t **command)
{
    const struct compose_service *x = s->s;
    json_t *words = strings(c, s, x->command, x->command_count);

    if (plan_resets_entrypoint(x)) {
        *entrypoint = words;
        *command = NULL;
        return;
    }
    *entrypoint = strings(c, s, x->entrypoint, x->entrypoint_count);
    *command = words;
}

json_t *plan_docker_labels(const struct compose_service *s)
{
    json_t *labels = json_object();

    for (size_t i = 0; i < s->label_count; i++)
        if (!text_empty(s->labels[i].key))
            json_add(
                labels,
                s->labels[i].key,
                json_string(s->labels[i].value ? s->labels[i].value : ""));
    return json_unless_empty(labels);
}
