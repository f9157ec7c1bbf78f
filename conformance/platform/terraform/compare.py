"""Compares Terraform's outputs on standard input with what was compiled: `compare.py ARTIFACTS`."""

import json
import sys
from pathlib import Path

artifacts, outputs, faults = Path(sys.argv[1]), json.load(sys.stdin), []
lines = (artifacts / "platform/dotenv/temporal.env").read_text(encoding="utf-8").splitlines()
wanted = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
for name, service in outputs["services"]["value"].items():
    environment = {entry["name"]: entry["value"] for entry in service["environment"]}
    task = json.loads((artifacts / f"platform/ecs/task-definitions/temporal-{name}.json").read_text(encoding="utf-8"))
    registered = {entry["name"]: entry["value"] for entry in task["containerDefinitions"][1]["environment"]}
    for key, value in registered.items():
        if environment.get(key) != value:
            faults.append(f"{name}: {key} is {environment.get(key)!r}, not {value!r}")
    for key in registered:
        if key in wanted and wanted[key] != registered[key]:
            faults.append(f"{name}: {key} differs from temporal.env")
    if environment["TEMPORAL_SQL_HOST"] != "abc.dsql.eu-west-1.on.aws":
        faults.append(f"{name}: the endpoint is not filled in")
    if (str(service["cpu"]), str(service["memory"])) != (task["cpu"], task["memory"]):
        faults.append(f"{name}: another size")
if outputs["dynamic_config"]["value"] != (artifacts / "dynamicconfig.yaml").read_text(encoding="utf-8"):
    faults.append("the dynamic configuration is another")
print("\n".join(faults[:20]))
sys.exit(bool(faults))
