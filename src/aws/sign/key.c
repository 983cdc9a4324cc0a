/* Signing keys, derived and kept.
 *
 * A key holds for a secret, a day, a region and a service, and deriving it takes four HMACs; a job
 * signs hundreds of requests with a few of them. The cache is a ring: when it is full the oldest
 * goes. Whoever changes the secret clears it (sigv4_cache_clear); what leaves it is wiped. */
#include "aws/sign/sigv4.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include <string.h>

/* Services times regions of one caller; two days meet at midnight. */
#define CACHED 16

struct cached {
    char date[9]; /* "" = free */
    char *region, *service;
    struct secret secret;
    uint8_t key[32];
};

struct sigv4_cache {
    struct cached items[CACHED];
    unsigned next; /* to be replaced */
};

struct sigv4_cache *sigv4_cache_new(void)
{
    return xcalloc(1, sizeof(struct sigv4_cache));
}

static void item_done(struct cached *c)
{
    free(c->region);
    free(c->service);
    secret_done(&c->secret);
    secret_wipe(c->key, sizeof c->key);
    *c = (struct cached){0};
}

void sigv4_cache_clear(struct sigv4_cache *cache)
{
    for (size_t i = 0; i < CACHED; i++)
        item_done(&cache->items[i]);
    cache->next = 0;
}

void sigv4_cache_free(struct sigv4_cache *cache)
{
    if (!cache)
        return;

    sigv4_cache_clear(cache);
    free(cache);
}

static void derive(const struct sigv4_key *k, const char *date, uint8_t out[32])
{
    struct str first = STR_INIT;

    str_append(&first, "AWS4");
    str_append(&first, secret_get(k->secret_access_key));
    digest_hmac_sha256(str_get(&first), first.len, date, 8, out);
    str_wipe(&first);
    digest_hmac_sha256(out, 32, k->region, strlen(k->region), out);
    digest_hmac_sha256(out, 32, k->service, strlen(k->service), out);
    digest_hmac_sha256(out, 32, "aws4_request", strlen("aws4_request"), out);
    digest_forget();
}

static bool fits(const struct cached *c, const struct sigv4_key *k, const char *date)
{
    return memcmp(c->date, date, 8) == 0 && strcmp(c->region, k->region) == 0 &&
           strcmp(c->service, k->service) == 0 && c->secret.len == k->secret_access_key->len &&
           strcmp(secret_get(&c->secret), secret_get(k->secret_access_key)) == 0;
}

void sigv4_signing_key(const struct sigv4_key *k, uint8_t out[32])
{
    struct sigv4_cache *cache = k->cache;
    char date[17];

    clock_format_basic(k->wall_ms, date);
    for (size_t i = 0; cache && i < CACHED && cache->items[i].date[0]; i++)
        if (fits(&cache->items[i], k, date)) {
            memcpy(out, cache->items[i].key, 32);
            return;
        }
    derive(k, date, out);
    if (!cache)
        return;

    struct cached *c = &cache->items[cache->next];
    cache->next = (cache->next + 1) % CACHED;
    item_done(c);
    memcpy(c->date, date, 8);
    c->region = xstrdup(k->region);
    c->service = xstrdup(k->service);
    secret_copy(&c->secret, k->secret_access_key);
    memcpy(c->key, out, 32);
}
