"""Parses C# files; a syntax error or a property that TemporalWorkerOptions lacks is a fault.

With --literals: prints the strings of a file, a line each, as code points in hexadecimal.
"""

import re
import sys

import tree_sitter
import tree_sitter_c_sharp

# Of Temporalio.Worker.TemporalWorkerOptions, as read in its source: what options may set, and the type.
PROPERTIES = {
    "MaxConcurrentActivities": int, "MaxConcurrentWorkflowTasks": int, "MaxConcurrentLocalActivities": int,
    "MaxConcurrentNexusTasks": int, "MaxConcurrentWorkflowTaskPolls": int, "MaxConcurrentActivityTaskPolls": int,
    "MaxConcurrentNexusTaskPolls": int, "WorkflowTaskPollerBehavior": "PollerBehavior",
    "ActivityTaskPollerBehavior": "PollerBehavior", "NexusTaskPollerBehavior": "PollerBehavior",
    "NonStickyToStickyPollRatio": float, "MaxCachedWorkflows": int, "StickyQueueScheduleToStartTimeout": "TimeSpan",
    "DisableEagerActivityExecution": bool, "MaxEagerActivityReservationsPerWorkflowTask": int,
    "MaxActivitiesPerSecond": "double", "MaxTaskQueueActivitiesPerSecond": "double",
    "GracefulShutdownTimeout": "TimeSpan",
}
FORMS = {
    int: r"\d+", float: r"\d+(\.\d+)?F", bool: "true|false", "double": r"\d+(\.\d+)?",
    "TimeSpan": r"TimeSpan\.From(Seconds|Milliseconds)\(\d+\)",
    "PollerBehavior": r"new PollerBehavior\.(SimpleMaximum\(\d+\)|Autoscaling\(\s*minimum: \d+,\s*maximum: \d+,\s*initial: \d+\))",
}
SHORT = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "0": "\0"}

language = tree_sitter.Language(tree_sitter_c_sharp.language())


def walk(node):
    yield node
    for child in node.children:
        yield from walk(child)


def parse(path):
    source = open(path, "rb").read()
    tree = tree_sitter.Parser(language).parse(source)
    for node in walk(tree.root_node):
        if node.is_error or node.is_missing:
            sys.exit(f"{path}:{node.start_point.row + 1}: a syntax error near {node.text[:60]!r}")
    return tree.root_node


def literals(path):
    for node in walk(parse(path)):
        if node.type != "string_literal":
            continue
        value = ""
        for part in node.children[1:-1]:
            text = part.text.decode()
            if part.type != "escape_sequence":
                value += text
            elif text[1] in "uU":
                value += chr(int(text[2:], 16))
            else:
                value += SHORT[text[1:]]
        print(*(f"{ord(c):x}" for c in value))


def check(path):
    seen = set()
    for node in walk(parse(path)):
        if node.type != "assignment_expression":
            continue
        name, value = (node.child_by_field_name(side).text.decode() for side in ("left", "right"))
        if name not in PROPERTIES or not re.fullmatch(FORMS[PROPERTIES[name]], value):
            sys.exit(f"{path}:{node.start_point.row + 1}: TemporalWorkerOptions takes no {name} = {value}")
        if name in seen:
            sys.exit(f"{path}: {name} is set twice")
        seen.add(name)
    if len(seen) < 10:
        sys.exit(f"{path}: sets {len(seen)} properties only")


if sys.argv[1] == "--literals":
    literals(sys.argv[2])
else:
    for file in sys.argv[1:]:
        check(file)
