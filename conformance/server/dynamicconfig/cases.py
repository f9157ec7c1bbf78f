"""Compiles what the server is to read: every preset with every modifier, and random overrides.

    cases.py TDSQL FOLDER TEMPORAL_VERSION SETS SEED

The overrides are drawn from what `list-parameters` says is allowed, over every parameter that has a name in dynamic
configuration and every input. The same seed draws the same. A set that the compiler refuses is drawn again.
"""

import json
import os
import random
import re
import subprocess
import sys

UNITS = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}


def milliseconds(text):
    return round(sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|h|m|s)", text)))


def draw(dice, parameter, usual):
    """A permitted value as it is written after `--set`: near the usual one, or a bound, or anything in between."""
    kind, limits = parameter["value_type"], parameter["constraints"]
    if limits["allowed_values"]:
        return str(dice.choice(limits["allowed_values"])).lower() if kind == "bool" else str(dice.choice(limits["allowed_values"]))
    if kind == "bool":
        return dice.choice(["true", "false"])
    if kind == "str":
        return dice.choice(["on", "007", "1h", "it's #1", "naïve: \"x\"", "a\nb", "~"])
    number = milliseconds if kind == "duration" else float
    base = number(str(usual))
    value = base * dice.choice([0.5, 0.9, 1.0, 1.1, 2.0]) + dice.choice([0, 0, 1])
    low, high = limits["min_value"], limits["max_value"]
    if low is not None:
        value = max(value, number(str(low)))
    if high is not None:
        value = min(value, number(str(high)))
    if kind == "float":
        return repr(value)
    return f"{int(value)}ms" if kind == "duration" else str(int(value))


def main(tdsql, folder, version, sets, seed):
    def run(*arguments):
        return subprocess.run([tdsql, "-q", *arguments], capture_output=True, text=True)

    def listed(what):
        return json.loads(run(what, "--format", "json").stdout)

    presets = [entry["name"] for entry in listed("list-presets")]
    modifiers = [None, *(entry["name"] for entry in listed("list-modifiers"))]
    target = ["--temporal-version", version]
    for preset in presets:
        for modifier in modifiers:
            name = f"{preset}+{modifier}" if modifier else preset
            chosen = ["-m", modifier] if modifier else []
            done = run("compile", preset, *chosen, *target, "-o", os.path.join(folder, name))
            if done.returncode:
                sys.exit(f"{name} does not compile:\n{done.stderr}")

    dice = random.Random(seed)
    usual = {}
    for preset in presets:
        with open(os.path.join(folder, preset, "profile.json"), encoding="utf-8") as file:
            profile = json.load(file)
        groups = ("slo_params", "topology_params", "safety_params", "tuning_params")
        usual[preset] = {entry["key"]: entry["value"] for group in groups for entry in profile[group]}
    parameters = [
        entry
        for entry in listed("list-parameters")
        if not entry["locked"] and (entry["names"].get("dynamic_config") or entry["classification"] in ("slo", "topology"))
    ]
    made = refused = touched = 0
    while made < sets:
        if refused > 20 * sets:
            sys.exit(f"{refused} sets of overrides were refused; what is drawn is not sensible")
        preset, modifier = dice.choice(presets), dice.choice(modifiers)
        chosen = dice.sample(parameters, dice.randint(1, 8))
        arguments = ["-m", modifier] if modifier else []
        for parameter in chosen:
            arguments += ["--set", f"{parameter['key']}={draw(dice, parameter, usual[preset][parameter['key']])}"]
        done = run("compile", preset, *arguments, *target, "-o", os.path.join(folder, f"overrides-{made + 1:02}"))
        if done.returncode == 1:
            refused += 1
        elif done.returncode:
            sys.exit(f"tdsql compile {preset} {' '.join(arguments)}: exit code {done.returncode}\n{done.stderr}")
        else:
            made += 1
            touched += len(chosen)
    print(f"{version}: {len(presets) * len(modifiers)} combinations, {made} sets of {touched} overrides (seed {seed}, {refused} refused by the compiler)")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
