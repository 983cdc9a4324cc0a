/* What ends an exchange without success, as an error of the layer (aws.h: kinds, code, status). */
#pragma once

#include "aws/attempt.h"

struct failure {
    const struct aws_session *session;
    const struct aws_exchange *exchange;
    const struct attempt *attempt;             /* the last one */
    const struct aws_credentials *credentials; /* that signed it; NULL = nobody */
};

/* rc: what http_perform() returned, with cause. Returns a negative errno. */
int failure_of_transport(
    const struct failure *f, int rc, const struct error *cause, struct error *err);
/* A reply that is no success. Returns a negative errno. */
int failure_of_service(
    const struct failure *f,
    const struct http_response *resp,
    const struct wire_error *e,
    struct error *err);
