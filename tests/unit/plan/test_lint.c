/* `compose lint`: texts and what is found in them, where.
 *
 * Each row is a file and its findings; rows without any are there to stay silent. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/plan.h"
#include "unit/compose/kit.h"

struct row {
    const char *text;
    const char *findings[8];
};

#define SAID                                                                                       \
    "name: p\nservices:\n  a:\n    image: x:1\n    platform: linux/amd64\n    deploy: {replicas: " \
    "1, resources: {reservations: {cpus: '1', memory: 2G}}}\n"

static const struct row ROWS[] = {
    {SAID, {NULL}},
    {"services: {a: {image: x}}\n",
     {"1:1 note aws/assumed-project-name",
      "1:12 warning aws/reserves-no-memory",
      "1:12 note aws/assumed-task",
      "1:12 note aws/assumed-image-version",
      NULL}},
    {SAID "    dns: 10.1.1.1\n", {"7:10 error aws/key-dns", NULL}},
    {SAID "    dns: 1.1.1.1\n", {"7:10 warning aws/key-dns", NULL}},
    {SAID "    userns_mode: host\n    hostname: h\n",
     {"7:18 warning aws/key-userns-mode", "8:15 note aws/key-hostname", NULL}},
    {SAID "    environment:\n      DB_PASSWORD: x\n", {"8:20 warning secret/named", NULL}},
    {SAID "    environment:\n      - KEY\n      - URL=postgres://u:${PW}@h\n      - PW\n",
     {"8:9 note aws/assumed-config", "10:9 note aws/assumed-config", NULL}},
    {SAID "    environment:\n      T: ghp_"
          "0123456789abcdefghij0123\n    privileged: true\n",
     {"8:10 error secret/github-token", "9:17 error aws/key-privileged", NULL}},
};

static void check_row(const struct row *r)
{
    static const char *const words[] = {"error", "warning", "note"};
    cleanup_kit struct kit k;
    cleanup_str struct str found = STR_INIT, wanted = STR_INIT;
    cleanup_error struct error err = ERROR_INIT;
    struct plan_settings settings;

    kit_load_text(&k, r->text);
    ck_assert_msg(k.rc == 0, "%s", k.err.message);
    cleanup_arena struct arena *arena = arena_new();
    ck_assert_int_eq(
        plan_settings_resolve(arena, k.project, k.env, NULL, NULL, &settings, &err), 0);
    plan_lint(k.project, &settings, &k.diags, &err);
    for (size_t i = 0; i < k.diags.len; i++)
        str_appendf(
            &found,
            "%u:%u %s %s\n",
            k.diags.items[i].pos.line,
            k.diags.items[i].pos.column,
            words[k.diags.items[i].severity],
            k.diags.items[i].rule);
    for (size_t i = 0; r->findings[i]; i++)
        str_appendf(&wanted, "%s\n", r->findings[i]);
    ck_assert_msg(
        strcmp(str_get(&found), str_get(&wanted)) == 0,
        "%s\nfound:\n%s\nwanted:\n%s",
        r->text,
        str_get(&found),
        str_get(&wanted));
}

START_TEST(findings)
{
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++)
        check_row(&ROWS[i]);
}
END_TEST

SUITE("plan/lint", findings)
