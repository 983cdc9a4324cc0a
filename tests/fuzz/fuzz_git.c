/* A repository's settings, which anybody may have written: no crash, no endless loop, and a remote
 * is a text without a line break that was not written as one. */
#include "base/file.h"
#include "base/mem.h"
#include "daemon/look/git.h"
#include "fuzz.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char folder[] = "/tmp/defang-fuzz-git-XXXXXX";
    struct git_place place;

    fuzz_require(mkdtemp(folder) != NULL);
    cleanup_free char *dot = path_join(folder, ".git");
    cleanup_free char *config = path_join(dot, "config");
    fuzz_require(file_mkdirs(dot, 0700, NULL) == 0);
    FILE *f = fopen(config, "w");
    fuzz_require(f && fwrite(data, 1, size, f) == size && fclose(f) == 0);

    fuzz_require(git_find(folder, NULL, &place));
    fuzz_require(place.top != NULL);
    git_place_done(&place);

    unlink(config);
    rmdir(dot);
    rmdir(folder);
    return 0;
}
