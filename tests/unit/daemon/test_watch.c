/* Events from bus_emit() to watchers on real sockets. */
#include "daemon/bus.h"
#include "daemon/watch.h"
#include "unit/rpc/fixture.h"

static struct store *store;
static struct watch_hub *hub;

static void insert(const char *id, const char *project)
{
    struct store_deployment d = {
        .id = (char *)(uintptr_t)id,
        .kind = (char *)(uintptr_t)"up",
        .project = (char *)(uintptr_t)project,
        .stack = (char *)(uintptr_t)"beta",
        .account = (char *)(uintptr_t)"1",
        .region = (char *)(uintptr_t)"r",
        .state = DEFANG__DEPLOY_STATE__QUEUED};
    ck_assert_int_eq(store_deployment_insert(store, &d, NULL), 0);
}

static void emit(const char *id, const char *message)
{
    Defang__Event e = DEFANG__EVENT__INIT;

    e.deployment = (char *)(uintptr_t)id;
    e.kind = DEFANG__EVENT_KIND__EVENT_NOTE;
    e.message = (char *)(uintptr_t)message;
    ck_assert_int_eq(bus_emit(store, &e, NULL), 0);
    ck_assert_int_gt(e.time_ms, 0);
}

static void emit_many(const char *id, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        emit(
            id,
            "a line of a build that is as long as such lines are: STEP 4/9 RUN npm ci --omit=dev");
}

static void end(const char *id)
{
    emit(id, "last");
    ck_assert_int_eq(
        store_deployment_move(store, id, DEFANG__DEPLOY_STATE__RUNNING, NULL, NULL), 0);
    ck_assert_int_eq(
        store_deployment_move(store, id, DEFANG__DEPLOY_STATE__SUCCEEDED, "done", NULL), 0);
}

static void setup(void)
{
    fixture_folder();

    char state[96];
    snprintf(state, sizeof state, "%s/state", folder);
    ck_assert_int_eq(store_open(loop, state, &store, NULL), 0);
    ck_assert_int_eq(fixture_serve(NULL, NULL), 0);
    hub = watch_hub_new(store, server);
}

static void teardown(void)
{
    server_free(server);
    server = NULL;
    watch_hub_free(hub);
    store_close(store);
    fixture_teardown();
}

struct seen {
    uint64_t first, last, count;
    int rc;
    char message[128];
};

/* Reads to the end of the stream, or until `stop_at` was seen. */
static struct seen watch(const char *id, uint64_t after, bool follow, uint64_t stop_at)
{
    struct rpc_client *c = fixture_client();
    Defang__WatchRequest r = DEFANG__WATCH_REQUEST__INIT;

    bool any = strncmp(id, "any:", 4) == 0;
    r.deployment = (char *)(uintptr_t)(any ? id + 4 : id);
    r.any = any;
    r.after_sequence = after;
    r.follow = follow;

    struct seen s = {0};
    struct error err = ERROR_INIT;
    ProtobufCMessage *m;
    uint64_t call;

    ck_assert_int_eq(rpc_client_open(c, RPC_WATCH, &r.base, &call, NULL), 0);

    while ((s.rc = rpc_client_next(c, call, &(struct rpc_wait){.timeout_ms = 8000}, &m, &err)) ==
           RPC_NEXT_ITEM) {
        const Defang__Event *e = (const Defang__Event *)m;
        ck_assert_uint_eq(e->sequence, s.count ? s.last + 1 : after + 1);
        s.first = s.count ? s.first : e->sequence;
        s.last = e->sequence;
        s.count++;
        snprintf(s.message, sizeof s.message, "%s", e->message);
        protobuf_c_message_free_unpacked(m, NULL);
        if (s.last == stop_at)
            break;
    }

    if (s.rc < 0)
        snprintf(s.message, sizeof s.message, "%s", err.message);
    error_done(&err);
    rpc_client_free(c);

    return s;
}

static unsigned watchers(void)
{
    unsigned n = 0;

    for (const struct watch *w = hub->first; w; w = w->next)
        n++;
    return n;
}

static bool nobody_watches(void)
{
    return watchers() == 0;
}

/* ---- tests ---- */

START_TEST(states_are_those_of_the_contract)
{
    for (int i = 1; i <= 8; i++) {
        const ProtobufCEnumValue *v =
            protobuf_c_enum_descriptor_get_value(&defang__deploy_state__descriptor, i);

        ck_assert_ptr_nonnull(v);
        ck_assert_str_eq(
            store_state_name(i),
            i == DEFANG__DEPLOY_STATE__BLOCKED_AUTH ? "BLOCKED(auth)" : v->name);
    }

    ck_assert_ptr_null(protobuf_c_enum_descriptor_get_value(&defang__deploy_state__descriptor, 9));
}
END_TEST

