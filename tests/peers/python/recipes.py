"""The published workflow and image: everything they name exists, and everything they start works.

This may run without a build server and Docker, so the parts are checked one by one.
"""

import json
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import yaml

EXAMPLES, PROGRAM = Path(sys.argv[1]), sys.argv[2]
ROOT = EXAMPLES.parent


def knows(command, flags):
    """Expects that a command's help lists these flags."""
    listed = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
    missing = [flag for flag in flags if not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", listed)]
    assert not missing, f"{command} does not know {missing}"


def look_at_workflow():
    workflow = yaml.safe_load((EXAMPLES / "github-action.yml").read_text())
    # YAML 1.1 reads the key `on` as true.
    assert set(workflow[True]) == {"push", "pull_request"}
    [job] = workflow["jobs"].values()
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step), step
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/none@v0")), step
    lines = [shlex.split(line) for step in job["steps"] for line in step.get("run", "").splitlines()]
    checkout = next(step["with"]["path"] for step in job["steps"] if "path" in step.get("with", {}))
    named = [word.removeprefix("./") for line in lines for word in line if word.removeprefix("./").startswith(checkout)]
    assert len(named) >= 4, named
    for path in named:
        assert (ROOT / Path(path).relative_to(checkout)).exists(), path
    assert ["cargo", "install", "--locked", "--path", checkout] in lines
    assert (ROOT / "Cargo.lock").exists()
    for line in lines:
        if line[:3] == ["python", "-m", "pip"]:
            knows([sys.executable, "-m", "pip", line[3]], [word for word in line[4:] if word.startswith("-")])
    assert any(line[:3] == ["python", "-m", "pytest"] for line in lines)


def look_at_image():
    text = (EXAMPLES / "Dockerfile").read_text().replace("\\\n", " ")
    instructions = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]
    said = {name: rest for name, rest in instructions}
    assert said["USER"].isdecimal() and int(said["USER"]) > 0, "it must not run as root"
    assert re.search(r"FROM rust:(1\.\d+)-", text)[1] == re.search(r'rust-version = "(.*)"', (ROOT / "Cargo.toml").read_text())[1]
    [build] = [shlex.split(rest) for name, rest in instructions if name == "RUN" and rest.startswith("cargo")]
    knows(build[:2], [word for word in build[2:] if word.startswith("-")])
    assert f"--from=build /src/target/release/{Path(PROGRAM).name} /usr/local/bin/invited" in said["COPY"]
    start_image(json.loads(said["ENTRYPOINT"]), json.loads(said["CMD"]), said["HEALTHCHECK"], said["EXPOSE"])


def start_image(entrypoint, arguments, health, port):
    """Starts the image's command on a free loopback port, and checks its health as the image does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = str(probe.getsockname()[1])
    assert entrypoint[0] == "invited" and f"0.0.0.0:{port}" in arguments
    arguments = [argument.replace("0.0.0.0", "127.0.0.1").replace(port, free) for argument in arguments]
    ask = [word.replace(port, free) for word in json.loads(health[health.index("["):])]
    sandbox = subprocess.Popen([PROGRAM, *entrypoint[1:], *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert f"http://localhost:{free}/api/v1" in sandbox.stdout.readline().decode()
        assert subprocess.run(ask, timeout=10).returncode == 0
    finally:
        sandbox.terminate()
        sandbox.communicate(timeout=20)
    assert subprocess.run(ask, timeout=10, stderr=subprocess.DEVNULL).returncode != 0


look_at_workflow()
look_at_image()
