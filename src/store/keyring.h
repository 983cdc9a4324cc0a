/* The kernel's keyring of this user: it keeps the sealing key while the daemon lives, and across
 * its crash. Not permitted in many containers, so that nothing may depend on it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 0 and *n bytes at `out` (at most `max`), -ENOKEY, or why the keyring is of no use. */
int keyring_get(const char *name, void *out, size_t max, size_t *n);
int keyring_put(const char *name, const void *data, size_t n);
void keyring_drop(const char *name);
