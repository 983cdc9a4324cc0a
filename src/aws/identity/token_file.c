#include "aws/identity/token_file.h"
#include "base/file.h"
#include "base/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_STEP_MS     10
#define LOCK_PATIENCE_MS 20000

json_t *token_file_read(const char *path)
{
    struct str text = STR_INIT;
    json_t *j = NULL;

    if (file_read(path, LIMIT_AWS_CREDENTIAL_REPLY_BYTES, &text, NULL) == 0)
        json_parse(str_get(&text), text.len, &j, NULL);
    str_wipe(&text);
    return j;
}

int token_file_write(const char *path, const json_t *j, struct error *err)
{
    cleanup_free char *folder = path_dirname(path);
    int rc = file_mkdirs(folder, 0700, err);

    if (rc < 0)
        return rc;

    char *text = json_print(j, false, false);
    rc = file_write_atomic(path, text, strlen(text), 0600, err);

    secret_wipe(text, strlen(text));
    free(text);
    return rc;
}

/* The folder is locked, not a file beside: nothing of ours stays where the CLI keeps its own. Where
 * folders cannot be locked (NFS) there is no lock, and what the CLI does without one is done. */
int token_file_lock(const char *path)
{
    cleanup_free char *folder = path_dirname(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (int waited = 0; fd >= 0; waited += LOCK_STEP_MS) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        if (errno != EWOULDBLOCK && errno != EINTR)
            break;
        if (waited >= LOCK_PATIENCE_MS || fiber_sleep(LOCK_STEP_MS) < 0)
            break;
    }

    if (fd >= 0)
        close(fd);
    return -1;
}
