# SPDX-License-Identifier: MIT
"""What our declarations declare: read from clang's syntax tree of ndis.h over the host's ntddk.h.

Declared(arch) has structs {name: [member]}, enumerators, functions, and constants: the macros that
are integer constants. Only what the headers under include/ndis-mingw and ndishost/nt/include
say counts; ndis and nt tell the two apart.
"""
import json
import os
import re
import subprocess
import tempfile

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
NDIS = "include/ndis-mingw/"
NT = "ndishost/nt/include/"
FLAGS = ["-std=gnu11", "-DNDIS_MINIPORT_DRIVER=1", "-DNDIS620_MINIPORT=1", "-I" + NT, "-I" + NDIS]
WIDTH = {"x64": "-m64", "x86": "-m32"}


def _run(arguments, text):
    return subprocess.run(
        arguments, input=text, cwd=ROOT, text=True, capture_output=True, check=False
    )


class Declared:
    def __init__(self, arch):
        self.flags = [WIDTH[arch]] + FLAGS
        self.file = {}
        self.structs = {}
        self.enumerators = []
        self.functions = []
        self._here = ""
        tree = _run(
            ["clang", *self.flags, "-fsyntax-only", "-Xclang", "-ast-dump=json", "-xc", "-"],
            "#include <ntddk.h>\n#include <ndis.h>\n",
        )
        if tree.returncode:
            raise RuntimeError(tree.stderr)
        self._tags = {}
        self._walk(json.loads(tree.stdout), True)
        self.constants = self._constants()

    def ndis(self, name):
        return self.file[name].startswith(NDIS)

    def nt(self, name):
        return self.file[name].startswith(NT)

    def _place(self, location):
        """clang names a file only where it changes from the place printed before."""
        for key in ("spellingLoc", "expansionLoc"):
            if key in location:
                self._place(location[key])
        if "file" in location:
            self._here = os.path.relpath(os.path.join(ROOT, location["file"]), ROOT)

    def _walk(self, node, top):
        if not isinstance(node, dict):
            return
        self._place(node.get("loc", {}))
        here = self._here
        for edge in ("begin", "end"):
            self._place(node.get("range", {}).get(edge, {}))
        kind, name = node.get("kind"), node.get("name")
        if here.startswith((NDIS, NT)):
            self._note(node, kind, name, here)
        for child in node.get("inner", []):
            self._walk(child, False)

    def _note(self, node, kind, name, here):
        if kind == "RecordDecl" and node.get("completeDefinition"):
            self._tags[node["id"]] = (name, _members(node))
        elif kind == "TypedefDecl":
            self._typedef(node, name, here)
        elif kind == "EnumConstantDecl":
            self.enumerators.append(name)
            self.file[name] = here
        elif kind == "FunctionDecl" and name not in self.functions and "storageClass" not in node:
            self.functions.append(name)
            self.file[name] = here

    def _typedef(self, node, name, here):
        """A structure's name is that of its typedef, wherever its body stands."""
        tag = re.fullmatch(r"(?:struct|union) (_\w+)", node["type"].get("qualType", ""))
        if tag and tag.group(1)[1:] == name:
            self.structs.setdefault(name, tag.group(1))
            self.file[name] = here

    def members(self):
        """{structure: members} of those that have a body."""
        bodies = {tag: members for tag, members in self._tags.values() if tag}
        return {name: bodies[tag] for name, tag in self.structs.items() if tag in bodies}

    def _constants(self):
        macros = self._macros()
        lines = ["#include <ntddk.h>", "#include <ndis.h>"]
        lines += [f'_Static_assert((({name}) || 1), "");' for name in macros]
        with tempfile.NamedTemporaryFile("w", suffix=".c") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            errors = _run(
                ["gcc", *self.flags, "-w", "-fmax-errors=0", "-fsyntax-only", file.name], None
            ).stderr
            wrong = {
                int(line)
                for line in re.findall(re.escape(file.name) + r":(\d+):\d+: error", errors)
            }
        return [name for i, name in enumerate(macros, 3) if i not in wrong]

    def _macros(self):
        text = _run(
            ["gcc", *self.flags, "-E", "-dD", "-xc", "-"], "#include <ntddk.h>\n#include <ndis.h>\n"
        ).stdout
        found, here = [], ""
        for line in text.splitlines():
            marker = re.match(r'# \d+ "([^"]*)"', line)
            if marker:
                here = marker.group(1)
            macro = re.match(r"#define (\w+) (.+)", line)
            if macro and here.startswith((NDIS, NT)) and not macro.group(1).endswith("_H"):
                found.append(macro.group(1))
                self.file[macro.group(1)] = here
        return found


def _members(record):
    """The members of a structure by the names that a program uses, anonymous ones opened up."""
    found = []
    inner = record.get("inner", [])
    nested = {node["id"]: node for node in inner if node.get("kind") == "RecordDecl"}
    last = None
    for node in inner:
        if node.get("kind") == "RecordDecl":
            last = node
        elif node.get("kind") == "FieldDecl":
            if node.get("name"):
                found.append((node["name"], node.get("isBitfield", False)))
            elif last is not None and last["id"] in nested:
                found += _members(last)
    return list(dict.fromkeys(found))
