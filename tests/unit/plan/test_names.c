/* Names (defang.md 3.8, 4.5, 6.9, section 8 vectors 9 and 10) and rewriting of values (vector 12).
 *
 * A name that comes out otherwise than before would be another resource to AWS: these are
 * contracts, and no expected text here may be mended to fit the code. */
#include "base/mem.h"
#include "plan/names.h"
#include "plan/view/view.h"
#include <check.h>
#include <string.h>

#define EQ(call, expected)                                                                         \
    do {                                                                                           \
        char *got_ = (call);                                                                       \
        ck_assert_str_eq(got_, expected);                                                          \
        free(got_);                                                                                \
    } while (0)

static struct plan_settings settings(const char *prefix, const char *stack)
{
    return (struct plan_settings){.prefix = prefix, .stack = stack};
}

START_TEST(labels)
{
    EQ(plan_safe_label("name_hyphen"), "name_hyphen");
    EQ(plan_safe_label("1234.com"), "1234-com");
    EQ(plan_safe_label("..."), "---");
    EQ(plan_service_label("a_b.c"), "a-b-c");
    EQ(plan_service_label("Web"), "web");
}
END_TEST

START_TEST(scopes)
{
    struct plan_settings beta = settings("Defang", "beta"), prod = settings("Defang", "prod"),
                         bare = settings("", "beta");
    struct plan_settings acme = settings("Acme", "prod");

    EQ(plan_stack_name(&beta, "shop"), "Defang-shop-beta");
    EQ(plan_stack_name(&bare, "shop"), "shop-beta");
    EQ(plan_stack_name(&bare, "1shop"), "p-1shop-beta");
    EQ(plan_config_path(&beta, "shop"), "/Defang/shop/beta/");
    EQ(plan_config_path(&bare, "shop"), "/shop/beta/");
    EQ(plan_derived_path(&beta, "shop"), "/Defang/shop/beta-derived/");
    EQ(plan_log_group(&beta, "shop", "builds"), "/Defang/shop/beta/builds");
    EQ(plan_private_domain(&beta, "Project1"), "project1.internal");
    EQ(plan_private_domain(&prod, "shop"), "shop-prod.internal");
    EQ(plan_repository(&beta, "shop"), "shop/kaniko-build");
    EQ(plan_repository(&prod, "shop"), "shop-prod/kaniko-build");
    EQ(plan_repository(&acme, "shop"), "acme-shop-prod/kaniko-build");
    EQ(plan_container_name("web", "k3j2h4g5f6d7"), "web_k3j2h4g5f6d7");
    EQ(plan_task_family(&beta, "shop", "kanikoAmd64"), "Defang-shop-beta-kanikoAmd64");
}
END_TEST

/* What one name cannot be must not become what another is. */
START_TEST(no_two_meet)
{
    struct plan_settings s = settings("Defang", "beta");
    char *a = plan_stack_name(&s, "a_b"), *b = plan_stack_name(&s, "a-b");

    ck_assert_str_ne(a, b);
    ck_assert_str_eq(b, "Defang-a-b-beta");
    ck_assert(strncmp(a, "Defang-a-b-beta-", 16) == 0 && strlen(a) == 22);
    free(a), free(b);
    struct arena *arena = arena_new();
    ck_assert_str_eq(plan_logical_id(arena, "web"), "Web");
    ck_assert_str_eq(plan_logical_id(arena, "web1"), "Web1");
    const char *names[] = {"web1", "web-1", "web_1", "web.1", "Web1", "wEb1"};
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(plan_logical_id(arena, names[i]), plan_logical_id(arena, names[k]));
    arena_free(arena);
    char long_name[300];
    memset(long_name, 'x', sizeof long_name);
    long_name[299] = '\0';
    char *fit = plan_name_fit(long_name, 0, 32, 6);
    ck_assert_uint_eq(strlen(fit), 32);
    free(fit);
}
END_TEST

START_TEST(service_names)
{
    struct plan_settings s = settings("Defang", "beta");
    char *name = plan_service_name(&s, "shop", "web");
    /* The contract of 4.5: service between the first '_' and the last '-', seven hex digits. */
    ck_assert(strncmp(name, "shop_web-", 9) == 0);
    ck_assert_uint_eq(strlen(name), 16);
    ck_assert_uint_eq(strspn(name + 9, "0123456789abcdef"), 7);
    free(name);
}
END_TEST

START_TEST(config_names)
{
    ck_assert(plan_config_name_valid("A_1") && plan_config_name_valid("_x"));
    ck_assert(
        !plan_config_name_valid("1A") && !plan_config_name_valid("") &&
        !plan_config_name_valid("A-B") && !plan_config_name_valid("A/B"));
    char name[66];
    memset(name, 'A', 65);
    name[65] = '\0';
    ck_assert(!plan_config_name_valid(name));
    name[64] = '\0';
    ck_assert(plan_config_name_valid(name));
    ck_assert(plan_config_name_reserved("DEFANG_STACK") && !plan_config_name_reserved("STACK"));
}
END_TEST

struct rewrite_row {
    const char *value, *expected;
};

static const struct rewrite_row REWRITES[] = {
    {"redis://Redis:6379", "redis://redis:6379"},
    {"postgres://postgres:postgres@Data_Base:5432/postgres",
     "postgres://postgres:postgres@data-base:5432/postgres"},
    {"pg://Data_Base:5432?u=Data_Base", "pg://data-base:5432?u=Data_Base"},
    {"nop", "nop"},
    {"Redis", "redis"},
    {"http://Redis/path", "http://redis/path"},
    {"http://my-Redis/path", "http://my-Redis/path"}, /* the tail of another host */
    {"http://my.Redis/path", "http://my.Redis/path"},
    {"http://Redis.example.com", "http://Redis.example.com"},
    {"x://Data_Base:123@h", "x://Data_Base:123@h"}, /* a user and a password */
    {"Redis and Redis", "Redis and redis"},         /* only the second ends */
    {"http://Silent:80", "http://Silent:80"},       /* has no port */
    {"", ""},
};

static struct plan_view view(void)
{
    static struct compose_service s[] = {
        {.name = "Data_Base"}, {.name = "Redis"}, {.name = "Silent"}};
    static struct plan_service v[] = {
        {.s = &s[0], .label = "data-base", .port_count = 1},
        {.s = &s[1], .label = "redis", .port_count = 1},
        {.s = &s[2], .label = "silent"}};

    return (struct plan_view){.services = v, .count = 3};
}

START_TEST(rewriting)
{
    struct arena *a = arena_new();
    struct plan_view v = view();

    ck_assert_str_eq(plan_rewrite(a, &v, REWRITES[_i].value), REWRITES[_i].expected);
    arena_free(a);
}
END_TEST

START_TEST(unreachable)
{
    struct plan_view v = view();

    ck_assert_ptr_nonnull(plan_names_unreachable(&v, "http://Silent:80/"));
    ck_assert_ptr_null(plan_names_unreachable(&v, "Silent"));
    ck_assert_ptr_null(plan_names_unreachable(&v, "http://Redis:80/"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("names");
    TCase *t = tcase_create("names");
    tcase_add_test(t, labels);
    tcase_add_test(t, scopes);
    tcase_add_test(t, no_two_meet);
    tcase_add_test(t, service_names);
    tcase_add_test(t, config_names);
    tcase_add_loop_test(t, rewriting, 0, (int)ARRAY_LEN(REWRITES));
    tcase_add_test(t, unreachable);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
