/* Uploads of build contexts: found, sent, and put up with for as long as any other call of a job.
 *
 * Shown: ten minutes of trouble are waited out, more are not. */
#include "engine/build/upload.h"
#include "unit/engine/cloud.h"
#include "unit/lib/suite.h"

#include "base/file.h"
#include "base/mem.h"
#include "loop/fiber.h"
#include <errno.h>
#include <unistd.h>

static struct cloud cl;
static char path[] = "/tmp/defang-upload-XXXXXX";
static bool uploaded;
static unsigned failures;

static void upload(struct cloud *c)
{
    struct flow_archive a = {.path = path, .object_key = "uploads/sha256-x.tar.gz", .size = 5};
    c->rc = flow_upload(&c->c, "image/web", &a, &uploaded, &c->err);
}

static void setup(void)
{
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "hello", 5), 5);
    close(fd);
    cloud_init(&cl);
    uploaded = false;
}

static void teardown(void)
{
    cloud_done(&cl);
    unlink(path);
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
}

/* 503 `failures` times, then it is taken; HEAD has no body and says "not there". */
static void
put(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    if (failures == 0)
        return;
    failures--;
    reply->status = 503;
    reply->text = xstrdup(
        "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>");
}

static void
not_there(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    reply->status = 404;
    reply->text = xstrdup("");
}

START_TEST(trouble_of_minutes_is_waited_out)
{
    setup();
    failures = 30; /* ten rounds of the retry mode */
    cloud_on(&cl, "S3 HEAD", not_there, NULL);
    cloud_on(&cl, "S3 PUT", put, NULL);
    int64_t begun_ms = cl.clock.mono_ms;
    cloud_run(&cl, upload);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert(uploaded);
    ck_assert_uint_eq(cloud_count(&cl, "S3 PUT"), 31);
    ck_assert_int_gt(cl.clock.mono_ms - begun_ms, 60000);
    ck_assert_uint_eq(cloud_said(&cl, "AWS does not answer as it should, trying on for 10 min"), 1);
    teardown();
}
END_TEST

START_TEST(patience_ends_after_ten_minutes)
{
    setup();
    failures = 100000;
    cloud_on(&cl, "S3 HEAD", not_there, NULL);
    cloud_on(&cl, "S3 PUT", put, NULL);
    int64_t begun_ms = cl.clock.mono_ms;
    cloud_run(&cl, upload);
    ck_assert_int_lt(cl.rc, 0);
    ck_assert(!uploaded);
    ck_assert_str_eq(cl.err.aws_code, "SlowDown");
    ck_assert_int_ge(cl.clock.mono_ms - begun_ms, 10 * 60 * 1000);
    ck_assert_int_le(cl.clock.mono_ms - begun_ms, 11 * 60 * 1000);
    teardown();
}
END_TEST

/* Half of a large file is there, and S3 takes its time with the rest. */
static void large(struct cloud *c)
{
    struct flow_archive a = {
        .path = path, .object_key = "uploads/sha256-x.tar.gz", .size = 9 << 20};
    c->rc = flow_upload(&c->c, "image/web", &a, &uploaded, &c->err);
}

static void
begun(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    reply->text = xstrdup(
        "<InitiateMultipartUploadResult><UploadId>U1</UploadId></InitiateMultipartUploadResult>");
}

static void
busy(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    (void)fiber_sleep(3600 * 1000);
}

static void
gone(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    reply->status = 204;
    reply->text = xstrdup("");
}

START_TEST(survive_30_a_canceled_upload_is_given_up)
{
    setup();
    ck_assert_int_eq(truncate(path, 9 << 20), 0);
    cloud_on(&cl, "S3 HEAD", not_there, NULL);
    cloud_on(&cl, "S3 POST", begun, NULL);
    cloud_on(&cl, "S3 PUT", busy, NULL);
    cloud_on(&cl, "S3 DELETE", gone, NULL);
    cloud_run_canceled(&cl, large, 30000);
    ck_assert_int_eq(cl.rc, -ECANCELED);
    ck_assert_uint_eq(cloud_count(&cl, "S3 DELETE"), 1);
    ck_assert_ptr_null(cloud_journal(&cl, "upload.uploads/sha256-x.tar.gz"));
    teardown();
}
END_TEST

SUITE(
    "engine/upload",
    survive_30_a_canceled_upload_is_given_up,
    trouble_of_minutes_is_waited_out,
    patience_ends_after_ten_minutes)
