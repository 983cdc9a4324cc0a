/* base/es256.h: a signature that OpenSSL itself verifies, the point, and keys that are refused. */
#include "base/es256.h"
#include "base/mem.h"
#include "unit/lib/suite.h"
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

/* Made for this test, used by nobody. */
static char *make_pem(const char *curve)
{
    EVP_PKEY *key = EVP_EC_gen(curve);
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;

    ck_assert_int_eq(PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    long n = BIO_get_mem_data(bio, &data);
    char *text = xstrndup(data, (size_t)n);
    BIO_free(bio);
    EVP_PKEY_free(key);
    return text;
}

static int verify(const char *pem, const char *text, const uint8_t sig[64])
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    ECDSA_SIG *pair = ECDSA_SIG_new();
    uint8_t *der = NULL;

    ECDSA_SIG_set0(pair, BN_bin2bn(sig, 32, NULL), BN_bin2bn(sig + 32, 32, NULL));
    int n = i2d_ECDSA_SIG(pair, &der);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    ck_assert_int_eq(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    int ok = EVP_DigestVerify(ctx, der, (size_t)n, (const uint8_t *)text, strlen(text));
    EVP_MD_CTX_free(ctx);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return ok;
}

START_TEST(signatures_hold)
{
    cleanup_free char *pem = make_pem("P-256");
    struct es256 *k;
    uint8_t sig[64], x[32], y[32];

    ck_assert_int_eq(es256_load(pem, strlen(pem), &k), 0);
    for (int i = 0; i < 50; i++) { /* r and s of fewer than 32 bytes come up */
        cleanup_free char *text = xasprintf("text %d", i);
        es256_sign(k, text, strlen(text), sig);
        ck_assert_int_eq(verify(pem, text, sig), 1);
    }
    ck_assert_int_ne(verify(pem, "another text", sig), 1);
    es256_point(k, x, y);
    ck_assert_int_ne(memcmp(x, y, sizeof x), 0);
    es256_free(k);
    es256_free(NULL);
}
END_TEST

START_TEST(other_keys_are_refused)
{
    cleanup_free char *p384 = make_pem("P-384");
    const char *const texts[] = {
        "", "no key", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", p384};
    struct es256 *k;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        ck_assert_int_lt(es256_load(texts[i], strlen(texts[i]), &k), 0);
}
END_TEST

SUITE("base/es256", signatures_hold, other_keys_are_refused)
