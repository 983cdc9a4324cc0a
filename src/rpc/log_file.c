#include "rpc/log_file.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_grown(const char *path, int fd)
{
    struct stat at, of;

    if (lstat(path, &at) < 0 || !S_ISREG(at.st_mode) || at.st_size <= LOG_FILE_BYTES)
        return 0;
    return fd < 0 || (fstat(fd, &of) == 0 && of.st_dev == at.st_dev && of.st_ino == at.st_ino);
}

void log_file_rotate(const char *folder, int fd)
{
    cleanup_free char *path = path_join(folder, LOG_FILE_NAME);
    cleanup_free char *before = xasprintf("%s.1", path);

    if (!is_grown(path, fd) || rename(path, before) < 0 || fd < 0)
        return;

    cleanup_fd int fresh = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fresh >= 0)
        dup2(fresh, fd);
}
