/* ES256 (RFC 7518, 3.4) over OpenSSL: what a DPoP proof of an AWS login is signed with.
 *
 * OpenSSL signs in DER, while a JWT holds r and s as 32 bytes each, padded in front. Only P-256
 * keys are taken, and never one with a password, as the library would ask for it on the terminal.
 * What fails after the key was loaded aborts. */
#include "base/es256.h"

#include "base/mem.h"
#include <errno.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <string.h>

#define SIGNATURE_DER_MAX 80

struct es256 {
    EVP_PKEY *key;
};

static void must(bool done)
{
    if (!done)
        abort();
}

static int no_password(char *buffer, int size, int writing, void *arg)
{
    return -1; /* the library would ask on the terminal */
}

int es256_load(const char *pem, size_t n, struct es256 **out)
{
    char group[32] = "";
    BIO *bio = n < INT_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

    BIO_free(bio);
    if (!key || EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1 ||
        strcmp(group, "prime256v1") != 0) {
        EVP_PKEY_free(key);
        ERR_clear_error();
        return -EINVAL;
    }
    *out = xcalloc(1, sizeof **out);
    (*out)->key = key;

    return 0;
}

void es256_free(struct es256 *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->key);
    free(k);
}

static void coordinate(const struct es256 *k, const char *name, uint8_t out[32])
{
    BIGNUM *n = NULL;

    must(EVP_PKEY_get_bn_param(k->key, name, &n) == 1 && BN_bn2binpad(n, out, 32) == 32);
    BN_free(n);
}

void es256_point(const struct es256 *k, uint8_t x[32], uint8_t y[32])
{
    coordinate(k, OSSL_PKEY_PARAM_EC_PUB_X, x);
    coordinate(k, OSSL_PKEY_PARAM_EC_PUB_Y, y);
}

void es256_sign(const struct es256 *k, const void *data, size_t n, uint8_t out[64])
{
    uint8_t der[SIGNATURE_DER_MAX];
    size_t len = sizeof der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    must(
        ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k->key) == 1 &&
        EVP_DigestSign(ctx, der, &len, data, n) == 1);
    EVP_MD_CTX_free(ctx);
    const uint8_t *at = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
    must(
        sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) == 32 &&
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) == 32);
    ECDSA_SIG_free(sig);
}
