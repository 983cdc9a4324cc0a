"""What of each key of Compose is tried: test_keys.py holds the planner to it.

HONOURED: path, what a service says (YAML), and what stands in the template then: the logical id,
with @ for the service's part of it, the path of a property, and its value. Or "build WORD" of the
builder's command line. A second path of the same key may have an empty first column.
SAID, SILENT, REFUSED: keys that are left out, all in one service: each is said, or means nothing.
"""

TASK = "TaskDefinition@ ContainerDefinitions.0."
FILES = "TaskDefinition@ ContainerDefinitions.1.Command.0 ="
ONE = "configs: [{source: one, target: /etc/app/one%s}]"
SECRET = "secrets: [{source: s1%s}]"
PORT = "ports: [{target: 80, published: '%s'%s}]"
GPU = "deploy: {resources: {reservations: {devices: [{capabilities: [gpu]%s}]}}}"
BUILD = "build: {context: ./ctx%s}"

HONOURED = [
    ("build.additional_contexts", BUILD % ", additional_contexts: {x: ./other}",
     "build --context-sub-path=context"),
    ("build.args", BUILD % ", args: {A: b}", "build --build-arg=A=b"),
    ("build.context", BUILD % "", "build --dockerfile=Dockerfile"),
    ("build.dockerfile", BUILD % ", dockerfile: Dockerfile.b", "build --dockerfile=Dockerfile.b"),
    ("build.dockerfile_inline", BUILD % ", dockerfile_inline: FROM busybox",
     "build --dockerfile=../defang.Dockerfile"),
    ("build.labels", BUILD % ", labels: {a: b}", "build --label=a=b"),
    ("build.no_cache", BUILD % ", no_cache: true", "build --cache=false"),
    ("build.platforms", BUILD % ", platforms: [linux/arm64]",
     "build --custom-platform=linux/arm64"),
    ("build.target", BUILD % ", target: base", "build --target=base"),
    ("cap_add", "cap_add: [SYS_PTRACE]", TASK + "LinuxParameters.Capabilities.Add.0 = SYS_PTRACE"),
    ("cap_drop", "cap_drop: [all]", TASK + "LinuxParameters.Capabilities.Drop.0 = ALL"),
    ("command", "command: [ls]", TASK + "Command.0 = ls"),
    ("", "command: ls -l", TASK + "Command.1 = -l"),
    ("configs.source", ONE % "", TASK + "MountPoints.0.ContainerPath = /etc/app"),
    ("configs.target", ONE % "", "TaskDefinition@ ContainerDefinitions.2.Command.0 ~ /0/one"),
    ("configs.uid", ONE % ", uid: '100'",
     "TaskDefinition@ ContainerDefinitions.2.Command.0 ~ chown 100:"),
    ("configs.gid", ONE % ", gid: '101'",
     "TaskDefinition@ ContainerDefinitions.2.Command.0 ~ :101 "),
    ("configs.mode", ONE % ", mode: 0440",
     "TaskDefinition@ ContainerDefinitions.2.Command.0 ~ chmod 0440"),
    ("container_name", "container_name: box", "NameOfBox Name = box"),
    ("cpus", "cpus: 2", "TaskDefinition@ Cpu = 2048"),
    ("depends_on.*.condition", "depends_on: {zoo: {condition: service_healthy}}",
     "depends ServiceZoo"),
    ("", "depends_on: [zoo]", "depends ServiceZoo"),
    ("depends_on.*.required", "depends_on: {later: {condition: service_started, required: false}}",
     TASK + "Image = nginx:1"),
    ("deploy.mode", "deploy: {mode: replicated-job}", "no Service@"),
    ("deploy.replicas", "deploy: {replicas: 3}", "Service@ DesiredCount = 3"),
    ("deploy.resources.limits.cpus", "deploy: {resources: {limits: {cpus: '2'}}}",
     "TaskDefinition@ Cpu = 2048"),
    ("deploy.resources.limits.memory", "deploy: {resources: {limits: {memory: 4G}}}",
     "TaskDefinition@ Memory = 4096"),
    ("deploy.resources.reservations.cpus", "deploy: {resources: {reservations: {cpus: '2'}}}",
     "TaskDefinition@ Cpu = 2048"),
    ("deploy.resources.reservations.memory", "deploy: {resources: {reservations: {memory: 4G}}}",
     "TaskDefinition@ Memory = 4096"),
    ("deploy.resources.reservations.devices.capabilities", GPU % "",
     TASK + "ResourceRequirements.0.Type = GPU"),
    ("deploy.resources.reservations.devices.count", GPU % ", count: 4",
     TASK + "ResourceRequirements.0.Value = 4"),
    ("deploy.resources.reservations.devices.driver", GPU % ", driver: nvidia",
     TASK + "ResourceRequirements.0.Value = 1"),
    ("deploy.restart_policy.condition", "deploy: {restart_policy: {condition: none}}",
     "no Service@"),
    ("", "{restart: 'no', deploy: {restart_policy: {condition: any}}}",
     "Service@ DesiredCount = 1"),
    ("deploy.update_config.failure_action", "deploy: {update_config: {failure_action: continue}}",
     "Service@ DeploymentConfiguration.DeploymentCircuitBreaker.Enable = False"),
    ("deploy.update_config.order", "deploy: {update_config: {order: stop-first}}",
     "Service@ DeploymentConfiguration.MaximumPercent = 100"),
    ("deploy.update_config.parallelism",
     "deploy: {replicas: 4, update_config: {order: start-first, parallelism: 1}}",
     "Service@ DeploymentConfiguration.MaximumPercent = 125"),
    ("devices", "devices: ['nvidia.com/gpu=all']", TASK + "ResourceRequirements.0.Value = 1"),
    ("domainname", "{domainname: a@.example.com, ports: ['80']}",
     "Certificate@ DomainName = a@.example.com"),
    ("entrypoint", "entrypoint: [ls]", TASK + "EntryPoint.0 = ls"),
    ("env_file.path", "env_file: a.env", TASK + "Environment.0.Value = b"),
    ("env_file.format", "env_file: [{path: a.env, format: raw}]", TASK + "Environment.0.Value = b"),
    ("env_file.required", "env_file: [{path: none.env, required: false}]",
     TASK + "Environment.0.Name = DEFANG_ETAG"),
    ("environment", "environment: [A=b]", TASK + "Environment.0.Value = b"),
    ("expose", "expose: ['9999']", TASK + "PortMappings.0.ContainerPort = 9999"),
    ("extends", "{extends: zoo, entrypoint: [ls]}", TASK + "Image = httpd:2"),
    ("gpus", "gpus: all", TASK + "ResourceRequirements.0.Value = 1"),
    ("healthcheck.test", "{ports: ['80'], healthcheck: {test: curl -f http://localhost/z}}",
     "TargetGroup@P80 HealthCheckPath = /z"),
    ("", "healthcheck: {test: [CMD, ls]}", TASK + "HealthCheck.Command.1 = ls"),
    ("healthcheck.interval", "healthcheck: {test: [CMD, ls], interval: 33s}",
     TASK + "HealthCheck.Interval = 33"),
    ("healthcheck.timeout", "healthcheck: {test: [CMD, ls], timeout: 3s}",
     TASK + "HealthCheck.Timeout = 3"),
    ("healthcheck.retries", "healthcheck: {test: [CMD, ls], retries: 7}",
     TASK + "HealthCheck.Retries = 7"),
    ("healthcheck.start_period", "healthcheck: {test: [CMD, ls], start_period: 77s}",
     TASK + "HealthCheck.StartPeriod = 77"),
    ("healthcheck.disable", "{ports: ['80'], healthcheck: {disable: true}}",
     "TargetGroup@P80 HealthCheckPath = /"),
    ("image", "image: httpd:2", TASK + "Image = httpd:2"),
    ("init", "init: true", TASK + "LinuxParameters.InitProcessEnabled = True"),
    ("label_file", "label_file: a.env", TASK + "DockerLabels.A = b"),
    ("labels", "labels: [a=b]", TASK + "DockerLabels.a = b"),
    ("links", "links: ['zoo:lnk']", "NameOfLnk Name = lnk"),
    ("logging.driver", "logging: {driver: json-file}",
     TASK + "LogConfiguration.LogDriver = awslogs"),
    ("mem_limit", "mem_limit: 4g", "TaskDefinition@ Memory = 4096"),
    ("mem_reservation", "mem_reservation: 4g", "TaskDefinition@ Memory = 4096"),
    ("models", "models: [llm]", TASK + "Environment.3.Name = LLM_MODEL"),
    ("models.*.endpoint_var", "models: {llm: {endpoint_var: AT, model_var: B}}",
     TASK + "Environment.0.Name = AT"),
    ("network_mode", "network_mode: 'service:zoo'", "no Service@"),
    ("networks.*.aliases", "networks: {default: {aliases: [als]}}", "NameOfAls Name = als"),
    ("pid", "pid: ''", TASK + "Image = nginx:1"),
    ("platform", "platform: linux/arm64",
     "TaskDefinition@ RuntimePlatform.CpuArchitecture = ARM64"),
    ("ports.target", "ports: ['81']", "TargetGroup@P81 Port = 81"),
    ("ports.published", PORT % ("8181", ""), "Listener8181 Port = 8181"),
    ("ports.mode", PORT % ("80", ", mode: host"),
     "SecurityGroup@ SecurityGroupIngress.0.FromPort = 80"),
    ("ports.protocol", "ports: ['53:53/udp']", TASK + "PortMappings.0.Protocol = udp"),
    ("ports.host_ip", "ports: ['127.0.0.1:80:80']", "no TargetGroup@P80"),
    ("ports.app_protocol", PORT % ("80", ", app_protocol: tcp"), "no TargetGroup@P80"),
    ("profiles", "profiles: [x]", "no TaskDefinition@"),
    ("pull_policy", "pull_policy: always", TASK + "Image = nginx:1"),
    ("read_only", "read_only: true", TASK + "ReadonlyRootFilesystem = True"),
    ("restart", "restart: 'no'", "no Service@"),
    ("scale", "scale: 3", "Service@ DesiredCount = 3"),
    ("secrets.source", SECRET % "", TASK + "MountPoints.0.ContainerPath = /run/secrets"),
    ("secrets.target", SECRET % ", target: x", FILES.replace("=", "~") + " /x'"),
    ("secrets.uid", SECRET % ", uid: '100'", FILES.replace("=", "~") + " chown 100:"),
    ("secrets.gid", SECRET % ", gid: '101'", FILES.replace("=", "~") + " :101 "),
    ("secrets.mode", SECRET % ", mode: 0400", FILES.replace("=", "~") + " chmod 0400"),
    ("shm_size", "shm_size: 1g", TASK + "LinuxParameters.Tmpfs.0.Size = 1024"),
    ("", "shm_size: 256m", TASK + "LinuxParameters.Tmpfs.0.ContainerPath = /dev/shm"),
    ("", "{shm_size: 1g, gpus: all}", TASK + "LinuxParameters.SharedMemorySize = 1024"),
    ("stdin_open", "stdin_open: true", TASK + "Interactive = True"),
    ("stop_grace_period", "stop_grace_period: 1m", TASK + "StopTimeout = 60"),
    ("storage_opt", "storage_opt: {size: 50G}", "TaskDefinition@ EphemeralStorage.SizeInGiB = 50"),
    ("sysctls", "sysctls: [net.core.somaxconn=9]", TASK + "SystemControls.0.Value = 9"),
    ("tmpfs", "tmpfs: /tmp", TASK + "LinuxParameters.Tmpfs.0.ContainerPath = /tmp"),
    ("", "{mem_limit: 2g, tmpfs: [/tmp]}", TASK + "LinuxParameters.Tmpfs.0.Size = 1024"),
    ("", "tmpfs: ['/tmp:size=64m,uid=1000,mode=1777,nonsense']",
     TASK + "LinuxParameters.Tmpfs.0.MountOptions.1 = mode=1777"),
    ("", "{mem_limit: 2g, tmpfs: '/tmp:size=25%'}", TASK + "LinuxParameters.Tmpfs.0.Size = 512"),
    ("", "{tmpfs: [/run], secrets: [s1]}", TASK + "MountPoints.0.ContainerPath = /run"),
    ("tty", "tty: true", TASK + "PseudoTerminal = True"),
    ("ulimits", "ulimits: {nofile: {soft: 100, hard: 200}}", TASK + "Ulimits.0.HardLimit = 200"),
    ("", "ulimits: {nofile: 300}", TASK + "Ulimits.0.SoftLimit = 300"),
    ("user", "user: '1000:1000'", TASK + "User = 1000:1000"),
    ("volumes.source", "volumes: ['data:/data']", TASK + "MountPoints.0.SourceVolume = data"),
    ("volumes.target", "volumes: ['data:/data']", TASK + "MountPoints.0.ContainerPath = /data"),
    ("volumes.read_only", "volumes: ['data:/data:ro']", TASK + "MountPoints.0.ReadOnly = True"),
    ("volumes.type", "volumes: [{type: tmpfs, target: /t}]",
     TASK + "LinuxParameters.Tmpfs.0.ContainerPath = /t"),
    ("volumes.tmpfs.size", "volumes: [{type: tmpfs, target: /t, tmpfs: {size: 64m}}]",
     TASK + "LinuxParameters.Tmpfs.0.Size = 64"),
    ("volumes.tmpfs.mode", "volumes: [{type: tmpfs, target: /t, tmpfs: {mode: 0700}}]",
     TASK + "LinuxParameters.Tmpfs.0.MountOptions.0 = mode=700"),
    ("volumes_from", "volumes_from: ['zoo:ro']", TASK + "MountPoints.0.ReadOnly = True"),
    ("", "volumes_from: [zoo]", TASK + "MountPoints.0.SourceVolume = data"),
    ("working_dir", "working_dir: /srv", TASK + "WorkingDirectory = /srv"),
]  # fmt: skip

