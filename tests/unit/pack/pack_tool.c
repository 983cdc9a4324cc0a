/* The packer on the command line, for test_archive.py: pack_tool CONTEXT OUT [--dockerfile F]
 * [--limit BYTES] [--extra NAME=TEXT] [--prefix NAME] [--ignore FILE] [--root NAME=FOLDER].
 * Prints one line of JSON: the result, or the error. Also the
 * highest memory use in KiB. */
#include "base/limits.h"
#include "base/mem.h"
#include "pack/pack.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static int fail(struct error *err)
{
    cleanup_free char *text = error_format(err);
    printf("{\"kind\": \"%s\", \"error\": \"", error_kind_name(err->kind));
    for (const char *p = text; *p; p++)
        printf(*p == '\n' ? "\\n" : *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
    printf("\"}\n");
    error_done(err);
    return 1;
}

int main(int argc, char **argv)
{
    struct pack_extra extra = {0};
    struct pack_root root = {0};
    struct pack_options o = {.dockerfile_optional = true};
    struct error err = ERROR_INIT;
    for (int i = 3; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--dockerfile")) {
            o.dockerfile = argv[i + 1];
            o.dockerfile_optional = false;
        } else if (!strcmp(argv[i], "--limit")) {
            if (pack_parse_limit(argv[i + 1], &o.limit_bytes) != 0)
                return 2;
        } else if (!strcmp(argv[i], "--extra")) {
            char *eq = strchr(argv[i + 1], '=');
            if (!eq)
                return 2;
            *eq = '\0';
            extra = (struct pack_extra){.name = argv[i + 1], .data = eq + 1, .n = strlen(eq + 1)};
            o.extras = &extra;
            o.extras_len = 1;
        } else if (!strcmp(argv[i], "--prefix")) {
            o.prefix = argv[i + 1];
        } else if (!strcmp(argv[i], "--ignore")) {
            o.ignore_file = argv[i + 1];
        } else if (!strcmp(argv[i], "--root")) {
            char *eq = strchr(argv[i + 1], '=');
            if (!eq)
                return 2;
            *eq = '\0';
            root = (struct pack_root){.name = argv[i + 1], .folder = eq + 1};
            o.roots = &root;
            o.roots_len = 1;
        }
    }
    if (argc < 3)
        return 2;
    o.context = argv[1];
    cleanup_fd int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return 2;
    cleanup_pack_list struct pack_list list = {0};
    cleanup_pack_result struct pack_result r = {0};
    if (pack_walk(&o, &list, &err) != 0 || pack_archive(&o, &list, fd, &r, &err) != 0)
        return fail(&err);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf(
        "{\"digest\": \"%s\", \"object\": \"%s\", \"bytes\": %" PRIu64 ", \"content\": %" PRIu64
        ", \"files\": %zu, \"total\": %" PRIu64
        ", \"ignore\": \"%s\", \"dockerfile\": \"%s\", \"left_out\": \"%s\", \"left\": %zu, "
        "\"env\": \"%s\", "
        "\"peak_kib\": %ld}\n",
        r.digest,
        r.object_name,
        r.archive_bytes,
        r.content_bytes,
        r.files,
        list.total_bytes,
        r.ignore_file ? r.ignore_file : "",
        r.dockerfile ? r.dockerfile : "",
        r.left_out.names ? r.left_out.names : "",
        r.left_out.count,
        r.secret_count ? r.secrets[0] : "",
        usage.ru_maxrss);
    return 0;
}
