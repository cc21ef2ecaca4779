# SPDX-License-Identifier: MIT
"""
Stand-ins for what is Microsoft's, made here, small: a setup disc and a disk, with the facts by which
Windows 7 is known and nothing of Windows.

    setup_disc(path, folder)       an ISO with UDF that boots (BIOS: writes BOOTED to COM1)
    windows(folder)                a Windows volume that is shut down
    disk(path, folder)             a raw disk image: MBR, one NTFS volume with folder's content
"""
import os
import struct
import subprocess

XML = """<WIM><IMAGE INDEX="1"><WINDOWS><ARCH>%d</ARCH><VERSION><MAJOR>%d</MAJOR><MINOR>%d</MINOR>
<BUILD>%d</BUILD><SPBUILD>17514</SPBUILD></VERSION></WINDOWS></IMAGE></WIM>"""


def wim(version=(6, 1, 7601), architecture=9):
    """The header of a WIM and its XML."""
    xml = b"\xff\xfe" + (XML % (architecture, *version)).encode("utf-16-le")
    header = bytearray(208)
    header[:8] = b"MSWIM\0\0\0"
    struct.pack_into("<II", header, 8, 208, 0x10D00)
    struct.pack_into("<QQQ", header, 72, len(xml) | 2 << 56, 208 + 5000, len(xml))
    return bytes(header) + bytes(range(250)) * 20 + xml


def boot_code():
    """4096 bytes that a BIOS loads and starts: BOOTED to the first serial port, then off by the
    debug exit device (status 1), else halted."""
    code = b"\xba\xf8\x03"  # mov dx, 0x3f8
    for letter in b"BOOTED\n":
        code += bytes([0xB0, letter, 0xEE])  # mov al, letter; out dx, al
    code += b"\xba\xf4\x00\xb0\x00\xee\xfa\xf4"  # mov dx, 0xf4; mov al, 0; out dx, al; cli; hlt
    return code.ljust(510, b"\0") + b"\x55\xaa" + b"\x90" * 3584


def _write(folder, name, data):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def _run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)  # fmt: skip


def setup_disc(path, folder, version=(6, 1, 7601), more=()):
    """more: further files, (name, bytes)."""
    efi = "efi/microsoft/boot/efisys.bin"
    for name, data in (
        ("bootmgr", b"bootmgr" * 999), ("setup.exe", b"MZ setup"), ("boot/bcd", b"regf"),
        ("boot/etfsboot.com", boot_code()), ("sources/boot.wim", wim(version)),
        ("sources/install.wim", wim(version)), ("sources/cversion.ini", b"[HostBuild]\r\n"),
        ("support/a name of some length, such as a person gives it.txt", b"x"), *more,
    ):  # fmt: skip
        _write(folder, name, data)
    os.makedirs(os.path.join(folder, os.path.dirname(efi)), exist_ok=True)
    fat = os.path.join(folder, efi)
    _run("mformat", "-C", "-f", "1440", "-i", fat, "::")
    _run("genisoimage", "-quiet", "-udf", "-iso-level", "3", "-J", "-joliet-long", "-N", "-D",
         "-relaxed-filenames", "-V", "GSP1RMCPRXFRER_EN_DVD", "-c", "boot.cat", "-hide", "boot.cat",
         "-hide-joliet", "boot.cat", "-b", "boot/etfsboot.com",
         "-no-emul-boot", "-boot-load-size", "8", "-eltorito-alt-boot", "-b", efi, "-no-emul-boot",
         "-boot-load-size", "1", "-o", path, folder)  # fmt: skip
    # genisoimage knows one platform; a disc of Microsoft's has a section for UEFI (0xEF).
    with open(path, "r+b") as file:
        file.seek(17 * 2048 + 0x47)
        (block,) = struct.unpack("<I", file.read(4))
        file.seek(block * 2048 + 64)
        file.write(b"\x91\xef\x01\x00")


