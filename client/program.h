/* Programs of the caller that the daemon asks for (credential_process), run on this terminal. */
#pragma once

#include "base/error.h"
#include "proto/defang.pb-c.h"
#include <stdbool.h>

/* Whether a person may be asked: there is a terminal, wherever the standard streams go. */
bool program_has_terminal(void);

/* Answers an ask of the daemon (rpc_client_on_ask, with the struct client): runs its program to its
 * end, with this process's environment, stdin and stderr, without a time limit. -EINTR when a
 * signal ended it. */
int program_answer(void *arg, const Defang__Ask *ask, Defang__Input *answer, struct error *err);
