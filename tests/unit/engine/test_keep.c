/* What happens to stores beside the engines: passwords that were set anew, and config values that
 * are set to what they are. */
#include "base/mem.h"
#include "data/object.h"
#include "engine/values/config.h"
#include "engine/values/renew.h"
#include "unit/engine/cloud.h"
#include "unit/lib/suite.h"

#include <string.h>

static struct cloud cl;

/* ---- a password that was removed and set anew ---- */

static bool renewed;

static void renew(struct cloud *c)
{
    struct flow_config list[] = {{"OTHER", 1, 9000}, {"PW", 1, 9000}};
    const char *reference = "{{resolve:ssm-secure:/Defang/shop/beta/PW:2}}";
    json_t *database = object(key("Properties", object(key("MasterUserPassword", reference))));
    json_t *noted = object(key("passwords", object(key("Db", 5000002))));
    cleanup_json json_t *deployed = object(
        key("Metadata", object(key("Defang", noted))),
        key("Resources", object(key("Db", database))));

    c->rc = passwords_renew(&c->c, deployed, list, ARRAY_LEN(list), &renewed, &c->err);
}

/* SSM numbers each put. */
static void
numbered(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    (void)c;
    (void)call;
    reply->text = xasprintf("{\"Version\":%d}", ++*(int *)arg);
}

START_TEST(trust_24_a_password_that_was_set_anew_is_put_until_its_number_is_new)
{
    int version = 1;

    cloud_init(&cl);
    cloud_reply(&cl, "GetParameter", "{\"Parameter\":{\"Value\":\"n3w-s3cret\",\"Version\":1}}");
    cloud_on(&cl, "PutParameter", numbered, &version);
    cloud_run(&cl, renew);
    ck_assert_msg(cl.rc == 0 && renewed, "%s", cl.err.message);
    ck_assert_int_eq(version, 3);
    ck_assert_uint_eq(cloud_count(&cl, "PutParameter"), 2);
    ck_assert(cloud_body_has(&cl, "PutParameter", 1, "\"n3w-s3cret\""));
    ck_assert(cloud_body_has(&cl, "PutParameter", 1, "\"/Defang/shop/beta/PW\""));
    cloud_done(&cl);
}
END_TEST

/* ---- a value that is set to what it is ---- */

static bool set;

static void set_config(struct cloud *c)
{
    cleanup_secret struct secret value = SECRET_INIT;
    secret_set(&value, "as-before");
    c->rc = flow_config_set(&c->c, "PW", &value, false, &set, &c->err);
}

static void set_over(const char *there)
{
    cleanup_free char *reply = xasprintf(
        "{\"Parameters\":[{\"Name\":\"/Defang/shop/beta/PW\",\"Type\":\"SecureString\","
        "\"Value\":\"%s\"}]}",
        there);

    cloud_init(&cl);
    cloud_reply(&cl, "GetParameters", reply);
    cloud_reply(&cl, "PutParameter", "{\"Version\":2}");
    cloud_run(&cl, set_config);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
}

START_TEST(trust_24_an_equal_value_is_no_new_version)
{
    set_over("as-before");
    ck_assert(!set);
    ck_assert_uint_eq(cloud_count(&cl, "PutParameter"), 0);
    cloud_done(&cl);

    set_over("another");
    ck_assert(set);
    ck_assert_uint_eq(cloud_count(&cl, "PutParameter"), 1);
    cloud_done(&cl);
}
END_TEST

SUITE(
    "engine/keep",
    trust_24_a_password_that_was_set_anew_is_put_until_its_number_is_new,
    trust_24_an_equal_value_is_no_new_version)
