/* Which build this is: the release, and the commit where it is not exactly that release. */
#pragma once

extern const char version_text[];      /* "0.1.0+g5766f8912" */
extern const char version_of_client[]; /* "defangctl 0.1.0+g5766f8912" */
extern const char version_of_daemon[]; /* "defangd 0.1.0+g5766f8912" */