# Left out, with a warning or a note that names the path as written; all in one service.
SAID = """
blkio_config: {weight: 300}
cgroup: host
cgroup_parent: x
cpu_count: 2
cpu_quota: 200000
credential_spec: {file: x}
deploy:
  endpoint_mode: dnsrr
  placement: {constraints: [node.role == manager]}
  restart_policy: {delay: 70s, max_attempts: 3, window: 100s}
  update_config: {delay: 10s, monitor: 10s, max_failure_ratio: 0.2}
dns_search: example.com
external_links: ["a:b"]
extra_hosts: ["a:1.2.3.4"]
group_add: ["1000"]
hostname: box
ipc: host
mac_address: 02:42:ac:11:65:43
networks:
  back:
    interface_name: eth7
    ipv4_address: 10.5.0.5
    ipv6_address: "2001::1"
    link_local_ips: [169.254.1.1]
    mac_address: 02:42:ac:11:65:44
post_start: [{command: [ls]}]
pre_stop: [{command: [ls]}]
runtime: nvidia
security_opt: ["no-new-privileges:true"]
stop_signal: SIGINT
umask: "022"
use_api_socket: true
userns_mode: host
uts: host
build:
  context: ./ctx
  cache_from: [a/b]
  cache_to: [a/b]
  entitlements: [security.insecure]
  extra_hosts: ["a:1.2.3.4"]
  isolation: default
  network: host
  no_cache_filter: [x]
  privileged: true
  provenance: true
  sbom: true
  shm_size: 1g
  ssh: [default]
  tags: ["a/b:1"]
  ulimits: {nofile: 10}
"""

