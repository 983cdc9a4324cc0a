/* Settings (defang.md 4.9, 7.14): what each mode presets, what is said over it by files,
 * environment and flags, and values that are refused. */
#include "base/env.h"
#include "base/mem.h"
#include "plan/plan.h"
#include <check.h>

static struct arena *arena;
static struct env *env;
static struct error err;

static void up(void)
{
    arena = arena_new();
    env = env_new();
    err = (struct error)ERROR_INIT;
}

static void down(void)
{
    arena_free(arena);
    env_free(env);
    error_done(&err);
}

START_TEST(defaults)
{
    struct plan_settings s;

    ck_assert_int_eq(plan_settings_resolve(arena, NULL, env, NULL, NULL, &s, &err), 0);
    ck_assert_str_eq(s.prefix, "Defang");
    ck_assert_str_eq(s.stack, "beta");
    ck_assert_str_eq(s.cd_name, "defang-cd");
    ck_assert_str_eq(s.capacity_provider, "FARGATE_SPOT");
    ck_assert_int_eq(s.mode, PLAN_MODE_UNSET);
    ck_assert_int_eq(s.nat, PLAN_NAT_NONE);
    ck_assert_uint_eq(s.zones, 2);
    ck_assert_uint_eq(s.log_retention_days, 1);
    ck_assert_ptr_nonnull(s.kaniko_image);
}
END_TEST

START_TEST(the_flag_wins)
{
    struct plan_settings s;

    env_set(env, "DEFANG_MODE", "staging");
    env_set(env, "DEFANG_STACK", "one");
    ck_assert_int_eq(plan_settings_resolve(arena, NULL, env, NULL, NULL, &s, &err), 0);
    ck_assert_int_eq(s.mode, PLAN_BALANCED);
    ck_assert_int_eq(s.nat, PLAN_NAT_SINGLE);
    ck_assert_str_eq(s.stack, "one");
    env_set(env, "DEFANG_SUFFIX", "two");
    env_set(env, "DEFANG_NAT", "none");
    ck_assert_int_eq(plan_settings_resolve(arena, NULL, env, "HA", "three", &s, &err), 0);
    ck_assert_int_eq(s.mode, PLAN_HIGH_AVAILABILITY);
    ck_assert_int_eq(s.nat, PLAN_NAT_NONE);
    ck_assert(s.deletion_protection);
    ck_assert_str_eq(s.capacity_provider, "FARGATE");
    ck_assert_str_eq(s.stack, "three");
}
END_TEST

START_TEST(an_empty_prefix_is_one)
{
    struct plan_settings s;

    env_set(env, "DEFANG_PREFIX", "");
    ck_assert_int_eq(plan_settings_resolve(arena, NULL, env, NULL, NULL, &s, &err), 0);
    ck_assert_str_eq(s.prefix, "");
}
END_TEST

START_TEST(each_alone)
{
    struct plan_settings s;
    static const char *const pairs[][2] = {
        {"DEFANG_BACKUP_WINDOW", "23:45-00:15"},
        {"DEFANG_BUILD_MEMORY", "24"},
        {"DEFANG_BUILD_STORAGE", "100"},
        {"DEFANG_DELETION_PROTECTION", "no"},
        {"DEFANG_DEREGISTRATION_DELAY", "30"},
        {"DEFANG_DISCOVERY", "sidecar"},
        {"DEFANG_HEALTH_CHECK_INTERVAL", "20"},
        {"DEFANG_HEALTH_CHECK_THRESHOLD", "5"},
        {"DEFANG_HTTP_REDIRECT_TO_HTTPS", "302"},
        {"DEFANG_PRICE_CLASS", "200"},
        {"DEFANG_ALARMS", "on"},
        {"DEFANG_ALLOW_DOWNGRADE", "1"},
        {"DEFANG_FORCE_DESTROY_BUCKET", "true"},
        {"DEFANG_SIDECAR_LOGS", "true"},
        {"DEFANG_RDS_NODE_TYPE", "burstable"},
        {"DEFANG_ALLOW_BURSTABLE", "false"},
        {"DEFANG_ACCESS_LOGS", "off"},
        {"DEFANG_REDIS_ENGINE", "elasticache"},
    };

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        env_set(env, pairs[i][0], pairs[i][1]);
    ck_assert_int_eq(plan_settings_resolve(arena, NULL, env, "ha", NULL, &s, &err), 0);
    ck_assert_str_eq(s.backup_window, "23:45-00:15");
    ck_assert(
        !s.deletion_protection && s.alarms && s.allow_downgrade && s.force_destroy &&
        s.sidecar_logs && !s.access_logs);
    ck_assert_uint_eq(s.deregistration_delay, 30);
    ck_assert_uint_eq(s.health_interval, 20);
    ck_assert_uint_eq(s.health_threshold, 5);
    ck_assert_str_eq(s.redirect_code, "HTTP_302");
    ck_assert_str_eq(s.price_class, "PriceClass_200");
    ck_assert_int_eq(s.discovery, PLAN_SIDECAR_RECORDS);
    ck_assert_int_eq(s.store_class, PLAN_GENERAL); /* burstable is not allowed */
}
END_TEST

