/* Sealed blobs: AES-256-GCM with the blob's name and expiry as associated data, so that neither can
 * be changed in the file: a blob cannot be passed off as another's, nor live longer than it was
 * made for.
 *
 * The key comes from a systemd credential when there is one, else from the kernel's keyring of this
 * user with a file of mode 0600 in the state folder behind it, made at the first start: the file is
 * what a reboot leaves, the keyring what a file leaves that somebody removed while the daemon ran
 * or after it crashed. Where both are there the file counts, since a folder may come from a backup.
 * A keyring that may not be used (containers) is done without. Whatever form the material has, the
 * cipher gets 32 bytes that were derived from it for this use alone. A key file that others can
 * read is refused: whoever could read it may have.
 *
 * The frozen inputs of a job are sealed in their own column, under the deployment's name; what it
 * signs with is a blob like any other.
 *
 * A blob that does not open (another key, a changed file) is a cache that is empty, never an error:
 * what was in it is fetched again. */
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/internal.h"
#include "store/keyring.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES_MIN 16 /* of a systemd credential, whose form the user chooses */
#define KEY_BYTES_MAX 4096

/* Whatever form the key material has, the cipher gets 32 bytes of its own. */
static void key_derive(struct store *s, const void *material, size_t n)
{
    static const char label[] = "defangd seal 1";
    digest_hmac_sha256(material, n, label, sizeof label - 1, s->seal_key);
}

/* A name for each folder: a user may have several. */
static char *keyring_name(const struct store *s)
{
    return xasprintf("defangd:%s", s->folder);
}

static void keep_in_keyring(struct store *s, const void *material, size_t n)
{
    cleanup_free char *name = keyring_name(s);
    int rc = keyring_put(name, material, n);

    s->in_keyring = rc == 0;
    if (rc < 0)
        log_debug(
            "store",
            "the kernel's keyring is not used, the sealing key is in its file alone: reason=\"%s\"",
            strerror(-rc));
}

/* A clean end leaves the file, or nothing where the folder is gone. */
void store_seal_done(struct store *s)
{
    cleanup_free char *own = path_join(s->folder, STORE_KEY_NAME);
    cleanup_free char *name = keyring_name(s);

    if (s->in_keyring && (file_exists(own) || !file_exists(s->folder)))
        keyring_drop(name);
    secret_wipe(s->seal_key, sizeof s->seal_key);
}

/* The one of before from the keyring, where the file was removed; else a new one. Atomically: half
 * a key on the disk would open nothing at the next start. */
static int key_make(struct store *s, const char *path, struct error *err)
{
    cleanup_free char *name = keyring_name(s);
    uint8_t bytes[32];
    size_t n = 0;

    if (keyring_get(name, bytes, sizeof bytes, &n) == 0 && n == sizeof bytes)
        log_warning("store", "the sealing key was removed, and is made again from the keyring");
    else
        clock_random(bytes, sizeof bytes);

    int rc = file_write_atomic(path, bytes, sizeof bytes, 0600, err);
    if (rc == 0)
        key_derive(s, bytes, sizeof bytes);
    if (rc == 0)
        keep_in_keyring(s, bytes, sizeof bytes);
    secret_wipe(bytes, sizeof bytes);

    return rc < 0 ? error_wrap(err, "making the sealing key") : 0;
}

/* A file of the user's choice is taken as it is; our own must be private. */
int store_seal_init(struct store *s, const char *key_file, struct error *err)
{
    cleanup_free char *own = path_join(s->folder, STORE_KEY_NAME);
    const char *path = key_file ? key_file : own;
    struct stat st;

    if (!key_file && lstat(path, &st) < 0 && errno == ENOENT)
        return key_make(s, path, err);

    if (!key_file && lstat(path, &st) == 0 &&
        (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))) {
        error_raise_errno(
            err, ERR_REFUSED, EPERM, "the sealing key %s is not a private file of this user", path);
        error_hint(err, "Remove it: a new one is made, and cached credentials are fetched again.");
        return -EPERM;
    }

    struct str material = {.max = KEY_BYTES_MAX};
    int rc = file_read(path, KEY_BYTES_MAX, &material, err);

    if (rc < 0)
        rc = error_wrap(err, "reading the sealing key");
    else if (material.len < KEY_BYTES_MIN)
        rc = error_raise_errno(
            err,
            ERR_REFUSED,
            EINVAL,
            "the sealing key %s is shorter than %d bytes",
            path,
            KEY_BYTES_MIN);
    else
        key_derive(s, material.data, material.len);
    if (rc == 0 && !key_file)
        keep_in_keyring(s, material.data, material.len);

    str_wipe(&material);

    return rc;
}

