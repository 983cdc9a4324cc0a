/* What failures left: each thing once, in order, bounded, and gone when the events go. */
#include "fixture.h"

static char seen[4096];
static unsigned count;

static void collect(void *arg, const char *data)
{
    size_t n = strlen(seen);
    count++;
    snprintf(seen + n, sizeof seen - n, "%.20s;", data);
}

static void read_all(const char *id)
{
    seen[0] = '\0';
    count = 0;
    ck_assert_int_eq(store_evidence_each(store, id, collect, NULL, NULL), 0);
}

static int put(const char *id, const char *key, const char *data)
{
    return store_evidence_put(store, id, key, data, NULL);
}

START_TEST(trust_34_evidence_is_kept_once_each_and_survives_a_restart)
{
    fixture_insert("a", "shop", NULL);
    ck_assert_int_eq(put("a", "task/1", "one"), 0);
    ck_assert_int_eq(put("a", "task/2", "two"), 0);
    ck_assert_int_eq(put("a", "task/1", "one again"), 0);
    read_all("a");
    ck_assert_str_eq(seen, "one again;two;");
    fixture_end("a");
    ck_assert_int_eq(put("a", "task/3", "late"), -ESTALE);
    fixture_reopen();
    read_all("a");
    ck_assert_str_eq(seen, "one again;two;");
    read_all("nobody");
    ck_assert_str_eq(seen, "");
}
END_TEST

START_TEST(trust_34_forty_failing_services_stay_within_the_bounds)
{
    cleanup_free char *large = xcalloc(1, LIMIT_EVIDENCE_ITEM_BYTES + 2);

    fixture_insert("a", "shop", NULL);
    memset(large, 'x', LIMIT_EVIDENCE_ITEM_BYTES + 1);
    ck_assert_int_eq(put("a", "too large", large), 0);
    read_all("a");
    ck_assert_uint_eq(count, 0);

    large[LIMIT_EVIDENCE_ITEM_BYTES] = '\0';
    for (unsigned i = 0; i < 18; i++) {
        cleanup_free char *key = xasprintf("task/%u", i);
        ck_assert_int_eq(put("a", key, large), 0);
    }
    read_all("a");
    ck_assert_uint_eq(count, LIMIT_EVIDENCE_BYTES / LIMIT_EVIDENCE_ITEM_BYTES);

    fixture_insert("b", "other", NULL);
    for (unsigned i = 0; i < LIMIT_EVIDENCE_ITEMS + 10; i++) {
        cleanup_free char *key = xasprintf("task/%u", i);
        ck_assert_int_eq(put("b", key, "small"), 0);
    }
    read_all("b");
    ck_assert_uint_eq(count, LIMIT_EVIDENCE_ITEMS);
}
END_TEST

START_TEST(trust_34_evidence_is_trimmed_with_the_events)
{
    int64_t day_ms = 86400000, now_ms = clock_wall_ms();

    for (unsigned i = 0; i < LIMIT_STORE_EVENT_KEEP + 1; i++) {
        cleanup_free char *id = xasprintf("d%02u", i);
        fixture_insert(id, "shop", NULL);
        ck_assert_int_eq(put(id, "task/1", "one"), 0);
        fixture_end(id);
    }
    ck_assert_int_eq(store_trim(store, now_ms + 89 * day_ms, NULL), 0);
    read_all("d00");
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(store_trim(store, now_ms + 91 * day_ms, NULL), 0);
    read_all("d00");
    ck_assert_uint_eq(count, 0);
    read_all("d01");
    ck_assert_uint_eq(count, 1);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("evidence");
    tcase_set_timeout(tc, 60); /* the bounds are megabytes, and the machine may be busy */
    tcase_add_test(tc, trust_34_evidence_is_kept_once_each_and_survives_a_restart);
    tcase_add_test(tc, trust_34_forty_failing_services_stay_within_the_bounds);
    tcase_add_test(tc, trust_34_evidence_is_trimmed_with_the_events);

    return fixture_main("store/evidence", tc);
}
