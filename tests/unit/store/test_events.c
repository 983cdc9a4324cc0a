/* Events: sequences without gaps, bounded reads of what is committed, subscribers that are told
 * after the commit, and old stories that are trimmed. */
#include "base/limits.h"
#include "fixture.h"

START_TEST(sequences_have_no_gaps)
{
    fixture_insert("a", "shop", NULL);
    ck_assert_uint_eq(store_event_next(store, "a"), 1);
    ck_assert_int_eq(fixture_event("a", "one"), 0);
    ck_assert_uint_eq(store_event_next(store, "a"), 2);

    struct error err = ERROR_INIT;
    ck_assert_int_eq(store_event_append(store, "a", 3, "x", 1, &err), -EINVAL);
    ck_assert_str_eq(err.message, "event 3 of deployment a cannot follow event 1");
    error_done(&err);
    ck_assert_int_eq(store_event_append(store, "a", 1, "x", 1, NULL), -EINVAL);
    ck_assert_int_eq(store_event_append(store, "nobody", 1, "x", 1, NULL), -ENOENT);
    ck_assert_int_eq(store_event_append(store, "a", 2, "", 0, NULL), -EMSGSIZE);
    ck_assert_int_eq(
        store_event_append(store, "a", 2, "x", LIMIT_STORE_EVENT_BYTES + 1, NULL), -EMSGSIZE);
    ck_assert_int_eq(fixture_event("a", "two"), 0);
    fixture_turn();

    struct fixture_events e = fixture_read("a", 0);
    ck_assert_uint_eq(e.first, 1);
    ck_assert_uint_eq(e.last, 2);
    ck_assert_str_eq(e.text, "two");
}
END_TEST

START_TEST(only_what_is_committed_is_read)
{
    fixture_insert("a", "shop", NULL);
    fixture_event("a", "one");

    uint64_t last = 99;
    bool ended = true;

    ck_assert_uint_eq(fixture_read("a", 0).count, 0);
    ck_assert_int_eq(store_event_tip(store, "a", &last, &ended, NULL), -ENOENT);
    ck_assert_int_eq(store_flush(store, NULL), 0);
    ck_assert_uint_eq(fixture_read("a", 0).count, 1);
    fixture_event("a", "two");
    ck_assert_uint_eq(fixture_read("a", 0).count, 1);
    ck_assert_int_eq(store_event_tip(store, "a", &last, &ended, NULL), 0);
    ck_assert_uint_eq(last, 1);
    ck_assert(!ended);
    fixture_end("a");
    fixture_turn();
    ck_assert_int_eq(store_event_tip(store, "a", &last, &ended, NULL), 0);
    ck_assert_uint_eq(last, 2);
    ck_assert(ended);
}
END_TEST

START_TEST(reads_are_bounded)
{
    fixture_insert("a", "shop", NULL);
    for (int i = 0; i < 50; i++)
        fixture_event("a", "0123456789");
    fixture_turn();

    static const struct {
        uint64_t after;
        unsigned count;
        size_t bytes;
        uint64_t stop, first, got;
    } cases[] = {
        {0, 1000, 100000, 0, 1, 50},
        {0, 7, 100000, 0, 1, 7},
        {0, 1000, 35, 0, 1, 3},
        {0, 1000, 1, 0, 1, 1},
        {48, 1000, 100000, 0, 49, 2},
        {50, 10, 100, 0, 0, 0},
        {UINT64_MAX, 10, 100, 0, 0, 0},
        {10, 1000, 100000, 4, 11, 4},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture_events e = {.stop_after = cases[i].stop};

        ck_assert_int_eq(
            store_event_read(
                store,
                "a",
                cases[i].after,
                cases[i].count,
                cases[i].bytes,
                fixture_collect,
                &e,
                NULL),
            0);
        ck_assert_msg(
            e.count == cases[i].got && e.first == cases[i].first,
            "case %zu: %llu from %llu",
            i,
            (unsigned long long)e.count,
            (unsigned long long)e.first);
    }
}
END_TEST

struct told {
    unsigned calls;
    char last[32];
    uint64_t readable; /* events that were there when it was told */
    bool write_again;
};

static void on_told(void *arg, const char *deployment)
{
    struct told *t = arg;

    t->calls++;
    snprintf(t->last, sizeof t->last, "%s", deployment);
    t->readable = fixture_read(deployment, 0).count;

    if (t->write_again) {
        t->write_again = false;
        ck_assert_int_eq(fixture_event(deployment, "from a subscriber"), 0);
    }
}

