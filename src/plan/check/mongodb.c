/* Managed MongoDB: what DocumentDB does not take, or does otherwise than MongoDB.
 *
 * Refused: no password or one that DocumentDB does not take, a user name that DocumentDB does not
 * take, a port below 1150, a size that no instance class has, more instances than a cluster takes.
 * Warned of: a version that DocumentDB does not have, an image that does not look like MongoDB.
 * Noted: no retryable writes, and whether connections are encrypted, because clients must know
 * both. */
#include "base/str.h"
#include "plan/check/check.h"
#include "plan/common/context.h"
#include "plan/passwords.h"
#include "plan/store/store.h"
#include <string.h>

static void check_user(struct plan_check *c, const struct plan_service *s)
{
    const struct compose_env *e = plan_check_variable(s->s, PLAN_MONGODB_USER);
    const char *text = e ? compose_text_literal(c->a, &e->value) : NULL;

    if (!e || plan_check_name_of_config(c, s, e))
        return;
    if (!text || !plan_store_name_suits(text, true))
        plan_error(
            &c->diag,
            e->value.pos,
            "Write a name of letters and digits, a letter first, at most 63, into the Compose "
            "file; not admin.",
            "service %s: DocumentDB does not take this " PLAN_MONGODB_USER,
            s->s->name);
}

static void check_version(struct plan_check *c, const struct plan_service *s)
{
    struct plan_document_version version;

    plan_document_version(s->s->image, &version);
    if (!version.exact)
        plan_warn(
            &c->diag,
            s->s->pos,
            "Use mongo:5 to say what you get.",
            "service %s: DocumentDB has no such version of MongoDB, it gets %s",
            s->s->name,
            version.version);
    if (s->s->image && !strstr(s->s->image, "mongo"))
        plan_warn(
            &c->diag,
            s->s->pos,
            NULL,
            "service %s: image %s does not look like MongoDB",
            s->s->name,
            s->s->image);
}

static void check_cluster(struct plan_check *c, const struct plan_service *s)
{
    if (s->ports[0].target < 1150)
        plan_error(
            &c->diag,
            s->s->pos,
            "Use 27017.",
            "service %s: DocumentDB listens on ports from 1150 on, not on %u",
            s->s->name,
            s->ports[0].target);
    if (!plan_document_class(c->s, s->vcpus, s->memory_mib))
        plan_error(
            &c->diag,
            s->s->pos,
            "Ask for less.",
            "service %s: no DocumentDB class has %g vCPU and %.0f MiB",
            s->s->name,
            s->vcpus,
            s->memory_mib);
    if (s->replicas > PLAN_MONGODB_NODES)
        plan_error(
            &c->diag,
            s->s->pos,
            "Use at most 16.",
            "service %s: a DocumentDB cluster has at most %u instances, not %u",
            s->s->name,
            PLAN_MONGODB_NODES,
            s->replicas);
}

static void note_differences(struct plan_check *c, const struct plan_service *s)
{
    plan_note(
        &c->diag,
        s->s->pos,
        "Put retryWrites=false into the connection string: drivers turn it on by themselves.",
        "service %s: DocumentDB knows no retryable writes",
        s->s->name);
    if (plan_mongodb_tls(s->s))
        plan_note(
            &c->diag,
            s->s->pos,
            "Clients need tls=true and Amazon's bundle of certificates, global-bundle.pem.",
            "service %s: the command asks for TLS, the cluster takes encrypted connections only",
            s->s->name);
    else
        plan_note(
            &c->diag,
            s->s->pos,
            "Put --tlsMode requireTLS into the command to have it.",
            "service %s: connections are not encrypted, as in Compose; the cluster is reached from "
            "inside the VPC only",
            s->s->name);
}

void plan_check_mongodb(struct plan_check *c, const struct plan_service *s)
{
    plan_check_password(c, s, PLAN_MONGODB_PASSWORD, "MongoDB");
    check_user(c, s);
    check_version(c, s);
    check_cluster(c, s);
    note_differences(c, s);
}
