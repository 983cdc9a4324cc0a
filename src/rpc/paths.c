/* Where the state folder and the socket are. Both programs ask here, so that they always agree;
 * defangctl must not look for a daemon at another place than the one that it starts.
 *
 * The order is that of the XDG Base Directory Specification, with our own variables before it. A
 * relative path in an XDG variable is ignored, as that page says; in a variable of ours it is a
 * mistake, and said. A socket's path must fit into a socket address (sun_path, 108 bytes on Linux):
 * that is checked here, where the error can name the variable that makes it shorter. */
#include "rpc/paths.h"

#include "base/file.h"
#include "base/mem.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

static bool folder_is_ours(const char *folder, uid_t uid)
{
    struct stat st;
    return stat(folder, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid;
}

/* As the XDG specification has it: a relative path is ignored. */
static const char *absolute_or_null(const struct env *env, const char *name)
{
    const char *value = env_get_nonempty(env, name);
    return value && value[0] == '/' ? value : NULL;
}

/* The state outlives reboots, so it is never in the runtime folder. */
static int resolve_state(const struct env *env, struct rpc_paths *out, struct error *err)
{
    const char *given = env_get_nonempty(env, "DEFANG_STATE_DIR");
    if (given && given[0] != '/')
        return error_raise(
            err, ERR_USAGE, "DEFANG_STATE_DIR is %s, which is not an absolute path", given);

    const char *xdg = absolute_or_null(env, "XDG_STATE_HOME"),
               *home = absolute_or_null(env, "HOME");
    if (given) {
        out->state_folder = xstrdup(given);
    } else if (xdg) {
        out->state_folder = path_join(xdg, "defang");
    } else if (home) {
        out->state_folder = path_join(home, ".local/state/defang");
    } else {
        int rc = error_raise(
            err, ERR_USAGE, "there is no folder for the daemon's state: HOME is not set");

        error_hint(err, "Set HOME, or XDG_STATE_HOME, to an absolute path.");
        return rc;
    }

    return 0;
}

static char *choose_socket(
    const struct env *env,
    uid_t uid,
    bool (*is_ours)(const char *, uid_t),
    const char *state_folder)
{
    const char *runtime = absolute_or_null(env, "XDG_RUNTIME_DIR");
    if (runtime)
        return path_join(runtime, "defang/defangd.sock");

    /* cron, sudo -u and plain ssh commands have no XDG_RUNTIME_DIR, but the daemon of the session
     * may be running. */
    cleanup_free char *usual = xasprintf("/run/user/%u", (unsigned)uid);
    if (is_ours(usual, uid))
        return path_join(usual, "defang/defangd.sock");

    return path_join(state_folder, "defangd.sock");
}

/* The folder of a socket that the user named is the user's affair: it is neither made nor
 * changed. */
int rpc_paths_resolve(
    const struct env *env,
    uid_t uid,
    bool (*is_ours)(const char *folder, uid_t uid),
    struct rpc_paths *out,
    struct error *err)
{
    *out = (struct rpc_paths){0};

    int rc = resolve_state(env, out, err);
    if (rc < 0)
        return rc;

    const char *given = env_get_nonempty(env, "DEFANG_SOCKET");
    out->socket_given = given != NULL;

    if (given && given[0] != '/') {
        rc = error_raise(
            err, ERR_USAGE, "DEFANG_SOCKET is %s, which is not an absolute path", given);
    } else {
        out->socket =
            given ? xstrdup(given)
                  : choose_socket(env, uid, is_ours ? is_ours : folder_is_ours, out->state_folder);
        out->socket_folder = path_dirname(out->socket);

        size_t max = sizeof((struct sockaddr_un){0}.sun_path) - 1;
        if (strlen(out->socket) > max) {
            rc = error_raise(
                err,
                ERR_USAGE,
                "the socket's path has %zu characters, the system allows %zu: %s",
                strlen(out->socket),
                max,
                out->socket);
            error_hint(err, "Set DEFANG_SOCKET to a shorter path, for defangd and for defangctl.");
        }
    }

    if (rc < 0)
        rpc_paths_done(out);

    return rc;
}

void rpc_paths_done(struct rpc_paths *p)
{
    free(p->state_folder);
    free(p->socket);
    free(p->socket_folder);
    *p = (struct rpc_paths){0};
}
