"""Fixtures for pytest: a shared server, accounts on it, and a server that is reset before each test."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from . import Account, Sandbox, SandboxError

_STARTED = pytest.StashKey[Sandbox]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("invited_arguments", "further arguments of `invited sandbox`", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    # On SIGTERM Python would end without stopping what it started; handled like Ctrl-C, it stops everything.
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_unconfigure(config: pytest.Config) -> None:
    if sandbox := config.stash.get(_STARTED, None):
        sandbox.stop()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Under pytest-xdist the controller starts the server and passes its address to each worker."""
    try:
        node.workerinput["invited"] = {"url": _shared(node.config).base_url}
    except SandboxError as cause:
        # It matters only if a test asks for the server.
        node.workerinput["invited"] = {"error": str(cause)}


def _start(config: pytest.Config) -> Sandbox:
    return Sandbox.start(*config.getini("invited_arguments"))


def _shared(config: pytest.Config) -> Sandbox:
    shared = getattr(config, "workerinput", {}).get("invited", {})
    if error := shared.get("error"):
        raise SandboxError(error)
    if url := shared.get("url") or os.environ.get("INVITED_URL"):
        return Sandbox(url)
    if _STARTED not in config.stash:
        config.stash[_STARTED] = _start(config)
    return config.stash[_STARTED]


@pytest.fixture(scope="session")
def invited(pytestconfig: pytest.Config) -> Sandbox:
    """The server shared by all tests, also in other workers: the one at INVITED_URL, or a new one."""
    return _shared(pytestconfig)


@pytest.fixture
def invited_account(invited: Sandbox) -> Account:
    """A new account on the shared server."""
    return invited.account()


@pytest.fixture(scope="session")
def _invited_alone(pytestconfig: pytest.Config) -> Iterator[Sandbox]:
    if url := os.environ.get("INVITED_URL"):
        if os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1") != "1":
            raise SandboxError("INVITED_URL names one server, which cannot be reset while several workers use it")
        yield Sandbox(url)
    else:
        with _start(pytestconfig) as sandbox:
            yield sandbox


@pytest.fixture
def invited_fresh(_invited_alone: Sandbox) -> Sandbox:
    """A server of this worker only, reset to its seed, for tests of clock, snapshots and faults for all callers."""
    _invited_alone.reset()
    return _invited_alone
