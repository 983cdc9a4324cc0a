/* Every bound on what comes from outside stands here, by folder. */
#pragma once

#define KIB(n) ((size_t)(n) << 10)
#define MIB(n) ((size_t)(n) << 20)
#define GIB(n) ((size_t)(n) << 30)

/* base */
#define LIMIT_FILE_BYTES MIB(16) /* any whole file read into memory */

/* data */
#define LIMIT_JSON_BYTES MIB(64)
#define LIMIT_JSON_DEPTH 64
#define LIMIT_XML_BYTES  MIB(64)
#define LIMIT_XML_DEPTH  64
#define LIMIT_XML_NODES  2000000
#define LIMIT_YAML_BYTES MIB(16)
#define LIMIT_YAML_DEPTH 100
#define LIMIT_YAML_NODES 2000000 /* after alias expansion: bounds alias bombs */
#define LIMIT_INI_BYTES  MIB(16)

/* loop */
#define LIMIT_FIBER_STACK_BYTES  KIB(256)
#define LIMIT_FIBERS             4096
#define LIMIT_WORK_THREADS       8       /* of the pool … */
#define LIMIT_WORK_LONG          4       /* … of which work that takes long has so many at most */
#define LIMIT_HTTP_BODY_BYTES    MIB(64) /* a reply kept in memory */
#define LIMIT_HTTP_HEADER_BYTES  KIB(64)
#define LIMIT_CHILD_OUTPUT_BYTES KIB(64)

/* store */
#define LIMIT_STORE_EVENT_BYTES   MIB(1)
#define LIMIT_STORE_INPUTS_BYTES  MIB(32)
#define LIMIT_STORE_SEALED_BYTES  MIB(1)
#define LIMIT_EVIDENCE_ITEMS      300      /* of one deployment … */
#define LIMIT_EVIDENCE_BYTES      MIB(8)   /* … together … */
#define LIMIT_EVIDENCE_ITEM_BYTES KIB(512) /* … and each */
#define LIMIT_EVIDENCE_LINES      200      /* of one container, the last ones … */
#define LIMIT_EVIDENCE_LOG_BYTES  KIB(64)  /* … and their bytes */
#define LIMIT_STORE_EVENT_DAYS    90       /* how long the events of ended deployments are kept … */
#define LIMIT_STORE_EVENT_KEEP    20 /* … except for the last ones of each project and stack */

/* plan */
#define LIMIT_PLAN_RESOURCES          500 /* CloudFormation's, per stack */
#define LIMIT_PLAN_SERVICE_RESOURCES  2   /* that a service with a task of its own has at least */
#define LIMIT_PLAN_CONTAINERS         10  /* of one task: ECS's quota */
#define LIMIT_PLAN_OUTPUTS            200
#define LIMIT_PLAN_DYNAMIC_REFERENCES 60
#define LIMIT_PLAN_TEMPLATE_BYTES     ((size_t)1000000)
#define LIMIT_PLAN_ADOPTED            32u   /* subnets, policies of one list in x-defang-aws */
#define LIMIT_PLAN_PATHS              10u   /* of x-defang-routes of one service */
#define LIMIT_PLAN_TASKS              5000u /* of one ECS service: AWS's quota */
#define LIMIT_PLAN_ORIGIN_BYTES       512 /* a repository, a folder, a file's name in a template */
#define LIMIT_PLAN_ORIGIN_FILES       16u
#define LIMIT_PLAN_OVERRIDE_BYTES     8192 /* ECS RunTask: all container overrides, as JSON */

/* compose */
#define LIMIT_COMPOSE_TEXT_BYTES     MIB(1) /* one text after interpolation */
#define LIMIT_COMPOSE_TEMPLATE_DEPTH 32     /* ${A:-${B:-…}} */
#define LIMIT_COMPOSE_FILES          256    /* -f, include and extends together */
#define LIMIT_COMPOSE_ENV_BYTES      MIB(1) /* .env, env_file, --env-file */
#define LIMIT_COMPOSE_PORT_RANGE     8192   /* ports one entry may expand to */
#define LIMIT_COMPOSE_EXTENDS_DEPTH  2000   /* a service that extends a service that extends … */

/* daemon */
#define LIMIT_GIT_CONFIG_BYTES MIB(1)

/* daemon */

/* rpc */
#define LIMIT_RPC_REQUEST_BYTES MIB(1)
#define LIMIT_RPC_REPLY_BYTES   MIB(4)
#define LIMIT_RPC_CONNECTIONS   10000
#define LIMIT_RPC_CALLS         64    /* open calls per connection */
#define LIMIT_RPC_HELLO_MS      10000 /* a connection that has not said hello by then is closed */
#define LIMIT_RPC_FRAME_MS      10000 /* a frame that has begun is whole by then, or it is closed */
#define LIMIT_RPC_WAITING       2048  /* fibers: above it no call is taken that would need one */
#define LIMIT_RPC_WAIT_FDS      8     /* descriptors a client waits on beside its connection */
/* Of streams that the client has received and not taken. */
#define LIMIT_RPC_CLIENT_PENDING_BYTES MIB(16)
/* Per connection: above it streams pause and requests are not read, below the lower they go on. */
#define LIMIT_RPC_OUTPUT_HIGH_BYTES KIB(256)
#define LIMIT_RPC_OUTPUT_LOW_BYTES  KIB(64)
#define LIMIT_RPC_OUTPUT_MAX_BYTES  MIB(64) /* answers queued on one connection; more closes it */

