/* Rows of deployments: what goes in comes back, one unfinished job a project and stack, only legal
 * moves, and at the end inputs and intents are gone, from the disk too. */
#include "fixture.h"

static int move(const char *id, int state)
{
    return store_deployment_move(store, id, state, NULL, NULL);
}

START_TEST(trust_11_a_row_knows_whose_it_is)
{
    struct store_deployment d = {
        .id = (char *)(uintptr_t)"k3j2h4g5f6d7",
        .kind = (char *)(uintptr_t)"up",
        .project = (char *)(uintptr_t)"shop",
        .stack = (char *)(uintptr_t)"beta",
        .account = (char *)(uintptr_t)"123456789012",
        .region = (char *)(uintptr_t)"us-west-2",
        .principal = (char *)(uintptr_t)"arn:aws:iam::123456789012:user/me",
        .state = QUEUED};

    ck_assert_int_eq(store_deployment_insert(store, &d, NULL), 0);
    ck_assert_int_eq(store_deployment_get(store, "k3j2h4g5f6d7", &d, NULL), 0);
    ck_assert_str_eq(d.principal, "arn:aws:iam::123456789012:user/me");
    store_deployment_done(&d);

    ck_assert_int_eq(store_deployment_rebind(store, "k3j2h4g5f6d7", "arn:you", NULL), 0);
    ck_assert_int_eq(store_deployment_get(store, "k3j2h4g5f6d7", &d, NULL), 0);
    ck_assert_str_eq(d.principal, "arn:you");
    store_deployment_done(&d);

    fixture_end("k3j2h4g5f6d7");
    ck_assert_int_eq(store_deployment_rebind(store, "k3j2h4g5f6d7", "arn:me", NULL), -ESTALE);
}
END_TEST

START_TEST(a_row_comes_back_as_it_went_in)
{
    ck_assert_int_eq(fixture_insert("k3j2h4g5f6d7", "shop", NULL), 0);

    struct store_deployment d;
    ck_assert_int_eq(store_deployment_get(store, "k3j2h4g5f6d7", &d, NULL), 0);
    ck_assert_str_eq(d.id, "k3j2h4g5f6d7");
    ck_assert_str_eq(d.kind, "up");
    ck_assert_str_eq(d.project, "shop");
    ck_assert_str_eq(d.stack, "beta");
    ck_assert_str_eq(d.account, "123456789012");
    ck_assert_str_eq(d.region, "us-west-2");
    ck_assert_str_eq(d.engine, "cloudformation");
    ck_assert_ptr_null(d.profile);
    ck_assert_ptr_null(d.summary);
    ck_assert_int_eq(d.state, QUEUED);
    ck_assert_int_gt(d.created_ms, 1600000000000);
    ck_assert_int_eq(d.ended_ms, 0);
    ck_assert_uint_eq(d.last_sequence, 0);
    ck_assert_mem_eq(d.inputs, "frozen", 6);
    store_deployment_done(&d);
    ck_assert_ptr_null(d.inputs);

    struct error err = ERROR_INIT;
    ck_assert_int_eq(store_deployment_get(store, "nobody", &d, &err), -ENOENT);
    ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
    error_done(&err);
}
END_TEST

START_TEST(one_job_per_project_and_stack)
{
    ck_assert_int_eq(fixture_insert("first", "shop", NULL), 0);

    struct error err = ERROR_INIT;
    ck_assert_int_eq(fixture_insert("second", "shop", &err), -EBUSY);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "first"));
    ck_assert_ptr_nonnull(strstr(err.message, "shop/beta"));
    ck_assert_ptr_nonnull(strstr(err.hint, "defangctl watch first"));
    error_done(&err);
    ck_assert_int_eq(fixture_insert("other", "blog", NULL), 0);
    ck_assert_int_eq(fixture_insert("other", "third", &err), -EEXIST); /* an id twice */
    error_done(&err);
    fixture_end("first");
    ck_assert_int_eq(fixture_insert("second", "shop", NULL), 0);

    /* The refusals dropped nothing of the turn. */
    fixture_reopen();

    struct store_deployment d;
    ck_assert_int_eq(store_deployment_get(store, "other", &d, NULL), 0);
    store_deployment_done(&d);
}
END_TEST

START_TEST(bad_rows_are_refused)
{
    struct store_deployment d = {
        .id = (char *)(uintptr_t)"x",
        .kind = (char *)(uintptr_t)"up",
        .project = (char *)(uintptr_t)"p",
        .stack = (char *)(uintptr_t)"s",
        .account = (char *)(uintptr_t)"a",
        .region = (char *)(uintptr_t)"r",
        .state = SUCCEEDED};

    ck_assert_int_eq(store_deployment_insert(store, &d, NULL), -EINVAL);
    d.state = 0;
    ck_assert_int_eq(store_deployment_insert(store, &d, NULL), -EINVAL);
    d.state = QUEUED;
    d.inputs_len = (size_t)1 << 40;
    ck_assert_int_eq(store_deployment_insert(store, &d, NULL), -EMSGSIZE);
    ck_assert(!store_failed(store));
}
END_TEST

