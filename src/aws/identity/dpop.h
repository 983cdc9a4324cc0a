/* Proof of possession (RFC 9449) for the refresh of an `aws login` session: a JWT signed with the
 * session's own key. Pure but for the clock and random. */
#pragma once

#include "base/error.h"

/* The header's value for "POST url"; malloc'd. pem: EC P-256 private key. */
int dpop_proof(const char *pem, const char *url, char **out, struct error *err);
