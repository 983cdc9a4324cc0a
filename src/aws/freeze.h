/* Credentials as text, for a sealed place (store_seal_put): what a job signs with outlives the
 * daemon by it. The text is a secret; the caller wipes it. */
#pragma once

#include "aws/aws.h"

/* New, compact JSON; never NULL. */
char *aws_credentials_freeze(const struct aws_credentials *c);

/* -EBADMSG when it is no such text; *out is empty then. */
int aws_credentials_thaw(const char *text, struct aws_credentials *out);
