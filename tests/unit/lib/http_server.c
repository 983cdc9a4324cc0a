/* A small HTTP/1.1 server in fibers of the test's own loop: a test reads each request and writes
 * each byte of the reply itself. */
#include "unit/lib/http_server.h"

#include "base/mem.h"
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_BYTES 16384

struct http_server_connection {
    struct http_server *server;
    struct http_server_connection *next;
    pthread_t thread;
    int fd;
    unsigned number;
    char buffer[HEAD_BYTES];
    size_t buffered;
};

struct http_server {
    int listener, stop_event;
    unsigned port;
    pthread_t thread;
    http_handler *handler;
    void *arg;
    atomic_uint accepted;
    struct http_server_connection
        *connections; /* touched by the accepting thread, then by stop after joining it */
};

bool http_exchange_send_bytes(struct http_exchange *x, const void *data, size_t n)
{
    for (size_t sent = 0; sent < n;) {
        ssize_t part = send(x->fd, (const char *)data + sent, n - sent, MSG_NOSIGNAL);
        if (part <= 0)
            return false;
        sent += (size_t)part;
    }
    return true;
}

bool http_exchange_send(struct http_exchange *x, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    bool ok = n >= 0 && http_exchange_send_bytes(x, text, (size_t)n);
    free(text);
    return ok;
}

bool http_exchange_reply(struct http_exchange *x, int status, const char *headers, const char *body)
{
    return http_exchange_send(
        x,
        "HTTP/1.1 %d Status\r\nContent-Length: %zu\r\n%s\r\n%s",
        status,
        strlen(body),
        headers,
        strcmp(x->method, "HEAD") == 0 ? "" : body);
}

/* Waits until data can be read, or the server is stopped (false). */
static bool readable(const struct http_server *server, int fd)
{
    struct pollfd fds[2] = {
        {.fd = fd, .events = POLLIN}, {.fd = server->stop_event, .events = POLLIN}};
    return poll(fds, 2, -1) > 0 && !fds[1].revents;
}

bool http_exchange_read_body(struct http_exchange *x, void *data, size_t n)
{
    struct http_server_connection *c = x->link;
    size_t head = strlen(c->buffer) + 1; /* the head ends in a NUL where its last line feed was */
    size_t here = MIN(n, c->buffered - head);
    memcpy(data, c->buffer + head, here);
    memmove(c->buffer + head, c->buffer + head + here, c->buffered - head - here);
    c->buffered -= here;
    while (here < n) {
        ssize_t part =
            readable(x->server, x->fd) ? recv(x->fd, (char *)data + here, n - here, 0) : -1;
        if (part <= 0)
            return false;
        here += (size_t)part;
    }
    return true;
}

void http_exchange_reset(struct http_exchange *x)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(x->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void http_exchange_wait(struct http_exchange *x, int ms)
{
    struct pollfd stop = {.fd = x->server->stop_event, .events = POLLIN};
    poll(&stop, 1, ms);
}

static char *read_head(struct http_server_connection *c)
{
    for (;;) {
        char *end = c->buffered ? memmem(c->buffer, c->buffered, "\r\n\r\n", 4) : NULL;
        if (end)
            return end;
        if (c->buffered > 0 && (c->buffer[0] < 'A' || c->buffer[0] > 'Z'))
            return NULL; /* TLS, say */
        if (c->buffered == HEAD_BYTES || !readable(c->server, c->fd))
            return NULL;
        ssize_t n = recv(c->fd, c->buffer + c->buffered, HEAD_BYTES - c->buffered, 0);
        if (n <= 0)
            return NULL;
        c->buffered += (size_t)n;
    }
}

static void *serve(void *arg)
{
    struct http_server_connection *c = arg;
    for (unsigned number = 1;; number++) {
        char *end = read_head(c);
        if (!end)
            break;
        end[3] = '\0';
        struct http_exchange x = {
            .server = c->server,
            .fd = c->fd,
            .connection = c->number,
            .number = number,
            .link = c,
            .head = c->buffer,
            .arg = c->server->arg};
        if (sscanf(c->buffer, "%15s %255s", x.method, x.path) != 2)
            break;
        const char *length = strcasestr(c->buffer, "\r\nContent-Length:");
        x.body_len = length ? (size_t)strtoull(length + 17, NULL, 10) : 0;
        if (!c->server->handler(&x))
            break;
        size_t head = strlen(c->buffer) + 1;
        memmove(c->buffer, c->buffer + head, c->buffered - head);
        c->buffered -= head;
    }
    shutdown(c->fd, SHUT_WR);
    close(c->fd);
    c->fd = -1;
    return NULL;
}

static void *accept_all(void *arg)
{
    struct http_server *server = arg;
    while (readable(server, server->listener)) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            break;
        struct http_server_connection *c = xcalloc(1, sizeof *c);
        c->server = server;
        c->fd = fd;
        c->number = atomic_fetch_add(&server->accepted, 1) + 1;
        c->next = server->connections;
        server->connections = c;
        if (pthread_create(&c->thread, NULL, serve, c) != 0)
            abort();
    }
    return NULL;
}

struct http_server *http_server_start(http_handler *handler, void *arg)
{
    struct http_server *server = xcalloc(1, sizeof *server);
    server->handler = handler;
    server->arg = arg;
    server->stop_event = eventfd(0, EFD_CLOEXEC);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (server->listener < 0 || bind(server->listener, (struct sockaddr *)&address, length) < 0 ||
        listen(server->listener, 512) < 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &length) < 0 ||
        pthread_create(&server->thread, NULL, accept_all, server) != 0)
        abort();
    server->port = ntohs(address.sin_port);
    return server;
}

void http_server_stop(struct http_server *server)
{
    uint64_t one = 1;
    if (write(server->stop_event, &one, sizeof one) != sizeof one)
        abort();
    pthread_join(server->thread, NULL);
    while (server->connections) {
        struct http_server_connection *c = server->connections;
        server->connections = c->next;
        pthread_join(c->thread, NULL);
        free(c);
    }
    close(server->listener);
    close(server->stop_event);
    free(server);
}

unsigned http_server_port(const struct http_server *server)
{
    return server->port;
}

unsigned http_server_connections(const struct http_server *server)
{
    return atomic_load(&((struct http_server *)(uintptr_t)server)->accepted);
}
