/* Every bound on what comes from outside stands here, by folder. */
#pragma once

#define KIB(n) ((size_t)(n) << 10)
#define MIB(n) ((size_t)(n) << 20)
#define GIB(n) ((size_t)(n) << 30)

/* base */
#define LIMIT_FILE_BYTES MIB(16)          /* any whole file read into memory */

/* data */
#define LIMIT_JSON_BYTES MIB(64)
#define LIMIT_JSON_DEPTH 64
#define LIMIT_XML_BYTES  MIB(64)
#define LIMIT_XML_DEPTH  64
#define LIMIT_XML_NODES  2000000
#define LIMIT_YAML_BYTES MIB(16)
#define LIMIT_YAML_DEPTH 100
#define LIMIT_YAML_NODES 2000000          /* after alias expansion: bounds alias bombs */
#define LIMIT_INI_BYTES  MIB(1)

/* loop */
#define LIMIT_FIBER_STACK_BYTES KIB(256)
#define LIMIT_FIBERS            4096
#define LIMIT_HTTP_BODY_BYTES   MIB(64)   /* a reply kept in memory */
#define LIMIT_HTTP_HEADER_BYTES KIB(64)
#define LIMIT_CHILD_OUTPUT_BYTES KIB(64)

/* store */
#define LIMIT_STORE_EVENT_BYTES    MIB(1)
#define LIMIT_STORE_INPUTS_BYTES   MIB(32)
#define LIMIT_STORE_SEALED_BYTES   MIB(1)
#define LIMIT_STORE_EVENT_DAYS     90     /* how long the events of ended deployments are kept … */
#define LIMIT_STORE_EVENT_KEEP     20     /* … except for the last ones of each project and stack */
#define LIMIT_STORE_UPLOAD_DAYS    7      /* a multipart upload begun longer ago is not resumed */

/* rpc */
#define LIMIT_RPC_REQUEST_BYTES MIB(1)
#define LIMIT_RPC_REPLY_BYTES   MIB(4)
#define LIMIT_RPC_CONNECTIONS   128
#define LIMIT_RPC_CALLS         64        /* open calls per connection */
