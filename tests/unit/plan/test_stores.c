/* Versions and classes of managed stores (defang.md 7.8, 7.9, section 8 vector 36), and what looks
 * like a secret.
 *
 * Tables: an image's tag or a size on the left, what AWS is asked for on the right. */
#include "base/mem.h"
#include "data/object.h"
#include "plan/check/check.h"
#include "plan/common/config.h"
#include "plan/store/store.h"
#include <check.h>

struct pg_row {
    const char *image, *version;
};
static const struct pg_row PG[] = {
    {"postgres:16", "16"},
    {"postgres:16.3", "16.3"},
    {"postgres:16-alpine", "16"},
    {"postgres:16.3-alpine3.20", "16.3"},
    {"pgvector/pgvector:0.8.0-pg17", "17"},
    {"pgvector/pgvector:pg16", "16"},
    {"postgres", NULL},
    {"postgres:latest", NULL},
    {"registry:5000/postgres", NULL},
    {"postgres:15@sha256:00ff", "15"},
    {"postgis/postgis:17-3.5", "17"},
    {NULL, NULL},
};

START_TEST(postgres)
{
    const char *got = plan_postgres_version(PG[_i].image);

    if (PG[_i].version)
        ck_assert_str_eq(got, PG[_i].version);
    else
        ck_assert_ptr_null(got);
}
END_TEST

struct cache_row {
    const char *image, *engine, *version;
    bool tls, exact;
};
static const struct cache_row CACHE[] = {
    {"redis:6.2.6", "redis", "6.2", false, true},
    {"redis:7.0.5", "redis", "7.0", true, true},
    {"redis:7", "redis", "7.1", true, true},
    {"redis:7-alpine", "redis", "7.1", true, true},
    {"redis", "redis", "7.1", true, true},
    {"redis:latest", "redis", "7.1", true, true},
    {"redis:5", "redis", "5.0.6", false, true},
    {"redis:6", "redis", "6.2", false, true},
    {"redis:7.4", "redis", "7.1", true, false},
    {"redis:8", "redis", "7.1", true, false},
    {"valkey/valkey:8", "valkey", "8.1", true, true},
    {"valkey/valkey:7.2-alpine", "valkey", "7.2", true, true},
    {"valkey/valkey:9", "valkey", "8.1", true, false},
    {NULL, "redis", "7.1", true, true},
};

START_TEST(cache)
{
    struct plan_cache_version v;

    plan_cache_version(CACHE[_i].image, &v);
    ck_assert_str_eq(v.engine, CACHE[_i].engine);
    ck_assert_str_eq(v.version, CACHE[_i].version);
    ck_assert_int_eq(v.tls, CACHE[_i].tls);
    ck_assert_int_eq(v.exact, CACHE[_i].exact);
}
END_TEST

START_TEST(classes)
{
    struct plan_settings cheap = {.store_class = PLAN_BURSTABLE},
                         balanced = {.store_class = PLAN_GENERAL},
                         ha = {.store_class = PLAN_MEMORY};

    ck_assert_str_eq(plan_rds_class(&cheap, NULL, 0, 0), "db.t4g.micro");
    ck_assert_str_eq(plan_rds_class(&cheap, NULL, 0.25, 512), "db.t4g.micro");
    ck_assert_str_eq(plan_rds_class(&cheap, NULL, 2, 1025), "db.t4g.small");
    ck_assert_str_eq(plan_rds_class(&cheap, NULL, 3, 0), "db.t4g.xlarge");
    ck_assert_str_eq(plan_rds_class(&cheap, NULL, 16, 0), "db.m7g.4xlarge");
    ck_assert_str_eq(plan_rds_class(&cheap, NULL, 0, 300 * 1024), "db.r7g.12xlarge");
    ck_assert_str_eq(plan_rds_class(&balanced, NULL, 0, 0), "db.m7g.large");
    ck_assert_str_eq(plan_rds_class(&ha, NULL, 0, 0), "db.r7g.large");
    ck_assert_ptr_null(plan_rds_class(&ha, NULL, 65, 0));
    ck_assert_str_eq(plan_cache_class(&cheap, NULL, 0), "cache.t4g.micro");
    ck_assert_str_eq(plan_cache_class(&cheap, NULL, 512), "cache.t4g.micro");
    ck_assert_str_eq(plan_cache_class(&cheap, NULL, 4096), "cache.m7g.large");
    ck_assert_ptr_null(plan_cache_class(&cheap, NULL, 1e6));
}
END_TEST

