/* starter_tool PORT FOLDER FILE…: the kind, the port and the Dockerfile for a folder of these
 * files; exit code 1 when none is known. */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "starter/starter.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    cleanup_arena struct arena *a = arena_new();
    struct starter_folder f = {0};
    struct starter_file *files = arena_array(a, struct starter_file, (size_t)argc);
    struct starter made;
    long long port;

    if (text_parse_int(argv[1], 0, 65535, &port) == 0)
        f.port = (unsigned)port;
    for (int i = 3; i < argc; i++) {
        cleanup_free char *full = path_join(argv[2], argv[i]);
        cleanup_str struct str text = STR_INIT;
        struct starter_file *file = &files[f.count++];

        *file = (struct starter_file){.path = argv[i]};
        if (starter_reads(argv[i]) && file_read(full, 1 << 20, &text, NULL) == 0) {
            file->text = arena_strndup(a, str_get(&text), text.len);
            file->n = text.len;
        }
    }
    f.files = files;

    if (!starter_make(a, &f, &made))
        return 1;
    printf("# %s, port %u\n%s", made.kind, made.port, made.dockerfile);
    return 0;
}
