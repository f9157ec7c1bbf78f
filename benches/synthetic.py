"""Writes a synthetic catalog: N derived parameters, one guard rail for every ten, to be laid over the embedded one.

    python3 benches/synthetic.py DIR N [wide|chain]

`wide` parameters read one of the first ones; `chain` ones read the one before, N deep. The numbers are arbitrary; they
stay small enough never to overflow.
"""

import os
import sys

PER_FILE = 1000


def parameter(index: int, shape: str) -> str:
    reads = max(index - 1, 0) if shape == "chain" else index % 10
    expression = "target_state_transitions_per_sec + 1" if index < 10 and shape == "wide" or index == 0 else (
        f"max(1, syn.p{reads} * 2 + target_state_transitions_per_sec / 3) % 1000003"
    )
    return (
        f"[[parameter]]\nkey = \"syn.p{index}\"\nclass = \"tuning\"\ntype = \"int\"\n"
        f"derive = '{expression}'\nmin = 0\noutputs = {{ dynamic_config = true }}\n"
        f"summary = \"Synthetic parameter {index}.\"\nrationale = \"It follows another one.\"\nsource = \"benches\"\n\n"
    )


def rail(index: int) -> str:
    key = f"syn.p{index}"
    return (
        f"severity = \"warning\"\nsummary = \"It stays small.\"\nrationale = \"It grows otherwise.\"\nsource = \"benches\"\n\n"
        f"[rule]\nrequire = '{key} >= 0 && {key} < 2000000'\nmessage = \"it is {{{{ {key} }}}}\"\nhelp = \"lower it\"\n"
        f"parameters = [\"{key}\"]\n\n"
        f"[[case]]\nnote = \"small\"\npreset = \"mid-scale\"\noutcome = \"silent\"\n\n"
        f"[[case]]\nnote = \"large\"\npreset = \"mid-scale\"\nset = {{ \"{key}\" = 3000000 }}\noutcome = \"fires\"\n"
    )


def write(folder: str, count: int, shape: str) -> None:
    parameters = os.path.join(folder, "registry", "parameters")
    rails = os.path.join(folder, "registry", "rails")
    settings = os.path.join(folder, "registry", "settings")
    for path in (parameters, rails, settings):
        os.makedirs(path, exist_ok=True)
    for first in range(0, count, PER_FILE):
        with open(os.path.join(parameters, f"syn{first // PER_FILE}.toml"), "w", encoding="utf-8") as file:
            file.write(f"title = \"Synthetic {first}\"\norder = {1000 + first}\n\n")
            file.writelines(parameter(index, shape) for index in range(first, min(first + PER_FILE, count)))
    for index in range(0, count, 10):
        with open(os.path.join(rails, f"syn-{index}.toml"), "w", encoding="utf-8") as file:
            file.write(rail(index))
    with open(os.path.join(settings, "syn.toml"), "w", encoding="utf-8") as file:
        file.write("[settings]\n\n[prefixes]\n\"syn.\" = { note = \"synthetic\" }\n")


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "wide")
