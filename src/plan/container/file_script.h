/* What the containers that prepare a service's files run (file_script.c). */
#pragma once

#include "base/str.h"
#include "plan/container/files.h"

#define PLAN_FILES_PLACE "/defang/files"

/* The files of one service, and the folders that they lie in, each once. The folder of index i is
 * mounted at PLAN_FILES_PLACE/i in the containers that fill it. */
struct plan_files {
    const char **folders;
    size_t folder_count;
    struct plan_task_file *files;
    size_t file_count;
};

/* The folder's index; folder_count when it is not there. */
size_t plan_files_folder(const struct plan_files *p, const char *folder);

/* Copies what the image has in the folders that a mount would hide; nothing when there is none.
 * For the service's own image. */
void plan_files_copy_script(const struct plan_files *p, struct str *out);

/* Writes each file from the variable FILE_<its index>, with owner and mode. For any image with a
 * POSIX shell and base64. */
void plan_files_write_script(const struct plan_files *p, struct str *out);
