"""Execution environments of Custom::IamPreset that a test has in its hands: it can hold their calls and kill them."""

import itertools
from contextlib import contextmanager
from dataclasses import dataclass

from . import provider, stacks
from .emulator import REGION
from .records import Records
from .runtime import WAIT_SECONDS, Mailbox, Runtime, function, runtime_api

NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Environment:
    name: str
    records: Records
    runtime: Runtime
    mailbox: Mailbox
    process: object
    since: int
    """Where its notes begin."""

    def send(self, event):
        self.records.note(environment=self.name, invoked=event)
        self.runtime.send(event)

    def serve(self, event):
        """Its answer, once the function is done."""
        self.send(event)
        answer = self.mailbox.wait_for(event["RequestId"])
        self.runtime.wait_for_next()
        return answer

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.records.note(environment=self.name, killed=True)

    def wait_until_dead(self):
        self.process.wait(WAIT_SECONDS)

    def logged(self, message):
        """How many lines of its log say so."""
        own = (record for record in self.records.read(self.since) if record.get("environment") == self.name)
        return sum(f'"message":"{message}"' in record.get("printed", "") for record in own)


@contextmanager
def environment(emulator, mailbox, iam):
    """A new one, with the role of the deployed function; it calls IAM at this address."""
    name, records = f"own {next(NUMBERS)}", emulator.records
    credentials, since = role_credentials(emulator), records.size()
    records.note(environment=name, given=credentials)
    with (
        runtime_api() as runtime,
        function(
            provider.BOOTSTRAP,
            runtime,
            iam,
            credentials=credentials,
            printed=lambda line: records.note(environment=name, printed=line),
            ALLOWED_RESPONSE_ORIGINS=mailbox.origin,
        ) as process,
    ):
        runtime.wait_for_next()
        yield Environment(name, records, runtime, mailbox, process, since)


def role_credentials(emulator, region=REGION):
    """Of the function's role. The emulator lets the account's root assume any role that a service may."""
    cloudformation, sts = emulator.client("cloudformation", region), emulator.client("sts")
    role = stacks.describe(cloudformation, provider.STACK).resources["IamPresetRole"]
    arn = f"arn:aws:iam::000000000000:role/{role}"
    given = sts.assume_role(RoleArn=arn, RoleSessionName="own")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
