# SPDX-License-Identifier: MIT
"""bench/report says "met" only when each size, each ring and each number of adapters was counted."""
import importlib.machinery
import importlib.util

LOADER = importlib.machinery.SourceFileLoader("bench_report", "bench/report")
SPEC = importlib.util.spec_from_loader("bench_report", LOADER)
report = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(report)


def counted(cases, value):
    found = {}
    for case in cases:
        found[case.name] = dict(case.facts, instructions=value, to_indication=value, functions={}, functions_to_indication={},
                                ring=int(case.bus.partition("queue_size=")[2] or 256))
    return found


def verdicts(cases):
    return [row["verdict"] for row in report.targets(cases, [])[:5]]


def floods(share):
    """Verdicts on RESOURCES, of all rings and buses."""
    found = [dict(zip(("bus", "ring", "hold"), one), share=share) for one in report.FLOODS]
    return [[row["verdict"] for row in report.targets({}, some)[5:7]] for some in (found, found[1:])]


every = list(report.matrix(False)) + list(report.others())
assert verdicts(counted(every, 100)) == ["met"] * 5, verdicts(counted(every, 100))
assert verdicts(counted(every, 1000)) == ["missed"] * 5
assert [row["verdict"] for row in report.flatness(counted(every, 100))] == ["met"] * 4
some = [case for case in every if case.facts["size"] == 60 and case.bus.partition("queue_size=")[2] != "1024" and
        case.adapters != 4]
assert verdicts(counted(some, 100)) == ["not counted"] * 5, verdicts(counted(some, 100))
assert report.flatness(counted(some, 100)) == []
assert floods(0)[0] == ["met", "met"] and floods(5)[0] == ["missed", "met"] and floods(20)[0] == ["missed", "missed"]
assert floods(0)[1][0] == "not counted"
