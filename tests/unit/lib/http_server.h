/* A small HTTP/1.1 server on loopback for tests of the real transport: a thread per connection, so
 * a handler may be as slow, rude or broken as it likes. Handlers run on server threads: they must
 * not use Check's assertions.
 *
 * Ownership: http_server_stop ends every connection, joins every thread and frees. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct http_server;

struct http_exchange {
    struct http_server *server;
    int fd;
    unsigned connection; /* 1, 2, … in order of accept */
    unsigned number;     /* 1, 2, … on this connection */
    char method[16], path[256];
    struct http_server_connection *link;
    const char *head; /* request line and headers, as received */
    size_t body_len;  /* of Content-Length; not yet read */
    void *arg;
};

/* Returns whether the connection goes on. */
typedef bool http_handler(struct http_exchange *x);

struct http_server *http_server_start(http_handler *handler, void *arg);
void http_server_stop(struct http_server *server);
unsigned http_server_port(const struct http_server *server);
unsigned http_server_connections(const struct http_server *server); /* accepted so far */

bool http_exchange_send(struct http_exchange *x, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool http_exchange_send_bytes(struct http_exchange *x, const void *data, size_t n);
bool http_exchange_read_body(struct http_exchange *x, void *data, size_t n); /* the next n bytes */
bool http_exchange_reply(
    struct http_exchange *x,
    int status,
    const char *headers,
    const char *body);                                    /* with Content-Length */
void http_exchange_reset(struct http_exchange *x);        /* RST when the connection ends */
void http_exchange_wait(struct http_exchange *x, int ms); /* or until the server stops */
