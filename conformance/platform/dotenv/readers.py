"""Reads temporal.env in three ways and compares; then compiles hostile values and reads those: `readers.py ARTIFACTS SCRATCH`."""

import json
import os
import subprocess
import sys
from pathlib import Path

from dotenv import dotenv_values

# The parameter that takes any text, and its variable.
KEY, NAME = "visibility.elasticsearch_index", "TEMPORAL_ELASTICSEARCH_INDEX"
HOSTILE = [
    "two words", "it's", 'say "so"', "a#b", "a #b", "$HOME", "${HOME}", "`date`", "$(date)", "a\\b", "a\\nb", "ünïcode ✓", "!history",
    "a=b", "a;b", "a&b|c", "*", "~", "'quoted'", "$'", " padded ", "x" * 5000,
]


def literal(path: Path) -> dict[str, str]:
    """As docker --env-file and ECS environmentFiles read: everything behind the first `=`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def shell(path: Path) -> dict[str, str]:
    script = 'set -a; . "$1"; exec "$2" -c "import json, os; print(json.dumps(dict(os.environ)))"'
    ran = subprocess.run(["sh", "-euc", script, "sh", str(path), sys.executable], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    return json.loads(ran.stdout) if ran.returncode == 0 else {"": ran.stderr}


def faults(path: Path, wanted: dict[str, str], readers) -> list[str]:
    found = []
    for reader in readers:
        read = reader(path)
        found += [f"{path}: {reader.__name__}: {key} is {read.get(key)!r}, not {value!r}" for key, value in wanted.items() if read.get(key) != value]
    return found


root, scratch, bad, count = Path(sys.argv[1]), Path(sys.argv[2]), [], 0
for path in sorted(root.glob("*/platform/dotenv/temporal.env")):
    count += 1
    task = json.loads((path.parents[1] / "ecs/task-definitions/temporal-history.json").read_text(encoding="utf-8"))
    environment = {entry["name"]: entry["value"] for entry in task["containerDefinitions"][1]["environment"]}
    names = literal(path)
    bad += faults(path, {key: value for key, value in environment.items() if key in names}, [literal, shell, dotenv_values])

told = 0
for index, value in enumerate(HOSTILE):
    out = scratch / f"hostile-{index}"
    command = [os.environ["TDSQL"], "-q", "compile", "starter", "-s", f"{KEY}={value}", "--platform", "dotenv", "-o", str(out)]
    ran = subprocess.run(command, capture_output=True, text=True)
    text = (out / "platform/dotenv/temporal.env").read_text(encoding="utf-8") if ran.returncode == 0 else ""
    if f"# {NAME} is left out" in text:
        told += 1
    elif ran.returncode == 0:
        bad += faults(out / "platform/dotenv/temporal.env", {NAME: value}, [shell, dotenv_values])
    else:
        bad.append(f"{value!r} ends with {ran.returncode}: {ran.stderr[:200]}")

# It can fail.
broken = scratch / "broken.env"
broken.write_text(f"{NAME}=two words\n", encoding="utf-8")
if not faults(broken, {NAME: "two words"}, [shell]):
    bad.append("a value without its quotes is not noticed: this check proves nothing")
print("\n".join(bad[:20]) or f"{count} files read alike by a shell, python-dotenv and literally; {len(HOSTILE) - told} of {len(HOSTILE)} hostile values read back, {told} left out with a reason")
sys.exit(bool(bad))
