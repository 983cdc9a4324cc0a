/* A loop, a folder of its own and a store in it, for every test of this folder. */
#pragma once

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/loop.h"
#include "store/internal.h"
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct loop *loop;
static struct store *store;
static char folder[64];

enum { QUEUED = 1, RUNNING, BLOCKED_AUTH, CANCELING, SUCCEEDED, FAILED, ROLLED_BACK, CANCELED };

static inline void fixture_open(void)
{
    struct error err = ERROR_INIT;
    int rc = store_open(loop, folder, &store, &err);
    ck_assert_msg(rc == 0, "%s", err.message ? err.message : "no message");
}

static inline void fixture_reopen(void)
{
    store_close(store);
    store = NULL;
    fixture_open();
}

static inline void fixture_setup(void)
{
    loop = loop_new();
    snprintf(folder, sizeof folder, "/tmp/defang-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    fixture_open();
}

static inline int
fixture_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(path);
}

static inline void fixture_teardown(void)
{
    store_close(store);
    store = NULL;
    loop_free(loop);
    loop = NULL;
    nftw(folder, fixture_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* One turn of the loop with its deferred work. */
static inline void fixture_nothing(void *arg)
{
}

static inline void fixture_turn(void)
{
    loop_run_fiber(loop, "turn", fixture_nothing, NULL);
}

static inline int fixture_insert(const char *id, const char *project, struct error *err)
{
    struct store_deployment d = {
        .id = (char *)(uintptr_t)id,
        .kind = (char *)(uintptr_t)"up",
        .project = (char *)(uintptr_t)project,
        .stack = (char *)(uintptr_t)"beta",
        .account = (char *)(uintptr_t)"123456789012",
        .region = (char *)(uintptr_t)"us-west-2",
        .engine = (char *)(uintptr_t)"cloudformation",
        .state = QUEUED,
        .inputs = "frozen",
        .inputs_len = 6};
    return store_deployment_insert(store, &d, err);
}

static inline int fixture_event(const char *id, const char *text)
{
    return store_event_append(store, id, store_event_next(store, id), text, strlen(text), NULL);
}

static inline void fixture_end(const char *id)
{
    ck_assert_int_eq(store_deployment_move(store, id, RUNNING, NULL, NULL), 0);
    ck_assert_int_eq(store_deployment_move(store, id, SUCCEEDED, "done", NULL), 0);
}

struct fixture_events {
    uint64_t first, last, count;
    char text[256];
    uint64_t stop_after; /* 0 = never */
};

static inline bool fixture_collect(void *arg, uint64_t sequence, const void *data, size_t n)
{
    struct fixture_events *e = arg;
    if (e->count)
        ck_assert_uint_eq(sequence, e->last + 1);
    else
        e->first = sequence;
    e->last = sequence;
    e->count++;
    snprintf(e->text, sizeof e->text, "%.*s", (int)n, (const char *)data);
    return e->stop_after == 0 || e->count < e->stop_after;
}

static inline struct fixture_events fixture_read(const char *id, uint64_t after)
{
    struct fixture_events e = {0};
    ck_assert_int_eq(
        store_event_read(store, id, after, 1000000, SIZE_MAX / 2, fixture_collect, &e, NULL), 0);
    return e;
}

static inline int fixture_main(const char *name, TCase *tc)
{
    Suite *suite = suite_create(name);
    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

/* True when a file directly in `in` holds the bytes of `text`: what a secret must not do. */
static inline bool fixture_disk_holds(const char *in, const char *text)
{
    bool found = false;
    DIR *dir = opendir(in);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        cleanup_free char *path = path_join(in, entry->d_name);
        cleanup_str struct str data = STR_INIT;
        if (file_is_dir(path) || file_read(path, LIMIT_FILE_BYTES, &data, NULL) < 0)
            continue;
        found |= memmem(str_get(&data), data.len, text, strlen(text)) != NULL;
    }
    closedir(dir);
    return found;
}
