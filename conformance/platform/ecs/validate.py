"""Holds each task definition to the AWS model, to ECS's limits and to what was compiled; then breaks copies of one."""

import copy
import json
import sys
from pathlib import Path

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

SHAPE = ServiceModel(Loader().load_service_model("ecs", "service-2")).operation_model("RegisterTaskDefinition").input_shape
# A task definition may have 64 KiB.
LARGEST = 64 * 1024
# CPU units → least and most memory in MiB.
FARGATE = {256: (512, 2048), 512: (1024, 4096), 1024: (2048, 8192), 2048: (4096, 16384), 4096: (8192, 30720), 8192: (16384, 61440), 16384: (32768, 122880)}


def faults(definition: dict) -> list[str]:
    report = ParamValidator().validate(definition, SHAPE)
    if report.has_errors():
        return [report.generate_report()]
    found = []
    if len(json.dumps(definition)) > LARGEST:
        found.append("over 64 KiB")
    cpu, memory = int(definition["cpu"]), int(definition["memory"])
    least, most = FARGATE.get(cpu, (0, 0))
    if not least <= memory <= most or memory % 1024 and memory != 512:
        found.append(f"Fargate has no task of {cpu} CPU units and {memory} MiB")
    containers = {container["name"]: container for container in definition["containerDefinitions"]}
    if not any(container["essential"] for container in containers.values()):
        found.append("no container is essential")
    for container in containers.values():
        names = [entry["name"] for entry in container.get("environment", []) + container.get("secrets", [])]
        if len(names) != len(set(names)):
            found.append("a variable is given twice")
        if any(needed["containerName"] not in containers for needed in container.get("dependsOn", [])):
            found.append("depends on a container that is not there")
    return found


def values(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def check(artifacts: Path, path: Path, definition: dict) -> list[str]:
    found = faults(definition)
    setup, main = definition["containerDefinitions"]
    environment = {entry["name"]: entry["value"] for entry in main["environment"]}
    if main["environment"] != json.loads((path.parents[1] / "environment" / path.name).read_text(encoding="utf-8")):
        found.append("the environment array is another")
    if main["secrets"] != json.loads((path.parents[1] / "secrets.json").read_text(encoding="utf-8")):
        found.append("the secrets array is another")
    if f"temporal-{environment['SERVICES']}" != path.stem or definition["family"] != path.stem:
        found.append("another service would start")
    # The Compose image alone reads these two.
    unread = {"TEMPORAL_ELASTICSEARCH_PORT", "TEMPORAL_ELASTICSEARCH_SCHEME"}
    for key, value in values(artifacts / "platform/dotenv/temporal.env").items():
        if key not in unread and environment.get(key) != value:
            found.append(f"{key} is {environment.get(key)!r}, not {value!r}")
    if setup["command"][-1] != (artifacts / "dynamicconfig.yaml").read_text(encoding="utf-8"):
        found.append("the dynamic configuration is another")
    return found


def broken(definition: dict) -> dict[str, dict]:
    def with_change(change) -> dict:
        copied = copy.deepcopy(definition)
        change(copied)
        return copied

    return {
        "CPU as a number": with_change(lambda d: d.update(cpu=2048)),
        "an unknown member": with_change(lambda d: d.update(desiredCount=2)),
        "a variable that is no text": with_change(lambda d: d["containerDefinitions"][1]["environment"].append({"name": "A", "value": True})),
        "a size that Fargate does not have": with_change(lambda d: d.update(memory="65536")),
        "too much text": with_change(lambda d: d["containerDefinitions"][0]["command"].append("x" * LARGEST)),
        "a variable twice": with_change(lambda d: d["containerDefinitions"][1]["environment"].append({"name": "SERVICES", "value": "x"})),
    }


root, bad, count, largest = Path(sys.argv[1]), [], 0, 0
for path in sorted(root.glob("*/platform/ecs/task-definitions/*.json")):
    definition = json.loads(path.read_text(encoding="utf-8"))
    largest = max(largest, len(json.dumps(definition)))
    count += 1
    bad += [f"{path.relative_to(root)}: {fault}" for fault in check(path.parents[3], path, definition)]
configurations = [folder for folder in root.iterdir() if folder.is_dir()]
if count != 4 * len(configurations):
    bad.append(f"{count} task definitions of {len(configurations)} configurations")
bad += [f"{what} is taken: this check proves nothing" for what, d in broken(definition).items() if not faults(d)]
print("\n".join(bad[:20]) or f"{count} task definitions, at most {largest // 1024} KiB: botocore's model takes them; {len(configurations)} stacks: cfn-lint takes them")
sys.exit(bool(bad))
