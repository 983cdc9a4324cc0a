/* Digests, MACs and text codings over OpenSSL. Failure of the library aborts: there is no way to go
 * on. Part of the static library `base_crypto`, so that the client, which does not use it, links no
 * OpenSSL. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA1_BYTES   20

void digest_sha256(const void *data, size_t n, uint8_t out[SHA256_BYTES]);
void digest_sha1(const void *data, size_t n, uint8_t out[SHA1_BYTES]);
void digest_md5(const void *data, size_t n, uint8_t out[16]);
void digest_hmac_sha256(
    const void *key, size_t key_len, const void *data, size_t n, uint8_t out[SHA256_BYTES]);

/* This thread's context still holds the last sum: after one that is itself a key, call this. */
void digest_forget(void);

struct digest_stream; /* incremental SHA-256 */
struct digest_stream *digest_stream_new(void);
void digest_stream_update(struct digest_stream *d, const void *data, size_t n);
void digest_stream_finish(struct digest_stream *d, uint8_t out[SHA256_BYTES]); /* frees d */
void digest_stream_free(struct digest_stream *d);

uint32_t digest_crc32(uint32_t crc, const void *data, size_t n);     /* zlib's polynomial */
uint64_t digest_crc64nvme(uint64_t crc, const void *data, size_t n); /* start with 0 */

char *digest_hex(const uint8_t *bytes, size_t n);              /* malloc'd, lower-case */
void digest_hex_to(const uint8_t *bytes, size_t n, char *out); /* 2 n digits and NUL */
char *digest_base64(const void *bytes, size_t n);    /* malloc'd, padded, standard alphabet */
char *digest_base64url(const void *bytes, size_t n); /* malloc'd, no padding */
int digest_base64_decode(const char *text, void **out, size_t *n); /* malloc'd; -EINVAL */

/* AES-256-GCM: out = 12-byte nonce, ciphertext, 16-byte tag; malloc'd. aad may be NULL. */
int digest_seal(
    const uint8_t key[32],
    const void *aad,
    size_t aad_len,
    const void *plain,
    size_t n,
    void **out,
    size_t *out_len);
int digest_open(
    const uint8_t key[32],
    const void *aad,
    size_t aad_len,
    const void *sealed,
    size_t n,
    void **out,
    size_t *out_len); /* -EBADMSG */
