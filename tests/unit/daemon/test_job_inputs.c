/* What a job is named, and what it freezes of its caller: enough to go on later, and no secret. The
 * inputs lie in the store for as long as the deployment does, so a key among them would outlive the
 * session that brought it. */
#include "unit/daemon/rig.h"
#include "unit/lib/suite.h"

START_TEST(ids_are_twelve_base_36_characters)
{
    rig_setup();

    char *seen[200];
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        seen[i] = job_id_new();
        ck_assert_uint_eq(strlen(seen[i]), 12);
        ck_assert_uint_eq(strspn(seen[i], "0123456789abcdefghijklmnopqrstuvwxyz"), 12);
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(seen[i], seen[k]);
    }

    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        free(seen[i]);
    rig_done();
}
END_TEST

START_TEST(frozen_inputs_hold_no_key)
{
    static const char *const secrets[][2] = {
        {"AWS_SESSION_TOKEN", "hidden1"},
        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "hidden2"},
        {"DEFANG_ACCESS_TOKEN", "hidden3"},
        {"COMPOSE_API_KEY", "hidden6"}};

    struct rig_caller c;

    rig_setup();
    rig_caller_init(&c);
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
        rig_var(&c, secrets[i][0], secrets[i][1]);
    rig_var(&c, "DEFANG_MODE", "balanced");
    rig_var(
        &c, "http_proxy", "http://me:sealed@proxy:3128"); /* survive 3: needed after a restart */

    struct session *s = rig_session(&c);
    cleanup_json json_t *inputs = job_inputs_new(s, &c.caller, NULL, true);
    cleanup_free char *text = json_print(inputs, false, true);

    ck_assert_msg(!strstr(text, "hidden"), "%s", text);
    ck_assert_msg(!strstr(text, "wJalr") && !strstr(text, "AKID"), "%s", text);
    ck_assert_str_eq(json_str(inputs, "env.DEFANG_MODE"), "balanced");
    ck_assert_str_eq(json_str(inputs, "env.http_proxy"), "http://me:sealed@proxy:3128");
    ck_assert_str_eq(json_str(inputs, "env.AWS_REGION"), "us-west-2");
    ck_assert(json_bool_or(inputs, "env_credentials", false));
    session_unref(&rig.d, s);
    rig_done();
}
END_TEST

/* A path need not be UTF-8, and after a restart it must be the same file. */
START_TEST(trust_10_frozen_inputs_keep_each_byte)
{
    struct rig_caller c;

    rig_setup();
    rig_caller_init(&c);
    rig_var(&c, "AWS_CONFIG_FILE", "caf\xe9/config");
    c.caller.cwd = (char *)(uintptr_t)"/srv/\xff";

    struct session *s = rig_session(&c);
    cleanup_json json_t *inputs = job_inputs_new(s, &c.caller, NULL, false);
    cleanup_free char *text = json_print(inputs, false, true);
    cleanup_json json_t *again = NULL;

    ck_assert_int_eq(json_parse(text, strlen(text), &again, NULL), 0);
    cleanup_env struct env *env = job_inputs_env(again);
    ck_assert_str_eq(env_get(env, "AWS_CONFIG_FILE"), "caf\xe9/config");
    ck_assert_str_eq(env_cwd(env), "/srv/\xff");
    ck_assert_str_eq(env_get(env, "AWS_REGION"), "us-west-2");
    session_unref(&rig.d, s);
    rig_done();
}
END_TEST

SUITE(
    "daemon/job_inputs",
    ids_are_twelve_base_36_characters,
    frozen_inputs_hold_no_key,
    trust_10_frozen_inputs_keep_each_byte)
