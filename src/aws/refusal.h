/* What AWS refuses because of who asks: keys that have ended or are not known, signatures, clocks,
 * rights, regions that are switched off. One table says which code is which; the words for people
 * say whose credentials they were and what helps with credentials of that source.
 *
 * Nothing secret is in them: of a key id the last four characters. */
#pragma once

#include "aws/session.h"

enum refusal {
    REFUSAL_NONE,
    REFUSAL_EXPIRED,   /* the keys were good once */
    REFUSAL_UNKNOWN,   /* AWS knows no such key, or not with this token */
    REFUSAL_SIGNATURE, /* the secret, or what was signed, is not right */
    REFUSAL_UNSIGNED,  /* AWS found no credentials in the request */
    REFUSAL_CLOCK,     /* the request's time is too far from AWS's */
    REFUSAL_RIGHTS,    /* known, but may not */
    REFUSAL_REGION, /* the account has not enabled the region, or not signed up for the service */
};

/* NULL and codes of anything else: REFUSAL_NONE. */
enum refusal refusal_of(const char *aws_code);
/* True when other credentials of the same account may end it: jobs wait for them. */
bool refusal_is_of_keys(enum refusal r);

struct refusal_facts {
    const struct aws_session *session;
    const struct aws_credentials *credentials; /* that signed; NULL = nobody */
    const struct aws_operation *op;
    const char *code, *message;
    int64_t skew_ms; /* AWS's clock minus ours, when the answer told; 0 = not known */
};

/* Whose credentials they were and what to do, as err's hint; nothing for what is no refusal. */
void refusal_explain(const struct refusal_facts *f, struct error *err);
