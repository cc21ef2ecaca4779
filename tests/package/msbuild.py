# SPDX-License-Identifier: MIT
"""What MSBuild makes of a .vcxproj, as far as it can be told without MSBuild.

    project = Project(text, Platform="x64", Configuration="Release", KitVersion="10.0.19041.0")
    project.properties["PlatformToolset"], project.definitions["Link"]["Driver"], project.items["ClCompile"]

The rules of the MSBuild reference: what is given on the command line is a global property, which the file cannot
change; groups and properties are evaluated from the top, with their conditions; a later definition replaces an
earlier one; %(Name) in a definition is the earlier value. Imports are not read: what the toolset would have
defined stands as TOOLSET, and a property that nothing in the file defines stays as it is written, $(Name).
"""
import re
import xml.etree.ElementTree as ElementTree

NAMESPACE = "{http://schemas.microsoft.com/developer/msbuild/2003}"
TOOLSET = "TOOLSET"
COMPARISON = re.compile(r"\s*'([^']*)'\s*(==|!=)\s*'([^']*)'\s*")


class Malformed(Exception):
    """This cannot evaluate the project; the text says why."""


class Project:
    def __init__(self, text, **given):
        self.given = given
        self.properties = dict(given)
        self.definitions = {}
        self.items = {}
        self.imports = []
        try:
            tree = ElementTree.fromstring(text)
        except ElementTree.ParseError as error:
            raise Malformed("it is not well-formed XML: %s" % error) from error
        for group in tree:
            if self._holds(group):
                self._group(group)

    def _group(self, group):
        kind = group.tag.replace(NAMESPACE, "")
        if kind == "PropertyGroup":
            self._properties(group)
        elif kind == "ItemDefinitionGroup":
            self._definitions(group)
        elif kind == "ItemGroup":
            for item in group:
                if self._holds(item):
                    self.items.setdefault(item.tag.replace(NAMESPACE, ""), []).append(item)
        elif kind == "Import":
            self.imports.append(group.get("Project"))
        else:
            raise Malformed("<%s> is not known here" % kind)

    def _properties(self, group):
        for node in group:
            name = node.tag.replace(NAMESPACE, "")
            if name not in self.given and self._holds(node):
                self.properties[name] = self._expand(node.text or "")

    def _definitions(self, group):
        for tool in group:
            settings = self.definitions.setdefault(tool.tag.replace(NAMESPACE, ""), {})
            for node in tool:
                if self._holds(node):
                    name = node.tag.replace(NAMESPACE, "")
                    before = settings.get(name, TOOLSET)
                    settings[name] = self._expand(node.text or "").replace("%%(%s)" % name, before)

    def _expand(self, value):
        return re.sub(r"\$\((\w+)\)", lambda match: self.properties.get(match[1], match[0]), value)

    def _holds(self, node):
        return all(self._compare(part) for part in node.get("Condition", "''==''").split(" and "))

    def _compare(self, part):
        match = COMPARISON.fullmatch(part)
        if not match:
            raise Malformed("the condition %s is not of a known form" % part)
        # In a condition an undefined property is empty.
        left, right = [re.sub(r"\$\(\w+\)", "", self._expand(match[i])).lower() for i in (1, 3)]
        return (left == right) == (match[2] == "==")