struct secret_row {
    const char *name, *value;
    bool secret;
};
static const struct secret_row SECRETS[] = {
    {"DB_PASSWORD", "x", true},
    {"API_KEY", "abc", true},
    {"LOG_LEVEL", "debug", false},
    {"SECRET_FILE", "/run/x", false},
    {"TOKEN_URL", "https://x", false},
    {"X", "AKIAIOSFODNN7EXAMPLE", true},
    {"X", "ghp_0123456789abcdef0123", true},
    {"X", "9f8A7b6C5d4E3f2G1h0IjKlMnO", true},
    {"X", "a sentence with several words in it 42", false},
    {"DB_PASSWORD", "", false},
    {"X", "http://a-very-long-host-name-1234567890/", false},
};

START_TEST(secrets)
{
    ck_assert_int_eq(plan_looks_secret(SECRETS[_i].name, SECRETS[_i].value), SECRETS[_i].secret);
}
END_TEST

/* What is deployed, and what SSM says now; the version that the next reference names. */
struct anew_row {
    const char *deployed;
    long long mark, version, set_ms, expect;
};
static const struct anew_row ANEW[] = {
    {"{{resolve:ssm-secure:/Defang/shop/beta/PW:1}}", 5001, 1, 5, 1}, /* the same */
    {"{{resolve:ssm-secure:/Defang/shop/beta/PW:1}}", 5001, 1, 9, 2}, /* removed, set anew */
    {"{{resolve:ssm-secure:/Defang/shop/beta/PW:3}}", 5003, 1, 9, 4}, /* below what was named */
    {"{{resolve:ssm-secure:/Defang/shop/beta/PW:3}}", 0, 1, 9, 4},
    {"{{resolve:ssm-secure:/Defang/shop/beta/PW:3}}", 0, 3, 9, 3}, /* from before marks: as it is */
    {"{{resolve:ssm-secure:/Defang/shop/beta/PW:3}}", 5003, 4, 9, 4},  /* set again */
    {"{{resolve:ssm-secure:/Defang/shop/beta/OLD:3}}", 5003, 1, 9, 1}, /* another config */
    {"{{resolve:ssm-secure:/Defang/shop/beta/PW}}", 5003, 1, 9, 1},
    {"in clear", 0, 1, 9, 1},
};

START_TEST(trust_24_a_password_that_was_set_anew_has_a_new_reference)
{
    const struct anew_row *row = &ANEW[_i];
    struct plan_config config = {"PW", row->version, row->set_ms};
    cleanup_json json_t *properties = object(key("MasterUserPassword", row->deployed));
    cleanup_json json_t *database = object(key("Properties", json_incref(properties)));
    json_t *marks = object(key("DatabaseDb", row->mark));
    cleanup_json json_t *before = object(
        key("Metadata", object(key("Defang", object(key("passwords", marks))))),
        key("Resources", object(key("DatabaseDb", json_incref(database)))));
    struct plan_request r = {.configs = &config, .config_count = 1, .previous = before};

    ck_assert_int_eq(plan_password_version(&r, "DatabaseDb", "PW"), row->expect);
    ck_assert_int_eq(plan_password_version(&r, "Other", "PW"), row->version);
    r.previous = NULL;
    ck_assert_int_eq(plan_password_version(&r, "DatabaseDb", "PW"), row->version);
    ck_assert_int_eq(plan_password_version(&r, "DatabaseDb", "NOT_SET"), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stores");
    TCase *t = tcase_create("stores");
    tcase_add_loop_test(t, postgres, 0, (int)ARRAY_LEN(PG));
    tcase_add_loop_test(t, cache, 0, (int)ARRAY_LEN(CACHE));
    tcase_add_test(t, classes);
    tcase_add_loop_test(t, secrets, 0, (int)ARRAY_LEN(SECRETS));
    tcase_add_loop_test(
        t, trust_24_a_password_that_was_set_anew_has_a_new_reference, 0, (int)ARRAY_LEN(ANEW));
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
