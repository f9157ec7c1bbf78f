"""Compares what Compose read with what was compiled: `compare.py ARTIFACTS STACK MERGED`."""

import json
import sys
from pathlib import Path


def values(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def replicas(artifacts: Path) -> dict[str, int]:
    profile = json.loads((artifacts / "profile.json").read_text(encoding="utf-8"))
    return {p["key"].split(".")[0]: p["value"] for p in profile["topology_params"] if p["key"].endswith(".replicas")}


artifacts = Path(sys.argv[1])
stack, merged = (json.loads(Path(name).read_text(encoding="utf-8"))["services"] for name in sys.argv[2:4])
wanted, counts, faults = values(artifacts / "platform/dotenv/temporal.env"), replicas(artifacts), []
if set(stack) != {f"temporal-{name}" for name in counts}:
    faults.append(f"services {sorted(stack)}")
for name, count in counts.items():
    service = stack[f"temporal-{name}"]
    if service["deploy"]["replicas"] != count:
        faults.append(f"{name}: {service['deploy']['replicas']} replicas, not {count}")
    if service["environment"]["SERVICES"] != name or name not in service["command"]:
        faults.append(f"{name}: another service would start")
    if "container_name" in service:
        faults.append(f"{name}: has a container name and cannot scale")
    for where, environment in [("stack", service["environment"]), ("override", merged[f"temporal-{name}"]["environment"])]:
        for key, value in wanted.items():
            if environment.get(key) != value:
                faults.append(f"{where}: {name}: {key} is {environment.get(key)!r}, not {value!r}")
    for key, value in {"TEMPORAL_SQL_HOST": "abc.dsql.eu-west-1.on.aws", "REGION": "eu-west-1"}.items():
        if service["environment"].get(key) != value:
            faults.append(f"{name}: {key} is not filled in")
mounted = (artifacts / "platform/compose/dynamicconfig/development-dsql.yaml").read_bytes()
if mounted != (artifacts / "dynamicconfig.yaml").read_bytes():
    faults.append("the mounted dynamic configuration is another")
print("\n".join(faults[:20]))
sys.exit(bool(faults))
