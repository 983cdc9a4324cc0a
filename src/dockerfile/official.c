/* The images of Docker Hub that have no team before their name, those that are no longer built
 * among them: a curated list (github.com/docker-library/official-images, folder library, and what
 * its history took out). Whoever means a newer one writes docker.io/library/NAME. */
#include "base/mem.h"
#include "dockerfile/internal.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const char *const NAMES[] = {
    "adminer", "adoptopenjdk", "aerospike", "almalinux", "alpine", "alt", "amazoncorretto",
    "amazonlinux", "api-firewall", "arangodb", "archlinux", "azul-zulu", "backdrop", "bash",
    "bonita", "buildpack-deps", "busybox", "caddy", "cassandra", "celery", "centos", "chronograf",
    "cirros", "clearlinux", "clefos", "clickhouse", "clojure", "composer", "consul", "convertigo",
    "couchbase", "couchdb", "crate", "crux", "dart", "debian", "django", "docker", "docker-dev",
    "drupal", "eclipse-mosquitto", "eclipse-temurin", "eggdrop", "elasticsearch", "elixir",
    "emqx", "erlang", "espocrm", "euleros", "express-gateway", "fedora", "flink", "fluentd",
    "friendica", "fsharp", "gazebo", "gcc", "geonetwork", "ghost", "glassfish", "golang",
    "gradle", "groovy", "haproxy", "haskell", "haxe", "hello-seattle", "hello-world", "hipache",
    "hitch", "hola-mundo", "httpd", "hylang", "ibm-semeru-runtimes", "ibmjava", "influxdb",
    "iojs", "irssi", "java", "jenkins", "jetty", "jobber", "joomla", "jruby", "julia",
    "kaazing-gateway", "kapacitor", "kibana", "known", "kong", "krakend", "lightstreamer",
    "liquibase", "logstash", "mageia", "mariadb", "matomo", "maven", "mediawiki", "memcached",
    "mongo", "mongo-express", "monica", "mono", "mosquitto", "mysql", "nanoserver", "nats",
    "nats-streaming", "neo4j", "neurodebian", "nextcloud", "nginx", "nim", "node", "notary",
    "nuxeo", "odoo", "open-liberty", "openjdk", "opensuse", "oraclelinux", "orientdb", "owncloud",
    "percona", "perl", "photon", "php", "php-zendserver", "phpmyadmin", "piwik", "plone",
    "postfixadmin", "postgres", "pypy", "python", "r-base", "rabbitmq", "rails", "rakudo-star",
    "rapidoid", "redis", "redmine", "registry", "rethinkdb", "rocket.chat", "rockylinux", "ros",
    "ruby", "rust", "sapmachine", "satosa", "scratch", "sentry", "silverpeas", "sl", "solr",
    "sonarqube", "sourcemage", "spark", "spiped", "storm", "swarm", "swift", "swipl", "teamspeak",
    "telegraf", "thrift", "tomcat", "tomee", "traefik", "ubuntu", "ubuntu-debootstrap",
    "ubuntu-upstart", "unit", "varnish", "vault", "websphere-liberty", "windowsservercore",
    "wordpress", "xwiki", "yourls", "zend-php", "znc", "zookeeper",
};
/* clang-format on */

static int by_name(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

bool dockerfile_official(const char *name)
{
    return bsearch(name, NAMES, ARRAY_LEN(NAMES), sizeof *NAMES, by_name) != NULL;
}
