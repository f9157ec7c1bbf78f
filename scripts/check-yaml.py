"""Reads what tdsql emits with PyYAML, a YAML 1.1 reader as the ones of Helm and Ansible are.

    python3 scripts/check-yaml.py COMMAND...     the command that runs tdsql

For every preset with every modifier: the dynamic configuration has the shape that the server's file client loads, and
each value is the profile's, of the same type; `--format yaml` says what `--format json` says.
"""

import json
import os
import subprocess
import sys
import tempfile

import yaml


def main(command):
    folder = tempfile.mkdtemp()
    # Nobody's own catalog, and one clock for both formats.
    environment = {**os.environ, "XDG_DATA_HOME": folder, "SOURCE_DATE_EPOCH": "0"}
    environment.pop("TDSQL_DATA", None)

    def run(*arguments):
        done = subprocess.run([*command, *arguments], env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"tdsql {' '.join(arguments)}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout

    def names(listing):
        return [entry["name"] for entry in json.loads(run(listing, "--format", "json"))]

    parameters = {entry["key"]: entry for entry in json.loads(run("list-parameters", "--format", "json"))}
    faults, values = [], 0
    combinations = [(preset, modifier) for preset in names("list-presets") for modifier in [None, *names("list-modifiers")]]
    for preset, modifier in combinations:
        arguments = ["compile", preset, *(["-m", modifier] if modifier else [])]
        label = f"{preset} + {modifier}" if modifier else preset
        result = json.loads(run(*arguments, "--format", "json"))
        if yaml.safe_load(run(*arguments, "--format", "yaml")) != result:
            faults.append(f"{label}: --format yaml and --format json differ")
        emitted = yaml.safe_load(result["dynamic_config_yaml"])
        profile = result["profile"]
        expected = {}
        for group in ("slo_params", "topology_params", "safety_params", "tuning_params"):
            for resolved in profile[group]:
                name = parameters[resolved["key"]]["names"].get("dynamic_config")
                if name and resolved["emitted"]:
                    expected[name] = resolved["value"]
        for name in sorted(expected.keys() ^ emitted.keys()):
            faults.append(f"{label}: `{name}` is {'not emitted' if name in expected else 'emitted without need'}")
        for name in expected.keys() & emitted.keys():
            values += 1
            found = emitted[name]
            if found != [{"value": expected[name], "constraints": {}}]:
                faults.append(f"{label}: `{name}` is {found!r}, not the value {expected[name]!r} without constraints")
            elif type(found[0]["value"]) is not type(expected[name]):
                faults.append(f"{label}: `{name}` is read as another type: {found[0]['value']!r}")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"PyYAML {yaml.__version__}: {len(combinations)} configurations, {values} values, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
