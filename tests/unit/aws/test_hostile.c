/* What comes in AWS's place, for each of its protocols: cut, huge, deep, empty, another site's
 * page, rubbish, an error where a result should be. Each ends after a bounded number of tries with
 * one clear line, and none is taken for an answer. What the transport bounds (endless, slow by the
 * byte) is in unit/loop. */
#include "unit/aws/call_run.h"
#include "unit/lib/suite.h"

#include "aws/model/operations.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

static const struct aws_operation *const operations[] = {
    &aws_ecs_ListTasks,           /* json */
    &aws_efs_DescribeFileSystems, /* rest-json */
    &aws_sts_GetCallerIdentity,   /* query */
    &aws_ec2_DescribeVpcs,        /* ec2 */
    &aws_route53_ListHostedZones, /* rest-xml */
};

#define LAUGHS                                                                                     \
    "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b "                    \
    "\"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d "             \
    "\"&c;&c;&c;&c;&c;&c;&c;&c;\">]><r>&d;&d;&d;</r>"

static const struct {
    const char *what, *text, *repeated; /* `repeated` many times behind the text */
} replies[] = {
    {"nothing", "", NULL},
    {"cut JSON", "{\"taskArns\":[\"arn:aws:e", NULL},
    {"cut XML", "<DescribeVpcsResponse><vpcSet><item><vpc", NULL},
    {"a page", "<html><head><title>Log in</title></head><body>Guest network</body></html>", NULL},
    {"a page that is no XML", "<!DOCTYPE html><html><br><body>Guest<p>network", NULL},
    {"compressed bytes", "\x1f\x8b\x08\x01\xff\xfe rubbish", NULL},
    {"a JSON list", "[1,2,3]", NULL},
    {"a JSON text", "\"ok\"", NULL},
    {"deep JSON", "", "{\"a\":["},
    {"deep XML", "", "<a>"},
    {"a long text", "", "wait for it "},
    {"laughs", LAUGHS, NULL},
    {"two documents", "{}{}", NULL},
    {"line breaks and escapes", "\x1b[2J\r\n\r\nHTTP/1.1 200 OK\r\n", NULL},
};

static char *text_of(size_t i)
{
    struct str text = {.max = 8 << 20};

    str_append(&text, replies[i].text);
    for (int k = 0; replies[i].repeated && k < 100000; k++)
        str_append(&text, replies[i].repeated);
    return str_take(&text);
}

/* One line for a terminal. */
static bool is_clear(const struct error *err)
{
    size_t n = err->message ? strlen(err->message) : 0;

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)err->message[i] < 0x20)
            return false;
    return n > 0 && n < 2000;
}

static void try_it(const struct aws_operation *op, size_t reply, int status)
{
    cleanup_free char *text = text_of(reply);
    struct call_run r;

    call_start(&r, op, NULL);
    call_step(&r, &(struct script_step){.status = status, .reply = text, .times = 3});

    int64_t before = r.f.clock.wall_ms;

    call_try(&r); /* a refusal is final: then steps are left */
    ck_assert_msg(
        r.rc < 0,
        "%s:%s, %d with %s: taken",
        op->service->id,
        op->name,
        status,
        replies[reply].what);
    ck_assert_msg(
        is_clear(&r.err),
        "%s:%s, %d with %s: %s",
        op->service->id,
        op->name,
        status,
        replies[reply].what,
        r.err.message);
    ck_assert_int_lt(r.f.clock.wall_ms - before, 120000);
    call_finish(&r);
}

START_TEST(survive_25_no_protocol_takes_what_is_no_answer)
{
    static const int statuses[] = {200, 400, 500};

    for (size_t i = 0; i < ARRAY_LEN(replies); i++)
        for (size_t k = 0; k < ARRAY_LEN(statuses); k++)
            try_it(operations[_i], i, statuses[k]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("aws/hostile");
    TCase *tc = tcase_create("all");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(
        tc,
        survive_25_no_protocol_takes_what_is_no_answer,
        0,
        (int)(sizeof operations / sizeof *operations));
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);

    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);

    return failed != 0;
}
