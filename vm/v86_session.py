# SPDX-License-Identifier: MIT
"""What ./run --v86 does: it boots Debian's i386 kernel in the PC emulator v86. There ndishost runs the
x86 aerovnetm.sys on v86's own virtio-net device, and vm/v86/peer.mjs answers at the network end.

    python3 vm/v86_session.py [--browser] [--short] [--capture FILE] [--json FILE] [--driver FILE.sys]

The device is nobody's here: 1AF4:1041, registers in I/O space, no indirect descriptors. Its command
and status registers lack the two bits of INTx that uio_pci_generic needs, so ndishost polls. Numbered
frames go both ways: ndishost checks those that the peer returns, and the peer those that ndishost
returns. The driver's counters are compared with what the peer saw.

With --browser the emulator runs in a browser's tab, and each load of the page is a run. It ends by
SIGINT, with the status of the last run.
"""

import argparse
import os
import re
import sys

from screen import Screen, StepError, run_command
from session import LOG, Session, alone, choose_seed, conclude, expect, heed_signals, run, start
from v86_browser import Pages, PageScreen, TabMachine
from v86_machine import V86Machine, emulator, version
from wire import count_frames

DRIVER = "out/x86/aerovnetm.sys"
STEPS = "start_driver,lease,ping_gateway,count,stop_driver,numbered"
HUGE_PAGES = 16  # of 4 MiB
PEER = "10.86.0.1"


def only_slow(log):
    """True if the rule on CPU time is the only one that ndishost found broken. The processor's time of an emulator
    is the time of the clock: on a busy machine that rule is no measure of the driver."""
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    broken = re.findall(r"^rules broken: (.*)$", text, re.M)
    names = {name for line in broken for name in re.findall(r"([^ ,]+) \d+", line)}
    leaked = set(re.findall(r"^leaked: (.*)$", text, re.M))
    return names == {"GlitchFree"} and leaked <= {"nothing"}


