"""A sandbox of `invited` for tests of API clients: start it, wait for it, change it between tests, stop it."""

from __future__ import annotations

import atexit
import json
import math
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

__all__ = ["Account", "Sandbox", "SandboxError"]

# The tokens of the seed are the same in every sandbox, so a running one need not be asked.
_NAMES = ("owner", "administrator", "reports_viewer_with_cost", "reports_viewer", "project_lead", "project_creator",
          "collaborator", "punch_clock", "other_administrator")

# A network's proxy must not intercept requests to a local server.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class SandboxError(Exception):
    """The sandbox did not start, or refused a request to its control plane."""


def find_binary(binary: str | None = None) -> str:
    """The program: as given, as named by INVITED_BINARY, or from the path."""
    named = binary or os.environ.get("INVITED_BINARY") or "invited"
    if found := shutil.which(named):
        return found
    raise SandboxError(f"there is no program {named!r}. Build it with `cargo install --path .` in a checkout of invited, "
                       "which puts it on the path, or name it in the variable INVITED_BINARY")


class Sandbox:
    """A running sandbox. `base_url` is the server's own URL, `api_url` the base URL for a client of the API."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self.api_url = f"{self.base_url}/api/v1"
        self.tokens = {name: f"sandbox-{name}" for name in _NAMES}
        self.clock, self.mailbox, self.faults = Clock(self), Mailbox(self), Faults(self)
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls, *arguments: str, binary: str | None = None, deadline: float = 30) -> Sandbox:
        """Starts a sandbox on a free port, with further arguments of `invited sandbox`, and waits until it is ready."""
        command = [find_binary(binary), "sandbox", "--json", "--until-stdin-closes", "--listen", "127.0.0.1:0", *arguments]
        # Its input closes when this process ends, however it ends. Its output goes to a file, since no one reads a pipe
        # while the tests run.
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                       env={"INVITED_LOG_LEVEL": "warn", **os.environ})
            try:
                ready = json.loads(_first_line(process, deadline))
                sandbox = cls(ready["base_url"])
            except BaseException as cause:
                _end(process)
                if not isinstance(cause, (ValueError, KeyError, queue.Empty)):
                    raise
                log.seek(0)
                said = log.read().decode(errors="replace").strip()
                how = f"was not ready within {deadline} s" if isinstance(cause, queue.Empty) else "did not start"
                raise SandboxError(f"`{' '.join(command)}` {how}. It said:\n{said}") from None
        sandbox.tokens, sandbox._process = ready["tokens"], process
        atexit.register(sandbox.stop)
        return sandbox

    def stop(self) -> None:
        """Stops the sandbox, if it was started here; its memory and temporary folder are gone."""
        process, self._process = self._process, None
        if process:
            atexit.unregister(self.stop)
            _end(process)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def call(self, method: str, path: str, body: object = None, /, **query: object) -> Any:
        """Calls the control plane; parameters that are None are omitted."""
        said = urllib.parse.urlencode({name: value for name, value in query.items() if value is not None})
        data = None if body is None else json.dumps(body).encode()
        # The control plane refuses what is not declared as JSON, since any web page could send that.
        request = urllib.request.Request(f"{self.base_url}/sandbox/{path}?{said}", data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with _opener.open(request, timeout=90) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refusal:
            raise SandboxError(f"{method} {request.selector}: {refusal.code} {refusal.read().decode()}") from None
        except OSError as cause:
            raise SandboxError(f"{method} {request.full_url}: {cause}") from cause

    def reset(self) -> None:
        """Resets to the seed: rows, ids, mails, clock, faults and requests. Snapshots are kept."""
        self.call("POST", "reset")

    def snapshot(self, name: str) -> None:
        """Saves the current state under a name."""
        self.call("PUT", f"snapshots/{name}")

    def restore(self, name: str) -> None:
        """Restores a snapshot."""
        self.call("POST", f"snapshots/{name}/restore")

    def settings(self, **changed: object) -> dict[str, Any]:
        """Changes settings until the next reset, for example rate_create=2, and returns the current ones."""
        return self.call("PUT" if changed else "GET", "settings", changed or None)

    def requests(self, *, limit: int | None = None, **wanted: object) -> list[dict[str, Any]]:
        """Requests and answers, oldest first; select by after, limit, method, path, status and account_id."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", "requests", limit=limit and limit - len(found), **wanted)
            found += page["requests"]
            # One answer holds a few megabytes and says where to go on.
            if "next_after" not in page or len(found) == limit:
                return found
            wanted["after"] = page["next_after"]

    def account(self, name: str | None = None) -> Account:
        """Creates a new account."""
        made = self.call("POST", "accounts", {"name": name})
        return Account(self, made["account_id"], made["tokens"], made["users"], made["roles"])