START_TEST(only_legal_moves)
{
    static const char legal[9][9] = {
        /* to:          ? Q R B C S F R C */
        /* unknown   */ {0, 0, 0, 0, 0, 0, 0, 0, 0},
        /* QUEUED    */ {0, 0, 1, 1, 1, 0, 1, 0, 1},
        /* RUNNING   */ {0, 0, 0, 1, 1, 1, 1, 1, 1},
        /* BLOCKED   */ {0, 0, 1, 0, 1, 0, 1, 1, 1},
        /* CANCELING */ {0, 0, 0, 1, 0, 1, 1, 1, 1},
    };

    for (int from = -1; from < 11; from++) {
        for (int to = -1; to < 11; to++) {
            bool expected = from >= 0 && from < 9 && to >= 0 && to < 9 && legal[from][to];
            ck_assert_msg(
                store_state_may_follow(from, to) == expected,
                "%s to %s",
                store_state_name(from),
                store_state_name(to));
        }

        ck_assert_int_eq(store_state_is_terminal(from), from >= SUCCEEDED && from <= CANCELED);
    }

    ck_assert_str_eq(store_state_name(BLOCKED_AUTH), "BLOCKED(auth)");
    ck_assert_str_eq(store_state_name(77), "UNKNOWN");
    fixture_insert("a", "shop", NULL);

    struct error err = ERROR_INIT;
    ck_assert_int_eq(store_deployment_move(store, "a", SUCCEEDED, NULL, &err), -EINVAL);
    ck_assert_str_eq(err.message, "deployment a cannot go from QUEUED to SUCCEEDED");
    error_done(&err);
    ck_assert_int_eq(move("a", RUNNING), 0);
    ck_assert_int_eq(move("a", RUNNING), -EINVAL);
    ck_assert_int_eq(move("nobody", RUNNING), -ENOENT);
}
END_TEST

START_TEST(trust_30_a_cancel_outlives_every_state)
{
    struct store_deployment d;
    ck_assert_int_eq(fixture_insert("first", "shop", NULL), 0);
    ck_assert_int_eq(move("first", RUNNING), 0);
    ck_assert_int_eq(store_deployment_cancel(store, "first", NULL), 0);
    ck_assert_int_eq(move("first", CANCELING), 0);
    ck_assert_int_eq(move("first", BLOCKED_AUTH), 0);
    fixture_reopen();
    ck_assert_int_eq(store_deployment_get(store, "first", &d, NULL), 0);
    int64_t since = d.canceled_ms;
    ck_assert_int_gt(since, 1600000000000);
    store_deployment_done(&d);

    ck_assert_int_eq(store_deployment_cancel(store, "first", NULL), 0);
    ck_assert_int_eq(store_deployment_get(store, "first", &d, NULL), 0);
    ck_assert_int_eq(d.canceled_ms, since); /* the first word counts */
    store_deployment_done(&d);
    fixture_end("first");
    ck_assert_int_eq(store_deployment_cancel(store, "first", NULL), -ESTALE);
    ck_assert_int_eq(store_deployment_cancel(store, "nobody", NULL), -ENOENT);
}
END_TEST

START_TEST(the_end_erases_inputs_and_intents)
{
    fixture_insert("a", "shop", NULL);
    ck_assert_int_eq(store_intent_put(store, "a", "change-set", "token", NULL), 0);
    fixture_end("a");

    struct store_deployment d;
    ck_assert_int_eq(store_deployment_get(store, "a", &d, NULL), 0);
    ck_assert_int_eq(d.state, SUCCEEDED);
    ck_assert_int_gt(d.ended_ms, 0);
    ck_assert_str_eq(d.summary, "done");
    ck_assert_uint_eq(d.inputs_len, 0);
    store_deployment_done(&d);

    char *value = (char *)1;
    ck_assert_int_eq(store_intent_get(store, "a", "change-set", &value, NULL), 0);
    ck_assert_ptr_null(value);

    struct error err = ERROR_INIT;
    ck_assert_int_eq(store_deployment_move(store, "a", RUNNING, NULL, &err), -ESTALE);
    ck_assert_ptr_nonnull(strstr(err.message, "has ended (SUCCEEDED)"));
    error_done(&err);
    ck_assert_int_eq(store_intent_put(store, "a", "late", "x", NULL), -ESTALE);
    ck_assert_int_eq(store_step_enter(store, "a", "late", NULL), -ESTALE);
    ck_assert_int_eq(fixture_event("a", "late"), -ESTALE);
}
END_TEST

