/* A daemon without its socket: loop, store in a folder of its own, scripted AWS, virtual clock. */
#pragma once

#include "daemon/jobs/job.h"
#include "daemon/session.h"
#include "unit/lib/fake_clock.h"
#include "unit/lib/script_http.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include <check.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct rig {
    struct fake_clock clock;
    struct daemon d;
    struct script_http *script;
    char folder[64];
};

static struct rig rig;

static inline void rig_store_open(void)
{
    struct error err = ERROR_INIT;
    int rc = store_open(rig.d.loop, rig.folder, &rig.d.store, &err);
    ck_assert_msg(rc == 0, "%s", err.message ? err.message : "no message");
}

static inline void rig_setup(void)
{
    rig = (struct rig){0};
    fake_clock_install(&rig.clock, FAKE_CLOCK_START_MS);
    rig.d.loop = loop_new();
    fake_clock_attach(&rig.clock, rig.d.loop);
    rig.script = script_http_new(rig.d.loop);
    rig.d.http = script_http(rig.script);
    snprintf(rig.folder, sizeof rig.folder, "/tmp/defang-daemon-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(rig.folder));
    rig.d.state_folder = rig.folder;
    rig_store_open();
}

static inline int rig_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(path);
}

static inline void rig_done(void)
{
    vec_each(it, &rig.d.jobs)
        (*it)->finished = true;
    job_free_finished(&rig.d);
    ck_assert_uint_eq(rig.d.jobs.len, 0);
    vec_free(&rig.d.jobs);
    session_drop_all(&rig.d);
    http_free(rig.d.http);
    store_close(rig.d.store);
    loop_free(rig.d.loop);
    fake_clock_remove(&rig.clock);
    nftw(rig.folder, rig_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define RIG_VARS_MAX 16

struct rig_caller {
    Defang__Caller caller;
    Defang__Variable vars[RIG_VARS_MAX], *pointers[RIG_VARS_MAX];
};

static inline ProtobufCBinaryData rig_bytes(const char *text)
{
    return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)(uintptr_t)text};
}

static inline void rig_var(struct rig_caller *c, const char *name, const char *value)
{
    size_t i = 0;
    while (i < c->caller.n_env && strcmp((const char *)c->vars[i].name.data, name) != 0)
        i++;
    ck_assert_uint_lt(i, RIG_VARS_MAX);
    defang__variable__init(&c->vars[i]);
    c->vars[i].name = rig_bytes(name);
    c->vars[i].value = rig_bytes(value);
    c->pointers[i] = &c->vars[i];
    c->caller.env = c->pointers;
    c->caller.n_env = MAX(c->caller.n_env, i + 1);
}

static inline void rig_caller_init(struct rig_caller *c)
{
    memset(c, 0, sizeof *c);
    defang__caller__init(&c->caller);
    rig_var(c, "HOME", rig.folder);
    rig_var(c, "AWS_REGION", "us-west-2");
    rig_var(c, "AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    rig_var(c, "AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG");
    rig_var(c, "AWS_EC2_METADATA_DISABLED", "true");
}

/* The caller gives it back with session_unref(). */
static inline struct session *rig_session(struct rig_caller *c)
{
    struct session *s = NULL;

    ck_assert_int_eq(session_get(&rig.d, &c->caller, &s, NULL), 0);
    return s;
}
