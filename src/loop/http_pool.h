/* One libcurl multi handle on the loop, with the connections it keeps. Private to src/loop.
 *
 * Callbacks store the result of a transfer in its job and complete its event; handles are added and
 * removed by fibers only, so never inside a callback of libcurl. Ownership: http_pool_new gives a
 * reference; after http_pool_retire the pool lives on until its last transfer was removed. */
#pragma once

#include "loop/fiber.h"
#include <curl/curl.h>

struct http_pool;

struct http_job {
    struct fiber_event done; /* completes with 0; the outcome is `code` */
    CURLcode code;
};

struct http_pool *http_pool_new(struct loop *loop);
void http_pool_retire(struct http_pool *pool);
/* Sets CURLOPT_PRIVATE of easy. job and easy stay the caller's and must live until
 * http_pool_remove. */
CURLMcode http_pool_add(struct http_pool *pool, CURL *easy, struct http_job *job);
void http_pool_remove(struct http_pool *pool, CURL *easy);
