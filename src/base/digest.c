/* SHA-256, SHA-1, MD5, HMAC and AES-256-GCM over OpenSSL's EVP.
 *
 * Signing a request hashes many short texts, and there making a context costs as much as the hash.
 * So each thread keeps one context, and the algorithm is looked up once. What is left in the
 * context after a sum that is itself a key goes by digest_forget().
 *
 * A sealed text is nonce, ciphertext and tag, in this order; the nonce is random, so one key must
 * not seal more than 2^32 texts. Text that was cut or changed is -EBADMSG; whatever else OpenSSL
 * refuses aborts. */
#include "base/digest.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/* Of SHA-256: what a key is padded to. */
#define HMAC_BLOCK 64

static void must(bool done)
{
    if (!done)
        abort();
}

/* Looked up once: EVP_sha256() by itself makes OpenSSL search its providers at each use. */
static const EVP_MD *sha256(void)
{
    static _Atomic(EVP_MD *) kept;
    EVP_MD *md = kept, *none = NULL;

    if (md)
        return md;
    md = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(md != NULL);
    if (!atomic_compare_exchange_strong(&kept, &none, md)) { /* another thread was faster */
        EVP_MD_free(md);
        md = none;
    }

    return md;
}

/* One context per thread, used again and again: making one costs as much as hashing a short text.
 */
static __thread EVP_MD_CTX *thread_ctx;
static pthread_key_t thread_end;

static void free_context(void *ctx)
{
    EVP_MD_CTX_free(ctx); /* wipes its state */
}

static void make_key(void)
{
    must(pthread_key_create(&thread_end, free_context) == 0);
}

static EVP_MD_CTX *context(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    if (!thread_ctx) {
        must(pthread_once(&once, make_key) == 0);
        thread_ctx = EVP_MD_CTX_new();
        must(thread_ctx && pthread_setspecific(thread_end, thread_ctx) == 0);
        must(EVP_DigestInit_ex2(thread_ctx, sha256(), NULL) == 1);
    }

    return thread_ctx;
}

static void digest_once(const EVP_MD *md, const void *data, size_t n, uint8_t *out)
{
    must(EVP_Digest(data, n, out, NULL, md, NULL) == 1);
}

void digest_sha256(const void *data, size_t n, uint8_t out[SHA256_BYTES])
{
    EVP_MD_CTX *ctx = context();

    must(
        EVP_DigestInit_ex2(ctx, NULL, NULL) == 1 && EVP_DigestUpdate(ctx, data, n) == 1 &&
        EVP_DigestFinal_ex(ctx, out, NULL) == 1);
}

void digest_sha1(const void *data, size_t n, uint8_t out[SHA1_BYTES])
{
    digest_once(EVP_sha1(), data, n, out);
}

void digest_md5(const void *data, size_t n, uint8_t out[16])
{
    digest_once(EVP_md5(), data, n, out);
}

void digest_hmac_sha256(
    const void *key, size_t key_len, const void *data, size_t n, uint8_t out[SHA256_BYTES])
{
    uint8_t pad[HMAC_BLOCK] = {0}, inner[SHA256_BYTES];
    EVP_MD_CTX *ctx = context();

    if (key_len > sizeof pad)
        digest_sha256(key, key_len, pad);
    else if (key_len)
        memcpy(pad, key, key_len);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    must(
        EVP_DigestInit_ex2(ctx, NULL, NULL) == 1 && EVP_DigestUpdate(ctx, pad, sizeof pad) == 1 &&
        EVP_DigestUpdate(ctx, data, n) == 1 && EVP_DigestFinal_ex(ctx, inner, NULL) == 1);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    must(
        EVP_DigestInit_ex2(ctx, NULL, NULL) == 1 && EVP_DigestUpdate(ctx, pad, sizeof pad) == 1 &&
        EVP_DigestUpdate(ctx, inner, sizeof inner) == 1 && EVP_DigestFinal_ex(ctx, out, NULL) == 1);
    secret_wipe(pad, sizeof pad);
    secret_wipe(inner, sizeof inner);
}

