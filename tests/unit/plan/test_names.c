/* Names (defang.md 3.8, 4.5, 6.9, section 8 vectors 9 and 10) and rewriting of values (vector 12).
 *
 * A name that comes out otherwise than before would be another resource to AWS: these are
 * contracts, and no expected text here may be mended to fit the code. */
#include "base/mem.h"
#include "plan/common/rewrite.h"
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
    const char *variable, *value, *expected; /* a variable "$" is a word of a command */
};

/* The first part is vector 12. Of the rest: each is a way in which people write hosts, and beside
 * it what is spelled the same and is none (rows 3 and 80 of the cases). */
static const struct rewrite_row REWRITES[] = {
    {"X", "redis://Redis:6379", "redis://redis:6379"},
    {"X",
     "postgres://postgres:postgres@Data_Base:5432/postgres",
     "postgres://postgres:postgres@data-base:5432/postgres"},
    {"X", "pg://Data_Base:5432?u=Data_Base", "pg://data-base:5432?u=Data_Base"},
    {"X", "nop", "nop"},
    {"X", "Redis", "redis"},
    {"X", "http://Redis/path", "http://redis/path"},
    {"X", "http://my-Redis/path", "http://my-Redis/path"}, /* the tail of another host */
    {"X", "http://my.Redis/path", "http://my.Redis/path"},
    {"X", "http://Redis.example.com", "http://Redis.example.com"},
    {"X", "x://Data_Base:123@h", "x://Data_Base:123@h"}, /* a user and a password */
    {"X", "Redis and Redis", "Redis and redis"},         /* only the second ends */
    {"X", "", ""},

    {"X", "postgres://my_db:my_db@my_db:5432/my_db", "postgres://my_db:my_db@my-db:5432/my_db"},
    {"X", "postgresql+asyncpg://my_db:pw@my_db/my_db", "postgresql+asyncpg://my_db:pw@my-db/my_db"},
    {"X", "pg://my_db:p/w?x@my_db:5432/my_db", "pg://my_db:p/w?x@my-db:5432/my_db"},
    {"X",
     "mongodb://my_db:27017,other:27017,my_db:27018/my_db?replicaSet=my_db",
     "mongodb://my-db:27017,other:27017,my-db:27018/my_db?replicaSet=my_db"},
    {"X", "http://my_db:80,http://my_db:81", "http://my-db:80,http://my-db:81"},
    {"X", "jdbc:postgresql://my_db:5432/my_db", "jdbc:postgresql://my-db:5432/my_db"},
    {"X", "jdbc:oracle:thin:@my_db:1521/XE", "jdbc:oracle:thin:@my-db:1521/XE"},
    {"X",
     "jdbc:sqlserver://my_db:1433;databaseName=my_db",
     "jdbc:sqlserver://my-db:1433;databaseName=my_db"},
    {"X",
     "host=my_db port=5432 user=my_db dbname=my_db",
     "host=my-db port=5432 user=my_db dbname=my_db"},
    {"X",
     "Server=tcp:my_db,1433;Database=my_db;User Id=my_db",
     "Server=tcp:my-db,1433;Database=my_db;User Id=my_db"},
    {"X", "Data Source=my_db;Initial Catalog=my_db", "Data Source=my-db;Initial Catalog=my_db"},
    {"X", "my_db:pw@tcp(my_db:3306)/my_db", "my_db:pw@tcp(my-db:3306)/my_db"},
    {"X",
     "{\"host\": \"my_db\", \"user\": \"my_db\"}",
     "{\"host\": \"my-db\", \"user\": \"my_db\"}"},
    {"X", "1@my_db:9093,2@other:9093", "1@my-db:9093,2@other:9093"},
    {"X", "server.1=my_db:2888:3888;2181", "server.1=my-db:2888:3888;2181"},
    {"X",
     "PLAINTEXT://my_db:9092,PLAINTEXT_HOST://localhost:29092",
     "PLAINTEXT://my-db:9092,PLAINTEXT_HOST://localhost:29092"},
    {"X", "/var/lib/my_db", "/var/lib/my_db"},
    {"X", "s3://bucket/my_db/x", "s3://bucket/my_db/x"},
    {"X", "my_db:secret", "my_db:secret"},
    {"X", "http://x/?next=http://my_db:80/", "http://x/?next=http://my-db:80/"},
    {"DB_HOST", "my_db", "my-db"},
    {"PGHOST", "my_db", "my-db"},
    {"DB_HOST_NAME", "my_db", "my-db"},
    {"POSTGRES_DB", "my_db", "my_db"},
    {"POSTGRES_USER", "my_db", "my_db"},
    {"PGDATABASE", "my_db", "my_db"},
    {"MYSQL_PASSWORD", "my_db", "my_db"},
    {"OTEL_SERVICE_NAME", "my_db", "my_db"},
    {"IMAGE", "my_db:1", "my_db:1"},
    {"DB_HOSTS", "my_db, Redis", "my-db, redis"},
    {"NO_PROXY", "localhost,my_db", "localhost,my-db"},
    {"ES_HOSTS", "[\"my_db\",\"Redis:9200\"]", "[\"my-db\",\"redis:9200\"]"},
    {"API_URL", "my_db/v1", "my-db/v1"},
    {"API_PATH", "my_db/v1", "my_db/v1"},
    {"$", "my_db", "my_db"},
    {"$", "my_db:5432", "my-db:5432"},
    {"$", "--host=my_db", "--host=my-db"},
    {"$", "-hmy_db", "-hmy-db"},
    {"$",
     "until pg_isready -h my_db -U my_db; do sleep 1; done; psql -h my_db -d my_db",
     "until pg_isready -h my-db -U my_db; do sleep 1; done; psql -h my-db -d my_db"},
    {"$",
     "while ! nc -z my_db 5432; do sleep 1; done",
     "while ! nc -z my-db 5432; do sleep 1; done"},
    {"$", "echo my_db ${my_db} $my_db", "echo my_db ${my_db} $my_db"},
    {"$", "curl http://my_db:$PORT/my_db", "curl http://my-db:$PORT/my_db"},
};

