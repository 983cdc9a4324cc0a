/* Facts about the account's public zones, read when a project names a domain.
 *
 * Shown: private zones do not count; names are as people write them; a project without names of its
 * own needs no right on Route 53. */
#include "compose/compose.h"
#include "engine/account/domains.h"
#include "unit/engine/cloud.h"
#include "unit/lib/suite.h"

#include "base/str.h"
#include <string.h>

#define NAMED                                                                                      \
    "{\"name\":\"shop\",\"services\":{\"web\":{\"image\":\"nginx\",\"domainname\":\"%s\","         \
    "\"ports\":[{\"target\":80,\"mode\":\"ingress\"}]}}}"
#define NAMELESS                                                                                   \
    "{\"name\":\"shop\",\"services\":{\"web\":{\"image\":\"nginx\",\"ports\":[{\"target\":80,"     \
    "\"mode\":\"ingress\"}]}}}"
#define ZONE(id, name, private)                                                                    \
    "<HostedZone><Id>/hostedzone/" id "</Id><Name>" name "</Name><Config><PrivateZone>" private    \
    "</PrivateZone></Config></HostedZone>"
#define ZONES(list)                                                                                \
    "<ListHostedZonesResponse><HostedZones>" list                                                  \
    "</HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesResponse>"
#define RECORDS(list)                                                                              \
    "<ListResourceRecordSetsResponse><ResourceRecordSets>" list                                    \
    "</ResourceRecordSets></ListResourceRecordSetsResponse>"
#define RECORD(name, type)                                                                         \
    "<ResourceRecordSet><Name>" name "</Name><Type>" type "</Type></ResourceRecordSet>"

static struct cloud cl;
static struct arena *arena;
static struct compose_project *project;
static struct plan_facts facts;

static void read_domains(struct cloud *c)
{
    facts = (struct plan_facts){0};
    c->rc = flow_domains(&c->c, arena, project, &facts, &c->err);
}

static void setup(const char *name)
{
    struct error err = ERROR_INIT;
    cleanup_free char *text = name ? xasprintf(NAMED, name) : xstrdup(NAMELESS);
    cloud_init(&cl);
    arena = arena_new();
    ck_assert_msg(
        compose_load_canonical(text, strlen(text), &project, &err) == 0, "%s", err.message);
}

static void finish(void)
{
    compose_project_free(project);
    arena_free(arena);
    cloud_done(&cl);
}

START_TEST(no_name_no_call)
{
    setup(NULL);
    cloud_run(&cl, read_domains);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert(!facts.zones_known);
    ck_assert_uint_eq(cl.calls.len, 0);
    finish();
}
END_TEST

START_TEST(zones_and_what_stands_at_the_name)
{
    setup("*.Example.com");
    cloud_reply(
        &cl,
        "S3 GET",
        ZONES(ZONE("Z1", "Example.com.", "false") ZONE("Z2", "example.com.", "true")
                  ZONE("Z3", "org.", "false")));
    cloud_reply(
        &cl,
        "S3 GET",
        RECORDS(RECORD("\\052.example.com.", "A") RECORD("\\052.example.com.", "TXT")
                    RECORD("www.example.com.", "CNAME")));
    cloud_run(&cl, read_domains);
    ck_assert_msg(cl.rc == 0, "%s", cl.err.message);
    ck_assert(facts.zones_known);
    ck_assert_uint_eq(facts.public_zone_count, 2);
    ck_assert_str_eq(facts.public_zones[0].name, "example.com");
    ck_assert_str_eq(facts.public_zones[0].id, "Z1");
    ck_assert_uint_eq(facts.record_count, 2);
    ck_assert_str_eq(facts.records[0].name, "*.example.com");
    ck_assert_str_eq(facts.records[1].type, "TXT");
    finish();
}
END_TEST

START_TEST(no_zone_no_look_at_records)
{
    setup("www.elsewhere.net");
    cloud_reply(&cl, "S3 GET", ZONES(ZONE("Z1", "example.com.", "false")));
    cloud_run(&cl, read_domains);
    ck_assert_int_eq(cl.rc, 0);
    ck_assert_uint_eq(cl.calls.len, 1);
    ck_assert_ptr_null(plan_domain_zone(project, &facts, "www.elsewhere.net"));
    finish();
}
END_TEST

static void
denied(struct cloud *c, void *arg, const struct cloud_call *call, struct cloud_reply *reply)
{
    reply->status = 403;
    reply->text = xstrdup(
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: me is not authorized to "
        "perform: route53:ListHostedZones</Message></Error></ErrorResponse>");
}

START_TEST(no_right_to_look)
{
    setup("www.example.com");
    cloud_on(&cl, "S3 GET", denied, NULL);
    cloud_run(&cl, read_domains);
    ck_assert_int_lt(cl.rc, 0);
    cleanup_free char *text = error_format(&cl.err);
    ck_assert_msg(
        strstr(text, "route53:ListHostedZones") && strstr(text, "looking for the hosted zones"),
        "%s",
        text);
    finish();
}
END_TEST

SUITE(
    "engine/domains",
    no_name_no_call,
    zones_and_what_stands_at_the_name,
    no_zone_no_look_at_records,
    no_right_to_look)