static const struct {
    const char *name, *value;
} WRONG[] = {
    {"DEFANG_KANIKO_IMAGE", "\xff\xfe"},
    {"DEFANG_KANIKO_IMAGE", "no image"},
    {"DEFANG_PULUMI_IMAGE", "\xff"},
    {"DEFANG_MODE", "luxury"},
    {"DEFANG_NAT", "two"},
    {"DEFANG_ZONES", "1"},
    {"DEFANG_ZONES", "x"},
    {"DEFANG_LOG_RETENTION_DAYS", "2"},
    {"DEFANG_CAPACITY_PROVIDER", "EC2"},
    {"DEFANG_PREFIX", "1x"},
    {"DEFANG_PREFIX", "AwsTools"},
    {"DEFANG_STACK", "Beta"},
    {"DEFANG_STACK", "a-b"},
    {"DEFANG_CD_NAME", "a_b"},
    {"DEFANG_MIN_HEALTHY_PERCENT", "101"},
    {"DEFANG_BACKUP_WINDOW", "04:00-04:20"},
    {"DEFANG_BACKUP_WINDOW", "4-5"},
    {"DEFANG_BUILD_MEMORY", "2"},
    {"DEFANG_BUILD_STORAGE", "20"},
    {"DEFANG_BUILD_STORAGE", "50GiB"},
    {"DEFANG_DELETION_PROTECTION", "maybe"},
    {"DEFANG_DEREGISTRATION_DELAY", "3601"},
    {"DEFANG_HEALTH_CHECK_INTERVAL", "4"},
    {"DEFANG_HEALTH_CHECK_THRESHOLD", "1"},
    {"DEFANG_HTTP_REDIRECT_TO_HTTPS", "303"},
    {"DEFANG_REDIS_ENGINE", "memorydb"},
    {"DEFANG_RDS_NODE_TYPE", "huge"},
    {"DEFANG_DISCOVERY", "dns"},
    {"DEFANG_PRICE_CLASS", "300"},
    {"DEFANG_BACKUP_DAYS", "36"},
    {"DEFANG_ALARMS", "2"},
};

START_TEST(wrong)
{
    struct plan_settings s;

    env_set(env, WRONG[_i].name, WRONG[_i].value);
    ck_assert_int_lt(plan_settings_resolve(arena, NULL, env, NULL, NULL, &s, &err), 0);
    ck_assert_int_eq(err.kind, ERR_USAGE);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("settings");
    TCase *t = tcase_create("settings");
    tcase_add_checked_fixture(t, up, down);
    tcase_add_test(t, defaults);
    tcase_add_test(t, the_flag_wins);
    tcase_add_test(t, an_empty_prefix_is_one);
    tcase_add_test(t, each_alone);
    tcase_add_loop_test(t, wrong, 0, (int)ARRAY_LEN(WRONG));
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
