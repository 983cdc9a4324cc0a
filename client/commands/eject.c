/* eject: the files come from the daemon; the folder is this shell's, so they are written here.
 * Nothing of anybody's is written over, and a name that would lead out of the folder is refused,
 * whoever sent it. */
#include "client/connect.h"
#include "client/view/json_out.h"
#include "client/view/say.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define EJECT_TIMEOUT_S 300

/* Nothing of anybody's is written over: the folder is new or empty. */
static int check_folder(const char *path, struct error *err)
{
    DIR *folder = opendir(path);
    if (!folder && errno == ENOENT)
        return 0;
    if (!folder)
        return error_raise_errno(
            err, ERR_USAGE, errno, "%s cannot be written into: %s", path, strerror(errno));

    bool empty = true;
    for (struct dirent *e; (e = readdir(folder));)
        empty = empty && (text_eq(e->d_name, ".") || text_eq(e->d_name, ".."));
    closedir(folder);
    if (empty)
        return 0;

    error_raise(err, ERR_REFUSED, "%s is not empty", path);
    error_hint(err, "name a new folder: eject writes over nothing");

    return error_kind_errno(ERR_REFUSED);
}

/* Names come from the daemon: one that would lead out of the folder, or hide in it, is no file
 * of a project. */
static int write_files(const char *path, const Defang__EjectReply *reply, struct error *err)
{
    int rc = file_mkdirs(path, 0755, err);

    for (size_t i = 0; rc == 0 && i < reply->n_files; i++) {
        const Defang__EjectFile *f = reply->files[i];

        if (text_empty(f->name) || strchr(f->name, '/') || f->name[0] == '.')
            return error_raise(err, ERR_FAILED, "the daemon sent a file named \"%s\"", f->name);

        cleanup_free char *target = path_join(path, f->name);
        rc = file_write_atomic(target, f->text.data, f->text.len, 0644, err);
    }

    return rc;
}

/* The folder is looked at before anything is asked: a plan takes a while, and would be for
 * nothing. */
int cmd_eject(struct client *c, struct error *err)
{
    if (c->argument_count != 1)
        return error_raise(err, ERR_USAGE, "eject takes one folder");

    const char *path = c->arguments[0];
    Defang__EjectRequest request = DEFANG__EJECT_REQUEST__INIT;
    Defang__Caller caller;
    ProtobufCMessage *message = NULL;
    int rc = check_folder(path, err);
    if (rc < 0)
        return rc;

    rc = caller_fill(c, &caller, err);
    request.caller = &caller;
    request.mode = (char *)(c->options.mode ? c->options.mode : "");
    request.engine = (char *)(c->options.engine ? c->options.engine : "");
    if (rc == 0)
        rc = client_call(c, RPC_EJECT, &request.base, EJECT_TIMEOUT_S, &message, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    const Defang__EjectReply *reply = (const Defang__EjectReply *)message;
    say_diagnostics(c, reply->diagnostics, reply->n_diagnostics);
    rc = write_files(path, reply, err);
    if (rc == 0 && c->options.json)
        json_out_message(stdout, message);
    for (size_t i = 0; rc == 0 && i < reply->n_builds; i++)
        say("the image of %s is not built yet: README.md says how", reply->builds[i]);
    if (rc == 0)
        say("%s: %zu files for %s; README.md says how to go on",
            path,
            reply->n_files,
            text_eq(reply->engine, "pulumi") ? "Pulumi" : "CloudFormation");

    protobuf_c_message_free_unpacked(message, NULL);

    return rc;
}
