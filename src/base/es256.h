/* ECDSA with P-256 and SHA-256 (ES256 of JWT): a private key in PEM, its public point, signatures
 * as r || s. In base_crypto, beside digest.h. The key is freed (and wiped by the library) with
 * es256_free(); NULL ok. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct es256;

int es256_load(const char *pem, size_t n, struct es256 **out); /* -EINVAL: no P-256 private key */
void es256_free(struct es256 *k);
void es256_point(const struct es256 *k, uint8_t x[32], uint8_t y[32]);
void es256_sign(const struct es256 *k, const void *data, size_t n, uint8_t out[64]);
