/* What only the project's own key opens: the inputs of a release.
 *
 * The key in Parameter Store is a text of its own making (values/derived.c), which other values are
 * named by: it is hashed with a word of this file, so that neither tells of the other. The
 * deployment's id goes in as additional data: an envelope that is put into another record does not
 * open. */
#include "engine/release/release.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/values/derived.h"

#include <string.h>

#define WORD "defang release\n"

/* false: there is none, and none was to be made. */
static int key_of(
    struct engine_context *c, bool make, uint8_t key[SHA256_BYTES], bool *there, struct error *err)
{
    struct arena *arena = arena_new();
    const char *text = NULL;
    int rc = flow_file_key(c, arena, make, &text, err);

    *there = rc == 0 && !text_empty(text);
    if (*there) {
        cleanup_free char *whole = xasprintf(WORD "%s", text);

        digest_sha256(whole, strlen(whole), key);
        secret_wipe(whole, strlen(whole));
        secret_wipe((char *)(uintptr_t)text, strlen(text));
    }
    arena_free(arena);
    return rc;
}

int release_seal(struct engine_context *c, const json_t *inputs, char **sealed, struct error *err)
{
    uint8_t key[SHA256_BYTES];
    bool there = false;
    void *blob = NULL;
    size_t n = 0;
    int rc = key_of(c, true, key, &there, err);
    if (rc < 0)
        return rc;

    cleanup_free char *text = json_print(inputs, false, true);
    rc = digest_seal(key, c->deployment, strlen(c->deployment), text, strlen(text), &blob, &n);
    secret_wipe(text, strlen(text));
    secret_wipe(key, sizeof key);
    if (rc < 0)
        return error_raise_errno(err, ERR_FAILED, -rc, "a release cannot be sealed");

    *sealed = digest_base64(blob, n);
    free(blob);
    return 0;
}

/* The project's key went with its config: nobody can open it any more. */
static int does_not_open(const json_t *record, struct error *err)
{
    int rc = error_raise(
        err,
        ERR_REFUSED,
        "release %lld does not open: it was sealed with another key of the project",
        json_int_or(record, "number", 0));
    error_hint(err, "deploy its source again: check it out, then `defangctl up`");
    return rc;
}

int release_open(struct engine_context *c, const json_t *record, json_t **inputs, struct error *err)
{
    uint8_t key[SHA256_BYTES];
    bool there = false;
    const char *id = json_str_or(record, "deployment", "");
    void *blob = NULL, *plain = NULL;
    size_t n = 0, length = 0;
    int rc = key_of(c, false, key, &there, err);
    if (rc < 0)
        return rc;

    bool opens = there && digest_base64_decode(json_str_or(record, "sealed", ""), &blob, &n) == 0 &&
                 digest_open(key, id, strlen(id), blob, n, &plain, &length) == 0;
    secret_wipe(key, sizeof key);
    rc = opens ? json_parse(plain, length, inputs, err) : does_not_open(record, err);
    if (plain)
        secret_wipe(plain, length);
    free(plain);
    free(blob);
    return rc;
}

char *
release_content(const char *model, const char *mode, const json_t *services, const json_t *configs)
{
    cleanup_free char *images = json_print(services, false, true);
    cleanup_free char *versions = json_print(configs, false, true);
    cleanup_free char *whole =
        xasprintf("%s\n%s\n%s\n%s", model ? model : "", mode ? mode : "", images, versions);

    return plan_hash_hex(whole, 32);
}
