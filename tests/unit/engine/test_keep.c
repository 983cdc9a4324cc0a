/* Tags that keep images from expiring: which are put, and which are taken away again. */
#include "engine/build/keep.h"
#include "unit/engine/cloud.h"
#include "unit/lib/suite.h"

#include "base/str.h"
#include <string.h>

static struct cloud cl;
static const char *running;

static bool runs(void *arg, const char *digest)
{
    return text_eq(digest, running);
}

static void setup(void)
{
    cloud_init(&cl);
    running = NULL;
}

static void put(struct cloud *c)
{
    struct keep_image image = {
        .service = "web", .repository = "shop/kaniko-build", .digest = "sha256:1"};
    cleanup_free char *tag = keep_trying_tag("k3j2h4g5f6d7", "web");
    c->rc = keep_put(&c->c, &image, tag, &c->err);
}

static void prune(struct cloud *c)
{
    c->rc = keep_prune(&c->c, "shop/kaniko-build", runs, NULL, &c->err);
}

START_TEST(trust_36_an_image_gets_its_tag_by_its_manifest)
{
    setup();
    cloud_reply(
        &cl,
        "BatchGetImage",
        "{\"images\":[{\"imageManifest\":\"{}\",\"imageManifestMediaType\":\"m\"}]}");
    cloud_reply(&cl, "PutImage", "{}");
    cloud_run(&cl, put);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(cloud_body_has(&cl, "BatchGetImage", 0, "\"imageDigest\":\"sha256:1\""));
    ck_assert(cloud_body_has(&cl, "PutImage", 0, "\"imageTag\":\"Kept-trying-k3j2h4g5f6d7-"));
    cloud_done(&cl);

    /* Again, after a restart; and an image that is gone. */
    setup();
    cloud_reply(&cl, "BatchGetImage", "{\"images\":[{\"imageManifest\":\"{}\"}]}");
    cloud_reply(&cl, "BatchGetImage", "{\"images\":[]}");
    cloud_fail(&cl, "PutImage", 400, "ImageAlreadyExistsException", "there");
    cloud_run(&cl, put);
    ck_assert_int_eq(cl.rc, 0);
    cloud_run(&cl, put);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "PutImage"), 1);
    cloud_done(&cl);
}
END_TEST

static void tags(unsigned releases, const char *more)
{
    cleanup_str struct str text = STR_INIT;

    str_append(&text, "{\"imageIds\":[");
    for (unsigned i = 0; i < releases; i++) {
        cleanup_free char *tag =
            keep_release_tag(1700000000000 + i * 60000LL, "k3j2h4g5f6d7", i % 2 ? "web" : "api");
        str_appendf(&text, "{\"imageDigest\":\"sha256:r%u\",\"imageTag\":\"%s\"},", i, tag);
    }
    str_appendf(&text, "%s]}", more);
    cloud_reply(&cl, "ListImages", str_get(&text));
    cloud_reply(&cl, "BatchDeleteImage", "{}");
}

START_TEST(trust_36_ten_releases_stay_and_nothing_else_is_touched)
{
    setup();
    tags(
        KEEP_RELEASES + 2,
        "{\"imageDigest\":\"sha256:x\",\"imageTag\":\"web-image-12345678-x86_64\"}");
    cloud_run(&cl, prune);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cloud_count(&cl, "BatchDeleteImage"), 1);
    for (unsigned i = 0; i < KEEP_RELEASES + 2; i++) {
        cleanup_free char *tag =
            keep_release_tag(1700000000000 + i * 60000LL, "k3j2h4g5f6d7", i % 2 ? "web" : "api");
        ck_assert_int_eq(cloud_body_has(&cl, "BatchDeleteImage", 0, tag), i < 2);
    }
    ck_assert(!cloud_body_has(&cl, "BatchDeleteImage", 0, "web-image-"));
    cloud_done(&cl);

    setup();
    tags(KEEP_RELEASES, "{\"imageTag\":\"web-image-12345678-x86_64\"}");
    cloud_run(&cl, prune);
    ck_assert_uint_eq(cloud_count(&cl, "BatchDeleteImage"), 0);
    cloud_done(&cl);
}
END_TEST

START_TEST(trust_36_a_trial_stays_while_its_image_runs)
{
    setup();
    running = "sha256:runs";
    tags(
        1,
        "{\"imageDigest\":\"sha256:runs\",\"imageTag\":\"Kept-trying-aaaaaaaaaaaa-1\"},"
        "{\"imageDigest\":\"sha256:not\",\"imageTag\":\"Kept-trying-bbbbbbbbbbbb-1\"}");
    cloud_run(&cl, prune);
    ck_assert(cloud_body_has(&cl, "BatchDeleteImage", 0, "Kept-trying-bbbbbbbbbbbb-1"));
    ck_assert(!cloud_body_has(&cl, "BatchDeleteImage", 0, "Kept-trying-aaaaaaaaaaaa-1"));
    cloud_done(&cl);
}
END_TEST

SUITE(
    "engine/keep",
    trust_36_an_image_gets_its_tag_by_its_manifest,
    trust_36_ten_releases_stay_and_nothing_else_is_touched,
    trust_36_a_trial_stays_while_its_image_runs)
