/* The log of a daemon that a client started: a file in the state folder, because no journal takes
 * its stderr. It and the one before it are kept. */
#pragma once

#define LOG_FILE_NAME  "defangd.log"
#define LOG_FILE_BYTES (10L << 20)

/* Puts a file that has grown beyond LOG_FILE_BYTES aside, as NAME.1. With fd >= 0 only when fd
 * writes into that very file: it then writes into a new one. What does not work is left as it is.
 */
void log_file_rotate(const char *folder, int fd);