static void read_history(void)
{
    struct seen s = watch("a", 0, false, 0);

    ck_assert_int_eq(s.rc, RPC_NEXT_END);
    ck_assert_uint_eq(s.count, 1000);
    s = watch("a", 990, false, 0);
    ck_assert_uint_eq(s.first, 991);
    ck_assert_uint_eq(s.count, 10);
    s = watch("a", 5000, false, 0);
    ck_assert_int_eq(s.rc, RPC_NEXT_END);
    ck_assert_uint_eq(s.count, 0);
    s = watch("nobody", 0, true, 0);
    ck_assert_int_eq(s.rc, -ENOENT);
    ck_assert_str_eq(s.message, "there is no deployment nobody");
}

START_TEST(history_is_read_from_where_one_was)
{
    insert("a", "shop");
    emit_many("a", 1000);
    store_flush(store, NULL);
    fixture_run(read_history);
    fixture_until(nobody_watches);
}
END_TEST

static void read_latest(void)
{

    struct seen latest = watch("any:latest", 0, false, 0), unnamed = watch("any:", 0, false, 0);
    ck_assert_str_eq(latest.message, "of c");
    ck_assert_str_eq(unnamed.message, "of c");

    struct seen s = watch("latest", 0, false, 0);
    ck_assert_int_lt(s.rc, 0);
    ck_assert_str_eq(s.message, "the request names no deployment to watch");
}

/* Whose newest it is takes a project, an account and a region, which this verb does not know. */
START_TEST(trust_14_no_id_is_no_deployment)
{
    insert("a", "shop");
    emit("a", "of a");
    insert("b", "blog");
    emit("b", "of b");
    insert("c", "wiki");
    emit("c", "of c");
    store_flush(store, NULL);
    fixture_run(read_latest);
}
END_TEST

/* Four terminals; one of them joins late, one reconnects in the middle; the writer runs meanwhile.
 */
#define LIVE_EVENTS 3000

static atomic_bool late_may_start;
static struct seen live[4];

static void live_writer(void *arg)
{
    for (unsigned i = 0; i < LIVE_EVENTS / 10; i++) {
        emit_many("a", 10);
        if (i == LIVE_EVENTS / 20)
            atomic_store(&late_may_start, true);
        fiber_sleep(1);
    }

    end("a");
}

static void live_watcher(void *arg)
{
    size_t i = (size_t)(uintptr_t)arg;

    while (i == 2 && !atomic_load(&late_may_start))
        usleep(1000);

    if (i == 3) {
        struct seen part = watch("a", 0, true, 777);

        ck_assert_uint_eq(part.last, 777);
        live[i] = watch("a", part.last, true, 0);
        return;
    }

    live[i] = watch("a", 0, true, 0);
}

static int live_watch(void *arg, struct error *err)
{
    return work_run(loop, live_watcher, arg, NULL);
}

static int live_write(void *arg, struct error *err)
{
    live_writer(arg);
    return 0;
}

static void live_main(void *arg)
{
    struct fiber_group *g = fiber_group_new(loop, 0);

    for (size_t i = 0; i < 4; i++)
        fiber_group_spawn(g, "watcher", live_watch, (void *)(uintptr_t)i);
    fiber_group_spawn(g, "writer", live_write, NULL);
    ck_assert_int_eq(fiber_group_wait(g, NULL), 0);
    fiber_group_free(g);
}

START_TEST(four_watchers_see_the_same)
{
    insert("a", "shop");
    store_flush(store, NULL);
    loop_run_fiber(loop, "live", live_main, NULL);

    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(live[i].rc, RPC_NEXT_END);
        ck_assert_uint_eq(live[i].last, LIVE_EVENTS + 1);
        ck_assert_uint_eq(live[i].count, i == 3 ? LIVE_EVENTS + 1 - 777 : LIVE_EVENTS + 1);
        ck_assert_str_eq(live[i].message, "last");
    }

    ck_assert_uint_eq(watchers(), 0);
}
END_TEST

static int stopped_terminal;

static void connect_and_stop_reading(void)
{
    stopped_terminal = fixture_raw();

    struct str b = STR_INIT;
    fixture_put_hello(&b, 1, 1);

    Defang__WatchRequest w = DEFANG__WATCH_REQUEST__INIT;
    w.deployment = (char *)(uintptr_t)"a";
    w.follow = true;
    fixture_put_request(&b, 1, "watch", &w.base);
    fixture_send(stopped_terminal, b.data, b.len);
    str_done(&b);
}