@dataclass(frozen=True)
class Account:
    """One test's own account, with a token and a user for each level. Many accounts share one server undisturbed."""

    sandbox: Sandbox
    id: str
    tokens: dict[str, str]
    users: dict[str, str]
    roles: dict[str, str]

    def address(self, name: str) -> str:
        """A mail address unique to this account."""
        return f"{name}@account-{self.id}.example.com"

    def fault(self, **fault: object) -> str:
        """Orders a fault for callers of this account only."""
        return self.sandbox.faults.order(account_id=self.id, **fault)

    def requests(self, **wanted: Any) -> list[dict[str, Any]]:
        """The requests by callers of this account, with their answers."""
        return self.sandbox.requests(account_id=self.id, **wanted)


@dataclass(frozen=True)
class Clock:
    """The sandbox's clock, shared by all its accounts."""

    sandbox: Sandbox

    def now(self) -> str:
        """The current time."""
        return self.sandbox.call("GET", "clock")["now"]

    def set(self, now: str) -> None:
        """Sets it, for example to 2031-02-01T00:00:00Z."""
        self.sandbox.call("PUT", "clock", {"now": now})

    def freeze(self, frozen: bool = True) -> None:
        """Stops it, or lets it run."""
        self.sandbox.call("PUT", "clock", {"frozen": frozen})

    def advance(self, **duration: float) -> None:
        """Moves it forward by days=, hours=, seconds=…; all consequences have happened when this returns."""
        self.sandbox.call("POST", "clock/advance", {"seconds": int(timedelta(**duration).total_seconds())})


@dataclass(frozen=True)
class Mailbox:
    """The mails that would have been sent."""

    sandbox: Sandbox

    def mails(self, to: str | None = None) -> list[dict[str, Any]]:
        """All mails, or those to one address, newest first."""
        return self.sandbox.call("GET", "mailbox", to=to)["messages"]

    def wait_for(self, to: str, nth: int = 1, seconds: float = 10) -> dict[str, Any]:
        """The nth mail to an address, once it has arrived."""
        end = time.monotonic() + seconds
        while len(mails := self.sandbox.call("GET", "mailbox", to=to, wait=min(math.ceil(seconds), 60))["messages"]) < nth:
            if time.monotonic() >= end:
                raise SandboxError(f"mail {nth} to {to} did not come within {seconds} s")
            time.sleep(0.02)
        return mails[-nth]


@dataclass(frozen=True)
class Faults:
    """Faults to order."""

    sandbox: Sandbox

    def order(self, **fault: object) -> str:
        """Orders a fault, for example method="POST", drop="after_commit", times=1, and returns its id."""
        return self.sandbox.call("POST", "faults", fault)["id"]

    def clear(self) -> None:
        """Removes all faults."""
        self.sandbox.call("DELETE", "faults")


def _first_line(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    # A pipe cannot be read with a deadline, but a queue can.
    lines: queue.Queue[bytes] = queue.Queue()
    assert process.stdout
    threading.Thread(target=lambda out: lines.put(out.readline()), args=[process.stdout], daemon=True).start()
    return lines.get(timeout=deadline)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in filter(None, [process.stdin, process.stdout]):
        pipe.close()
