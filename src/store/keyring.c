/* By system calls, since libkeyutils is one more library for three of them. A key belongs to the
 * user and not to a session: a daemon that systemd starts and one that a shell starts find the same
 * one. Processes of the user may read it, as they may read a file of mode 0600; no other user may,
 * and it never is on a disk. Facts: keyrings(7), keyctl(2), add_key(2). */
#include "store/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OF_ITS_USER 0x3f3f0000L /* whoever has it, and its user: all */

static long search(const char *name)
{
    return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", name, 0);
}

int keyring_get(const char *name, void *out, size_t max, size_t *n)
{
    long key = search(name);
    long got = key < 0 ? -1 : syscall(SYS_keyctl, KEYCTL_READ, key, out, max);

    if (got < 0)
        return errno == EKEYEXPIRED || errno == EKEYREVOKED ? -ENOKEY : -errno;
    if ((size_t)got > max)
        return -EMSGSIZE; /* another program's, by that name */
    *n = (size_t)got;
    return 0;
}

int keyring_put(const char *name, const void *data, size_t n)
{
    long key = syscall(SYS_add_key, "user", name, data, n, KEY_SPEC_USER_KEYRING);

    if (key < 0 || syscall(SYS_keyctl, KEYCTL_SETPERM, key, OF_ITS_USER) < 0)
        return -errno;
    return 0;
}

void keyring_drop(const char *name)
{
    long key = search(name);

    if (key >= 0)
        syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING);
}