int store_seal_close(
    struct store *s,
    const char *name,
    const void *data,
    size_t n,
    void **sealed,
    size_t *sealed_len,
    struct error *err)
{
    int rc = digest_seal(s->seal_key, name, strlen(name), data, n, sealed, sealed_len);

    return rc < 0 ? error_raise_errno(err, ERR_FAILED, rc, "sealing %s", name) : 0;
}

void store_seal_open(
    struct store *s,
    const char *name,
    const void *sealed,
    size_t sealed_len,
    void **data,
    size_t *n)
{
    *data = NULL;
    *n = 0;
    if (digest_open(s->seal_key, name, strlen(name), sealed, sealed_len, data, n) < 0)
        *data = NULL;
}

/* What is sealed with a blob and must come back the same. */
static char *associated(const char *name, int64_t expires_ms)
{
    return xasprintf("%s\n%lld", name, (long long)expires_ms);
}

static int seal_delete(struct store *s, const char *name, struct error *err)
{
    struct sql q = sql_open(&s->writer, "DELETE FROM credentials WHERE name = ?1");

    sql_text(&q, name);
    return sql_run(s, &q, NULL, err);
}

/* The expiry stands in the row and under the seal: the row's can be searched, the seal's cannot
 * be changed. */
int store_seal_put(
    struct store *s,
    const char *name,
    const void *data,
    size_t n,
    int64_t expires_ms,
    struct error *err)
{
    if (!data)
        return seal_delete(s, name, err);

    if (n > LIMIT_STORE_SEALED_BYTES)
        return error_raise_errno(
            err,
            ERR_FAILED,
            EMSGSIZE,
            "a sealed blob of %zu bytes, more than %zu",
            n,
            LIMIT_STORE_SEALED_BYTES);

    cleanup_free char *aad = associated(name, expires_ms);
    cleanup_free void *sealed = NULL;
    size_t sealed_len = 0;
    int rc = digest_seal(s->seal_key, aad, strlen(aad), data, n, &sealed, &sealed_len);
    if (rc < 0)
        return error_raise_errno(err, ERR_FAILED, rc, "sealing %s", name);

    struct sql q = sql_open(
        &s->writer,
        "INSERT INTO credentials(name, sealed, expires_ms) VALUES(?1, ?2, ?3)"
        " ON CONFLICT DO UPDATE SET sealed = excluded.sealed, expires_ms = excluded.expires_ms");

    sql_text(&q, name);
    sql_blob(&q, sealed, sealed_len);
    sql_int(&q, expires_ms);

    return sql_run(s, &q, NULL, err);
}

/* Expired ones are not even opened. */
int store_seal_get(struct store *s, const char *name, struct secret *out, struct error *err)
{
    secret_set(out, NULL);

    struct sql q = sql_open(
        &s->writer,
        "SELECT sealed, expires_ms FROM credentials WHERE name = ?1"
        " AND (expires_ms = 0 OR expires_ms > ?2)");

    sql_text(&q, name);
    sql_int(&q, clock_wall_ms());

    int rc = sql_row(&q);
    if (rc > 0) {
        cleanup_free char *aad = associated(name, sqlite3_column_int64(q.stmt, 1));
        void *plain = NULL;
        size_t n = 0;
        const void *sealed = sqlite3_column_blob(q.stmt, 0);
        size_t sealed_len = (size_t)sqlite3_column_bytes(q.stmt, 0);

        /* A blob of another key is only a cache miss. */
        if (digest_open(s->seal_key, aad, strlen(aad), sealed, sealed_len, &plain, &n) == 0) {
            secret_set_bytes(out, plain, n);
            secret_wipe(plain, n);
            free(plain);
        }
    }

    sql_close(&q);

    return rc < 0 ? store_read_error(&s->writer, "reading a sealed blob", err) : 0;
}

/* ---- of a job ---- */

static char *job_keys_name(const char *deployment)
{
    return xasprintf("job/%s", deployment);
}

int store_job_keys_put(
    struct store *s,
    const char *deployment,
    const char *keys,
    int64_t expires_ms,
    struct error *err)
{
    cleanup_free char *name = job_keys_name(deployment);

    return store_seal_put(s, name, keys, keys ? strlen(keys) : 0, expires_ms, err);
}

int store_job_keys_get(
    struct store *s, const char *deployment, struct secret *out, struct error *err)
{
    cleanup_free char *name = job_keys_name(deployment);

    return store_seal_get(s, name, out, err);
}

int store_seal_forget(struct store *s, struct error *err)
{
    struct sql q = sql_open(&s->writer, "DELETE FROM credentials");

    return sql_run(s, &q, NULL, err);
}
