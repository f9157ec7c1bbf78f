"""Cold costs of the release binary: wall time, CPU time and peak memory of whole processes.

    cargo build --release && python3 benches/cold.py [BINARY]

Every figure is the median of runs in random order: a busy machine slows all of them alike, and none always follows the same other
one, which moved a figure by a tenth. Compare the ratios.
"""

import os
import random
import resource  # noqa: F401  (wait4's usage record)
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "target", "release", "tdsql"))


def run(arguments, folder):
    """Wall seconds, CPU seconds and peak memory in MiB of one process."""
    start = time.perf_counter()
    with open(os.devnull, "wb") as null:
        child = subprocess.Popen([BINARY, *arguments], cwd=folder, stdout=null, stderr=null)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    assert child.returncode == 0, (arguments, child.returncode)
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


TINY = {
    "adapter.toml": """kind = "platform"
title = "One line"
language = "text"
literals = { int = "{{ value }}" }

[[output]]
file = "tiny.txt"
template = "tiny.txt.j2"
field = [{ parameter = "history.shards", name = "shards" }]
""",
    "tiny.txt.j2": "{{ fields[0].literal }}\n",
}


def tiny(folder):
    """A layer of data with an adapter that costs next to nothing."""
    data = os.path.join(folder, "tiny")
    adapter = os.path.join(data, "templates", "adapters", "tiny")
    os.makedirs(adapter)
    for name, text in TINY.items():
        with open(os.path.join(adapter, name), "w", encoding="utf-8") as file:
            file.write(text)
    return data


def medians(runs):
    return [statistics.median(column) for column in zip(*runs)]


def main():
    with tempfile.TemporaryDirectory() as folder:
        # With the same data, so that only rendering and writing differ.
        laid = ["-q", "--data", tiny(folder), "compile", "mid-scale"]
        commands = {
            "--version": ["--version"],
            "explain key": ["explain", "key", "history.persistenceMaxQPS", "--preset", "mid-scale"],
            "compile mid-scale": ["compile", "mid-scale"],
            "compile mid-scale -o DIR (new)": ["compile", "mid-scale", "-o", "new{}"],
            "compile mid-scale -o DIR (again)": ["compile", "mid-scale", "-o", "again"],
            "all adapters, into a new folder": [*laid, "-o", "all{}"],
            "a tiny adapter, into a new folder": [*laid, "--platform", "tiny", "-o", "one{}"],
            "all adapters, rendered": [*laid, "--format", "json"],
            "a tiny adapter, rendered": [*laid, "--platform", "tiny", "--format", "json"],
        }
        samples = {name: [] for name in commands}
        for round_ in range(120):
            for name, arguments in random.sample(list(commands.items()), len(commands)):
                sample = run([argument.replace("{}", str(round_)) for argument in arguments], folder)
                if round_ >= 10:
                    samples[name].append(sample)
        base = medians(samples["--version"])[0]
        for name, runs in samples.items():
            wall, cpu, memory = medians(runs)
            least = min(run[0] for run in runs)
            print(
                f"{name:34} {wall * 1e3:6.2f} ms wall (least {least * 1e3:6.2f}, {wall / base:4.2f} × --version), "
                f"{cpu * 1e3:6.2f} ms CPU, {memory:5.1f} MiB"
            )
        for what in ("into a new folder", "rendered"):
            every, one = (medians(samples[f"{adapters}, {what}"]) for adapters in ("all adapters", "a tiny adapter"))
            print(f"adapters add, {what}: {(every[0] - one[0]) * 1e3:5.2f} ms wall, {(every[1] - one[1]) * 1e3:5.2f} ms CPU")
        for shape in ("wide", "chain"):
            before = None
            for count in (50, 500, 5_000, 50_000):
                data = os.path.join(folder, f"{shape}{count}")
                subprocess.run([sys.executable, os.path.join(HERE, "synthetic.py"), data, str(count), shape], check=True)
                runs = [run(["-q", "--data", data, "compile", "mid-scale", "-o", f"out-{shape}{count}"], folder) for _ in range(5)]
                wall, cpu, memory = medians(runs)
                each = cpu / (count + 300) * 1e6
                ratio = "" if before is None else f", {each / before:4.2f} × the size before"
                print(f"{shape:5} {count:>6}: {wall:6.3f} s wall, {cpu:6.3f} s CPU, {memory:6.1f} MiB, {each:5.1f} µs CPU per parameter{ratio}")
                before = each


if __name__ == "__main__":
    main()
