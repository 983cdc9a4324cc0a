/* Requests: any payload of any verb is refused with a reason, or decodes to a message that can be
 * wiped and freed, comes from a folder where one is needed, and encodes to what decodes again. The
 * first byte chooses the verb. */
#include "base/mem.h"
#include "fuzz.h"
#include "rpc/verbs.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const struct rpc_verb *verb = rpc_verb_get((enum rpc_verb_id)(data[0] % RPC_VERB_COUNT));
    struct error err = ERROR_INIT;
    ProtobufCMessage *m = rpc_verb_decode(verb, data + 1, size - 1, &err);
    if (!m) {
        fuzz_require(err.kind == ERR_USAGE && err.message);
        error_done(&err);
        return 0;
    }
    const Defang__Caller *caller = rpc_verb_caller(verb, m);
    if (verb->flags & RPC_NEEDS_PROJECT)
        fuzz_require(caller && caller->cwd[0] == '/');
    size_t n = protobuf_c_message_get_packed_size(m);
    cleanup_free uint8_t *bytes = xmalloc(n + 1);
    fuzz_require(protobuf_c_message_pack(m, bytes) == n);
    ProtobufCMessage *again = rpc_verb_decode(verb, bytes, n, NULL);
    fuzz_require(again);
    protobuf_c_message_free_unpacked(again, NULL);
    rpc_message_wipe(m);
    if (caller)
        fuzz_require(caller->cwd[0] == '\0');
    protobuf_c_message_free_unpacked(m, NULL);
    return 0;
}
