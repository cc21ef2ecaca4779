# SPDX-License-Identifier: MIT
"""
The hive SOFTWARE of a Windows that is not running, changed in a copy.

    data, said = with_driver(data, architecture, command)   DevicePath, and RunOnce unless command is None
    data = without_driver(data)                             the same hive without what with_driver adds

data: the hive's bytes. A hive that is damaged or not Windows 7's is a Problem, which ends a sentence
whose subject is the hive.
"""
import contextlib
import os
import sys
import tempfile

from problem import Problem, read_file

REG_SZ, REG_EXPAND_SZ = 1, 2
CURRENT_VERSION = "Microsoft\\Windows\\CurrentVersion"
NAME = "aerovnet"
FOLDER = "%SystemRoot%\\aerovnet\\"


@contextlib.contextmanager
def _opened(data):
    """(hivex handle, current version's node, result): result() after the block is the changed hive."""
    try:
        import hivex
    except ImportError:
        raise Problem("cannot be read: python3-hivex is not installed; as root, run tools/packages inject") from None
    # Of a damaged hive, hivex's own destructor complains on stderr, after the exception.
    sys.unraisablehook = lambda _: None
    with tempfile.TemporaryDirectory(prefix="aerovnet-inject.") as scratch:
        path = os.path.join(scratch, "SOFTWARE")
        with open(path, "wb") as file:
            file.write(data)

        def result():
            hive.commit(None)
            return read_file(path)

        try:
            hive = hivex.Hivex(path, write=True)
            node = _key(hive, "Microsoft\\Windows NT\\CurrentVersion")
            version = node and _text(hive, node, "CurrentVersion")
            if version != "6.1":
                raise Problem("has %s as the version of Windows, not 6.1" % version)
            node = _key(hive, CURRENT_VERSION)
            if node is None:
                raise Problem("has no key " + CURRENT_VERSION)
            yield hive, node, result
        except RuntimeError as error:
            raise Problem("cannot be read as a registry hive (%s)" % error) from None


def _key(hive, path):
    node = hive.root()
    for name in path.split("\\"):
        node = hive.node_get_child(node, name)
        if node is None:
            return None
    return node


def _value(hive, node, name):
    """hivex's own node_get_value() raises an error without a reason where there is no such value."""
    return next((value for value in hive.node_values(node) if hive.value_key(value).lower() == name.lower()), None)


def _text(hive, node, name):
    value = _value(hive, node, name)
    if value is None:
        return None
    try:
        return hive.value_value(value)[1].decode("utf-16-le").rstrip("\0")
    except UnicodeDecodeError:
        raise Problem("has a value %s that is not text" % name) from None


def _set(hive, node, name, kind, text):
    hive.node_set_value(node, {"key": name, "t": kind, "value": (text + "\0").encode("utf-16-le")})


def _paths(hive, node):
    return [part for part in (_text(hive, node, "DevicePath") or "%SystemRoot%\\inf").split(";") if part]


def with_driver(data, architecture, command):
    """said: one line for each value that was set."""
    with _opened(data) as (hive, node, result):
        paths = [path for path in _paths(hive, node) if not path.lower().startswith(FOLDER.lower())]
        paths.append(FOLDER + architecture)
        _set(hive, node, "DevicePath", REG_EXPAND_SZ, ";".join(paths))
        said = ["DevicePath = " + ";".join(paths)]
        if command:
            once = hive.node_get_child(node, "RunOnce") or hive.node_add_child(node, "RunOnce")
            # cmd.exe expands %SystemRoot%, so the value need not be of a type that Windows expands.
            _set(hive, once, NAME, REG_SZ, command)
            said.append("RunOnce: %s, once, when Windows starts or has installed a device" % command)
        return result(), said


def without_driver(data):
    with _opened(data) as (hive, node, result):
        paths = _paths(hive, node)
        ours = [path for path in paths if path.lower().startswith(FOLDER.lower())]
        if ours:
            _set(hive, node, "DevicePath", REG_EXPAND_SZ, ";".join(path for path in paths if path not in ours))
        once = hive.node_get_child(node, "RunOnce")
        if once and _value(hive, once, NAME):
            kept = []
            for value in hive.node_values(once):
                name, (kind, content) = hive.value_key(value), hive.value_value(value)
                if name.lower() != NAME:
                    kept.append({"key": name, "t": kind, "value": content})
            hive.node_set_values(once, kept)
        return result()