/* daemon */
#define LIMIT_ASK_HOURS 12 /* a person at a terminal that was asked something */

/* engine */
#define LIMIT_ECS_OVERRIDES_BYTES     KIB(8)           /* of one RunTask, by ECS */
#define LIMIT_REGIONS_AT_ONCE         6                /* that `cd ls --all-regions` asks */
#define LIMIT_STATIC_FILES            10000u           /* of one x-defang-static-files folder … */
#define LIMIT_STATIC_BYTES            GIB(1)           /* … together … */
#define LIMIT_STATIC_FILE_BYTES       LIMIT_FILE_BYTES /* … and each */
#define LIMIT_CONFIG_VALUE_BYTES      KIB(8)           /* SSM advanced parameter */
#define LIMIT_TASK_FILE_BYTES         KIB(64)          /* a config, a secret, a mounted file … */
#define LIMIT_TASK_FILES_BYTES        KIB(256)         /* … all that one service mounts … */
#define LIMIT_BIND_FILES              32               /* … of one folder, … */
#define LIMIT_BIND_DEPTH              4                /* … in so many levels */
#define LIMIT_CONFIG_RENEWALS         200u             /* puts of one value set anew */
#define LIMIT_REGISTRY_MANIFEST_BYTES MIB(4)           /* the distribution API's own bound */
#define LIMIT_REGISTRY_TOKEN_BYTES    KIB(64)
#define LIMIT_ENGINE_RECORDS          20 /* record sets of one DNS name that are looked at */
#define LIMIT_ENGINE_RECORDS_TEXT     "20"
#define LIMIT_HISTORY_BYTES           MIB(16) /* of one object under history/ that is read */
#define LIMIT_RELEASE_BYTES           MIB(32) /* of a release's record, unpacked */
#define LIMIT_REFUSALS                50      /* resources of a refused change that are named … */
#define LIMIT_REFUSAL_BYTES           1000    /* … and what is said of each */
#define LIMIT_PULUMI_OBJECT_BYTES     MIB(32) /* a checkpoint, a graph, outputs */

/* aws */
#define LIMIT_AWS_ERROR_BYTES            KIB(64)
#define LIMIT_AWS_ITEMS                  200000 /* of one listing */
#define LIMIT_AWS_PAGES                  20000
#define LIMIT_AWS_TOKEN_BYTES            KIB(20) /* web identity and container token files */
#define LIMIT_AWS_CREDENTIAL_REPLY_BYTES KIB(64)
#define LIMIT_S3_PART_BYTES              MIB(128) /* one part is held in memory while it goes out */

/* pack */
#define LIMIT_PACK_BYTES        MIB(100) /* of an archive, unless the user gives another limit */
#define LIMIT_PACK_RATIO        16u      /* … and so many times that before it is packed */
#define LIMIT_PACK_SECRET_BYTES KIB(64)  /* a file that is looked into for a key */
#define LIMIT_PACK_ENTRIES      1000000
#define LIMIT_PACK_DEPTH        128 /* folders inside one another */
#define LIMIT_PACK_WARN_BYTES   MIB(10)
#define LIMIT_PACK_WARN_FILES   100
#define LIMIT_IGNORE_BYTES      MIB(1)
#define LIMIT_IGNORE_PATTERNS   10000

/* develop.watch */
#define LIMIT_WATCH_RULES    500u /* of a project … */
#define LIMIT_WATCH_PATTERNS 500u /* … patterns of each … */
#define LIMIT_WATCH_FOLDERS  8192 /* … and folders of all: the usual bound of inotify */

/* dockerfile */
#define LIMIT_DOCKERFILE_BYTES        MIB(1)
#define LIMIT_DOCKERFILE_LINE_BYTES   KIB(64) /* of one line: BuildKit's */
#define LIMIT_DOCKERFILE_INSTRUCTIONS 10000u
#define LIMIT_DOCKERFILE_STAGES       500u
#define LIMIT_DOCKERFILE_FINDINGS     100u
#define LIMIT_DOCKERFILE_DEPTH        32      /* ${A:-${B:-…}} */
#define LIMIT_DOCKERFILE_VALUE_BYTES  KIB(4)  /* that variables may add to a text */
#define LIMIT_DOCKERFILE_STEPS        1000000 /* of one pattern that is matched */
#define LIMIT_DOCKERFILE_WALKS        200u    /* patterns that are held against all that is sent */
#define LIMIT_DOCKERFILE_PORTS        50u     /* of EXPOSE that become ports of the service */
