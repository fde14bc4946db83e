"""`make up`: checks, servers, Weir's own processes, one block of text; then it watches."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from config.stack import checks, groups, jars, kafka, ports, postgres, programs, valkey
from config.stack.block import block
from config.stack.children import Launch, run
from config.stack.errors import KafkaUnavailable, StackError
from config.stack.options import Options
from config.stack.parts import Parts, environment, kafka_environment, parts
from config.stack.paths import Folders, write_private
from config.stack.service import Service
from config.stack.supervisor import Supervisor

Say = Callable[[str], None]
# A server that somebody else runs may itself be just starting.
EXTERNAL_PATIENCE = 10.0


def prepare(options: Options) -> None:
    """What is looked at before anything is started, once nobody else's stack runs here."""
    checks.disk(options.folders.data)
    checks.free_ports(options)


def up(options: Options, lock: int, say: Say) -> None:
    """Starts everything, says where it is, and watches it until a signal comes."""
    began = time.monotonic()
    folders = options.folders
    folders.make()
    _clear(folders)
    embedded = parts(options)
    told = environment(options, embedded)
    os.environ.update(told)
    kafka.quiet()
    with Supervisor(folders, say, lock) as supervisor:
        start = Start(options, embedded, told, supervisor, say)
        start.everything()
        for line in block(options, start.demo, start.why_no_kafka, time.monotonic() - began):
            say(line)
        supervisor.watch()
        say("Stopping …")
    say("Stopped.")


def _clear(folders: Folders) -> None:
    """Ends what a killed stack with a killed guard, or a machine that went down, left behind."""
    groups.stop(groups.registered(folders.run))
    for stale in folders.run.iterdir():
        stale.unlink()


class Start:
    """One start, in order. Jars may take half a minute to come and nobody waits for them but the
    broker and the demo: databases and migrations go on meanwhile."""

    def __init__(
        self,
        options: Options,
        embedded: Parts,
        told: Mapping[str, str],
        supervisor: Supervisor,
        say: Say,
    ) -> None:
        self.options = options
        self.embedded = embedded
        self.told = told
        self.supervisor = supervisor
        self.say = say
        self.why_no_kafka: str | None = None
        self.demo: Mapping[str, Any] = {}

    def everything(self) -> None:
        broker = self.supervisor.call(self._kafka)
        stores = [self.supervisor.call(self._database), self.supervisor.call(self._jobs)]
        for store in stores:
            self.supervisor.wait_for(store)
        self._command("Migrations are in place", "migrate", "--no-input", "--verbosity", "0")
        self.why_no_kafka = self.supervisor.wait_for(broker)
        self._tell_commands()
        if self.options.demo:
            said = self._command("The demo estate is in place", "demo", "--json")
            write_private(self.options.folders.demo, said)
            self.demo = json.loads(said)
        starting = [self.supervisor.call(self._start, program) for program in self._programs()]
        for program in starting:
            self.supervisor.wait_for(program)

    def _start(self, service: Service) -> None:
        seconds = self.supervisor.start(service)
        self.say(f"  {service.name} serves ({seconds:.1f} s)")

    def _database(self) -> None:
        if self.embedded.postgres is not None:
            self._start(self.embedded.postgres)
        else:
            url = self.options.database_url or ""
            self._external("WEIR_DATABASE_URL", "PostgreSQL", lambda: postgres.serves(url))

    def _jobs(self) -> None:
        if self.embedded.valkey is not None:
            self._start(self.embedded.valkey)
        else:
            url = self.options.redis_url or ""
            self._external("WEIR_REDIS_URL", "Redis or Valkey", lambda: valkey.serves(url))

    def _kafka(self) -> str | None:
        """Gives back why there is no Kafka, when there is none: all else runs without."""
        if self.embedded.kafka is None:
            bootstrap = self.options.kafka_bootstrap or ""
            if not any(_reachable(server) for server in bootstrap.split(",")):
                self.say(f"  nobody answers at WEIR_KAFKA_BOOTSTRAP ({bootstrap}) yet")
            return None
        try:
            if not jars.resolved():
                self.say("  Kafka's jars come from Maven Central, once; half a minute or so …")
            self._start(self.embedded.kafka)
        except KafkaUnavailable as error:
            self.say(f"  {error}")
            return str(error)
        return None

    def _external(self, variable: str, what: str, serves: Callable[[], bool]) -> None:
        deadline = time.monotonic() + EXTERNAL_PATIENCE
        while not serves():
            if time.monotonic() > deadline or self.supervisor.signalled:
                raise StackError(
                    f"{variable} names a {what} that does not answer or does not let us in:"
                    " start it, or correct the URL."
                )
            time.sleep(0.2)
        self.say(f"  {what} of {variable} answers")

    def _tell_commands(self) -> None:
        told = dict(self.told)
        # A database that the person named is named to the commands beside the stack as well.
        told.setdefault("WEIR_DATABASE_URL", self.options.database_url or "")
        told.setdefault("WEIR_REDIS_URL", self.options.redis_url or "")
        if self.why_no_kafka is None:
            told |= kafka_environment(self.options, self.embedded)
        os.environ.update(told)
        lines = "".join(f"{name}={value}\n" for name, value in told.items())
        write_private(self.options.folders.env, lines)

    def _command(self, done: str, *arguments: str) -> str:
        began = time.monotonic()
        launch = Launch([sys.executable, "manage.py", *arguments], os.environ)
        said = self.supervisor.wait_for(
            self.supervisor.call(run, f"`manage.py {arguments[0]}`", launch)
        )
        self.say(f"  {done} ({time.monotonic() - began:.1f} s)")
        return said

    def _programs(self) -> list[programs.Program]:
        environment = dict(os.environ)
        return [
            programs.web(self.options.port, environment),
            programs.registry(self.options.registry_port, environment),
            programs.worker(environment),
            programs.notices(environment),
            programs.beat(self.options.folders.beat, environment),
        ]


def _reachable(server: str) -> bool:
    host, _, port = server.strip().rpartition(":")
    return ports.answers(int(port), host.strip("[]"))
