"""The plugin in separate pytest runs."""

import os
import signal
import subprocess
import sys
import time

import pytest

from invited_sandbox import Sandbox

NOTE = """
    import os
    def note(sandbox):
        with open("seen", "a") as seen:
            seen.write(f"{sandbox.base_url} {os.environ.get('PYTEST_XDIST_WORKER')}\\n")
"""


@pytest.fixture
def suite(pytester, monkeypatch):
    """Writes a suite that runs without this run's environment."""
    for name in ["INVITED_URL", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"]:
        monkeypatch.delenv(name, raising=False)
    pytester.makeconftest(NOTE)
    return pytester


def seen(suite):
    return [line.split() for line in (suite.path / "seen").read_text().splitlines()]


def can_be_asked(url):
    try:
        return bool(Sandbox(url).clock.now())
    except Exception:
        return False


def test_workers_share_one_server_that_ends_with_the_run(suite):
    suite.makepyfile("""
        import pytest, time
        from conftest import note
        @pytest.mark.parametrize("number", range(8))
        def test_one(invited, invited_account, number):
            note(invited)
            time.sleep(0.1)
    """)
    suite.runpytest_subprocess("-n", "2").assert_outcomes(passed=8)
    assert len({url for url, _ in seen(suite)}) == 1
    assert len({worker for _, worker in seen(suite)}) == 2
    assert not can_be_asked(seen(suite)[0][0])


def test_each_worker_resets_its_own_server(suite):
    suite.makepyfile("""
        import pytest
        from conftest import note
        @pytest.mark.parametrize("number", range(4))
        def test_one(invited, invited_fresh, number):
            note(invited_fresh)
            assert invited_fresh.account().id == "3"
            assert invited_fresh.base_url != invited.base_url
    """)
    suite.runpytest_subprocess("-n", "2", "--dist", "each").assert_outcomes(passed=8)
    assert len({tuple(line) for line in seen(suite)}) == 2


def test_a_named_server_is_used_and_keeps_running(suite, monkeypatch):
    suite.makepyfile("""
        from conftest import note
        def test_shared(invited):
            note(invited)
        def test_fresh(invited_fresh):
            note(invited_fresh)
    """)
    with Sandbox.start() as sandbox:
        monkeypatch.setenv("INVITED_URL", sandbox.base_url)
        suite.runpytest_subprocess().assert_outcomes(passed=2)
        assert {url for url, _ in seen(suite)} == {sandbox.base_url}
        outcome = suite.runpytest_subprocess("-n", "2")
        outcome.assert_outcomes(passed=1, errors=1)
        outcome.stdout.fnmatch_lines("*cannot be reset while several workers use it*")
        assert can_be_asked(sandbox.base_url)


def test_arguments_come_from_the_configuration(suite):
    suite.makeini("[pytest]\ninvited_arguments = --rate-create 1")
    suite.makepyfile("""
        import urllib.request, urllib.error, json, pytest
        def test_limit(invited):
            def create():
                headers = {"Authorization": "Bearer sandbox-owner", "Content-Type": "application/json"}
                body = b'{"account_invitation":{"full_name":"N","email_address":"n@example.com"}}'
                return urllib.request.urlopen(
                    urllib.request.Request(f"{invited.api_url}/account_invitations", body, headers))
            create()
            with pytest.raises(urllib.error.HTTPError, match="429"):
                create()
    """)
    suite.runpytest_subprocess().assert_outcomes(passed=1)


def test_without_the_program_only_tests_that_use_it_fail(suite, monkeypatch):
    monkeypatch.setenv("INVITED_BINARY", "/nowhere/invited")
    suite.makepyfile("def test_with(invited): pass\ndef test_without(): pass")
    for arguments in [[], ["-n", "2"]]:
        outcome = suite.runpytest_subprocess(*arguments)
        outcome.assert_outcomes(passed=1, errors=1)
        outcome.stdout.fnmatch_lines("*no program '/nowhere/invited'*")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("arguments", [[], ["-n", "2"]], ids=["alone", "workers"])
def test_an_interrupted_run_leaves_no_server(suite, number, arguments):
    suite.makepyfile("""
        import time
        from conftest import note
        def test_long(invited, invited_fresh):
            note(invited)
            note(invited_fresh)
            time.sleep(60)
    """)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    run = subprocess.Popen(command, cwd=suite.path, stdout=subprocess.DEVNULL, start_new_session=True)
    end = time.monotonic() + 60
    while not (suite.path / "seen").exists() or len(seen(suite)) < 2:
        assert time.monotonic() < end and run.poll() is None
        time.sleep(0.05)
    # Terminals and build servers signal all processes of the run.
    os.killpg(run.pid, number)
    assert run.wait(30) != 0
    assert not any(can_be_asked(url) for url, _ in seen(suite))
