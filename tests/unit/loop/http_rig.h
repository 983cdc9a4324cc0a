/* What the tests of the transport share: the server's rude paths, the transport on a loop, and what
 * is expected of an exchange. */
#pragma once

#include "base/mem.h"
#include "loop/fiber.h"
#include "loop/http.h"
#include "unit/lib/cases.h"
#include "unit/lib/http_server.h"
#include <errno.h>

struct rig {
    struct loop *loop;
    struct http *http;
    struct http_server *server;
};

extern struct rig rig;
extern const struct http_request rig_plain;

void rig_setup(void);
void rig_teardown(void);
unsigned rig_most_parallel(void); /* requests to /parallel/… that were under way at once */
char *rig_url(const char *path);  /* malloc'd */
int rig_fetch(
    const char *path, struct http_request req, struct http_response *resp, struct error *err);
void rig_expect_error(const char *path, struct http_request req, int code, const char *text);
void rig_expect_reply(const char *path, struct http_request req, int status, const char *body);
int rig_count_bytes(
    void *arg, const char *data, size_t n); /* on_data; arg is a size_t; -ENOSPC above 512 KiB */

#define FIBER_TEST(name)                                                                           \
    static void name##_main(void *arg);                                                            \
    START_TEST(name)                                                                               \
    {                                                                                              \
        loop_run_fiber(rig.loop, #name, name##_main, NULL);                                        \
    }                                                                                              \
    END_TEST                                                                                       \
    static void name##_main(void *arg)

static const struct http_request plain;
