/* Healthchecks: no crash and no endless loop; what a load balancer is told to ask is a path that it
 * takes, a port that there is, and codes that a target group knows. The first line is CMD or
 * CMD-SHELL; behind CMD each line is a word. */
#include "base/arena.h"
#include "base/mem.h"
#include "fuzz.h"
#include "plan/view/probe.h"
#include <string.h>

#define WORDS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_arena struct arena *a = arena_new();
    char *text = arena_strndup(a, (const char *)data, size);
    const char *test[WORDS_MAX] = {0};
    size_t count = 0;
    struct compose_part port = {.text = "5000"};
    struct compose_env env[] = {{.name = "PORT", .value = {.first = &port}}};
    struct plan_probe p;

    bool shell = strncmp(text, "CMD-SHELL\n", 10) == 0;
    test[count++] = shell ? "CMD-SHELL" : "CMD";
    char *rest = strchr(text, '\n');
    char *save = NULL;
    if (shell)
        test[count++] = rest + 1;
    else
        for (char *w = rest ? strtok_r(rest, "\n", &save) : NULL; w && count < WORDS_MAX;
             w = strtok_r(NULL, "\n", &save))
            test[count++] = w;

    struct compose_service s = {
        .name = "web",
        .environment = env,
        .environment_count = 1,
        .healthcheck = {.present = true, .test = test, .test_count = count}};
    plan_probe_read(a, &s, &p);

    fuzz_require(p.port >= 1 && p.port <= 65535);
    fuzz_require(*p.path == '/' || *p.path == '?');
    fuzz_require(strlen(p.path) <= 333 && !strpbrk(p.path, " \t\r\n\"'#"));
    fuzz_require(strspn(p.codes, "0123456789-") == strlen(p.codes) && strlen(p.codes) >= 3);
    return 0;
}
