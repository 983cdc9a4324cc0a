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

/* The variable that has piece k, from 0, of file i: "FILE_3", "FILE_3_1". */
const char *plan_files_variable(struct arena *a, size_t i, size_t k);

/* Writes each file from its variables, with owner and mode. For any image with a
 * POSIX shell and base64. */
void plan_files_write_script(const struct plan_files *p, struct str *out);
