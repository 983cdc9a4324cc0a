"""The endpoint table (src/aws/settings/endpoint_rules.c) from the rule sets that botocore ships.

A rule set is a program: region, FIPS and dual stack go in, a URL and a signing region come out.
Nearly all of them say the same: service[-fips].region.suffix. So each is asked for every region of
every partition, and only what differs from that form becomes a row. aws_endpoint_resolve() walks
the rows in their order; the first that fits counts, so those of one region stand before those of
one partition, and these before the rest.

A region that AWS has not named yet takes what its partition says in general: that is asked with a
region that no partition lists (sample_of).
"""

import collections
import re

import botocore.endpoint_provider
import botocore.exceptions

# As the bits of enum aws_endpoint_variant.
VARIANTS = {
    "AWS_PLAIN": (False, False),
    "AWS_FIPS": (True, False),
    "AWS_DUAL": (False, True),
    "AWS_FIPS_DUAL": (True, True),
}
ANYWHERE = None

# host and signing region with {r}, {g}, {d} and {D} in them; signing None: the region itself.
Answer = collections.namedtuple("Answer", "host signing")
Row = collections.namedtuple("Row", "service partition region answer")

# The pinned botocore's rule set of signin is older than these; the AWS CLI 2.36.7 has them, and so
# have the published endpoint tests (tests/vectors/test_endpoint_rules.c). They go when the pin has
# passed them.
GOV_FIPS = "signin-fips.amazonaws-us-gov.com"
NEWER = {
    Row("signin", "aws-us-gov", "us-gov-west-1", Answer(GOV_FIPS, None)): ["AWS_FIPS"],
    Row("signin", "aws-us-gov", ANYWHERE, Answer("{r}." + GOV_FIPS, None)): ["AWS_FIPS"],
    Row("signin", "aws-iso", ANYWHERE, Answer("{r}.signin.c2shome.ic.gov", None)): ["AWS_PLAIN"],
    Row("signin", "aws-iso-b", ANYWHERE, Answer("{r}.signin.sc2shome.sgov.gov", None)): [
        "AWS_PLAIN"
    ],
}


def sample_of(partition):
    """A region of the partition by its pattern, but not by its list."""
    real = next(r for r in sorted(partition["regions"]) if not r.endswith("-global"))
    return re.sub(r"\d+$", "99", real)


def resolve(provider, region, variant):
    """(host, signing region or None); None where the rule set refuses."""
    fips, dual = VARIANTS[variant]
    try:
        found = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual)
    except botocore.exceptions.EndpointProviderError:
        return None
    schemes = found.properties.get("authSchemes") or [{}]
    return found.url.removeprefix("https://"), schemes[0].get("signingRegion")


def template(found, region, partition):
    """What was answered for one region, as a rule for all."""
    outputs = partition["outputs"]
    own = outputs["implicitGlobalRegion"]
    host, signing = found
    for suffix, mark in ((outputs["dualStackDnsSuffix"], "{D}"), (outputs["dnsSuffix"], "{d}")):
        if host.endswith("." + suffix):
            host = host.removesuffix(suffix) + mark
            break
    host = host.replace(region, "{r}").replace(own, "{g}")
    if signing == own and own != region:
        signing = "{g}"
    elif signing == region:
        signing = None
    return Answer(host, signing)


def expand(answer, region, partition):
    outputs = partition["outputs"]
    marks = {
        "{r}": region,
        "{g}": outputs["implicitGlobalRegion"],
        "{d}": outputs["dnsSuffix"],
        "{D}": outputs["dualStackDnsSuffix"],
    }

    def filled(text):
        return re.sub(r"\{.\}", lambda m: marks[m[0]], text)

    return filled(answer.host), filled(answer.signing or "{r}")


def usual(service, variant):
    """What aws_endpoint_resolve() makes where no row fits."""
    fips, dual = VARIANTS[variant]
    return Answer(f"{service}{'-fips' if fips else ''}.{{r}}.{'{D}' if dual else '{d}'}", None)


def rows_of(service, provider, partitions, variant):
    general = {}
    for p in partitions:
        found = resolve(provider, sample_of(p), variant)
        if found:
            general[p["id"]] = template(found, sample_of(p), p)
    default = usual(service, variant)
    most, _ = collections.Counter(general.values()).most_common(1)[0]
    for p in partitions:
        answer = general.get(p["id"], most)
        for region in sorted(p["regions"]):
            found = resolve(provider, region, variant)
            if found and expand(answer, region, p) != (found[0], found[1] or region):
                yield Row(service, p["id"], region, template(found, region, p))
    for p in partitions:
        if general.get(p["id"], most) != most:
            yield Row(service, p["id"], ANYWHERE, general[p["id"]])
    if most != default:
        yield Row(service, ANYWHERE, ANYWHERE, most)


def table(services, loader, partitions):
    """Rows with the variants that share them, in the order in which they are asked."""
    rows = dict(NEWER)
    done = set()
    for s in services:
        service = s.model["metadata"]["endpointPrefix"]
        if service in done:  # docdb and rds are one service to an endpoint
            continue
        done.add(service)
        rules = loader.load_service_model(s.name, "endpoint-rule-set-1")
        provider = botocore.endpoint_provider.EndpointProvider(rules, {"partitions": partitions})
        for variant in VARIANTS:
            for row in rows_of(service, provider, partitions, variant):
                rows.setdefault(row, []).append(variant)

    def rank(row):
        return row.service, row.region is ANYWHERE, row.partition is ANYWHERE

    return [(row, rows[row]) for row in sorted(rows, key=rank)]


def text(head, services, loader, partitions):
    """The file. `partitions` as in botocore's partitions.json, less what it says of versions."""

    def quote(word):
        return "NULL" if word is None else f'"{word}"'

    lines = [head.rstrip(), '#include "aws/settings/endpoint_rules.h"\n']
    lines.append("const struct aws_endpoint_rule aws_endpoint_rules[] = {")
    rows = table(services, loader, partitions)
    for row, variants in rows:
        where = [quote(row.service), quote(row.partition), quote(row.region)]
        answer = [quote(row.answer.host), quote(row.answer.signing)]
        lines.append("    {" + ", ".join([*where, " | ".join(variants), *answer]) + "},")
    lines += ["};\n", f"const size_t aws_endpoint_rule_count = {len(rows)};\n"]
    return "\n".join(lines)