# Mean nothing on AWS: nothing is said, and the template is the same.
SILENT = """
annotations: {a: b}
attach: false
cpu_percent: 50
cpu_period: 100000
cpu_rt_period: 1000
cpu_rt_runtime: 1000
cpu_shares: 2048
cpuset: 0-3
depends_on: {zoo: {condition: service_started, restart: true}}
deploy:
  labels: {a: b}
  resources:
    limits: {pids: 5}
    reservations: {generic_resources: [{discrete_resource_spec: {kind: g, value: 2}}]}
  rollback_config: {parallelism: 2}
develop: {watch: [{path: ., action: rebuild}]}
dns_opt: ["ndots:1"]
healthcheck: {start_interval: 2s}
isolation: default
logging: {options: {max-size: 10m}}
mem_swappiness: 10
memswap_limit: 4g
networks: {back: {driver_opts: {a: b}, gw_priority: 1, priority: 5, use_service_name_alias: false}}
oom_kill_disable: true
oom_score_adj: -500
pids_limit: 5
ports: [{name: web}]
pull_refresh_after: 24h
volumes: [{consistency: cached, volume: {nocopy: true, labels: {a: b}}}]
"""
# In which service: the same with nothing of it.
SILENT_BASE = """
image: nginx:1
depends_on: {zoo: {condition: service_started}}
deploy: {resources: {reservations: {memory: 1G}}}
healthcheck: {test: [CMD, ls]}
networks: {back: {}}
ports: [{target: 80, published: "80"}]
volumes: [{type: volume, source: data, target: /data}]
"""
# Silent rows that are tried elsewhere: they are said with another key, or need a file of their own.
ELSEWHERE = {"build.pull", "volumes.bind", "volumes.image"}

