/* Runs one fuzz target without libFuzzer: every file of its corpus folder, then mutations of them
 * from a fixed seed, so that two runs of the same tree do the same. Usage: fuzz_<name> NAME
 * CORPUS_DIR [MUTATIONS [SEED]]; or fuzz_<name> FILE for one input. A crash leaves the input in
 * ./crash-NAME. The last line says how many inputs ran. */
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "fuzz.h"
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_MUTATIONS 3000
#define DEFAULT_SEED      0x9e3779b97f4a7c15ULL
#define INPUT_MAX_BYTES   KIB(64)

struct input {
    uint8_t *data;
    size_t n;
};

static VEC(struct input) corpus;
static uint64_t random_state;

static const uint8_t *running; /* what the target works on, for the crash handler */
static size_t running_bytes;
static char crash_path[256];

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void save_crash(void)
{
    int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || !running)
        return;
    if (write(fd, running, running_bytes) == (ssize_t)running_bytes)
        dprintf(STDERR_FILENO, "the input (%zu bytes) is in %s\n", running_bytes, crash_path);
    close(fd);
    running = NULL;
}

static void on_signal(int number)
{
    save_crash();
    signal(number, SIG_DFL);
    raise(number);
}

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static size_t below(size_t bound)
{
    return bound ? (size_t)(next_random() % bound) : 0;
}

/* The target gets a block of exactly n bytes: a sanitizer sees the first byte read past it. */
static void run(const uint8_t *data, size_t n)
{
    uint8_t *exact = xmalloc(n);
    if (n)
        memcpy(exact, data, n);
    running = exact;
    running_bytes = n;
    LLVMFuzzerTestOneInput(exact, n);
    running = NULL;
    free(exact);
}

static void insert(struct str *s, size_t at, const void *bytes, size_t n)
{
    if (s->len + n > INPUT_MAX_BYTES)
        return;
    cleanup_free char *tail = xmemdup(str_get(s) + at, s->len - at);
    size_t tail_len = s->len - at;
    str_truncate(s, at);
    str_append_bytes(s, bytes, n);
    str_append_bytes(s, tail, tail_len);
}

static void cut(struct str *s, size_t at, size_t n)
{
    memmove(s->data + at, s->data + at + n, s->len - at - n);
    str_truncate(s, s->len - n);
}

static void mutate_once(struct str *s)
{
    static const uint8_t odd[] = {0,   '\n', '\r', '\t', ' ', '"',  '\'', '\\', '/',  '*',
                                  '!', '[',  ']',  '{',  '}', '<',  '>',  '&',  '$',  '=',
                                  ':', '#',  '-',  '.',  '%', 0x7f, 0x80, 0xc2, 0xef, 0xff};
    const struct input *other = &corpus.items[below(corpus.len)];
    size_t at = below(s->len), piece;
    uint8_t byte = (uint8_t)next_random();
    if (s->len == 0)
        at = 0;
    switch (s->len ? below(8) : 6 + below(2)) {
    case 0:
        s->data[at] = (char)(s->data[at] ^ (1 << below(8)));
        break;
    case 1:
        s->data[at] = (char)byte;
        break;
    case 2:
        s->data[at] = (char)odd[below(sizeof odd)];
        break;
    case 3:
        cut(s, at, 1 + below(MIN(s->len - at, (size_t)32)));
        break;
    case 4: { /* the same piece again, many times: depth and repetition */
        size_t len = 1 + below(MIN(s->len - at, (size_t)16));
        cleanup_free char *copy = xmemdup(s->data + at, len);
        for (size_t i = 1 + below(100); i; i--)
            insert(s, at, copy, len);
        break;
    }
    case 5:
        str_truncate(s, at);
        break;
    case 6:
        byte = below(2) ? odd[below(sizeof odd)] : byte;
        insert(s, at, &byte, 1);
        break;
    default: /* a piece of another seed */
        piece = below(other->n);
        insert(
            s,
            at,
            other->data + piece,
            other->n ? 1 + below(MIN(other->n - piece, (size_t)256)) : 0);
        break;
    }
}

static void run_mutation(void)
{
    const struct input *seed = &corpus.items[below(corpus.len)];
    struct str s = STR_INIT;
    str_append_bytes(&s, seed->data, seed->n);
    for (size_t i = 1 + below(6); i; i--)
        mutate_once(&s);
    run((const uint8_t *)str_get(&s), s.len);
    str_done(&s);
}

static int load(const char *path)
{
    struct str s = STR_INIT;
    struct error err = ERROR_INIT;
    if (file_read(path, LIMIT_FILE_BYTES, &s, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        error_done(&err);
        str_done(&s);
        return -1;
    }
    struct input in = {.n = s.len};
    in.data = (uint8_t *)str_take(&s);
    vec_push(&corpus, in);
    return 0;
}

/* Sorted, so that the sequence does not hang on the file system. */
static int load_folder(const char *dir)
{
    struct dirent **names = NULL;
    int n = scandir(dir, &names, NULL, alphasort), rc = n < 0 ? -1 : 0;
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.' && rc == 0) {
            cleanup_free char *path = path_join(dir, names[i]->d_name);
            rc = load(path);
        }
        free(names[i]);
    }
    free(names);
    if (rc == 0 && corpus.len == 0)
        rc = -1;
    if (rc)
        fprintf(stderr, "no seeds could be read from %s\n", dir);
    return rc;
}

int main(int argc, char **argv)
{
    long long mutations = DEFAULT_MUTATIONS, seed = 0;
    if (argc < 2 || argc > 5 ||
        (argc > 3 && text_parse_int(argv[3], 0, 1000000000, &mutations) != 0) ||
        (argc > 4 && text_parse_int(argv[4], 1, INT64_MAX, &seed) != 0)) {
        fprintf(
            stderr,
            "usage: %s NAME CORPUS_DIR [MUTATIONS [SEED]]\n       %s FILE\n",
            argv[0],
            argv[0]);
        return 2;
    }
    bool single = argc == 2;
    random_state = seed ? (uint64_t)seed : DEFAULT_SEED;
    snprintf(crash_path, sizeof crash_path, "crash-%s", path_basename(argv[1]));
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(save_crash);
    signal(SIGABRT, on_signal);
    if (single ? load(argv[1]) != 0 : load_folder(argv[2]) != 0)
        return 1;
    vec_each(in, &corpus)
        run(in->data, in->n);
    for (long long i = 0; i < (single ? 0 : mutations); i++)
        run_mutation();
    printf(
        "fuzz %s: %zu seeds, %lld mutations: %zu inputs, no failure\n",
        argv[1],
        corpus.len,
        single ? 0 : mutations,
        corpus.len + (size_t)(single ? 0 : mutations));
    vec_each(in, &corpus)
        free(in->data);
    vec_free(&corpus);
    return 0;
}