START_TEST(subscribers_are_told_after_the_commit)
{
    struct told a = {0}, b = {0};

    store_subscribe(store, on_told, &a);
    store_subscribe(store, on_told, &b);
    fixture_insert("a", "shop", NULL);
    fixture_event("a", "one");
    fixture_event("a", "two");
    ck_assert_int_eq(store_flush(store, NULL), 0);
    ck_assert_uint_eq(a.calls, 0); /* never inside a store call */
    fixture_event("a", "three");
    fixture_turn();
    ck_assert_uint_eq(a.calls, 1); /* once a turn, with everything there */
    ck_assert_uint_eq(a.readable, 3);
    ck_assert_uint_eq(b.calls, 1);
    fixture_turn();
    ck_assert_uint_eq(a.calls, 1);
    store_unsubscribe(store, on_told, &b);
    a.write_again = true;
    fixture_event("a", "four");
    fixture_turn();
    fixture_turn();
    fixture_turn();
    ck_assert_uint_eq(a.calls, 3);
    ck_assert_uint_eq(a.readable, 5);
    ck_assert_uint_eq(b.calls, 1);
    ck_assert_int_eq(store_project_put(store, "1", "r", "p", "s", "k", "v", NULL), 0);
    fixture_turn();
    ck_assert_uint_eq(a.calls, 3); /* nothing of a deployment changed */
}
END_TEST

START_TEST(old_stories_are_trimmed)
{
    int64_t now_ms = clock_wall_ms(), day_ms = 86400000;

    for (int i = 0; i < 25; i++) {
        char id[16];

        snprintf(id, sizeof id, "d%02d", i);
        fixture_insert(id, "shop", NULL);
        fixture_event(id, "x");
        fixture_end(id);
    }

    fixture_insert("lone", "blog", NULL);
    fixture_event("lone", "x");
    fixture_end("lone");
    fixture_insert("live", "shop", NULL);
    fixture_event("live", "x");
    ck_assert_int_eq(store_seal_put(store, "gone", "x", 1, now_ms + day_ms, NULL), 0);
    ck_assert_int_eq(store_trim(store, now_ms, NULL), 0);
    fixture_turn();
    ck_assert_uint_eq(fixture_read("d00", 0).count, 1);
    ck_assert_int_eq(store_trim(store, now_ms + 91 * day_ms, NULL), 0);
    fixture_turn();

    /* Of shop the last 20 count the live one. */
    ck_assert_uint_eq(fixture_read("d00", 0).count, 0);
    ck_assert_uint_eq(fixture_read("d05", 0).count, 0);
    ck_assert_uint_eq(fixture_read("d06", 0).count, 1);
    ck_assert_uint_eq(fixture_read("d24", 0).count, 1);
    ck_assert_uint_eq(fixture_read("lone", 0).count, 1);
    ck_assert_uint_eq(fixture_read("live", 0).count, 1);

    uint64_t last = 0;
    bool ended = false;

    ck_assert_int_eq(store_event_tip(store, "d00", &last, &ended, NULL), 0); /* the row is kept */
    ck_assert_uint_eq(last, 1);

    ck_assert_int_eq(store_trim(store, now_ms + 366 * day_ms, NULL), 0);
    fixture_turn();
    ck_assert_int_eq(store_event_tip(store, "d00", &last, &ended, NULL), -ENOENT);
    ck_assert_uint_eq(fixture_read("d06", 0).count, 1);
    ck_assert_uint_eq(fixture_read("live", 0).count, 1);
}
END_TEST

/* survive 13: of a build task the row goes with its time, and one that has none. */
START_TEST(survive_13_build_tasks_are_trimmed)
{
    int64_t now_ms = clock_wall_ms(), day_ms = 86400000;
    static const struct {
        const char *key;
        int days; /* ago; < 0: no time */
        bool kept;
    } rows[] = {
        {STORE_BUILD_TASK "new", 1, true},
        {STORE_BUILD_TASK "old", 91, false},
        {STORE_BUILD_TASK "bare", -1, false},
        {"engine", -1, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_free char *value =
            rows[i].days < 0 ? xstrdup("web")
                             : xasprintf("web\t%lld", (long long)(now_ms - rows[i].days * day_ms));
        ck_assert_int_eq(store_project_put(store, "1", "r", "p", "s", rows[i].key, value, NULL), 0);
    }
    ck_assert_int_eq(store_trim(store, now_ms, NULL), 0);
    fixture_turn();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *value = NULL;
        store_project_get(store, "1", "r", "p", "s", rows[i].key, &value, NULL);
        ck_assert_msg((value != NULL) == rows[i].kept, "%s", rows[i].key);
        free(value);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("events");
    tcase_add_test(tc, sequences_have_no_gaps);
    tcase_add_test(tc, only_what_is_committed_is_read);
    tcase_add_test(tc, reads_are_bounded);
    tcase_add_test(tc, subscribers_are_told_after_the_commit);
    tcase_add_test(tc, old_stories_are_trimmed);
    tcase_add_test(tc, survive_13_build_tasks_are_trimmed);

    return fixture_main("store/events", tc);
}
