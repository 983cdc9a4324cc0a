/* The log of a daemon that a shell started: `defangd.log` in the state folder. Under systemd the
 * journal has its own bounds. */
#pragma once

#include <stdint.h>

/* With more than `max_bytes` (0: the bound of a service) the file gets the name `defangd.log.1`, in
 * the place of an older one, and standard error a new file. Nothing where standard error is no such
 * file. */
void log_file_rotate(const char *state_folder, int64_t max_bytes);
