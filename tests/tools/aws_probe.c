/* A call from the command line, through the whole layer: aws_probe SERVICE.Operation ['{"Member":
 * …}'] [--all], or an upload of a file: aws_probe s3.Upload '{"Bucket", "Key", "Path", "Payload"?,
 * "Checksum"?}'. Reads the process's environment as a caller's. Prints
 * the reply as JSON; an error goes to stderr, exit code as defangctl's. For tests against the
 * sandbox and for people who look for a fault. */
#include "aws/aws.h"
#include "aws/model/operations.h"
#include "aws/s3/s3.h"
#include "base/mem.h"
#include "loop/fiber.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct probe {
    struct loop *loop;
    struct http *http;
    char **argv;
    int exit_code;
};

static const struct aws_operation *find_operation(const char *name)
{
    for (size_t i = 0; aws_operations[i]; i++) {
        const char *id = aws_operations[i]->service->id;
        cleanup_free char *full = xasprintf(
            "%s.%s", strrchr(id, '.') ? strrchr(id, '.') + 1 : id, aws_operations[i]->name);
        if (strcmp(full, name) == 0)
            return aws_operations[i];
    }
    return NULL;
}

/* The number of a word; 0 for one that is not there. */
static unsigned word(const char *const *words, const char *wanted)
{
    for (unsigned i = 0; words[i]; i++)
        if (strcmp(words[i], wanted) == 0)
            return i;
    return 0;
}

static int upload(struct aws_session *s, const json_t *in, json_t **out, struct error *err)
{
    static const char *const payloads[] = {"auto", "hashed", "unsigned-trailer", NULL},
                             *const checksums[] = {"CRC64NVME", "CRC32", "SHA256", NULL};
    struct s3_upload u = {
        .bucket = json_str_or(in, "Bucket", ""),
        .key = json_str_or(in, "Key", ""),
        .path = json_str_or(in, "Path", ""),
        .payload = word(payloads, json_str_or(in, "Payload", "auto")),
        .checksum = word(checksums, json_str_or(in, "Checksum", "CRC64NVME"))};
    struct stat st;

    if (stat(u.path, &st) < 0)
        return error_raise(err, ERR_USAGE, "%s: no such file", u.path);
    u.size = (uint64_t)st.st_size;
    *out = json_object();
    return s3_upload_file(s, &u, err);
}

static int call(struct probe *p, json_t **out, struct error *err)
{
    cleanup_env struct env *env = env_from_process(environ);
    const struct aws_operation *op = find_operation(p->argv[1]);
    const char *input = p->argv[2] && p->argv[2][0] == '{' ? p->argv[2] : "{}";
    bool all = p->argv[2] && strcmp(p->argv[p->argv[3] ? 3 : 2], "--all") == 0;
    struct aws_session_options o = {.loop = p->loop, .http = p->http, .env = env};
    struct aws_session *s = NULL;
    json_t *in = NULL;

    bool uploads = strcmp(p->argv[1], "s3.Upload") == 0;
    if (!op && !uploads)
        return error_raise(err, ERR_USAGE, "no operation %s in the tables", p->argv[1]);
    int rc = json_parse(input, strlen(input), &in, err);
    if (rc == 0)
        rc = aws_session_open(&o, &s, err);
    if (rc == 0 && !op)
        rc = upload(s, in, out, err);
    else if (rc == 0)
        rc = all ? aws_call_all(s, op, json_incref(in), out, err)
                 : aws_call(s, op, json_incref(in), out, err);
    json_decref(in);
    aws_session_free(s);
    return rc;
}

static void run(void *arg)
{
    cleanup_error struct error err = ERROR_INIT;
    struct probe *p = arg;
    json_t *out = NULL;

    if (call(p, &out, &err) < 0) {
        cleanup_free char *text = error_format(&err);
        fprintf(stderr, "%s\n", text);
        p->exit_code = error_kind_exit(err.kind);
        return;
    }
    cleanup_free char *text = json_print(out, true, true);
    printf("%s\n", text);
    json_decref(out);
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        printf("usage: aws_probe SERVICE.Operation ['{\"Member\": …}'] [--all]\n");
        return argc < 2 ? 2 : 0;
    }
    struct probe p = {.argv = argv};
    p.loop = loop_new();
    p.http = http_curl_new(p.loop);
    loop_run_fiber(p.loop, "probe", run, &p);
    http_free(p.http);
    loop_free(p.loop);
    return p.exit_code;
}