class V86Session(Session):
    SECONDS = 1200  # of a minute that it takes on an idle machine
    VERSION = staticmethod(version)
    KEYS = """driver_sha256 device features_offered features_negotiated mac link ipv4 ping_sent
    ping_received tx_frames rx_frames tx_notifications interrupts kernel emulator""".split()

    def __init__(self, screen, frames, pings, seed, capture, driver):
        super().__init__(screen, "x86", frames, pings, seed, capture, None)
        self.driver, self.frames = driver, frames
        self.numbered_report = self.account = None

    def build(self):
        self.screen.begin("build")
        run_command(self.screen, ["make", "-j2", "driver", "host32"], "out/build.log")
        try:
            size = os.path.getsize(self.driver)
        except OSError as error:
            raise StepError(f"{self.driver}: {error.strerror}") from error
        self.screen.done(f"{self.driver} ({size:,} bytes), out/ndishost32")

    def fetch(self):
        self.screen.begin("emulator")
        run_command(self.screen, ["vm/v86/install"], "out/v86.log")
        self.result["emulator"] = self.VERSION()
        self.screen.done(f"{self.result['emulator']}, unpacked under out/v86")
        self.screen.begin("kernel")
        release = run_command(self.screen, ["vm/kernel", "686"], "out/kernel.log")
        self.result["kernel"] = release
        self.screen.done(f"{release}, Debian's, unpacked under out/kernel-686")
        self.screen.begin("initramfs")
        run_command(self.screen, ["vm/initramfs", "686", self.driver], "out/initramfs.log")
        self.packed("out/initramfs-686")

    def settings(self):
        return {"seed": self.seed, "pings": self.pings, "frames": self.frames,
                "huge_pages": HUGE_PAGES, "steps": STEPS, "bus_words": ",poll"}

    def boot(self):
        self.screen.begin("boot")
        self.machine = V86Machine(self.settings(), self.frames // 2, LOG, self.wire_files[0])
        self.follow()

    def booted(self):
        return f"Linux {self.result['kernel']} on {self.result['emulator']}"

    def driver_up(self, mac, link, **_):
        self.result.update(mac=mac, link=link)
        return f"ndishost32 runs {os.path.basename(self.driver)} on it: {mac}, link {link}"

    def dhcp(self, ipv4, gateway):
        expect(gateway == PEER, f"the gateway is {gateway}, the peer is {PEER}")
        self.result["ipv4"] = ipv4
        return f"{ipv4}, gateway {gateway}"

    def stop(self, status):
        return super().stop(0 if status == 3 and only_slow(LOG) else status)

    def numbered(self, status, report):
        self.numbered_report = report
        if status == 3 and only_slow(LOG):
            status = 0
        calls = report.get("net", {}).get("calls", {})
        intact = calls.get("intact", 0)
        expect(status == 0, f"ndishost ended with status {status}; {intact} of {self.frames} frames "
               f"came back intact")
        expect(intact == self.frames, f"{intact} of {self.frames} frames came back intact")
        return f"{intact:,} frames of 60 to 1514 bytes sent and returned, each intact"

    def peer(self, account):
        self.account = account
        expect(account["adapter"] == self.result["mac"],
               f"the peer saw the address {account['adapter']}, the adapter has {self.result['mac']}")
        lost = account["called"] - account["echoed"]
        expect(account["called"] == self.frames // 2,
               f"the peer called {account['called']} times of {self.frames // 2}")
        expect(lost == 0 and account["damaged"] == 0,
               f"{lost} of {account['called']} calls did not come back intact, "
               f"{account['damaged']} frames were damaged")
        return f"{account['echoed']:,} frames of the peer's own returned, each intact"

    def judge(self):
        """The driver's numbers in both runs against those of the peer."""
        self.screen.begin("compare")
        second = self.numbered_report["driver_counters"]
        tx = self.result["tx_frames"] + second["tx_frames"]
        rx = self.result["rx_frames"] + second["rx_frames"]
        there, back = self.account["frames_in"], self.account["frames_out"]
        expect(tx == there, f"the driver sent {tx:,} frames, the peer got {there:,}")
        expect(rx <= back, f"{rx:,} frames received, only {back:,} were sent")
        for name in ("device_errors", "resets"):
            expect(second[name] == 0, f"{second[name]} {name}")
        try:
            wire = count_frames(self.wire_files[0], self.result["mac"])
        except (OSError, ValueError) as error:
            raise StepError(f"{self.wire_files[0]}: {error}") from error
        expect(tx == wire.sent, f"the driver sent {tx:,} frames, {wire.sent:,} left the device")
        self.result.update(frames_returned=self.frames, frames_called=self.account["echoed"])
        self.screen.done(f"{tx:,} frames sent, all seen by the peer; {rx:,} received")

    def tell(self):
        self.features(self.result, "v86's device")
        self.screen.say(f"driver      sent and received by DHCP and ping {self.result['tx_frames']:,} and "
                        f"{self.result['rx_frames']:,} frames; {self.result['interrupts']:,} interrupts")

    def _tick(self):
        """Nothing is known of a step that is under way."""

    STEPS = {
        "boot": booted,
        "device": Session.device,
        "driver": driver_up,
        "dhcp": dhcp,
        "ping": Session.ping,
        "count": Session.count,
        "stop": stop,
        "report": Session.report,
        "numbered": numbered,
        "peer": peer,
    }


class TabSession(V86Session):
    """The same with the emulator in a tab. The session without a tab is the one that prepares the others."""

    PREPARE = V86Session.PARTS[:3]
    RUN = V86Session.PARTS[3:]
    VERSION = staticmethod(emulator)

    def __init__(self, screen, frames, pings, seed, capture, driver, prepared=None, tab=None):
        super().__init__(screen, frames, pings, seed, capture, driver)
        self.tab = tab
        if tab:
            self.result.update((key, prepared.result[key]) for key in self.KEYS)
            self.result["emulator"] += f" in {tab.browser}"

    def boot(self):
        self.screen.begin("boot")
        self.machine = TabMachine(self.tab, self.settings(), self.frames // 2, LOG, self.wire_files[0])
        self.follow()


def browse(make, target):
    """Prepares, and then runs make(screen, seed, prepared, tab) in each tab that comes, until SIGINT. The exit
    status is that of the last run."""
    with alone(target):
        screen = Screen()
        prepared = make(screen, choose_seed())
        status = run(screen, prepared, target, TabSession.PREPARE)
        if status:
            return status
        os.unlink(target)  # a result is that of a run
        status = 130
        with Pages() as pages:
            while True:
                screen.say(f"open        {pages.url} in a browser on this machine; Ctrl-C ends ./run")
                try:
                    heed_signals()
                    tab = pages.next_tab()
                except KeyboardInterrupt:
                    screen.say()
                    return status
                shown = PageScreen(tab)
                status = run(shown, make(shown, choose_seed(), prepared, tab), target, TabSession.RUN)
                if status == 0:
                    conclude(shown, target)
                shown.end(status == 0)
                if status > 128:
                    return status


def arguments():
    parser = argparse.ArgumentParser(prog="v86_session.py")
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--capture")
    parser.add_argument("--driver", default=DRIVER)
    parser.add_argument("--json", default="out/run.json")
    return parser.parse_args()


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    options = arguments()
    frames, pings = (1000, 5) if options.short else (10000, 20)
    what = frames, pings
    if options.browser:
        return browse(
            lambda screen, seed, *tab: TabSession(
                screen, *what, seed, options.capture, options.driver, *tab
            ),
            options.json,
        )
    return start(
        lambda screen, seed: V86Session(
            screen, *what, seed, options.capture, options.driver
        ),
        options.json,
    )


if __name__ == "__main__":
    sys.exit(main())
