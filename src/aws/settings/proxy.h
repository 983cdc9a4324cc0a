/* Which proxy a request goes through, after the caller's environment. Pure.
 *
 * Errors: ERR_USAGE for a variable whose value is no proxy that can be asked; what may be a
 * password is never in it. */
#pragma once

#include "base/env.h"
#include "base/error.h"
#include "base/secret.h"
#include "loop/http.h"

struct aws_proxy {
    struct http_proxy parts; /* points into what follows; .url NULL = the request goes directly */
    char *url, *variable;
    struct secret user, password;
};

/* For a request to `url`. aws_proxy_done() in any case. */
int aws_proxy_find(
    const struct env *env, const char *url, struct aws_proxy *out, struct error *err);
void aws_proxy_done(struct aws_proxy *p);
/* What http_request.proxy wants: NULL when there is none. */
const struct http_proxy *aws_proxy_parts(const struct aws_proxy *p);

#define cleanup_aws_proxy __attribute__((cleanup(aws_proxy_done)))
