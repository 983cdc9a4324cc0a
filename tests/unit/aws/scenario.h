/* Scenarios of shared/reference/aws-access.md section 15, which were measured against the AWS CLI:
 * files and environment in, key, region or error out. */
#pragma once

#include <stddef.h>

#define KEYS(x)                                                                                    \
    "aws_access_key_id = " x "\n"                                                                  \
    "aws_secret_access_key = secret-" x "\n"
#define ENVKEYS "AWS_ACCESS_KEY_ID=ENVKEY AWS_SECRET_ACCESS_KEY=secret-env "
#define REG     "AWS_REGION=us-west-2 AWS_DEFAULT_REGION=us-west-2 "
#define ROLE(r) "role_arn = arn:aws:iam::1:role/" r "\n"

struct scenario {
    const char *id;
    const char *credentials, *config; /* file texts; NULL = no file */
    const char *env;                  /* "A=b C=d"; a '+' stands for a blank */
    const char *profile;              /* --profile */
    const char *key;                  /* expected access key; NULL = an error */
    const char *region;               /* expected, NULL = not looked at */
    const char *error;                /* expected part of the message */
    const char *token;                /* expected session token; NULL = not looked at */
    unsigned sts_calls;
};

/* Fails the test that runs when one of them does not give what it says. */
void scenarios_run(const struct scenario *scenarios, size_t count);
