"""Hostile text through a language's own parser.

    hostile.py ADAPTER TEMPLATE FOLDER   compiles a file of literals from TEMPLATE into FOLDER, with the literal
                                         forms of the shipped ADAPTER; says the file's path
    hostile.py --compare                 reads what the program printed and compares it

The program prints a line per value, in the order in which they stand: its code points, in hexadecimal.
"""

import json
import os
import pathlib
import random
import subprocess
import sys

FIXED = [
    "plain", "two words", " space around ", "", "it's", '"quoted"', "`back`", "$HOME", "${HOME}", "$${HOME}", "#{1}",
    "#$x #@x", "%{x} %s %n", "{{ x }} {% y %}", "// # -- /* */ <!-- -->", "*/ \"\"\" ''' ", "back\\slash", "\\", "\\\\",
    "\\\"", "\\n", "\\u000a", "\\\\u0022", "\\x41", "\\N{BULLET}", "tab\there", "line\nfeed", "carriage\rreturn\r\n",
    "\x01\x02\x07\x08\x0b\x0c\x1b\x7f", "\x00", "\x000", "\x80\x85\x9f\u00a0", "\u2028\u2029", "\u202e\u2066\u200b\ufeff",
    "grüße", "日本語", "😀👩‍👩‍👧", "\U0010ffff", "e\u0301", "no: yes", "- a", "0x1F", "1e3", "null", "~", "@x", "&a *b",
    "coding: utf-7", "x" * 5000, "long words " * 500,
]


def values():
    draw = random.Random(20250301)
    alphabet = ["\\", '"', "'", "`", "$", "{", "}", "#", "%", "u", "U", "x", "0", "a", " ", "\n", "\r", "\t", "\x00",
                "\x07", "\u0085", "\u2028", "é", "\ud7ff", "\ue000", "😀", "/", "*", "@", "<", ">"]
    return FIXED + ["".join(draw.choices(alphabet, k=draw.randint(1, 24))) for _ in range(300)]


def toml(text):
    return '"' + "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text) + '"'


def prepare(adapter, template, folder):
    tdsql = os.environ["TDSQL"]
    folder = pathlib.Path(folder)
    shipped = folder / "shipped"
    subprocess.run([tdsql, "init", shipped], check=True, capture_output=True)
    manifest = (shipped / "templates/adapters" / adapter / "adapter.toml").read_text()
    # The literal forms stay as they are; the fields are those of the test.
    literals = manifest[manifest.index("[literals]"):]
    literals = literals[: literals.index("\n[")]
    over = folder / "over"
    parameters, fields = ['title = "Hostile"\norder = 100000\n'], []
    for index, value in enumerate(values()):
        parameters.append(
            f'[[parameter]]\nkey = "hostile.v{index}"\nclass = "tuning"\ntype = "str"\ndefault = {toml(value)}\n'
            'summary = "Text."\nrationale = "Read by a test alone."\nsource = "test"\noutputs = { worker_options = true }\n'
        )
        fields.append(f'[[output.field]]\nparameter = "hostile.v{index}"\nname = "v{index}"\n')
    (over / "registry/parameters").mkdir(parents=True)
    (over / "registry/parameters/hostile.toml").write_text("\n".join(parameters))
    home = over / "templates/adapters" / adapter
    home.mkdir(parents=True)
    name = pathlib.Path(template).stem
    head = manifest[: manifest.index("[literals]")]
    (home / "adapter.toml").write_text(
        f'{head}{literals}\n\n[[output]]\nfile = "{name}"\ntemplate = "hostile.j2"\n\n' + "\n".join(fields)
    )
    (home / "hostile.j2").write_text(pathlib.Path(template).read_text())
    out = folder / "hostile"
    ran = subprocess.run(
        [tdsql, "--data", over, "compile", "starter", "--sdk", adapter, "-o", out], capture_output=True, text=True
    )
    if ran.returncode:
        sys.exit(f"the hostile values do not compile:\n{ran.stderr[:4000]}")
    print(out / "sdk" / adapter / name)


def compare():
    printed = [bytes(line, "ascii").decode().split() for line in sys.stdin.read().split("\n")[:-1]]
    wanted = values()
    if len(printed) != len(wanted):
        sys.exit(f"{len(printed)} values were read back, {len(wanted)} were written")
    for index, (line, value) in enumerate(zip(printed, wanted)):
        read = "".join(chr(int(point, 16)) for point in line)
        if read != value:
            sys.exit(f"value {index} was {json.dumps(value)[:300]} and is read as {json.dumps(read)[:300]}")
    print(len(wanted))


if sys.argv[1:] == ["--compare"]:
    compare()
else:
    prepare(*sys.argv[1:])
