#include "daemon/service/linger.h"

#include "base/file.h"
#include "base/mem.h"

#include <pwd.h>
#include <unistd.h>

#define FOLDER "/var/lib/systemd/linger"

bool linger_is_off(const char *folder)
{
    const struct passwd *user = getpwuid(getuid());
    cleanup_free char *path = user ? path_join(folder ? folder : FOLDER, user->pw_name) : NULL;

    return path && !file_exists(path);
}
