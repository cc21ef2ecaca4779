# SPDX-License-Identifier: MIT
"""Circles in a directed graph.

    graph.circles({"a": {"b"}, "b": {"a"}})    [["a", "b"]]
"""


def circles(edges):
    """One circle of each knot of nodes that reach each other, as a list of nodes in the order of the
    edges; the last one leads back to the first. An edge from a node to itself is not a circle.
    edges: {node: nodes that it leads to}."""
    found = []
    done = set()
    for start in sorted(edges):
        if start in done:
            continue
        circle = shortest(edges, start)
        if circle:
            found.append(circle)
            done |= knot(edges, start)
    return found


def reach(edges, start):
    """All nodes that are reached from start, start only if a circle leads back to it."""
    seen, todo = set(), [start]
    while todo:
        for node in edges.get(todo.pop(), ()):
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen


def knot(edges, start):
    return {node for node in reach(edges, start) if start in reach(edges, node)}


def shortest(edges, start):
    """The shortest circle through start, or None."""
    before, todo = {}, [start]
    while todo:
        node = todo.pop(0)
        for after in sorted(set(edges.get(node, ())) - {node}):
            if after == start:
                circle = [node]
                while circle[0] != start:
                    circle.insert(0, before[circle[0]])
                return circle
            if after not in before:
                before[after] = node
                todo.append(after)
    return None
