/* How much room a build gets: the builder's CPU, memory and disk.
 *
 * Kaniko unpacks every base, keeps stages that others copy from and writes each layer before it is
 * pushed, so that an image needs about three times its own size of disk. A task has 20 GiB, which
 * is enough but for images with models and GPU libraries in them. How large a base is, is not known
 * before it is pulled; the well-known large ones are, by name, and so are the packages that bring
 * as much. What is guessed too small is found by the build, which gets a second try with more. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/build/builds.h"
#include "plan/plan.h"
#include <string.h>

#define FREE_GIB  20 /* of every task on Fargate; a task that says a size says 21 or more */
#define MOST_GIB  200
#define MORE_GIB  60 /* what a disk that was full becomes at least */
#define REST_GIB  8  /* builder, small bases, tools */
#define COPIES    3  /* of each byte: unpacked, of a stage, of a layer */
#define ROUND_GIB 10

struct large {
    const char *name;
    unsigned gib; /* unpacked */
};

static const struct large BASES[] = {
    {"763104351884.dkr.ecr.", 20}, /* AWS Deep Learning Containers */
    {"continuumio/anaconda", 5},
    {"deepspeed/", 20},
    {"huggingface/", 15},
    {"jupyter/", 6},
    {"lmsysorg/", 25},
    {"mcr.microsoft.com/playwright", 3},
    {"nvcr.io/", 25},
    {"nvidia/cuda", 12},
    {"ollama/ollama", 6},
    {"pytorch/", 14},
    {"rapidsai/", 20},
    {"rocm/", 40},
    {"tensorflow/", 8},
    {"text-generation-inference", 20},
    {"vllm/", 25},
};

static const struct large PACKAGES[] = {
    {"accelerate", 8},
    {"bitsandbytes", 8},
    {"diffusers", 8},
    {"easyocr", 8},
    {"flash-attn", 10},
    {"nvidia-cu", 6},
    {"jax[cuda", 6},
    {"openai-whisper", 8},
    {"sentence-transformers", 8},
    {"tensorflow", 4},
    {"torch", 8},
    {"transformers", 8},
    {"ultralytics", 8},
    {"vllm", 12},
    {"xformers", 8},
};

/* The largest that one of the texts names. */
static unsigned
largest(const struct large *list, size_t len, const char *const *texts, size_t count)
{
    unsigned gib = 0;

    for (size_t i = 0; i < len; i++)
        for (size_t k = 0; k < count; k++)
            if (texts[k] && strcasestr(texts[k], list[i].name) && list[i].gib > gib)
                gib = list[i].gib;
    return gib;
}

unsigned plan_build_storage(
    const struct plan_settings *s,
    const char *const *texts,
    size_t count,
    unsigned long long content_bytes)
{
    if (s->build_storage)
        return s->build_storage;

    unsigned long long content = (content_bytes + (1ULL << 30) - 1) >> 30;
    if (content <= 1)
        content = 0; /* of the rest */
    unsigned long long need =
        REST_GIB + COPIES * (content + largest(BASES, ARRAY_LEN(BASES), texts, count) +
                             largest(PACKAGES, ARRAY_LEN(PACKAGES), texts, count));

    if (need <= FREE_GIB)
        return 0;
    need = (need + ROUND_GIB - 1) / ROUND_GIB * ROUND_GIB;
    return need > MOST_GIB ? MOST_GIB : (unsigned)need;
}

unsigned plan_build_more_storage(unsigned gib)
{
    unsigned more = 2 * gib > MORE_GIB ? 2 * gib : MORE_GIB;

    return more > MOST_GIB ? MOST_GIB : more;
}

static unsigned number_of(const char *text)
{
    long long n = 0;

    return text_parse_int(text, 0, 1 << 20, &n) < 0 ? 0 : (unsigned)n;
}

void plan_build_size(const struct plan_settings *s, unsigned *cpu, unsigned *memory_mib)
{
    *cpu = number_of(s->kaniko_cpu);
    *memory_mib = number_of(s->kaniko_memory);
    if (s->build_memory)
        (void)plan_fargate_size(*cpu / 1024.0, s->build_memory * 1024.0, cpu, memory_mib);
}

bool plan_build_more_memory(const struct plan_settings *s, unsigned *cpu, unsigned *memory_mib)
{
    unsigned before;

    plan_build_size(s, cpu, &before);
    *memory_mib = before;
    return plan_fargate_size(*cpu / 1024.0, 2.0 * before, cpu, memory_mib) == 0;
}
