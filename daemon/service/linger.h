/* Whether a user's services end with the user's last logout. */
#pragma once

#include <stdbool.h>

/* False when loginctl(1) says that they linger, and where that is not known. `folder`: NULL is
 * systemd's; tests have their own. */
bool linger_is_off(const char *folder);
