# SPDX-License-Identifier: MIT
"""
The answer file (autounattend.xml): what Windows Setup is told, in a user's own file or a new one.

Only settings are added. What a user's file says stays; adding twice adds once.
"""
import io
import xml.etree.ElementTree as ElementTree

from problem import Problem

NAMESPACE = "urn:schemas-microsoft-com:unattend"
WCM = "http://schemas.microsoft.com/WMIConfig/2002/State"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ARCHITECTURES = {"x86": "x86", "x64": "amd64"}
# WinPE gives the setup disc the next letter after those of the hard disks' volumes, which nobody
# knows beforehand; a path that does not exist is passed over.
LETTERS = "DEFGH"
COMPONENTS = {
    "windowsPE": "Microsoft-Windows-PnpCustomizationsWinPE",
    "offlineServicing": "Microsoft-Windows-PnpCustomizationsNonWinPE",
}
# Setup goes on whatever this comes to: its own words are in install.log.
TRUST = (
    'cmd /c call "%WINDIR%\\aerovnet\\install.cmd" /testsigning '
    '<nul >"%WINDIR%\\aerovnet\\install.log" 2>&1 & exit 0'
)


def _tag(name):
    return "{%s}%s" % (NAMESPACE, name)


def _child(parent, name):
    found = parent.find(_tag(name))
    return ElementTree.SubElement(parent, _tag(name)) if found is None else found


def _component(root, setup_pass, name, architecture):
    """The component in that pass, made if it is not there."""
    for settings in root.findall(_tag("settings")):
        if settings.get("pass") == setup_pass:
            break
    else:
        settings = ElementTree.SubElement(root, _tag("settings"), {"pass": setup_pass})
    for component in settings.findall(_tag("component")):
        if (component.get("name"), component.get("processorArchitecture")) == (name, architecture):
            return component
    return ElementTree.SubElement(settings, _tag("component"), {
        "name": name, "processorArchitecture": architecture, "publicKeyToken": "31bf3856ad364e35",
        "language": "neutral", "versionScope": "nonSxS"})  # fmt: skip


def _add_paths(component, paths):
    drivers = _child(component, "DriverPaths")
    known = [(path.text or "").strip().lower() for path in drivers.iter(_tag("Path"))]
    for number, path in enumerate(paths, 1):
        if path.lower() not in known:
            entry = ElementTree.SubElement(drivers, _tag("PathAndCredentials"), {
                "{%s}action" % WCM: "add", "{%s}keyValue" % WCM: "aerovnet%d" % number})  # fmt: skip
            ElementTree.SubElement(entry, _tag("Path")).text = path


def _add_command(component, command, description):
    commands = _child(component, "RunSynchronous")
    if command in [path.text for path in commands.iter(_tag("Path"))]:
        return
    orders = [int(order.text) for order in commands.iter(_tag("Order")) if (order.text or "").isdigit()]
    entry = ElementTree.SubElement(commands, _tag("RunSynchronousCommand"), {"{%s}action" % WCM: "add"})
    ElementTree.SubElement(entry, _tag("Order")).text = str(max(orders, default=0) + 1)
    ElementTree.SubElement(entry, _tag("Path")).text = command
    ElementTree.SubElement(entry, _tag("Description")).text = description
    ElementTree.SubElement(entry, _tag("WillReboot")).text = "Never"


def merge(text, name, architectures, driver_paths, trust):
    """The answer file's bytes. text: bytes of the user's own, or None. driver_paths: it names the drivers.
    trust: it has the installed Windows run install.cmd /testsigning, in the pass `specialize`."""
    for prefix, address in (("", NAMESPACE), ("wcm", WCM), ("xsi", XSI)):
        ElementTree.register_namespace(prefix, address)
    if text is None:
        root = ElementTree.Element(_tag("unattend"))
    else:
        builder = ElementTree.TreeBuilder(insert_comments=True)
        try:
            root = ElementTree.fromstring(text, ElementTree.XMLParser(target=builder))
        except (ElementTree.ParseError, LookupError, ValueError) as error:
            raise Problem("%s is not XML (%s); nothing was changed" % (name, error)) from None
        if root.tag != _tag("unattend"):
            raise Problem("%s is not an answer file: its root is not <unattend>; nothing was changed" % name)
    for architecture in architectures:
        folder = "\\$WinPEDriver$\\aerovnet\\" + architecture
        paths = [letter + ":" + folder for letter in LETTERS]
        for setup_pass, component in COMPONENTS.items() if driver_paths else ():
            _add_paths(_component(root, setup_pass, component, ARCHITECTURES[architecture]), paths)
        if trust:
            component = _component(
                root, "specialize", "Microsoft-Windows-Deployment", ARCHITECTURES[architecture]
            )
            _add_command(component, TRUST, "aerovnet: test certificate, test signing")
    ElementTree.indent(root)
    out = io.BytesIO()
    ElementTree.ElementTree(root).write(out, encoding="utf-8", xml_declaration=True)
    return out.getvalue() + b"\n"