static struct plan_view view(void)
{
    static struct compose_service s[] = {
        {.name = "Data_Base"}, {.name = "Redis"}, {.name = "my_db"}};
    static struct plan_service v[] = {
        {.s = &s[0], .label = "data-base"},
        {.s = &s[1], .label = "redis"},
        {.s = &s[2], .label = "my-db"}};
    static struct plan_alias names[] = {
        {.text = "Data_Base", .of = &v[0]},
        {.text = "Redis", .of = &v[1]},
        {.text = "my_db", .of = &v[2]}};

    return (struct plan_view){.services = v, .count = 3, .aliases = names, .alias_count = 3};
}

START_TEST(rewriting)
{
    struct arena *a = arena_new();
    struct plan_view v = view();
    const struct rewrite_row *row = &REWRITES[_i];
    struct plan_value of = {.variable = strcmp(row->variable, "$") ? row->variable : NULL};

    ck_assert_str_eq(plan_rewrite(a, &v, &of, row->value), row->expected);
    arena_free(a);
}
END_TEST

/* A config value is a part of its own: what stands around it is still one value. */
START_TEST(rewriting_of_parts)
{
    struct arena *a = arena_new();
    struct plan_view v = view();
    struct compose_part end = {.text = "@my_db:5432/my_db"};
    struct compose_part config = {.is_config = true, .text = "PASSWORD", .next = &end};
    struct compose_part begin = {.text = "postgres://my_db:", .next = &config};
    struct plan_value of = {.variable = "URL"};
    const struct compose_part *out = plan_rewrite_parts(a, &v, &of, &begin);

    ck_assert_str_eq(out->text, "postgres://my_db:");
    ck_assert_str_eq(out->next->text, "PASSWORD");
    ck_assert_str_eq(out->next->next->text, "@my-db:5432/my_db");
    ck_assert_ptr_null(out->next->next->next);
    arena_free(a);
}
END_TEST

START_TEST(words_of_a_command)
{
    struct arena *a = arena_new();
    struct plan_view v = view();
    const char *words[] = {"psql", "-h", "my_db", "-U", "my_db", "my_db"};
    const char **out = plan_rewrite_words(a, &v, NULL, words, 6);

    ck_assert_str_eq(out[2], "my-db");
    ck_assert_str_eq(out[4], "my_db");
    ck_assert_str_eq(out[5], "my_db");
    arena_free(a);
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
    tcase_add_test(t, rewriting_of_parts);
    tcase_add_test(t, words_of_a_command);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
