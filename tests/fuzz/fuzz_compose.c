/* A whole load from one text: no crash; a refusal says where and why; what is taken freezes, and
 * thaws as the same text. */
#include "compose/compose.h"
#include "fuzz.h"
#include <string.h>

static void check_frozen(const struct compose_project *p)
{
    cleanup_str struct str first = STR_INIT, second = STR_INIT;
    struct compose_project *again;
    compose_print_yaml(p, &first);
    fuzz_require(compose_load_canonical(str_get(&first), first.len, &again, NULL) == 0);
    compose_print_yaml(again, &second);
    fuzz_require(strcmp(str_get(&first), str_get(&second)) == 0);
    fuzz_require(p->service_count == again->service_count);
    compose_project_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const files[] = {"-", NULL};
    if (size > 4096 || memchr(data, '\0', size))
        return 0;
    cleanup_str struct str text = STR_INIT;
    str_append_bytes(&text, data, size);
    struct env *env = env_new();
    env_set(env, "V", "value");
    env_set(env, "COMPOSE_DISABLE_ENV_FILE", "1");
    struct compose_options o = {
        .cwd = "/nonexistent/project", .files = files, .env = env, .stdin_text = str_get(&text)};
    struct compose_diagnostics d = {0};
    struct compose_project *p;
    struct error err = ERROR_INIT;
    if (compose_load(&o, &p, &d, &err) == 0) {
        const char **names;
        size_t count;
        compose_config_names(p, &names, &count);
        check_frozen(p);
        compose_project_free(p);
    } else {
        fuzz_require(err.message && err.message[0]);
    }
    error_done(&err);
    compose_diagnostics_done(&d);
    env_free(env);
    return 0;
}