def ntoskrnl(version=(6, 1, 7601), machine=0x8664):
    data = bytearray(4096)
    data[:2] = b"MZ"
    struct.pack_into("<I", data, 0x3C, 0x80)
    data[0x80:0x84] = b"PE\0\0"
    struct.pack_into("<H", data, 0x84, machine)
    major, minor, build = version
    struct.pack_into("<IIII", data, 1024, 0xFEEF04BD, 0x10000, major << 16 | minor, build << 16 | 17514)
    return bytes(data)


def empty_hive():
    """A registry hive with a root key alone."""
    nk = struct.pack("<2sHQIIIIIIIIIIIIIIIHH", b"nk", 0x2C, 0, 0, 0xFFFFFFFF, 0, 0, 0xFFFFFFFF,
                     0xFFFFFFFF, 0, 0xFFFFFFFF, 0x20 + 88, 0xFFFFFFFF, 0, 0, 0, 0, 0, 4, 0) + b"ROOT"  # fmt: skip
    nk = struct.pack("<i", -88) + nk.ljust(84, b"\0")
    sk = struct.pack("<i2sHIIII", -48, b"sk", 0, 0x20 + 88, 0x20 + 88, 1, 20).ljust(48, b"\0")
    cells = nk + sk
    body = b"hbin" + struct.pack("<IIQQI", 0, 4096, 0, 0, 0) + cells
    body += struct.pack("<i", 4096 - len(body))
    base = bytearray(4096)
    base[:4] = b"regf"
    struct.pack_into("<IIQIIIIIII", base, 4, 1, 1, 0, 1, 3, 0, 1, 0x20, 4096, 1)
    checksum = 0
    for (word,) in struct.iter_unpack("<I", base[:508]):
        checksum ^= word
    struct.pack_into("<I", base, 508, checksum)
    return bytes(base) + body.ljust(4096, b"\0")


def software_hive(path, version="6.1"):
    import hivex

    with open(path, "wb") as file:
        file.write(empty_hive())
    hive = hivex.Hivex(path, write=True)
    microsoft = hive.node_add_child(hive.root(), "Microsoft")
    node = hive.node_add_child(hive.node_add_child(microsoft, "Windows NT"), "CurrentVersion")
    text = lambda value: (value + "\0").encode("utf-16-le")
    hive.node_set_value(node, {"key": "CurrentVersion", "t": 1, "value": text(version)})
    node = hive.node_add_child(hive.node_add_child(microsoft, "Windows"), "CurrentVersion")
    hive.node_set_value(node, {"key": "DevicePath", "t": 2, "value": text("%SystemRoot%\\inf")})
    hive.commit(None)


def windows(folder, version=(6, 1, 7601), state="IMAGE_STATE_COMPLETE", machine=0x8664, current="6.1"):
    _write(folder, "Windows/System32/ntoskrnl.exe", ntoskrnl(version, machine))
    _write(folder, "Windows/Setup/State/State.ini", ("[State]\r\nImageState=%s\r\n" % state).encode())
    os.makedirs(os.path.join(folder, "Windows/System32/config"), exist_ok=True)
    software_hive(os.path.join(folder, "Windows/System32/config/SOFTWARE"), current)


def disk(path, folder):
    """Needs ntfs-3g's mkntfs and ntfscp."""
    volume, size, start = path + ".volume", 32 << 20, 2048 * 512
    with open(volume, "wb") as file:
        file.truncate(size)
    _run("mkntfs", "-F", "-Q", "-q", volume)
    mount = path + ".mount"
    os.makedirs(mount)
    _run("ntfs-3g", volume, mount)
    try:
        _run("cp", "-r", folder + "/.", mount)
    finally:
        _run("umount", mount)
    os.rmdir(mount)
    record = bytearray(512)
    struct.pack_into("<BBBBBBBBII", record, 446, 0x80, 0, 0, 0, 7, 0, 0, 0, 2048, size // 512)
    record[510:] = b"\x55\xaa"
    with open(path, "wb") as file, open(volume, "rb") as content:
        file.write(record)
        file.seek(start)
        file.write(content.read())
        file.truncate(start + size + (1 << 20))
    os.remove(volume)
