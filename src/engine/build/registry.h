/* What a tag names now, and whether a log-in is one, asked of the registry: the OCI distribution
 * API with anonymous tokens. Nothing is pulled. Plain HTTP only towards this machine, as Docker
 * does. Every exchange has a deadline and a bound. */
#pragma once

#include "base/env.h"
#include "compose/bind/image.h"
#include "loop/http.h"

struct registry {
    struct http *http;
    const struct env *env; /* proxies, and SSL_CERT_FILE as Docker has it; AWS_CA_BUNDLE is not for
                              this */
    unsigned timeout_ms;   /* of each exchange; 0: 20 s */
};

/* *digest: "sha256:…", malloc'd. ERR_NOT_FOUND for an image that is not there; ERR_CREDENTIALS when
 * it is not public; ERR_FAILED when the registry cannot be reached. Suspends. */
int registry_digest(
    const struct registry *r, const struct image_name *image, char **digest, struct error *err);

/* Whether the registry takes this user and password, as `docker login` asks it. ERR_AUTH: it does
 * not; any other error: it could not be asked. Suspends. */
int registry_log_in(
    const struct registry *r,
    const char *host,
    const char *user,
    const char *password,
    struct error *err);
