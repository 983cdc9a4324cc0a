/* As little S3 as an upload needs, on loopback: bodies are read and thrown away, nothing is
 * checked. So that a bench of uploads measures who sends and not an emulator in Python. Prints its
 * port; ends with its standard input. */
#include "base/mem.h"
#include "unit/lib/http_server.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)256 << 10)

static bool swallow(struct http_exchange *x)
{
    static __thread char piece[PIECE];

    if (strstr(x->head, "100-continue") && !http_exchange_send(x, "HTTP/1.1 100 Continue\r\n\r\n"))
        return false;
    for (size_t left = x->body_len; left > 0;) {
        size_t n = MIN(left, PIECE);
        if (!http_exchange_read_body(x, piece, n))
            return false;
        left -= n;
    }
    return true;
}

static bool serve(struct http_exchange *x)
{
    static const char created[] = "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</"
                                  "Key><UploadId>u</UploadId></InitiateMultipartUploadResult>";
    static const char complete[] = "<CompleteMultipartUploadResult><Bucket>b</Bucket><Key>k</"
                                   "Key><ETag>\"x-1\"</ETag></CompleteMultipartUploadResult>";

    if (!swallow(x))
        return false;
    if (strcmp(x->method, "POST") == 0)
        return http_exchange_reply(
            x,
            200,
            "Content-Type: application/xml\r\n",
            strstr(x->path, "uploads") ? created : complete);
    return http_exchange_reply(x, 200, "ETag: \"0123456789abcdef0123456789abcdef\"\r\n", "");
}

int main(void)
{
    char byte;
    struct http_server *server = http_server_start(serve, NULL);

    printf("%u\n", http_server_port(server));
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    http_server_stop(server);
    return 0;
}
