# SPDX-License-Identifier: MIT
"""The virtual machine of ./run: QEMU with Debian's kernel, the project's initramfs, and a stock
virtio-net-pci, the transitional device that QEMU makes by default.

    machine = Machine(accelerator(...), settings, log="out/run.log", captures=["out/run.pcap"])
    for event in machine.events(deadline): ...     what vm/init says, until the machine is off
    machine.qmp("query-status")                    asks QEMU itself, meanwhile
    machine.close()                                ends QEMU, whatever state it is in
"""

import ctypes
import json
import os
import re
import select
import signal
import socket
import subprocess
import time

QEMU = "qemu-system-x86_64"
KERNEL = "out/kernel/vmlinuz"
INITRAMFS = "out/initramfs.cpio"
# Slots four apart share an interrupt line: both machine types turn the lines with the slot.
SLOTS = (3, 7, 11, 15, 19, 23, 4, 8)
MOST_CARDS = len(SLOTS)
PR_SET_PDEATHSIG = 1


def network(card):
    """The first three bytes of the network that QEMU connects to a card (0...), with a dot at the end."""
    return f"10.0.{2 + card}."


def nic(card, modern, options, end):
    """QEMU's words for a card (0...) and its network. On a port of PCI Express, QEMU's device is
    the modern one, 1af4:1041 revision 1."""
    words = ["-netdev", f"{end or f'user,net={network(card)}0/24'},id=n{card}"]
    device = f"virtio-net-pci,netdev=n{card},id=nic{card}"
    if modern:
        words += ["-device", f"pcie-root-port,id=port{card},chassis={card + 1},addr={SLOTS[card]}"]
        device += f",bus=port{card}"
    else:
        device += f",addr={SLOTS[card]}"
    return words + ["-device", f"{device},{options}" if options else device]


class MachineError(Exception):
    """QEMU itself failed; the text is for a person."""


class Lines:
    """JSON objects, one per line, from a socket. Never blocks beyond a deadline."""

    def __init__(self, end):
        self.end = end
        self._rest = b""

    def next(self, deadline):
        """The next object; None at the end of the stream. TimeoutError at the deadline."""
        while b"\n" not in self._rest:
            wait = deadline - time.monotonic()
            if wait <= 0 or not select.select([self.end], [], [], wait)[0]:
                raise TimeoutError
            try:
                data = self.end.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                return None
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        try:
            return json.loads(line)
        except ValueError:
            return {"step": "garbage", "ok": False, "why": repr(line[:200])}

    def events(self, deadline, tick=None):
        """The objects until the end of the stream. `tick` is called about once a second meanwhile.
        TimeoutError at the deadline (time.monotonic)."""
        while True:
            try:
                event = self.next(min(deadline, time.monotonic() + 1))
            except TimeoutError:
                if time.monotonic() >= deadline:
                    raise
                if tick:
                    tick()
                continue
            if event is None:
                return
            yield event


