"""`make publish`: what `make package-org` made, in one bucket for each Region, for the accounts of one organization.

Lambda reads a function's code from a bucket of its own Region. A bucket is made if there is none, and held to the same
settings if there is one of this account's; it ends only when everything can be read back from each.
"""

import argparse
import hashlib
import json
import re
import sys
import time
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

OUT = Path(__file__).resolve().parent.parent / ".aws-sam" / "organization"
# S3 makes a bucket's name and its policy known to all of itself.
WAIT_SECONDS, PAUSE_SECONDS = 120, 2
PLAIN = "us-east-1"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    of_buckets = "the buckets are called so, with a hyphen and the Region behind it"
    arguments.add_argument("prefix", metavar="PREFIX", type=prefix, help=of_buckets)
    arguments.add_argument("organization", metavar="ORG", type=organization, help="o-…")
    first = "separated by commas; the first is that of organization.yaml's stack"
    arguments.add_argument("regions", metavar="REGIONS", type=regions, help=first)
    arguments.add_argument("--folder", type=Path, default=OUT)
    asked = arguments.parse_args()
    keys = json.loads((asked.folder / "published.json").read_text())
    files = {key: (asked.folder / name).read_bytes() for name, key in keys.items()}
    owner = boto3.client("sts", region_name=PLAIN).get_caller_identity()["Account"]
    check(asked.organization, asked.regions[0])
    for region in asked.regions:
        publish(Bucket(f"{asked.prefix}-{region}", region, owner), asked.organization, files)
        print(f"{region}: {len(files)} objects can be read", file=sys.stderr)
    print(f"OrganizationId={asked.organization}")
    print(f"CodeBucketPrefix={asked.prefix}")
    print(f"TemplateUrl={address(asked.prefix, asked.regions[0], keys['stackset.json'])}")


def matching(pattern, example):
    def read(text):
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(f"given {text!r}, wanted is something like {example}")
        return text

    return read


# As organization.yaml and its template have them.
prefix = matching("[a-z0-9][a-z0-9-]{1,46}", "acme-account-presets")
organization = matching("o-[a-z0-9]{10,32}", "o-a1b2c3d4e5")
region = matching(r"[a-z]{2,}(-[a-z]+)+-\d", "us-east-1,eu-west-1")


def regions(text):
    named = [region(name.strip()) for name in text.split(",")]
    if len(named) > len(set(named)):
        raise argparse.ArgumentTypeError(f"given {text!r}, where a Region is named twice")
    return named


def check(organization, region):
    """Another organization's accounts would read the code, and this one's would not."""
    try:
        own = boto3.client("organizations", region_name=region).describe_organization()["Organization"]["Id"]
    except ClientError as problem:
        print(f"nobody can tell whether this account is in {organization}: {problem}", file=sys.stderr)
        return
    if own != organization:
        raise SystemExit(f"ORG: given {organization!r}, and this account is in {own}")


def publish(bucket, organization, files):
    bucket.make()
    bucket.set(organization)
    for key, content in files.items():
        bucket.upload(key, content)
    deadline = time.monotonic() + WAIT_SECONDS
    while missing := [key for key, content in files.items() if bucket.digest(key) != digest(content)]:
        if time.monotonic() > deadline:
            raise SystemExit(f"{bucket.name}: not to be read, or other than it was uploaded: {', '.join(missing)}")
        time.sleep(PAUSE_SECONDS)


class Bucket:
    def __init__(self, name, region, owner):
        self.name, self.region = name, region
        self.s3 = boto3.client("s3", region_name=region)
        # A bucket of this name may be somebody else's, who would then hand out the code.
        self.own = {"Bucket": name, "ExpectedBucketOwner": owner}

    def make(self):
        try:
            self.s3.head_bucket(**self.own)
        except ClientError as problem:
            if problem.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise SystemExit(f"{self.name} is not this account's: {problem}") from problem
            place = {} if self.region == PLAIN else {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
            self.s3.create_bucket(Bucket=self.name, **place)
        where = self.s3.get_bucket_location(**self.own)["LocationConstraint"] or PLAIN
        if where != self.region:
            raise SystemExit(f"{self.name} is in {where}, and Lambda in {self.region} reads no code from there")

    def set(self, organization):
        self.s3.put_bucket_versioning(**self.own, VersioningConfiguration={"Status": "Enabled"})
        blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        self.s3.put_public_access_block(**self.own, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
        self.s3.put_bucket_policy(**self.own, Policy=json.dumps(policy(self.name, self.region, organization)))

    def upload(self, key, content):
        # The key has the content's digest: what is there already is the same.
        if self.digest(key) != digest(content):
            self.s3.put_object(**self.own, Key=key, Body=content)

    def digest(self, key):
        try:
            return digest(self.s3.get_object(**self.own, Key=key)["Body"].read())
        except ClientError as problem:
            if problem.response["Error"]["Code"] in ("NoSuchKey", "AccessDenied"):
                return None
            raise


def policy(bucket, region, organization):
    """Reading, for the accounts of the organization, and nothing else."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReadByTheOrganization",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:{partition(region)}:s3:::{bucket}/account-presets/*",
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization}},
            }
        ],
    }


def partition(region):
    return boto3.Session().get_partition_for_region(region)


def address(prefix, region, key):
    suffix = "amazonaws.com.cn" if partition(region) == "aws-cn" else "amazonaws.com"
    return f"https://{prefix}-{region}.s3.{region}.{suffix}/{key}"


def digest(content):
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    try:
        main()
    except (BotoCoreError, ClientError) as problem:
        raise SystemExit(f"{problem}") from problem
