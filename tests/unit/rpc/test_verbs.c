/* The table of verbs: every row is whole, every request of the protocol has one, a request says
 * from which folder it comes, and wiping leaves no value behind. */
#include "base/file.h"
#include "base/mem.h"
#include "rpc/verbs.h"
#include <check.h>
#include <errno.h>
#include <string.h>

START_TEST(rows_are_complete)
{
    for (int i = 0; i < RPC_VERB_COUNT; i++) {
        const struct rpc_verb *v = rpc_verb_get((enum rpc_verb_id)i);

        ck_assert_int_eq(v->id, i);
        ck_assert_ptr_nonnull(v->name);
        ck_assert_ptr_eq(rpc_verb_find(v->name), v);
        ck_assert_ptr_nonnull(v->request);
        ck_assert_ptr_nonnull(v->answer);

        if (v->flags & RPC_NEEDS_PROJECT)
            ck_assert_msg(
                protobuf_c_message_descriptor_get_field_by_name(v->request, "caller") != NULL,
                "%s",
                v->name);
    }

    ck_assert_ptr_null(rpc_verb_find(""));
    ck_assert_ptr_null(rpc_verb_find("Up"));
}
END_TEST

/* Every message XRequest of the contract has its row. */
START_TEST(the_table_covers_the_contract)
{
    cleanup_str struct str text = STR_INIT;

    ck_assert_int_eq(file_read(DEFANG_PROTO, 1 << 20, &text, NULL), 0);

    unsigned found = 0;
    for (const char *p = text.data; (p = strstr(p, "\nmessage ")) != NULL;) {
        p += strlen("\nmessage ");

        cleanup_free char *name = xstrndup(p, strcspn(p, " {"));
        if (strlen(name) <= strlen("Request") ||
            strcmp(name + strlen(name) - strlen("Request"), "Request") != 0)
            continue;

        bool covered = false;
        for (int i = 0; i < RPC_VERB_COUNT; i++)
            covered = covered ||
                      strcmp(rpc_verb_get((enum rpc_verb_id)i)->request->short_name, name) == 0;

        ck_assert_msg(covered, "no verb takes %s", name);
        found++;
    }

    ck_assert_uint_eq(found, RPC_VERB_COUNT);
}
END_TEST

static ProtobufCMessage *
there_and_back(enum rpc_verb_id id, const ProtobufCMessage *m, struct error *err)
{
    size_t n = protobuf_c_message_get_packed_size(m);
    cleanup_free uint8_t *bytes = xmalloc(n + 1);

    protobuf_c_message_pack(m, bytes);
    return rpc_verb_decode(rpc_verb_get(id), bytes, n, err);
}

START_TEST(a_project_request_says_where_it_comes_from)
{
    Defang__Caller caller = DEFANG__CALLER__INIT;
    Defang__UpRequest up = DEFANG__UP_REQUEST__INIT;

    static const struct {
        bool has_caller;
        const char *cwd;
        bool ok;
    } cases[] = {
        {false, "", false},
        {true, "", false},
        {true, "work/shop", false},
        {true, "/srv/shop", true}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = ERROR_INIT;

        caller.cwd = (char *)(uintptr_t)cases[i].cwd;
        up.caller = cases[i].has_caller ? &caller : NULL;

        ProtobufCMessage *m = there_and_back(RPC_UP, &up.base, &err);
        ck_assert_msg((m != NULL) == cases[i].ok, "case %zu", i);

        if (m) {
            ck_assert_str_eq(rpc_verb_caller(rpc_verb_get(RPC_UP), m)->cwd, "/srv/shop");
            protobuf_c_message_free_unpacked(m, NULL);
        } else {
            ck_assert_int_eq(err.kind, ERR_USAGE);
        }

        error_done(&err);
    }

    struct error err = ERROR_INIT;
    ck_assert_ptr_null(rpc_verb_decode(rpc_verb_get(RPC_LIST), "\xff\xff", 2, &err));
    ck_assert_int_eq(err.kind, ERR_USAGE);
    error_done(&err);
}
END_TEST

START_TEST(wiping_reaches_every_value)
{
    Defang__EnvVar key = DEFANG__ENV_VAR__INIT;

    key.name = (char *)(uintptr_t)"AWS_SECRET_ACCESS_KEY";
    key.value = (char *)(uintptr_t)"wJalrXUtnFEMI";

    Defang__EnvVar *keys[] = {&key, &key};
    Defang__Variable variable = DEFANG__VARIABLE__INIT;

    variable.value =
        (ProtobufCBinaryData){.len = 13, .data = (uint8_t *)(uintptr_t)"wJalrXUtnFEMI"};

    Defang__Variable *variables[] = {&variable, &variable};
    char *files[] = {(char *)(uintptr_t)"compose.yaml"};
    Defang__Caller caller = DEFANG__CALLER__INIT;

    caller.cwd = (char *)(uintptr_t)"/srv/shop";
    caller.env = variables;
    caller.n_env = 2;
    caller.files = files;
    caller.n_files = 1;
    caller.stdin_compose = (ProtobufCBinaryData){.len = 3, .data = (uint8_t *)(uintptr_t)"abc"};

    Defang__ConfigSetRequest set = DEFANG__CONFIG_SET_REQUEST__INIT;
    set.caller = &caller;
    set.values = keys;
    set.n_values = 2;

    ProtobufCMessage *m = there_and_back(RPC_CONFIG_SET, &set.base, NULL);
    ck_assert_ptr_nonnull(m);
    rpc_message_wipe(m);

    const Defang__ConfigSetRequest *wiped = (const Defang__ConfigSetRequest *)m;
    static const char zeros[16];

    for (size_t i = 0; i < 2; i++) {
        ck_assert_mem_eq(wiped->values[i]->value, zeros, 13);
        ck_assert_mem_eq(wiped->caller->env[i]->value.data, zeros, 13);
    }

    ck_assert_mem_eq(wiped->caller->files[0], zeros, 12);
    ck_assert_mem_eq(wiped->caller->stdin_compose.data, zeros, 3);
    protobuf_c_message_free_unpacked(m, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rpc/verbs");
    TCase *tc = tcase_create("verbs");
    tcase_add_test(tc, rows_are_complete);
    tcase_add_test(tc, the_table_covers_the_contract);
    tcase_add_test(tc, a_project_request_says_where_it_comes_from);
    tcase_add_test(tc, wiping_reaches_every_value);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);

    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);

    return failed != 0;
}
