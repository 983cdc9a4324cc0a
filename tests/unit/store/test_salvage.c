/* A state that was damaged: what had ended and can be read is listed, nothing is made up, and what
 * is not there is said. */
#include "fixture.h"
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

#define DEPLOYMENTS 60
#define EVENTS      25 /* of each: several pages of them */

static char *database(void)
{
    return path_join(folder, "state.db");
}

/* The whole file, as it was before anything happened to it. */
static struct str pristine = STR_INIT;

static void fill(void)
{
    for (int i = 0; i < DEPLOYMENTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "id%d", i);
        ck_assert_int_eq(fixture_insert(id, id, NULL), 0);
        for (int k = 0; k < EVENTS; k++)
            fixture_event(id, "something happened that takes a line of text, and some more of it");
        if (i != DEPLOYMENTS - 1)
            fixture_end(id);
    }
    ck_assert_int_eq(store_flush(store, NULL), 0);
    store_close(store);
    store = NULL;

    cleanup_free char *path = database();
    ck_assert_int_eq(file_read(path, LIMIT_FILE_BYTES, &pristine, NULL), 0);
}

/* The pristine file with `n` bytes of rubbish at `at`; nothing else in the folder but the key. */
static void restore_damaged(size_t at, size_t n, unsigned seed)
{
    cleanup_free char *pattern = path_join(folder, "state.db*");
    cleanup_free char *path = database();
    glob_t found;

    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            remove(found.gl_pathv[i]);
    globfree(&found);

    cleanup_free char *bytes = xmalloc(pristine.len);
    memcpy(bytes, str_get(&pristine), pristine.len);
    srandom(seed);
    for (size_t i = at; i < at + n && i < pristine.len; i++)
        bytes[i] = (char)random();

    cleanup_fd int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, pristine.len), (ssize_t)pristine.len);
}

struct list {
    unsigned count, unfinished, without_events;
};

static bool look(void *arg, const struct store_deployment *d)
{
    struct list *l = arg;

    l->count++;
    l->unfinished += d->ended_ms == 0;
    return true;
}

/* Each listed one has all of its events, or none. */
static void check_events(struct list *l)
{
    for (int i = 0; i < DEPLOYMENTS; i++) {
        char id[16];
        uint64_t last = 0;
        bool ended = false;

        snprintf(id, sizeof id, "id%d", i);
        if (store_event_tip(store, id, &last, &ended, NULL) < 0)
            continue;
        struct fixture_events e = fixture_read(id, 0);
        ck_assert_msg(
            e.count == 0 || e.count == last, "%s has %d of %d events", id, (int)e.count, (int)last);
        l->without_events += e.count == 0;
    }
}

static struct list listed(void)
{
    struct list l = {0};

    ck_assert_int_eq(store_deployment_each(store, &(struct store_filter){0}, look, &l, NULL), 0);
    check_events(&l);
    return l;
}

START_TEST(survive_damage_at_random_places_is_salvaged_and_never_silent)
{
    unsigned brought = 0, told = 0;

    fill();
    for (unsigned seed = 1; seed <= 40; seed++) {
        size_t at = (size_t)(seed * 2654435761u) % pristine.len;

        restore_damaged(at, 1u << (seed % 14), seed);
        fixture_open();
        struct list l = listed();

        if (!store_notice(store)) { /* it hit nothing that is in use */
            ck_assert_msg(l.count == DEPLOYMENTS, "seed %u: %u are listed", seed, l.count);
        } else {
            ck_assert_msg(l.unfinished == 0, "seed %u: by half a journal", seed);
            told++;
            brought += l.count;
        }
        store_close(store);
        store = NULL;
    }

    ck_assert_uint_ge(told, 10);
    ck_assert_msg(brought >= told * DEPLOYMENTS / 2, "%u of %u", brought, told * DEPLOYMENTS);
    str_done(&pristine);
    fixture_open();
}
END_TEST

/* A page of events: all are listed, and those whose events lay there say that these are gone. */
START_TEST(survive_what_lies_beside_the_damage_is_all_there)
{
    fill();
    restore_damaged(pristine.len - 4096, 4096, 7);
    fixture_open();
    ck_assert_ptr_nonnull(store_notice(store));

    struct list l = listed();
    ck_assert_uint_eq(l.count, DEPLOYMENTS - 1);
    ck_assert_uint_lt(l.without_events, DEPLOYMENTS / 2);

    fixture_reopen();
    ck_assert_uint_eq(listed().count, DEPLOYMENTS - 1);
    ck_assert_int_eq(fixture_insert("new", "shop", NULL), 0);
    str_done(&pristine);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("salvage");

    tcase_add_test(tc, survive_damage_at_random_places_is_salvaged_and_never_silent);
    tcase_add_test(tc, survive_what_lies_beside_the_damage_is_all_there);
    return fixture_main("store/salvage", tc);
}