static void read_all_late(void)
{
    struct frame_decoder d;

    frame_decoder_init(&d, LIMIT_RPC_REPLY_BYTES);

    uint64_t expected = 1;
    Defang__Frame *f;
    bool ended = false;

    while (!ended && (f = fixture_receive(stopped_terminal, &d)) != NULL) {
        ended = f->body_case == DEFANG__FRAME__BODY_END;

        if (f->body_case == DEFANG__FRAME__BODY_ITEM) {
            Defang__Event *e = defang__event__unpack(NULL, f->item.len, f->item.data);

            ck_assert_uint_eq(e->sequence, expected++);
            defang__event__free_unpacked(e, NULL);
        }

        defang__frame__free_unpacked(f, NULL);
    }

    ck_assert(ended);
    ck_assert_uint_eq(expected, 20002);
    frame_decoder_done(&d);
    close(stopped_terminal);
}

static bool somebody_watches(void)
{
    return watchers() == 1;
}

static void others(void)
{
    struct seen s = watch("a", 0, true, 0);

    ck_assert_int_eq(s.rc, RPC_NEXT_END);
    ck_assert_uint_eq(s.count, 20001);
}

START_TEST(a_stopped_terminal_loses_nothing)
{
    insert("a", "shop");
    store_flush(store, NULL);
    fixture_run(connect_and_stop_reading);
    fixture_until(somebody_watches);

    for (int i = 0; i < 20; i++) {
        emit_many("a", 1000);
        store_flush(store, NULL);
    }

    end("a");
    fixture_run(others);
    ck_assert_uint_eq(watchers(), 1); /* it holds its place in the story and nothing else */
    fixture_run(read_all_late);
    fixture_until(nobody_watches);
}
END_TEST

static void expect_trimmed(void)
{
    struct seen s = watch("d0", 0, true, 0);

    ck_assert_int_eq(s.rc, -ENOENT);
    ck_assert_ptr_nonnull(strstr(s.message, "not kept any more (90 days)"));
}

START_TEST(a_trimmed_story_says_so)
{
    for (unsigned i = 0; i <= LIMIT_STORE_EVENT_KEEP; i++) {
        char id[16];

        snprintf(id, sizeof id, "d%u", i);
        insert(id, "shop");
        end(id);
    }

    ck_assert_int_eq(store_trim(store, clock_wall_ms() + 91 * INT64_C(86400000), NULL), 0);
    store_flush(store, NULL);
    fixture_run(expect_trimmed);
}
END_TEST

static struct seen at_stop;

static void watch_until_stop(void *arg)
{
    at_stop = watch("a", 0, true, 0);
}

static int stop_watch(void *arg, struct error *err)
{
    return work_run(loop, watch_until_stop, NULL, NULL);
}

static bool stopped;

static void on_stopped(void *arg)
{
    stopped = true;
}

static void stop_main(void *arg)
{
    struct fiber_group *g = fiber_group_new(loop, 0);

    fiber_group_spawn(g, "watcher", stop_watch, NULL);
    while (watchers() == 0)
        fiber_sleep(1);
    server_shutdown(server, 2000, on_stopped, NULL);
    ck_assert_int_eq(fiber_group_wait(g, NULL), 0);
    fiber_group_free(g);
    while (!stopped)
        fiber_sleep(1);
}

START_TEST(a_stopping_daemon_tells_watchers_to_come_back)
{
    insert("a", "shop");
    emit("a", "one");
    store_flush(store, NULL);
    loop_run_fiber(loop, "stop", stop_main, NULL);
    ck_assert_int_eq(at_stop.rc, -EHOSTUNREACH);
    ck_assert_uint_eq(at_stop.count, 1);
    ck_assert_str_eq(at_stop.message, "the daemon is stopping");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("watch");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, states_are_those_of_the_contract);
    tcase_add_test(tc, history_is_read_from_where_one_was);
    tcase_add_test(tc, trust_14_no_id_is_no_deployment);
    tcase_add_test(tc, four_watchers_see_the_same);
    tcase_add_test(tc, a_stopped_terminal_loses_nothing);
    tcase_add_test(tc, a_trimmed_story_says_so);
    tcase_add_test(tc, a_stopping_daemon_tells_watchers_to_come_back);

    return fixture_main("daemon/watch", tc);
}
