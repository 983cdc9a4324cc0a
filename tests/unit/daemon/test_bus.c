/* The way of an event into the journal: times of rows, also when the clock goes back, and numbers
 * without a gap when an event is refused. */
#include "daemon/bus.h"
#include "unit/store/fixture.h"

START_TEST(rows_know_since_when)
{
    ck_assert_int_eq(fixture_insert("a", "shop", NULL), 0);

    Defang__Row r = DEFANG__ROW__INIT;
    r.id = (char *)(uintptr_t)"image/api";

    static const struct {
        Defang__RowState state;
        int64_t now_ms, since_ms, elapsed_ms;
    } cases[] = {
        {DEFANG__ROW_STATE__ROW_WAITING, 1000, 0, 0},
        {DEFANG__ROW_STATE__ROW_ACTIVE, 2000, 2000, 0},
        {DEFANG__ROW_STATE__ROW_ACTIVE, 5000, 2000, 0},
        {DEFANG__ROW_STATE__ROW_DONE, 9000, 2000, 7000},
        {DEFANG__ROW_STATE__ROW_FAILED, 1500, 2000, 0}, /* the clock went back */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        r.state = cases[i].state;
        bus_row_times(store, "a", &r, cases[i].now_ms);
        ck_assert_msg(
            r.since_ms == cases[i].since_ms && r.elapsed_ms == cases[i].elapsed_ms, "case %zu", i);
    }

    r.id = (char *)(uintptr_t)"account"; /* never active: skipped or done at once */
    r.state = DEFANG__ROW_STATE__ROW_DONE;
    bus_row_times(store, "a", &r, 9000);
    ck_assert_int_eq(r.since_ms, 0);
    ck_assert_int_eq(r.elapsed_ms, 0);
}
END_TEST

START_TEST(too_large_an_event_is_refused_without_a_gap)
{
    ck_assert_int_eq(fixture_insert("a", "shop", NULL), 0);

    cleanup_free char *big = xcalloc(1, LIMIT_STORE_EVENT_BYTES + 1);
    memset(big, 'x', LIMIT_STORE_EVENT_BYTES);

    Defang__Event e = DEFANG__EVENT__INIT;
    e.deployment = (char *)(uintptr_t)"a";
    e.message = big;
    ck_assert_int_eq(bus_emit(store, &e, NULL), -EMSGSIZE);
    e.message = (char *)(uintptr_t)"small";
    ck_assert_int_eq(bus_emit(store, &e, NULL), 0);
    ck_assert_int_gt(e.time_ms, 0);
    ck_assert_uint_eq(store_event_next(store, "a"), 2);
    e.deployment = (char *)(uintptr_t)"nobody";
    e.message = (char *)(uintptr_t)"x";
    ck_assert_int_eq(bus_emit(store, &e, NULL), -ENOENT);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("bus");
    tcase_add_test(tc, rows_know_since_when);
    tcase_add_test(tc, too_large_an_event_is_refused_without_a_gap);

    return fixture_main("daemon/bus", tc);
}
