"""The package against the real program."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from invited_sandbox import Sandbox, SandboxError, find_binary


def ask(sandbox, token, path, body=None, method=None):
    """Calls the API and returns the status and the answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{sandbox.api_url}/{path}", data, method=method)
    request.add_header("Authorization", f"Bearer {token}")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


def invite(sandbox, token, address):
    person = {"full_name": "Nia New", "email_address": address}
    return ask(sandbox, token, "account_invitations", {"account_invitation": person})


def is_gone(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return True
    return False


def test_the_built_in_tokens_are_those_of_the_program(invited):
    with Sandbox.start() as sandbox:
        assert Sandbox(sandbox.base_url).tokens == sandbox.tokens
        assert invited.base_url != sandbox.base_url


def test_a_stopped_sandbox_is_gone_and_can_be_stopped_again():
    sandbox = Sandbox.start()
    process_id = sandbox._process.pid
    sandbox.stop()
    sandbox.stop()
    assert is_gone(process_id)
    with pytest.raises(SandboxError, match="GET http://127.0.0.1"):
        sandbox.clock.now()


def test_a_missing_program_is_reported_with_where_to_get_it(monkeypatch):
    monkeypatch.setenv("INVITED_BINARY", "/nowhere/invited")
    with pytest.raises(SandboxError, match="no program '/nowhere/invited'.*cargo install.*INVITED_BINARY"):
        Sandbox.start()
    assert find_binary(sys.executable) == sys.executable


def test_a_failed_start_reports_the_programs_output():
    with pytest.raises(SandboxError, match="did not start(?s:.*)no-such-setting"):
        Sandbox.start("--no-such-setting")


def test_a_program_that_is_never_ready_is_stopped(tmp_path):
    program = tmp_path / "invited"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/id\necho patience >&2\nexec sleep 60\n")
    program.chmod(0o755)
    with pytest.raises(SandboxError, match="not ready within 1 s(?s:.*)patience"):
        Sandbox.start(binary=str(program), deadline=1)
    assert is_gone(int((tmp_path / "id").read_text()))


def test_a_sandbox_ends_with_the_process_that_started_it():
    script = "import invited_sandbox; print(invited_sandbox.Sandbox.start()._process.pid)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=60).stdout
    assert is_gone(int(said))


def test_a_sandbox_ends_when_the_process_that_started_it_is_killed():
    script = "import invited_sandbox, time; print(invited_sandbox.Sandbox.start()._process.pid, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as starter:
        process_id = int(starter.stdout.readline())
        starter.kill()
    end = time.monotonic() + 15
    while not is_gone(process_id) and time.monotonic() < end:
        time.sleep(0.05)
    assert is_gone(process_id)


def test_reset_restores_the_seed_and_restore_a_snapshot(invited_fresh):
    token = invited_fresh.tokens["administrator"]
    assert invite(invited_fresh, token, "nia@example.com")[0] == 200
    invited_fresh.snapshot("with-nia")
    [mail] = invited_fresh.mailbox.mails()
    assert ask(invited_fresh, token, "account_invitations/6")[0] == 200
    invited_fresh.reset()
    assert ask(invited_fresh, token, "account_invitations/6")[0] == 404
    invited_fresh.restore("with-nia")
    assert ask(invited_fresh, token, "account_invitations/6")[0] == 200
    assert invited_fresh.mailbox.mails() == [mail]


def test_settings_are_changed_until_the_next_reset(invited_fresh):
    before = invited_fresh.settings()
    assert invited_fresh.settings(rate_create=2) == {**before, "rate_create": 2} != before
    invited_fresh.reset()
    assert invited_fresh.settings() == before


def test_the_clock_is_set_stopped_and_moved(invited_fresh):
    invited_fresh.clock.freeze()
    invited_fresh.clock.set("2031-02-01T00:00:00Z")
    invited_fresh.clock.advance(days=1, hours=2)
    assert invited_fresh.clock.now() == "2031-02-02T02:00:00Z"
    with pytest.raises(SandboxError, match="400.*write it like"):
        invited_fresh.clock.set("tomorrow")


def test_mails_are_waited_for(invited_account):
    sandbox, token, to = invited_account.sandbox, invited_account.tokens["administrator"], invited_account.address("nia")
    with pytest.raises(SandboxError, match="mail 1 to nia@account-.* did not come"):
        sandbox.mailbox.wait_for(to, seconds=0.1)
    assert invite(sandbox, token, to)[0] == 200
    first = sandbox.mailbox.wait_for(to)
    with pytest.raises(SandboxError, match="mail 2"):
        sandbox.mailbox.wait_for(to, nth=2, seconds=0.1)
    assert ask(sandbox, token, f"account_invitations/{first['invitation_id']}/resend", {}, "PUT")[0] == 200
    second = sandbox.mailbox.wait_for(to, nth=2)
    assert sandbox.mailbox.mails(to) == [second, first]


def test_a_fault_affects_only_its_account(invited, invited_account):
    other = invited.account()
    invited_account.fault(status=503, path="/api/v1/users/me", times=1)
    said = [ask(invited, account.tokens["administrator"], "users/me")[0]
            for account in (other, invited_account, invited_account)]
    assert said == [200, 503, 200]
    assert [request["status"] for request in invited_account.requests(path="/api/v1/users/me")] == [503, 200]


def test_requests_are_returned_however_large_they_are_together(invited, invited_account):
    person = {"account_invitation": {"headline": "x" * 70_000}}
    for _ in range(150):
        ask(invited, invited_account.tokens["administrator"], "account_invitations", person)
    page = invited.call("GET", "requests", account_id=invited_account.id)
    assert len(page["requests"]) < 140 and page["next_after"], "one answer does not hold them all"
    ids = [int(request["id"]) for request in invited_account.requests()]
    assert len(set(ids)) == 150
    assert [int(request["id"]) for request in invited_account.requests(limit=140)] == ids[:140]
    assert len(invited_account.requests(limit=3, after=ids[9])) == 3


def test_faults_can_be_removed(invited_fresh):
    invited_fresh.faults.order(status=500)
    assert ask(invited_fresh, invited_fresh.tokens["owner"], "users/me")[0] == 500
    invited_fresh.faults.clear()
    assert ask(invited_fresh, invited_fresh.tokens["owner"], "users/me")[0] == 200


def test_the_package_is_small_and_has_no_dependencies():
    folder = Path(__file__).parent.parent / "invited_sandbox"
    for file in folder.glob("*.py"):
        lines = [line.strip() for line in file.read_text().splitlines()]
        code = [line for line in lines if line and not line.startswith(("#", '"""'))]
        assert len(code) < 200
        imported = {line.split()[1].split(".")[0] for line in code if line.startswith(("import ", "from "))}
        assert imported - {"", "pytest"} <= sys.stdlib_module_names
