/* Errors: an errno-like return for control flow, and an optional object for people.
 *
 * A function returns 0 or a negative errno. Its last parameter `struct error *err` (may be NULL) is
 * filled exactly once, where the fact is known (error_raise), wrapped on the way up (error_wrap)
 * and printed once at the edge (error_format). Untouched on success. Kinds map 1:1 to RPC status
 * and to defangctl's exit code. Nothing in an error may hold a secret value.
 *
 * Ownership: the strings belong to the object; error_done() frees them and makes it reusable.
 */
#pragma once

#include <stdbool.h>

enum error_kind {
    ERR_NONE = 0,
    ERR_FAILED = 1,  /* anything without a kind of its own */
    ERR_USAGE = 2,   /* bad arguments or a bad Compose file */
    ERR_AUTH = 3,    /* credentials, region or permission */
    ERR_CLOUD = 4,   /* a cloud resource or call failed */
    ERR_REFUSED = 5, /* refused by a check of ours */
    ERR_NOT_FOUND = 6,
    ERR_CANCELED = 8,
    ERR_TIMEOUT = 9, /* timed out, or detached with unknown outcome */
    ERR_ROLLED_BACK = 10,
    ERR_UNREACHABLE = 11, /* the daemon cannot be reached */
    ERR_INTERRUPTED = 130,
};

struct error {
    enum error_kind kind;
    int code;              /* the negative errno that went with it */
    char *message;         /* outermost context first: "deploying shop: creating stack: …" */
    char *hint;            /* what to do, one or more lines; NULL when there is nothing to add */
    char *file;            /* source position, NULL when none */
    unsigned line, column; /* 1-based; 0 unknown */
    char *aws_code;        /* e.g. "ThrottlingException"; NULL when not an AWS reply */
    char *request_id;
    int http_status;  /* 0 when not an HTTP reply */
    char *mfa_serial; /* the same again with a code of this device may succeed; NULL = no */
};

#define ERROR_INIT {.kind = ERR_NONE}

/* Fills err (if any, and if still empty) and returns the errno of the kind, negative: callers
 * `return error_raise(…)`. */
int error_raise(struct error *err, enum error_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with a given errno (positive or negative). */
int error_raise_errno(struct error *err, enum error_kind kind, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Puts "text: " before the message. Returns err->code, or -EIO when err is NULL or empty. */
int error_wrap(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void error_hint(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void error_at(struct error *err, const char *file, unsigned line, unsigned column);
void error_aws(struct error *err, const char *aws_code, const char *request_id, int http_status);

void error_mfa(struct error *err, const char *serial);

void error_done(struct error *err);
/* `to` is dropped first; `from` is left empty. */
void error_move(struct error *to, struct error *from);
void error_copy(struct error *to, const struct error *from);

static inline bool error_is_set(const struct error *err)
{
    return err && err->kind != ERR_NONE;
}

bool error_has_code(const struct error *err, const char *aws_code);

int error_kind_errno(enum error_kind kind); /* negative */
int error_kind_exit(enum error_kind kind);  /* process exit code */
/* "credentials", "cloud", …; stable, for --json */
const char *error_kind_name(enum error_kind kind);

/* "file:line:col: message (Code, request id)\n  hint"; malloc'd. */
char *error_format(const struct error *err);

#define cleanup_error __attribute__((cleanup(error_done)))