/* Not while the job runs and not after it, in no file; also not what it signs with. */
START_TEST(survive_09_inputs_are_never_in_clear_on_the_disk)
{
    struct store_deployment d = {
        .id = (char *)(uintptr_t)"a",
        .kind = (char *)(uintptr_t)"up",
        .project = (char *)(uintptr_t)"shop",
        .stack = (char *)(uintptr_t)"beta",
        .account = (char *)(uintptr_t)"1",
        .region = (char *)(uintptr_t)"r",
        .state = QUEUED,
        .inputs = "hunter2-hunter2-hunter2",
        .inputs_len = 23};

    ck_assert_int_eq(store_deployment_insert(store, &d, NULL), 0);
    fixture_turn();
    ck_assert_int_eq(store_job_keys_put(store, "a", "AKIA-wJalrXUtnFEMI", 0, NULL), 0);
    fixture_turn();
    ck_assert(!fixture_disk_holds(folder, "hunter2-hunter2"));
    ck_assert(!fixture_disk_holds(folder, "wJalrXUtnFEMI"));

    cleanup_secret struct secret keys = SECRET_INIT;
    struct store_deployment back;

    ck_assert_int_eq(store_deployment_get(store, "a", &back, NULL), 0);
    ck_assert_mem_eq(back.inputs, d.inputs, d.inputs_len);
    store_deployment_done(&back);
    ck_assert_int_eq(store_job_keys_get(store, "a", &keys, NULL), 0);
    ck_assert_str_eq(secret_get(&keys), "AKIA-wJalrXUtnFEMI");

    fixture_end("a");
    fixture_turn();
    ck_assert_int_eq(store_job_keys_get(store, "a", &keys, NULL), 0);
    ck_assert(!secret_is_set(&keys)); /* they go with the job */
    ck_assert(!fixture_disk_holds(folder, "hunter2-hunter2"));
}
END_TEST

struct seen {
    char ids[256];
    unsigned limit;
    bool inputs;
};

static bool see(void *arg, const struct store_deployment *d)
{
    struct seen *s = arg;

    strncat(s->ids, d->id, sizeof s->ids - strlen(s->ids) - 1);
    strncat(s->ids, " ", sizeof s->ids - strlen(s->ids) - 1);
    ck_assert_uint_eq(d->inputs_len, s->inputs ? 6 : 0);
    if (s->inputs)
        ck_assert_mem_eq(d->inputs, "frozen", 6);

    return s->limit == 0 || --s->limit > 0;
}

static void expect_list(struct store_filter f, unsigned limit, const char *ids)
{
    struct seen s = {.limit = limit, .inputs = f.unfinished_only};

    ck_assert_int_eq(store_deployment_each(store, &f, see, &s, NULL), 0);
    ck_assert_str_eq(s.ids, ids);
}

START_TEST(lists_are_filtered_newest_first_and_committed)
{
    fixture_insert("a", "shop", NULL);
    fixture_insert("b", "blog", NULL);
    expect_list((struct store_filter){0}, 0, ""); /* nothing that is not committed is shown */
    fixture_turn();
    fixture_end("a");
    fixture_insert("c", "shop", NULL);
    fixture_turn();
    expect_list((struct store_filter){0}, 0, "c b a ");
    expect_list((struct store_filter){.project = "shop"}, 0, "c a ");
    expect_list((struct store_filter){.project = "shop", .unfinished_only = true}, 0, "c ");
    expect_list((struct store_filter){.unfinished_only = true}, 0, "c b ");
    expect_list((struct store_filter){.limit = 2}, 0, "c b ");
    expect_list((struct store_filter){.stack = "prod"}, 0, "");
    expect_list(
        (struct store_filter){.stack = "beta", .account = "123456789012", .region = "us-west-2"},
        0,
        "c b a ");
    expect_list((struct store_filter){.region = "eu-west-1"}, 0, "");
    expect_list((struct store_filter){0}, 1, "c ");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("deployments");
    tcase_add_test(tc, a_row_comes_back_as_it_went_in);
    tcase_add_test(tc, trust_11_a_row_knows_whose_it_is);
    tcase_add_test(tc, one_job_per_project_and_stack);
    tcase_add_test(tc, bad_rows_are_refused);
    tcase_add_test(tc, only_legal_moves);
    tcase_add_test(tc, trust_30_a_cancel_outlives_every_state);
    tcase_add_test(tc, the_end_erases_inputs_and_intents);
    tcase_add_test(tc, survive_09_inputs_are_never_in_clear_on_the_disk);
    tcase_add_test(tc, lists_are_filtered_newest_first_and_committed);

    return fixture_main("store/deployments", tc);
}
