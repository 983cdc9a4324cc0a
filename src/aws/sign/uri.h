/* URIs as AWS needs them: percent coding of RFC 3986 and a splitter that changes nothing. */
#pragma once

#include "base/error.h"
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>

/* Appends s with every byte but A-Z a-z 0-9 - _ . ~ (and '/', if kept) as %XX, upper-case. */
void uri_encode(struct str *out, const char *s, bool keep_slash);
/* The same for text that may hold %XX already: '%' is kept. */
void uri_encode_keep_escapes(struct str *out, const char *s, size_t n);

/* Parts of an absolute http(s) URL, without user, password and fragment. Strings are malloc'd:
 * uri_done(). */
struct uri {
    char *scheme; /* "http" or "https" */
    char *host;   /* lower-case, IPv6 in brackets */
    char *port;   /* NULL when none is written */
    char *path;   /* with its '/', "" when none */
    char *query;  /* without '?', NULL when none */
};

/* 0, or -EINVAL with ERR_USAGE: what the AWS CLI refuses as an endpoint. */
int uri_split(const char *url, struct uri *out, struct error *err);
void uri_done(struct uri *u);
/* The parts as one text again: what may be sent. malloc'd. */
char *uri_text(const struct uri *u);
/* Any text that ought to be a URL, for messages: what may be a user and a password is "***",
 * what prints nothing is written out.
 * malloc'd. */
char *uri_shown(const char *url);
/* host[:port] as the Host header wants it: the scheme's own port is left out. malloc'd. */
char *uri_authority(const struct uri *u);

#define cleanup_uri __attribute__((cleanup(uri_done)))
