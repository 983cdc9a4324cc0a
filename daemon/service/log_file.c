#include "daemon/service/log_file.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void log_file_rotate(const char *state_folder, int64_t max_bytes)
{
    cleanup_free char *path = path_join(state_folder, "defangd.log");
    cleanup_free char *old = path_join(state_folder, "defangd.log.1");
    struct stat ours, there;
    bool large = fstat(STDERR_FILENO, &ours) == 0 && S_ISREG(ours.st_mode) &&
                 ours.st_size > (max_bytes ? max_bytes : LIMIT_LOG_FILE_BYTES);

    if (!large || lstat(path, &there) < 0 || there.st_dev != ours.st_dev ||
        there.st_ino != ours.st_ino)
        return;

    cleanup_free char *fresh = path_join(state_folder, "defangd.log.new");
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;

    if (rename(path, old) == 0 && rename(fresh, path) == 0) {
        dup2(fd, STDERR_FILENO);
        log_info("daemon", "the log was full: the one before is %s", old);
    }
    close(fd);
}