void digest_forget(void)
{
    uint8_t sum[SHA256_BYTES];

    digest_sha256("", 0, sum); /* the state of the last sum is overwritten */
}

struct digest_stream {
    EVP_MD_CTX *ctx;
};

struct digest_stream *digest_stream_new(void)
{
    struct digest_stream *d = xmalloc(sizeof *d);
    d->ctx = EVP_MD_CTX_new();
    must(d->ctx && EVP_DigestInit_ex2(d->ctx, sha256(), NULL) == 1);
    return d;
}

void digest_stream_update(struct digest_stream *d, const void *data, size_t n)
{
    must(EVP_DigestUpdate(d->ctx, data, n) == 1);
}

void digest_stream_finish(struct digest_stream *d, uint8_t out[SHA256_BYTES])
{
    must(EVP_DigestFinal_ex(d->ctx, out, NULL) == 1);
    digest_stream_free(d);
}

void digest_stream_free(struct digest_stream *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->ctx);
    free(d);
}

#define NONCE_BYTES 12
#define TAG_BYTES   16

/* What both directions share: nonce set, additional data fed. */
static EVP_CIPHER_CTX *
gcm_start(bool seal, const uint8_t key[32], const uint8_t *nonce, const void *aad, size_t aad_len)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len;

    must(ctx && aad_len <= INT_MAX);
    must(EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, seal) == 1);
    if (aad && aad_len)
        must(EVP_CipherUpdate(ctx, NULL, &len, aad, (int)aad_len) == 1);
    return ctx;
}

int digest_seal(
    const uint8_t key[32],
    const void *aad,
    size_t aad_len,
    const void *plain,
    size_t n,
    void **out,
    size_t *out_len)
{
    if (n > INT_MAX - NONCE_BYTES - TAG_BYTES || aad_len > INT_MAX)
        return -EFBIG;

    uint8_t *sealed = xmalloc(NONCE_BYTES + n + TAG_BYTES), *text = sealed + NONCE_BYTES;
    clock_random(sealed, NONCE_BYTES);
    EVP_CIPHER_CTX *ctx = gcm_start(true, key, sealed, aad, aad_len);
    int len = 0, last = 0;
    if (n)
        must(EVP_CipherUpdate(ctx, text, &len, plain, (int)n) == 1);
    must(EVP_CipherFinal_ex(ctx, text + len, &last) == 1);
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, text + n) == 1);
    EVP_CIPHER_CTX_free(ctx);
    *out = sealed;
    *out_len = NONCE_BYTES + n + TAG_BYTES;
    return 0;
}

int digest_open(
    const uint8_t key[32],
    const void *aad,
    size_t aad_len,
    const void *sealed,
    size_t n,
    void **out,
    size_t *out_len)
{
    if (n < NONCE_BYTES + TAG_BYTES || n > INT_MAX || aad_len > INT_MAX)
        return -EBADMSG;

    const uint8_t *nonce = sealed, *text = nonce + NONCE_BYTES;
    size_t text_len = n - NONCE_BYTES - TAG_BYTES;
    uint8_t tag[TAG_BYTES];
    memcpy(tag, text + text_len, TAG_BYTES);
    uint8_t *plain = xmalloc(text_len + 1); /* a NUL after it, so that text may be used as text */
    EVP_CIPHER_CTX *ctx = gcm_start(false, key, nonce, aad, aad_len);
    int len = 0, last = 0;
    if (text_len)
        must(EVP_CipherUpdate(ctx, plain, &len, text, (int)text_len) == 1);
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1);
    bool genuine = EVP_CipherFinal_ex(ctx, plain + len, &last) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (!genuine) {
        secret_wipe(plain, text_len);
        free(plain);
        return -EBADMSG;
    }

    plain[text_len] = '\0';
    *out = plain;
    *out_len = text_len;
    return 0;
}