REFUSED = """
device_cgroup_rules: ["c 1:3 mr"]
devices: ["/dev/fuse"]
pre_start: [{image: busybox, command: [ls]}]
privileged: true
provider: {type: other}
volumes: [{type: volume, source: data, target: /data, volume: {subpath: x}}]
"""

# Where the value decides what is said: what a service says, and a part of what comes.
VALUES = [
    ("dns: 1.1.1.1", "warning", "dns is ignored"),
    ("dns: [8.8.8.8, 172.20.0.53]", "error", "does not ask 172.20.0.53"),
    ("dns: [172.15.0.1]", "warning", "dns is ignored"),
    ("logging: {driver: syslog}", "warning", "not where the logging driver syslog"),
    ("logging: {driver: none}", "note", "all the same"),
    ("logging: {driver: awslogs, options: {awslogs-group: mine}}", "note", "not to mine"),
    ("environment: {DSN: Server=db;Password=x1}", "warning", "DSN looks like a secret"),
    ("command: [serve, --db, 'postgres://u:pw@db/x']", "warning", "its command has a secret"),
    ("command: redis-server --requirepass x1", "warning", "its command has a secret"),
    ("entrypoint: [x, --password=x1]", "warning", "its entrypoint has a secret"),
    ("restart: on-failure:3", "note", "also when it ends with exit code 0"),
    ("deploy: {restart_policy: {condition: on-failure}}", "note", "also when it ends with"),
    ("deploy: {mode: global}", "warning", "Fargate has no nodes"),
    ("deploy: {resources: {limits: {memory: 4G}, reservations: {memory: 1G}}}", "note",
     "not the 4096 MiB of the limit"),
    ("{shm_size: 4g, mem_limit: 1g}", "warning", "part of the task's memory, which has 1024 MiB"),
    ("volumes_from: ['container:x']", "warning", "there is no such service"),
    ("devices: ['nvidia.com/gpu=all', /dev/fuse]", "error", "Fargate gives no devices"),
]  # fmt: skip

PROJECT_SAID = """
configs: {one: {content: hi, template_driver: golang}}
networks: {back: {enable_ipv6: true}}
secrets: {s1: {file: ./a.env, driver: x, template_driver: golang}}
"""
PROJECT_SILENT = """
version: "3"
configs: {one: {labels: {a: b}}}
networks:
  back:
    name: x
    driver: overlay
    driver_opts: {a: b}
    ipam: {config: [{subnet: 10.5.0.0/16}]}
    attachable: true
    labels: {a: b}
    enable_ipv4: true
secrets: {s1: {labels: {a: b}, driver_opts: {a: b}}}
volumes: {data: {name: x, driver: local, labels: {a: b}}}
"""