def die_with_parent():
    """Between fork and exec: QEMU ends when this process does, even by SIGKILL."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Machine:
    def __init__(self, accel, settings, log, captures=(), device=None, kind="pc", modern=False, cards=1,
                 end=None, more=(), line=(), initramfs=None):
        """settings: what vm/init finds as aerovnet.NAME=VALUE. log: the console goes there.
        captures: for each card, a file for a pcap of all frames between it and QEMU's network.
        device: further options of each virtio-net-pci. kind: QEMU's machine type. modern: the
        cards are on root ports, which only a q35 machine has. cards: how many, at most MOST_CARDS.
        end: what is behind each card instead of QEMU's user network. more: further words for QEMU.
        line: words for machine, card and network, instead of those that follow from the arguments before.
        initramfs: the archive, without this INITRAMFS."""
        # `quiet` and no ftrace self-test save seconds of emulated start; panic=-1 with -no-reboot
        # makes QEMU end when the kernel does.
        words = ["console=ttyS0", "quiet", "panic=-1", "mitigations=off", "random.trust_cpu=on"]
        words += [f"aerovnet.{name}={value}" for name, value in settings.items()]
        self._channel, theirs = socket.socketpair()
        self._monitor, monitor = socket.socketpair()
        command = [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        command += ["-accel", accel, "-cpu", "max", "-smp", "2", "-m", "%dM" % (512 + 128 * (cards - 1))]
        command += ["-kernel", KERNEL, "-initrd", initramfs or INITRAMFS, "-append", " ".join(words)]
        command += ["-chardev", f"file,id=console,path={log}", "-serial", "chardev:console"]
        command += ["-chardev", f"socket,id=channel,fd={theirs.fileno()}"]
        command += ["-serial", "chardev:channel"]
        command += ["-chardev", f"socket,id=monitor,fd={monitor.fileno()}"]
        command += ["-mon", "chardev=monitor,mode=control"]
        if line:
            command += line
            netdevs = re.findall(r"\bnetdev=(\w+)", " ".join(line))
        else:
            command += ["-machine", kind]
            netdevs = [f"n{card}" for card in range(cards)]
            for card in range(cards):
                command += nic(card, modern, device, end)
        for card, file in enumerate(captures):
            command += ["-object", f"filter-dump,id=dump{card},netdev={netdevs[card]},file={file}"]
        command += more
        self._errors = open(log + ".qemu", "w+", encoding="utf-8", errors="replace")
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
                pass_fds=[theirs.fileno(), monitor.fileno()],
                preexec_fn=die_with_parent,
                start_new_session=True,
            )
        except OSError as error:
            raise MachineError(f"{QEMU} does not start: {error.strerror}") from error
        finally:
            theirs.close()
            monitor.close()
        self._lines = Lines(self._channel)
        self._answers = None

    def events(self, deadline, tick=None):
        """What vm/init reports, as dictionaries, until the machine is off. Each report is answered, so
        that vm/init goes on only after the host has read it. `tick` is called about once a second
        meanwhile. TimeoutError at the deadline (time.monotonic)."""
        for event in self._lines.events(deadline, tick):
            try:
                self._channel.send(b"\n")
            except OSError:
                pass  # the machine is off: it said this before
            yield event

    def go_on(self):
        """An empty line to vm/init, which waits for it in the step `station`."""
        self._channel.send(b"\n")

    def qmp(self, command, deadline=5, **arguments):
        """One QMP command; its answer, or None if QEMU does not know it or does not answer."""
        until = time.monotonic() + deadline
        try:
            if self._answers is None:
                self._answers = Lines(self._monitor)
                self._answers.next(until)  # the greeting
                self._ask("qmp_capabilities", {}, until)
            return self._ask(command, arguments, until)
        except (TimeoutError, OSError):
            return None

    def _ask(self, command, arguments, until):
        question = {"execute": command, "arguments": arguments}
        self._monitor.sendall(json.dumps(question).encode())
        while True:
            answer = self._answers.next(until)
            if answer is None or "error" in answer:
                return None
            if "return" in answer:
                return answer["return"]

    def running(self):
        """Whether QEMU has not ended."""
        return self._process.poll() is None

    def close(self):
        """Ends QEMU and returns what it printed about itself, if anything."""
        if self._process.poll() is None:
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()
        try:
            # Seconds, because a KVM that hangs may hold a process that is already killed.
            self._process.wait(10)
        except subprocess.TimeoutExpired as error:
            raise MachineError(f"QEMU (process {self._process.pid}) cannot be ended") from error
        self._channel.close()
        self._monitor.close()
        self._errors.seek(0)
        words = self._errors.read().strip()
        self._errors.close()
        os.unlink(self._errors.name)
        return words


def version():
    """QEMU's version, such as "7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)"."""
    try:
        out = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise MachineError(f"{QEMU} does not run: {error}") from error
    return out.stdout.splitlines()[0].split("version ", 1)[-1]


def accelerator(remember, note):
    """"kvm" where a short start under it comes up, else "tcg". A /dev/kvm that can be opened says
    too little: nested in another virtual machine it may hang. The answer is kept in the file
    `remember`, and asked anew when QEMU or the kernel of this machine is another."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    about = f"{version()} on {os.uname().release} {os.uname().version}"
    try:
        with open(remember, encoding="utf-8") as file:
            known, _, then = file.read().strip().partition(" ")
        if then == about and known in ("kvm", "tcg"):
            return known
    except OSError:
        pass
    note("trying KVM")
    answer = "kvm" if _comes_up("kvm", remember + ".log") else "tcg"
    with open(remember, "w", encoding="utf-8") as file:
        file.write(f"{answer} {about}\n")
    return answer


def _comes_up(accel, log):
    machine = Machine(accel, {"probe": 1}, log)
    try:
        for event in machine.events(time.monotonic() + 10):
            if event.get("step") == "boot":
                return True
        return False
    except TimeoutError:
        return False
    finally:
        machine.close()
        # A QEMU that ends at once has not made it.
        if os.path.exists(log):
            os.unlink(log)
