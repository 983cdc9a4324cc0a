/* init: Dockerfiles to start from. They come from the daemon, which looked at the folders; they are
 * shown, and written here when somebody says yes. Nothing is written over. */
#include "client/ask.h"
#include "client/connect.h"
#include "client/view/json_out.h"
#include "client/view/say.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INIT_TIMEOUT_S 120

/* One that somebody made in between stays. */
static int write_new(const Defang__InitFile *f, struct error *err)
{
    const char *name = path_basename(f->path);
    bool known = text_eq(name, "Dockerfile") || text_eq(name, ".dockerignore") ||
                 text_eq(name, "compose.yaml");

    if (*f->path != '/' || !known)
        return error_raise(err, ERR_FAILED, "the daemon sent a file named \"%s\"", f->path);

    cleanup_fd int fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    size_t n = strlen(f->text), done = 0;

    while (fd >= 0 && done < n) {
        ssize_t got = write(fd, f->text + done, n - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    if (fd < 0 || done < n)
        return error_raise_errno(
            err, ERR_FAILED, errno, "%s cannot be written: %s", f->path, strerror(errno));
    return 0;
}

static void show(const struct client *c, const Defang__InitReply *reply)
{
    for (size_t i = 0; i < reply->n_files; i++) {
        const Defang__InitFile *f = reply->files[i];

        if (c->options.json) {
            json_out_message(stdout, &f->base);
            continue;
        }
        printf(
            "%s# %s%s  (%s)\n%s\n",
            say_on(stdout, SAY_BOLD),
            f->path,
            say_off(stdout),
            f->kind,
            f->text);
    }
    fflush(stdout);
}

/* 1: write them. */
static int agreed(struct client *c, size_t count)
{
    if (c->options.yes)
        return 1;
    if (!ask_possible(c))
        return 0;

    cleanup_free char *question = xasprintf("Write %s?", count == 1 ? "this file" : "these files");
    return ask_yes(question);
}

static int write_all(struct client *c, const Defang__InitReply *reply, struct error *err)
{
    int yes = agreed(c, reply->n_files), rc = 0;

    if (yes <= 0) {
        say("nothing was written: `defangctl init --yes` writes %s",
            reply->n_files == 1 ? "it" : "them");
        return 0;
    }

    for (size_t i = 0; rc == 0 && i < reply->n_files; i++) {
        rc = write_new(reply->files[i], err);
        if (rc == 0)
            say("wrote %s", reply->files[i]->path);
    }
    if (rc == 0)
        say("next: look at what was written, then `defangctl up`");
    return rc;
}

int cmd_init(struct client *c, struct error *err)
{
    Defang__InitRequest request = DEFANG__INIT_REQUEST__INIT;
    Defang__Caller caller;
    ProtobufCMessage *message = NULL;

    int rc = caller_fill(c, &caller, err);
    request.caller = &caller;
    request.services = c->arguments;
    request.n_services = c->argument_count;
    if (rc == 0)
        rc = client_call(c, RPC_INIT, &request.base, INIT_TIMEOUT_S, &message, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    const Defang__InitReply *reply = (const Defang__InitReply *)message;
    for (size_t i = 0; i < reply->n_notes; i++)
        say("%s", reply->notes[i]);

    show(c, reply);
    if (reply->n_files)
        rc = write_all(c, reply, err);
    else
        say("nothing to write: every service that is built has a Dockerfile");
    protobuf_c_message_free_unpacked(message, NULL);

    return rc;
}
