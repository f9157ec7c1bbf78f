"""Compares what Helm rendered with what was compiled, and the keys with the chart's: `compare.py ARTIFACTS RENDERED KEYS`."""

import json
import sys
from pathlib import Path

import yaml

artifacts, faults = Path(sys.argv[1]), []
documents = list(yaml.safe_load_all(Path(sys.argv[2]).read_text(encoding="utf-8")))
known = [line.strip() for line in Path(sys.argv[3]).read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
values = yaml.safe_load((artifacts / "platform/kubernetes/values.yaml").read_text(encoding="utf-8"))


def paths(node, path: str):
    open_here = any(key.endswith(".**") and (path + ".").startswith(key[:-2]) for key in known)
    if isinstance(node, dict) and node and not open_here:
        for key, inner in node.items():
            yield from paths(inner, f"{path}.{key}" if path else key)
    elif not open_here and path not in known:
        yield path


faults += [f"the chart knows no key {path}" for path in paths(values, "")]
maps = {d["metadata"]["name"]: d["data"] for d in documents if d["kind"] == "ConfigMap"}
pods = {d["metadata"]["name"]: d["spec"] for d in documents if d["kind"] == "Deployment"}
if yaml.safe_load(maps["dynamic-config"]["dynamic_config.yaml"]) != yaml.safe_load((artifacts / "dynamicconfig.yaml").read_text(encoding="utf-8")):
    faults.append("the dynamic configuration is another")
profile = json.loads((artifacts / "profile.json").read_text(encoding="utf-8"))
compiled = {p["key"]: p["value"] for group in ("topology", "safety", "tuning") for p in profile[f"{group}_params"]}
lines = (artifacts / "platform/dotenv/temporal.env").read_text(encoding="utf-8").splitlines()
wanted = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
for name, spec in pods.items():
    container = spec["template"]["spec"]["containers"][0]
    if spec["replicas"] != compiled[f"{name}.replicas"]:
        faults.append(f"{name}: {spec['replicas']} replicas, not {compiled[f'{name}.replicas']}")
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    if any(not isinstance(value, str) for value in environment.values()):
        faults.append(f"{name}: a variable is no text")
    # The base image reads the plugin's variables only.
    plugin = {key: value for key, value in wanted.items() if not key.startswith("TEMPORAL_")}
    if environment != plugin:
        faults.append(f"{name}: {sorted(set(environment.items()) ^ set(plugin.items()))}")
store = yaml.safe_load(maps["config"]["config_template.yaml"])["persistence"]
sql = store["datastores"]["default"]["sql"]
for key, parameter in {"maxConns": "persistence.maxConns", "maxIdleConns": "persistence.maxIdleConns", "maxConnLifetime": "dsql.max_conn_lifetime", "pluginName": "persistence.pluginName"}.items():
    if sql[key] != compiled[parameter]:
        faults.append(f"{key} is {sql[key]}, not {compiled[parameter]}")
if store["numHistoryShards"] != compiled["history.shards"]:
    faults.append("another number of shards")
print("\n".join(faults[:20]))
sys.exit(bool(faults))
